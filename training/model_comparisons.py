"""How a model differs from the current one and from the reference, subject by subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from annotation.selectors import subgroups
from annotation.selectors.thumbnails import PIXELS
from core import plots
from core.numbers import DifferenceUnit, difference_unit, number
from domain.gate import GateConfiguration
from domain.limits import limits_of_agreement
from training import summarising
from training.comparing import on_same_images
from training.scoring import CSA, MT, Values
from training.selectors import evaluations, model_pages
from training.summarising import Row

if TYPE_CHECKING:
    from training.models import Evaluation

JUDGED_FROM = GateConfiguration().subgroup_minimum
"""Subjects below which a subgroup is reported and not judged."""


IMAGES = "A dot is one image of a selected take; every visit and side counts."
MEANS = f"{IMAGES} A line is the mean of a subject's images."
MEASURED = (
    "A dot is one scan, of a sweep its reference's measured frame; every visit and side counts."
)
FORMER = f"{IMAGES} What the view cuts is among them."
PERCENTS = "A line is the mean of a subject's scans. An empty reference has no per cent."
"""Which values the plots of an evaluation draw, in words."""


@dataclass(frozen=True)
class Size:
    """CSA or thickness: its words, the unit and the names of its values in an evaluation's rows."""

    name: str
    title: str
    unit: str
    in_mm: str
    in_percent: str
    reference: str


SIZES = {
    "csa_error": Size(CSA, "CSA", "mm2", "csa_error_mm2", "csa_error_percent", "reference_csa_mm2"),
    "mt_error": Size(MT, "Thickness", "mm", "mt_error_mm", "mt_error_percent", "reference_mt_mm"),
}


@dataclass(frozen=True)
class Subgroup:
    """The Dice of the subjects of one group; `judged`: they are enough to judge it by itself."""

    grouping: str
    group: str
    dice: dict[str, Any]
    judged: bool


def comparable(evaluation: Evaluation, serving: Evaluation) -> bool:
    """Whether two models were evaluated alike: the same partition, lock and metrics."""
    return (evaluation.partition, evaluation.lock_id, evaluation.metrics_version) == (
        serving.partition,
        serving.lock_id,
        serving.metrics_version,
    )


def differences(evaluation: Evaluation, rows: Sequence[Row], serving: Evaluation) -> plots.Figure:
    """Dice minus the current model's: a row a subject, the mean over subjects above them."""
    own, before = on_same_images(rows, evaluations.rows_of(serving))
    dice_before = model_pages.mean_dice_of_images(before)
    found = {
        subject: [(image, dice - dice_before[image]) for image, dice in images]
        for subject, images in model_pages.images_by_subject(own).items()
    }
    means = {subject: fmean(value for _, value in images) for subject, images in found.items()}
    whole = summarising.statistics(list(means.values()))
    groups = [
        plots.Group(
            subject,
            [
                dot(evaluation, f"{subject}: {number(value, 3, sign=True)}", image, value)
                for image, value in images
            ],
            mean=means[subject],
        )
        for subject, images in found.items()
    ]
    figure = plots.dots(
        f"differences-{evaluation.partition}",
        f"Dice minus that of {serving.model.name}, {evaluation.partition}",
        [_mean_of(whole), *groups],
        value_label="Difference in Dice",
        zero=0.0,
        empty=f"{serving.model.name} was not evaluated on these scans.",
    )
    return replace(figure, sample=MEANS)


def errors(evaluation: Evaluation, rows: Sequence[Row], area_unit: str) -> list[plots.Figure]:
    """The errors of CSA and of thickness, label by label: Bland-Altman where calibrated.

    Without a calibration the sizes are not known, and the errors stand in per cent by subject.
    """
    labels = list(dict.fromkeys(row.label for row in rows))
    drawn = MEASURED if evaluations.is_by_metrics_of_now(evaluation) else FORMER
    found = []
    for name, size in SIZES.items():
        unit = difference_unit(size.unit, area_unit)
        for place, label in enumerate(labels, 1):
            own = [row for row in rows if row.label == label]
            figure_name = f"{name}-{place}-{evaluation.partition}"
            said = f"{size.title} of {label}, {evaluation.partition}"
            left_out = {"that the view cuts": summarising.n_cut(own)[size.name]}
            if summarising.subject_means(own, size.in_mm):
                figure = _sizes(evaluation, own, figure_name, said, size, unit)
                left_out["without mm"] = _without_mm(own, size)
                sample = plots.sample_in_words(drawn, left_out=left_out)
            elif summarising.subject_means(own, size.in_percent):
                figure = _percents(evaluation, own, figure_name, said, size.in_percent)
                sample = plots.sample_in_words(f"{drawn} {PERCENTS}", left_out=left_out)
            else:
                continue
            found.append(replace(figure, sample=sample))
    return found


