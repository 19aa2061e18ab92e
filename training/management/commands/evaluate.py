"""Evaluates a model on a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from inference.selectors import versions
from training.selectors import evaluations
from training.services import evaluation

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
        for quantity in evaluation.REPORTED:
            figures = summary[quantity]
            if figures is not None:
                lines.append(f"  {quantity:24} {_figures(figures)}")
        return "\n".join(lines)


def _figures(figures: dict[str, Any]) -> str:
    words = f"{figures['mean']:.3f}"
    if figures["sd"] is not None:
        words += f" ± {figures['sd']:.3f}"
    if figures["ci95"] is not None:
        words += f" (95 % interval {figures['ci95'][0]:.3f} to {figures['ci95'][1]:.3f})"
    return f"{words}, median {figures['median']:.3f}, n = {figures['n_subjects']} subjects"
