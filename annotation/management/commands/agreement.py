"""Prints how well the readers of a study agree."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors import agreement
from annotation.selectors.studies import site_named
from core.models import User
from core.numbers import difference_unit, with_interval


class Command(StudyCommand):
    """`agreement [--site SITE]`."""

    help = "Agreement of each pair of readers, the current model among them, site by site."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--site", help="one site's short name (default: all)")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        sites = [site_named(study, options["site"])] if options["site"] else study.sites.all()
        pairs = [pair for site in sites for pair in agreement.of_site(site)]
        return {
            "study": study.name,
            "area_units": {site.slug: site.area_unit for site in sites},
            "pairs": [agreement.as_json(pair) for pair in pairs],
        }

    def describe(self, answer: dict[str, Any]) -> str:
        if not answer["pairs"]:
            return (
                "No scan has two independent readings yet. Set the share of scans that are read "
                "twice on the settings page."
            )
        units = answer["area_units"]
        return "\n".join(_line(row, units[row["site"]]) for row in answer["pairs"])


def _line(row: dict[str, Any], area_unit: str) -> str:
    first, second = row["pair"]
    parts = [f"Dice {_words(row['dice'], 3)}"]
    for name, compared in (("CSA", row["csa"]), ("MT", row["mt"])):
        if compared is not None and compared["bias"]["value"] is not None:
            unit = difference_unit(compared["unit"], area_unit)
            parts += [
                f"{name} of {compared['n_values']} values: ICC(A,1) {_words(compared['icc'], 3)}",
                f"bias {_words(compared['bias'], unit.places, unit.factor)} {unit.sign}",
                f"MDC95 {_words(compared['mdc95'], unit.places, unit.factor)} {unit.sign}",
            ]
        if compared is not None and compared["n_cut"]:
            parts.append(f"{name} left out {compared['n_cut']} that the view cuts")
    return (
        f"{row['site']} {row['label']}, {first} and {second}: {', '.join(parts)} "
        f"({row['n_images']} images of {row['n_subjects']} subjects)"
    )


def _words(estimate: dict[str, Any], places: int, factor: float = 1.0) -> str:
    if estimate["value"] is None:
        return "-"
    ci95 = [bound * factor for bound in estimate["ci95"] or ()]
    return with_interval(estimate["value"] * factor, ci95, places)
