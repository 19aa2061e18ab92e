"""Evaluates a model on a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from core.numbers import interval, number
from inference.selectors import versions
from training.evaluation_pages import WORDS, left_out_in_words, shown_as
from training.selectors import evaluations
from training.services import evaluation
from training.summarising import times

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`evaluate MODEL [--partition test|validation] [--as USER]`."""

    help = "Evaluates MODEL. A look at the locked test set is audited and counted."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--partition", choices=evaluation.PARTITIONS, default="test")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        model = versions.named(study, options["model"])
        done = evaluation.evaluate(model, options["partition"], actor)
        return evaluations.as_json(done)

    def describe(self, answer: dict[str, Any]) -> str:
        summary = answer["summary"]
        lines = [
            f"{answer['model']} on {answer['partition']}: {summary['n_images']} images of"
            f" {summary['n_subjects']} subjects, {summary['failures']} failures"
        ]
        for quantity in WORDS:
            title, places, factor = shown_as(quantity, answer["area_unit"])
            if summary[quantity] is not None:
                lines.append(f"  {title:32} {_figures(times(summary[quantity], factor), places)}")
        left_out = left_out_in_words(summary["n_cut"])
        return "\n".join([*lines, left_out] if left_out else lines)


def _figures(figures: dict[str, Any], places: int) -> str:
    words = number(figures["mean"], places)
    if figures["sd"] is not None:
        words += f" ± {number(figures['sd'], places)}"
    if figures["ci95"] is not None:
        words += f" (95 % interval {interval(figures['ci95'], places)})"
    median = number(figures["median"], places)
    return f"{words}, median {median}, n = {figures['n_subjects']} subjects"
