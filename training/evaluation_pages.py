"""A model's evaluations as its page and its report show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import plots
from core.numbers import difference_unit, number
from inference.models import Purpose
from inference.selectors import pointers
from training import model_comparisons, model_figures, summarising
from training.scoring import CSA, MT
from training.selectors import evaluations, model_pages
from training.selectors.evaluations import DEVELOPMENT, TEST, VALIDATION
from training.summarising import Tail, bad_tail

if TYPE_CHECKING:
    from inference.models import ModelVersion
    from training.models import Evaluation
    from training.summarising import Row

SHOWN = (TEST, VALIDATION, DEVELOPMENT)
ALL_TOGETHER = "All together"
CSA_ERROR = "csa_error_mm2"
CSA_FRAME_CHOICE = "csa_frame_choice_mm2"
WORDS = {
    "dice": ("Dice", 3),
    "iou": ("IoU", 3),
    "hd95_mm": ("HD95 (mm)", 2),
    "hd95_px": ("HD95 (px)", 1),
    CSA_ERROR: ("CSA error", 1),
    "csa_error_percent": ("CSA error (%)", 1),
    "mt_error_mm": ("Thickness error (mm)", 2),
    "mt_error_percent": ("Thickness error (%)", 1),
    CSA_FRAME_CHOICE: ("CSA, choice of frame", 1),
    "csa_frame_choice_percent": ("CSA, choice of frame (%)", 1),
    "mt_frame_choice_mm": ("Thickness, choice of frame (mm)", 2),
    "mt_frame_choice_percent": ("Thickness, choice of frame (%)", 1),
}


@dataclass(frozen=True)
class Line:
    """One quantity of an evaluation, in words and in the site's unit; `tail` is its bad one."""

    title: str
    figures: dict[str, Any]
    places: int
    tail: Tail

    @property
    def worst(self) -> str:
        """Where the worst twentieth begins: `0.741 (5th percentile)`."""
        return f"{number(self.tail.value, self.places)} ({self.tail.name})"


@dataclass(frozen=True)
class Shown:
    """An evaluation as it is shown: figures of the whole and of each label, and the plots.

    `changed_since`: how many of its scans have another scale, selected take or measured frame by
    now. `before`: the same of the model that it is compared with, where both were evaluated alike.
    `former`: in words, that its CSA and MT are by a rule of before. `left_out`: in words, what is
    cut and has no error; both empty where there is nothing to say.
    """

    evaluation: Evaluation
    before: Evaluation | None
    rows: list[Row]
    lines: list[Line]
    labels: list[tuple[str, list[Line]]]
    figures: list[plots.Figure]
    subgroups: list[model_comparisons.Subgroup]
    changed_since: int
    former: str
    left_out: str


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
    rows, summary = evaluations.rows_of(one), evaluations.summary_of(one)
    figures = [model_figures.by_subject(one, rows)]
    if before is not None:
        figures.append(model_comparisons.differences(one, rows, before))
    area_unit = one.model.site.area_unit
    lines = [
        (label, _lines(of_label, [row for row in rows if row.label == label], area_unit))
        for label, of_label in summary.get("labels", {}).items()
    ]
    if "union" in summary:
        together = evaluations.rows_of(one, union=True)
        lines.append((ALL_TOGETHER, _lines(summary["union"], together, area_unit)))
    return Shown(
        one,
        before,
        rows,
        _lines(summary, rows, area_unit),
        lines,
        [*figures, *model_comparisons.errors(one, rows, area_unit)],
        model_comparisons.subgroup_table(rows),
        len(evaluations.changed_since(one)),
        _former(one),
        left_out_in_words(summarising.n_cut(rows)),
    )


def _former(one: Evaluation) -> str:
    if evaluations.is_by_metrics_of_now(one):
        return ""
    return (
        f"Measured by {one.metrics_version}: its errors of CSA and thickness are means over all "
        "frames of a sweep, and what the view cuts is among them. It decides nothing and is not "
        "compared with a newer one. Evaluate again."
    )


def left_out_in_words(n_cut: Mapping[str, int]) -> str:
    """`Errors of CSA: left out 2 that the view cuts.`, and the same of thickness."""
    return " ".join(
        f"Errors of {words}: left out {n_cut[size]} that the view cuts."
        for size, words in ((CSA, "CSA"), (MT, "thickness"))
        if n_cut[size]
    )


def _lines(summary: dict[str, Any], rows: list[Row], area_unit: str) -> list[Line]:
    """The quantities that a summary has, with the bad tail of the rows that it sums up."""
    found = []
    for quantity in WORDS:
        title, places, factor = shown_as(quantity, area_unit)
        means = summarising.subject_means(rows, quantity).values()
        tail = bad_tail(quantity, [mean * factor for mean in means])
        if summary.get(quantity) is not None and tail is not None:
            found.append(Line(title, summarising.times(summary[quantity], factor), places, tail))
    return found


def shown_as(quantity: str, area_unit: str) -> tuple[str, int, float]:
    """The title of a quantity, its places, and what its values are multiplied by."""
    title, places = WORDS[quantity]
    if quantity not in (CSA_ERROR, CSA_FRAME_CHOICE):
        return title, places, 1.0
    unit = difference_unit("mm2", area_unit)
    return f"{title} ({unit.sign})", unit.places, unit.factor
