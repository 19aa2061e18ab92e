"""The report of a study in words, tables and plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotation.selectors.agreement import COMPARED_VALUES
from annotation.selectors.measurements import ONE_A_SUBJECT
from core.numbers import (
    AREA_UNITS,
    DifferenceUnit,
    difference_unit,
    interval,
    named_in,
    number,
    with_interval,
)
from core.reports.document import (
    Block,
    Column,
    Document,
    Facts,
    Plot,
    Section,
    Table,
    Text,
    counted,
    moment,
)
from domain.measurement import CSA, VISIBLE_CSA
from training import summarising
from training.reports.model_document import SINGLE_READINGS, lineage
from training.reports.study_report import (
    PARTITIONS,
    MeasurementSummary,
    ModelLine,
    SiteReport,
    StudyReport,
)
from training.reports.words import quantities, with_sd

PURPOSES = {"pre-label": "Makes pre-labels", "measurement": "Measures"}
NONE_YET = "none yet"


def document_of(report: StudyReport) -> Document:
    """The whole report: the subjects, then one section a site and subject matter."""
    sections = [Section("Subjects", [_subjects(report)])]
    sections += [section for site in report.sites for section in _site(site)]
    if not report.sites:
        sections.append(
            Section(
                "Sites", [Text("The study has no muscle site yet. An admin adds them.", "soft")]
            )
        )
    return Document(
        title=f"Report of {report.title}",
        subtitle=f"{counted(len(report.sites), 'muscle site')}.",
        dated=report.dated,
        sections=sections,
    )


def _subjects(report: StudyReport) -> Block:
    known = [f"{n} {partition}" for partition, n in report.subjects.items() if n]
    total = sum(report.subjects.values())
    said = f"{counted(total, 'subject')}: {', '.join(known)}." if known else "No subject yet."
    return Text(f"{said} Who withdrew is left out.")


def _site(site: SiteReport) -> list[Section]:
    return [
        Section(site.name, _in_short(site)),
        Section(f"{site.name}: how good the measuring model is", _measuring(site)),
        Section(f"{site.name}: models", _models(site)),
        Section(f"{site.name}: what has served", [lineage(site.lineage)]),
        Section(f"{site.name}: agreement", _agreement(site)),
        Section(f"{site.name}: measurements", _measurements(site)),
        Section(f"{site.name}: what pre-labels do to people's work", _effort(site)),
        *([Section(f"{site.name}: drift", _drift(site))] if site.drift_charts else []),
    ]


def _in_short(site: SiteReport) -> list[Block]:
    facts = [
        ("Outlined", f"{', '.join(site.labels)}; {site.plane.lower()}"),
        (
            "Scans",
            f"{counted(site.images, 'image')}, {site.approved} approved, {site.to_review} to "
            f"review, {site.calibrated} calibrated",
        ),
        *(
            (
                PURPOSES[one.purpose],
                f"{one.model}, since {moment(one.since)}" if one.model else NONE_YET,
            )
            for one in site.serving
        ),
    ]
    if lock := site.lock:
        facts += [
            (
                "Locked test set",
                f"version {lock.version}, {counted(lock.n_images, 'scan')} of "
                f"{counted(lock.n_subjects, 'subject')}; {lock.n_looks} of {lock.look_budget} "
                "looks taken",
            ),
            ("Digest", lock.digest),
            ("References", lock.basis),
        ]
    else:
        facts.append(("Locked test set", "not sealed: no model of it can be judged"))
    if site.drift:
        reasons = (
            f": {named_in('; '.join(site.drift.reasons), site.area_unit)}"
            if site.drift.reasons
            else ""
        )
        facts.append(("Drift", f"{site.drift.state}, {moment(site.drift.at)}{reasons}"))
    warns = site.lock is not None and site.lock.rests_on_single_readings
    return [Facts(facts), *([Text(SINGLE_READINGS, "warning")] if warns else [])]


def _measuring(site: SiteReport) -> list[Block]:
    if site.measuring is None:
        said = "No model measures here: none was shown to be good enough on the locked test set."
        return [Text(said, "soft")]
    shown = site.measuring.shown
    evaluation = shown.evaluation
    assert evaluation.lock is not None, "a measuring model is judged on a lock"
    said = (
        f"{evaluation.model.name} on version {evaluation.lock.version} of the locked test set, "
        f"{moment(evaluation.created_at)}. Means over subjects; intervals resample subjects; "
        "errors are predicted minus reference."
    )
    return [
        Text(said, "soft"),
        *(Text(one) for one in (shown.former, shown.left_out) if one),
        quantities("", shown.lines),
        *(quantities(label, lines) for label, lines in shown.labels),
        *(Plot(figure) for figure in shown.figures),
    ]


def _models(site: SiteReport) -> list[Block]:
    if not site.models:
        return [Text("No model has been trained or registered yet.", "soft")]
    columns = [
        Column("Model"),
        Column("Made"),
        Column("Training subjects", number=True),
        Column("Dice, validation", number=True),
        Column("Dice, out of fold", number=True),
        Column("Dice, locked test set", number=True),
    ]
    table = Table("", columns, [_model(one) for one in site.models])
    return [table, *(Plot(figure) for figure in site.learning)]


def _model(one: ModelLine) -> list[str]:
    subjects = "" if one.training_subjects is None else str(one.training_subjects)
    return [
        one.name,
        f"{moment(one.registered_at)}, {one.made_by or 'elsewhere'}",
        subjects,
        *(_dice(one.dice[partition]) for partition in PARTITIONS),
    ]


def _dice(figures: Mapping[str, Any] | None) -> str:
    if not figures:
        return ""
    return f"{with_interval(figures['mean'], figures['ci95'], 3)}, n = {figures['n_subjects']}"


def _effort(site: SiteReport) -> list[Block]:
    seconds, kept = site.evidence["seconds"], site.evidence["corrections"]
    found = [
        ("Seconds per image, with a pre-label", seconds["with_pre_label"], 0),
        ("Seconds per image, without", seconds["without"], 0),
        ("Dice between pre-label and approved", kept["dice"], 3),
        ("Share approved unchanged", kept["unchanged"], 2),
    ]
    rows = [
        [title, _estimate(one, places), str(one["n_images"]), str(one["n_subjects"])]
        for title, one, places in found
        if one["value"] is not None
    ]
    if not rows:
        return [
            Text("No outline with a time was handed in, and no pre-label approved yet.", "soft")
        ]
    table = Table("", [Column("What"), *_numbers("Found", "Images", "Subjects")], rows)
    return [table, *(Plot(figure) for figure in site.effort if not figure.empty)]


def _drift(site: SiteReport) -> list[Block]:
    return [Plot(figure) for figure in site.drift_charts]


def _agreement(site: SiteReport) -> list[Block]:
    if not site.agreement:
        said = "No scan has two independent readings yet: nobody knows how far two readers differ."
        return [Text(said, "soft")]
    outlines = Table(
        "Outlines of readers who did not see each other's work; the model is one of them.",
        [Column("Label, readers"), *_numbers("Dice", "HD95", "Images", "Subjects")],
        [_outlines(one) for one in site.agreement],
    )
    sizes = Table(
        f"What is measured on them: first minus second reader. {COMPARED_VALUES}",
        [
            Column("Measurement, readers"),
            *_numbers("ICC(A,1)", "Bias", "Limits of agreement"),
            *_numbers("Values", "Subjects", "Cut, left out"),
        ],
        [row for one in site.agreement for row in _sizes(one, site.area_unit)],
    )
    return [outlines, *([sizes] if sizes.rows else [])]


def _numbers(*titles: str) -> list[Column]:
    return [Column(title, number=True) for title in titles]


def _readers(pair: Mapping[str, Any]) -> str:
    first, second = pair["pair"]
    return f"{first} and {second}{' (model)' if pair['with_model'] else ''}"


def _outlines(pair: Mapping[str, Any]) -> list[str]:
    unit = "mm" if "hd95_mm" in pair else "px"
    distance = _estimate(pair[f"hd95_{unit}"], 2)
    return [
        f"{pair['label']}: {_readers(pair)}",
        _estimate(pair["dice"], 3),
        distance if pair[f"hd95_{unit}"]["value"] is None else f"{distance} {unit}",
        str(pair["n_images"]),
        str(pair["n_subjects"]),
    ]


def _sizes(pair: Mapping[str, Any], area_unit: str) -> Iterator[list[str]]:
    """A row each for CSA and thickness, where both readers have any."""
    for title, compared in (("CSA", pair["csa"]), ("Thickness", pair["mt"])):
        if compared is None or not compared["n_values"]:
            continue
        unit = difference_unit(compared["unit"], area_unit)
        limits = compared["limits"]
        yield [
            f"{title} of {pair['label']} ({unit.sign}): {_readers(pair)}",
            _estimate(compared["icc"], 3),
            _estimate(compared["bias"], unit.places, unit.factor),
            f"{_limit(limits, 0, unit)} and {_limit(limits, 1, unit)}"
            if limits["value"]
            else limits["reason"],
            str(compared["n_values"]),
            str(compared["n_subjects"]),
            str(compared["n_cut"]),
        ]


def _limit(limits: Mapping[str, Any], which: int, unit: DifferenceUnit) -> str:
    limit = {"value": limits["value"][which], "ci95": limits["ci95"] and limits["ci95"][which]}
    return _estimate(limit, unit.places, unit.factor)


def _estimate(estimate: Mapping[str, Any], places: int, factor: float = 1.0) -> str:
    """The number times `factor` with its interval; without a number, why there is none."""
    if estimate["value"] is None:
        return str(estimate.get("reason", ""))
    ci95 = [bound * factor for bound in estimate["ci95"] or ()]
    return with_interval(estimate["value"] * factor, ci95, places)


def _measurements(site: SiteReport) -> list[Block]:
    blocks: list[Block] = []
    if site.measurements_left_out:
        scans = counted(site.measurements_left_out, "approved scan")
        blocks.append(
            Text(
                f"{scans} of test subjects not among them: locked outlines leave by a look.", "soft"
            )
        )
    if not site.measurements:
        none = Text("Nothing is measured yet: measurements are made of approved outlines.", "soft")
        return [none, *blocks]
    columns = [
        Column("What"),
        *(
            Column(title, number=True)
            for title in ("Mean ± SD", "95 % interval", "Median", "Subjects", "Scans", "Without")
        ),
    ]
    table = Table(
        f"Of approved outlines on selected takes. {ONE_A_SUBJECT} Of a sweep its measured frame. "
        f"Thickness: {site.thickness_definition}.",
        columns,
        [_measured(one, site.area_unit) for one in site.measurements],
    )
    return [table, *blocks]


def _measured(one: MeasurementSummary, area_unit: str) -> list[str]:
    sign, factor, places = one.unit, 1.0, 1
    if one.quantity in (CSA, VISIBLE_CSA):
        shown = AREA_UNITS[area_unit]
        sign, factor, places = shown.sign, shown.per_mm2, shown.places
    what = f"{one.label}: {one.quantity} ({sign})"
    counts = [str(one.n_scans), str(one.n_without)]
    if one.statistics is None:
        return [what, "", "", "", "0", *counts]
    statistics = summarising.times(one.statistics, factor)
    return [
        what,
        with_sd(statistics, places),
        interval(statistics["ci95"], places),
        number(statistics["median"], places),
        str(statistics["n_subjects"]),
        *counts,
    ]
