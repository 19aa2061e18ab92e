"""A model's evaluations as its page and its report show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import plots
from inference.models import Purpose
from inference.selectors import pointers
from training import model_comparisons, model_figures
from training.selectors import evaluations, model_pages
from training.selectors.evaluations import DEVELOPMENT, TEST, VALIDATION

if TYPE_CHECKING:
    from inference.models import ModelVersion
    from training.models import Evaluation
    from training.summarising import Row

SHOWN = (TEST, VALIDATION, DEVELOPMENT)
ALL_TOGETHER = "All together"
WORDS = {
    "dice": ("Dice", 3),
    "iou": ("IoU", 3),
    "hd95_mm": ("HD95 (mm)", 2),
    "hd95_px": ("HD95 (px)", 1),
    "csa_error_mm2": ("CSA error (mm²)", 1),
    "csa_error_percent": ("CSA error (%)", 1),
    "mt_error_mm": ("Thickness error (mm)", 2),
    "mt_error_percent": ("Thickness error (%)", 1),
}


@dataclass(frozen=True)
class Line:
    """One quantity of an evaluation, in words."""

    title: str
    figures: dict[str, Any]
    places: int


@dataclass(frozen=True)
class Shown:
    """An evaluation as it is shown: figures of the whole and of each label, and the plots.

    `before`: the same of the model that it is compared with, where both were evaluated alike.
    """

    evaluation: Evaluation
    before: Evaluation | None
    rows: list[Row]
    lines: list[Line]
    labels: list[tuple[str, list[Line]]]
    figures: list[plots.Figure]
    subgroups: list[model_comparisons.Subgroup]


def shown_of(model: ModelVersion) -> list[Shown]:
    """The model's newest evaluation on each partition, the locked test set first."""
    newest = (evaluations.newest(model, partition) for partition in SHOWN)
    return [_shown(one, _before(model, one)) for one in newest if one is not None]


def worst_cases(shown: list[Shown]) -> list[model_pages.Case]:
    """The validation scans that the model did worst on; none before it is evaluated there."""
    found = (one.evaluation for one in shown if one.evaluation.partition == VALIDATION)
    evaluation = next(found, None)
    return model_pages.worst_cases(evaluation) if evaluation else []


def _before(model: ModelVersion, evaluation: Evaluation) -> Evaluation | None:
    """The evaluation to compare with: the serving model's, of the serving one its predecessor's.

    Who measures on the locked test set, who makes pre-labels elsewhere.
    """
    on_lock = evaluation.partition == TEST
    purpose = Purpose.MEASUREMENT if on_lock else Purpose.PRE_LABEL
    current, earlier = pointers.current_and_earlier(model.site, purpose)
    other = earlier if current == model else current
    found = evaluations.newest(other, evaluation.partition) if other else None
    return found if found and model_comparisons.comparable(evaluation, found) else None


def _shown(one: Evaluation, before: Evaluation | None) -> Shown:
    rows = evaluations.rows_of(one)
    figures = [model_figures.by_subject(one, rows)]
    if before is not None:
        figures.append(model_comparisons.differences(one, rows, before))
    labels = one.summary.get("labels", {})
    if "union" in one.summary:
        labels = {**labels, ALL_TOGETHER: one.summary["union"]}
    return Shown(
        one,
        before,
        rows,
        _lines(one.summary),
        [(label, _lines(summary)) for label, summary in labels.items()],
        [*figures, *model_comparisons.errors(one, rows)],
        model_comparisons.subgroup_table(rows),
    )


def _lines(summary: dict[str, Any]) -> list[Line]:
    return [
        Line(title, summary[quantity], places)
        for quantity, (title, places) in WORDS.items()
        if summary.get(quantity) is not None
    ]
