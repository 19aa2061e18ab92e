"""The tables of a study's report as CSV: one row a model and quantity, a pair, a move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.reports.as_json import plain
from core.spreadsheets import excel_lines
from training.evaluation_pages import WORDS
from training.reports.study_report import SiteReport, StudyReport

MODELS = [
    "site", "model", "family", "registered_at", "made_by", "training_subjects", "snapshot_digest",
    "partition", "mean", "sd", "median", "p5", "ci95_low", "ci95_high", "n_subjects",
]  # fmt: skip
FIGURES = [
    "site", "model", "lock_version", "lock_digest", "label", "quantity", "mean", "sd", "median",
    "p5", "p95", "ci95_low", "ci95_high", "n_subjects", "n_cut", "metrics_version",
]  # fmt: skip
AGREEMENT = [
    "site", "label", "first", "second", "with_model", "n_images", "n_subjects", "dice", "dice_low",
    "dice_high", "csa_n_values", "csa_n_cut", "csa_unit", "csa_icc", "csa_bias", "mt_n_values",
    "mt_n_cut", "mt_unit", "mt_icc", "mt_bias",
]  # fmt: skip
LINEAGE = ["site", "at", "purpose", "kind", "model", "previous", "by", "reason"]
SUMMARIES = [
    "site", "label", "quantity", "unit", "n_scans", "n_without", "mean", "sd", "median", "p5",
    "p95", "ci95_low", "ci95_high", "n_subjects",
]  # fmt: skip


def tables(report: StudyReport) -> dict[str, str]:
    """{file name: its CSV}."""
    return {
        "models.csv": _csv(MODELS, _models(report)),
        "measuring-models.csv": _csv(FIGURES, _figures(report)),
        "agreement.csv": _csv(AGREEMENT, _agreement(report)),
        "lineage.csv": _csv(LINEAGE, _lineage(report)),
        "measurement-summaries.csv": _csv(SUMMARIES, _summaries(report)),
    }


def _csv(columns: list[str], rows: Iterator[Mapping[str, Any]]) -> str:
    return "".join(excel_lines(columns, ({**dict.fromkeys(columns), **row} for row in rows)))


def _models(report: StudyReport) -> Iterator[dict[str, Any]]:
    for site in report.sites:
        for model in site.models:
            for partition, dice in model.dice.items():
                if dice:
                    yield {
                        "site": site.site,
                        "model": model.name,
                        **{name: plain(getattr(model, name)) for name in MODELS[2:7]},
                        "partition": partition,
                        **_statistics(dice),
                    }


def _figures(report: StudyReport) -> Iterator[dict[str, Any]]:
    for site in report.sites:
        if (measuring := site.measuring) is None:
            continue
        summaries = {"": measuring.summary, **measuring.summary.get("labels", {})}
        for label, summary in summaries.items():
            for quantity in WORDS:
                if summary.get(quantity):
                    yield {
                        "site": site.site,
                        "model": measuring.shown.evaluation.model.name,
                        "lock_version": measuring.lock_version,
                        "lock_digest": measuring.lock_digest,
                        "label": label,
                        "quantity": quantity,
                        **_statistics(summary[quantity]),
                        "n_cut": summary.get("n_cut", {}).get(quantity.partition("_")[0]),
                        "metrics_version": measuring.metrics_version,
                    }


def _agreement(report: StudyReport) -> Iterator[dict[str, Any]]:
    for site in report.sites:
        for pair in site.agreement:
            low, high = pair["dice"]["ci95"] or (None, None)
            yield {
                "site": site.site,
                "label": pair["label"],
                "first": pair["pair"][0],
                "second": pair["pair"][1],
                "with_model": "yes" if pair["with_model"] else "no",
                "n_images": pair["n_images"],
                "n_subjects": pair["n_subjects"],
                "dice": pair["dice"]["value"],
                "dice_low": low,
                "dice_high": high,
                **_size("csa", pair["csa"]),
                **_size("mt", pair["mt"]),
            }


def _size(name: str, compared: Mapping[str, Any] | None) -> dict[str, Any]:
    if compared is None:
        return {}
    return {
        f"{name}_n_values": compared["n_values"],
        f"{name}_n_cut": compared["n_cut"],
        f"{name}_unit": compared["unit"],
        f"{name}_icc": compared["icc"]["value"],
        f"{name}_bias": compared["bias"]["value"],
    }


def _lineage(report: StudyReport) -> Iterator[dict[str, Any]]:
    for site in report.sites:
        for move in site.lineage:
            yield {"site": site.site, **plain(move)}


def _summaries(report: StudyReport) -> Iterator[dict[str, Any]]:
    for site in report.sites:
        yield from (_summary(site, number) for number in range(len(site.measurements)))


def _summary(site: SiteReport, number: int) -> dict[str, Any]:
    one = site.measurements[number]
    return {
        "site": site.site,
        **{name: getattr(one, name) for name in SUMMARIES[1:6]},
        **(_statistics(one.statistics) if one.statistics else {}),
    }


def _statistics(figures: Mapping[str, Any]) -> dict[str, Any]:
    low, high = figures["ci95"] or (None, None)
    kept = {name: figures[name] for name in ("mean", "sd", "median", "p5", "n_subjects")}
    # Evaluations from before the 95th percentile was kept have none.
    return {**kept, "p95": figures.get("p95"), "ci95_low": low, "ci95_high": high}