def _without_mm(rows: Sequence[Row], size: Size) -> int:
    """How many are compared in per cent alone."""
    return sum(
        row.values.get(size.in_mm) is None and row.values.get(size.in_percent) is not None
        for row in rows
    )


def subgroup_table(rows: Sequence[Row]) -> list[Subgroup]:
    """Mean Dice by age band, sex, device, operator and centre; who is not recorded is left out."""
    images = {row.image_id for row in rows}
    means = summarising.subject_means(rows, "dice")
    found = subgroups.groupings(images) | {"centre": subgroups.centres(images)}
    return [
        Subgroup(grouping, group, dice, judged=dice["n_subjects"] >= JUDGED_FROM)
        for grouping, group_of in found.items()
        for group, values in _by_group(means, group_of).items()
        if (dice := summarising.statistics(values)) is not None
    ]


def dot(evaluation: Evaluation, title: str, image_id: int, value: float) -> plots.Dot:
    """A scan's dot; those of the test set neither show their picture nor open."""
    return plots.Dot(value, title, *_way_to(evaluation, image_id))


def _way_to(evaluation: Evaluation, image_id: int) -> tuple[str, str]:
    """The address and the picture of a scan; both empty for the test set, whose looks count."""
    if evaluation.partition == evaluations.TEST:
        return "", ""
    study = evaluation.model.site.study.name
    return reverse("annotation:image", args=[study, image_id]), PIXELS.format(id=image_id)


def _mean_of(whole: dict[str, Any] | None) -> plots.Group:
    if whole is None:
        return plots.Group("mean", [])
    interval = whole["ci95"]
    return plots.Group("mean", [], whole["mean"], (interval[0], interval[1]) if interval else None)


def _sizes(
    evaluation: Evaluation,
    rows: Sequence[Row],
    name: str,
    title: str,
    size: Size,
    unit: DifferenceUnit,
) -> plots.Figure:
    """Error against the mean of the model's and the reference's size, with limits of agreement.

    The title counts the scans that have an error but no place: those of an evaluation from before
    the reference's size was kept, where an error of 0 tells no size.
    """
    known = [row for row in rows if row.values.get(size.in_mm) is not None]
    limits = limits_of_agreement(
        [error for row in known if (error := row.values.get(size.in_mm)) is not None],
        [row.subject for row in known],
    ).times(unit.factor)
    pairs = [
        plots.Pair(
            (reference + error / 2) * unit.factor,
            error * unit.factor,
            f"{row.subject}: {number(error * unit.factor, unit.places, sign=True)} {unit.sign}",
            *_way_to(evaluation, row.image_id),
        )
        for row in rows
        if (error := row.values.get(size.in_mm)) is not None
        and (reference := reference_size(row.values, size)) is not None
    ]
    unplaced = len(known) - len(pairs)
    return plots.bland_altman(
        name,
        f"{title}; error 0, not drawn: {unplaced}" if unplaced else title,
        pairs,
        limits=limits,
        x_label=f"Mean of model and reference ({unit.sign})",
        y_label=f"Model minus reference ({unit.sign})",
        empty="Every error is 0.",
    )


def reference_size(values: Values, size: Size) -> float | None:
    """The reference's size that a row keeps; of an older row, 100 error / per cent.

    An older row says 0 for an empty reference, which has no per cent, and None for an error of 0,
    which tells no size, or for no error in mm.
    """
    kept = values.get(size.reference)
    if kept is not None:
        return kept
    error, percent = values.get(size.in_mm), values.get(size.in_percent)
    if error is None:
        return None
    if percent is None:
        return 0.0
    return 100 * error / percent if percent else None


def _percents(
    evaluation: Evaluation, rows: Sequence[Row], name: str, title: str, in_percent: str
) -> plots.Figure:
    means = summarising.subject_means(rows, in_percent)
    by_subject: defaultdict[str, list[plots.Dot]] = defaultdict(list)
    for row in rows:
        error = row.values.get(in_percent)
        if error is not None:
            title_of_dot = f"{row.subject}: {number(error, 1, sign=True)} %"
            by_subject[row.subject].append(dot(evaluation, title_of_dot, row.image_id, error))
    groups = [plots.Group(subject, by_subject[subject], means[subject]) for subject in means]
    return plots.dots(
        name,
        title,
        [_mean_of(summarising.statistics(list(means.values()))), *groups],
        value_label="Model minus reference (%)",
        zero=0.0,
    )


def _by_group(means: Mapping[str, float], group_of: Mapping[str, str]) -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for subject, mean in means.items():
        if group := group_of.get(subject, ""):
            found[group].append(mean)
    return {group: found[group] for group in sorted(found)}
