"""Prints how well the readers of a study agree."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors import agreement
from annotation.selectors.studies import site_named
from core.models import User


class Command(StudyCommand):
    """`agreement [--site SITE]`."""

    help = "Agreement of each pair of readers, the current model among them, site by site."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--site", help="one site's short name (default: all)")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        sites = [site_named(study, options["site"])] if options["site"] else study.sites.all()
        pairs = [pair for site in sites for pair in agreement.of_site(site)]
        return {"study": study.name, "pairs": [agreement.as_json(pair) for pair in pairs]}

    def describe(self, answer: dict[str, Any]) -> str:
        if not answer["pairs"]:
            return (
                "No scan has two independent readings yet. Set the share of scans that are read "
                "twice on the settings page."
            )
        return "\n".join(_line(row) for row in answer["pairs"])


def _line(row: dict[str, Any]) -> str:
    first, second = row["pair"]
    parts = [f"Dice {_words(row['dice'])}"]
    for name, compared in (("CSA", row["csa"]), ("MT", row["mt"])):
        if compared is not None and compared["icc"]["value"] is not None:
            unit = compared["unit"]
            parts.append(f"{name} ICC {_words(compared['icc'])}")
            parts.append(f"bias {_words(compared['bias'])} {unit}")
            parts.append(f"MDC95 {compared['mdc95']['value']:.3g} {unit}")
    return (
        f"{row['site']} {row['label']}, {first} and {second}: {', '.join(parts)} "
        f"({row['n_images']} images of {row['n_subjects']} subjects)"
    )


def _words(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return "-"
    if estimate["ci95"] is None:
        return f"{estimate['value']:.3f}"
    return f"{estimate['value']:.3f} [{estimate['ci95'][0]:.3f}, {estimate['ci95'][1]:.3f}]"
