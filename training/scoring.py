"""One prediction against one reference: the metrics of docs/learning.md 4.2, label by label.

Everything is computed on the stored image's own pixels, the errors of CSA and MT from the
outlines. Errors are predicted minus reference, so that a positive mean is overestimation. A sweep
has its errors on one frame, and what the view cuts has none: docs/algorithms/evaluation.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import shapely
from numpy.typing import NDArray

from domain import measurement, overlap, raster, surface
from domain.calibration import PixelSpacing
from domain.geometry import CUTS, Region, normalise

SCORING_VERSION = "metrics_v2"
"""Of an evaluation's rows. `metrics_v1` had errors of CSA and MT on every frame of a sweep, and of
what the view cuts; Dice, IoU and HD95 are the same in both (`domain.surface`)."""

OVERLAP = ("dice", "iou", "hd95_px", "hd95_mm")
DISTANCES = ("hd95_px", "hd95_mm")
ERRORS = ("csa_error_mm2", "csa_error_percent", "mt_error_mm", "mt_error_percent")
QUANTITIES = OVERLAP + ERRORS
FRAME_CHOICE = (
    "csa_frame_choice_mm2",
    "csa_frame_choice_percent",
    "mt_frame_choice_mm",
    "mt_frame_choice_percent",
)
"""What it changes in a sweep's value that the model would measure it on another frame than the
reference does: beside the errors, and no part of them."""

REPORTED = QUANTITIES + FRAME_CHOICE
CSA, MT = "csa", "mt"
PREDICTED_DICE = "predicted_dice"
"""What the model itself expected of its outline (`domain.uncertainty`): beside the quantities."""

REFERENCE_SIZES = ("reference_csa_mm2", "reference_mt_mm")
"""The reference's own CSA and MT, where an error in mm is drawn: beside the quantities."""

UNION = "(union)"
"""In place of a label: all labels of a site taken together, as one structure."""

Values = dict[str, float | None]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Protocol:
    """What of a site decides how it is measured: CSA exists on transverse sites only."""

    labels: tuple[str, ...]
    has_csa: bool
    thickness_definition: str


@dataclass(frozen=True)
class LabelScore:
    """The quantities of one label on one image; None where the quantity does not exist there.

    `failure`: exactly one of prediction and reference is empty. Dice and IoU are 0 then and HD95
    is the image diagonal, so that finding nothing never improves a mean. `cut`: the sides on which
    the view cuts the reference. `left_out`: which of CSA and MT is measured here and has no error,
    since the reference shows only what is visible of it.
    """

    label: str
    values: Values
    failure: bool
    cut: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def score(
    predicted: Sequence[Region],
    predicted_map: NDArray[np.uint8],
    predicted_labels: Sequence[str],
    reference: Sequence[Region],
    spacing: PixelSpacing | None,
    protocol: Protocol,
    measured: Collection[str],
) -> list[LabelScore]:
    """The scores of every label of the site, in its order, and of several labels' union.

    predicted_map: uint8 (h, w), numbered by `predicted_labels` from 1. A label that the model does
    not know counts as predicted empty. The union has overlap and distance, but no CSA or MT.
    `measured`: the labels whose CSA and MT are measured on this image; others have no errors here.
    """
    height, width = predicted_map.shape
    scores = []
    whole = np.zeros((height, width), np.bool_)
    for label in protocol.labels:
        found = _mask_of(predicted_map, predicted_labels, label)
        truth_shape = shape_of(reference, label)
        truth = raster.polygon_to_mask(truth_shape, height, width)
        whole |= truth
        values = overlap_values(found, truth, spacing)
        cut = cut_of(reference, label)
        left_out = left_out_of(cut, protocol) if label in measured else ()
        values |= dict.fromkeys((*ERRORS, *REFERENCE_SIZES))
        if label in measured:
            errors = error_values(shape_of(predicted, label), truth_shape, spacing, protocol)
            values |= {name: one for name, one in errors.items() if _size_of(name) not in left_out}
        failure = bool(found.any()) != bool(truth.any())
        scores.append(LabelScore(label, values, failure, cut, left_out))
    if len(protocol.labels) > 1:
        scores.append(_union(predicted_map > 0, whole, spacing))
    return scores


def _union(found: Mask, truth: Mask, spacing: PixelSpacing | None) -> LabelScore:
    values = {**dict.fromkeys((*ERRORS, *REFERENCE_SIZES)), **overlap_values(found, truth, spacing)}
    return LabelScore(UNION, values, bool(found.any()) != bool(truth.any()))


def with_predicted_dice(
    scores: Sequence[LabelScore], labels: Sequence[str], predicted: Sequence[float | None]
) -> list[LabelScore]:
    """The scores with the model's `predicted` Dice of its `labels`; None for all others."""
    known = dict(zip(labels, predicted, strict=True))
    return [
        replace(one, values={**one.values, PREDICTED_DICE: known.get(one.label)}) for one in scores
    ]


def mean_dice(
    found: Sequence[Region], truth: Sequence[Region], labels: Sequence[str], shape: tuple[int, int]
) -> float:
    """Mean Dice over a site's labels of two outlines of one image of that shape (h, w)."""
    masks = (
        [raster.polygon_to_mask(shape_of(one, label), *shape) for one in (found, truth)]
        for label in labels
    )
    return fmean(overlap.dice(overlap.confusion_counts(*pair)) for pair in masks)


def overlap_values(found: Mask, truth: Mask, spacing: PixelSpacing | None) -> Values:
    """Dice, IoU and HD95 of two masks (h, w); HD95 in mm only with a calibration."""
    counts = overlap.confusion_counts(found, truth)
    hd95_px = surface.hd95(found, truth)
    return {
        "dice": overlap.dice(counts),
        "iou": overlap.iou(counts),
        "hd95_px": hd95_px,
        "hd95_mm": _hd95_mm(found, truth, hd95_px, spacing),
    }


def error_values(
    found: shapely.MultiPolygon,
    truth: shapely.MultiPolygon,
    spacing: PixelSpacing | None,
    protocol: Protocol,
) -> Values:
    """CSA and MT, predicted minus reference; per cent of the reference where it is above 0.

    An empty outline has CSA and MT 0. The per cents need no calibration. What the reference itself
    measures stands beside the errors in mm: an error of 0 does not tell it.
    """
    values: Values = dict.fromkeys((*ERRORS, *REFERENCE_SIZES))
    if protocol.has_csa:
        values["csa_error_percent"] = percent(found.area, truth.area)
        if spacing is not None:
            truth_csa = measurement.csa_mm2(truth, spacing)
            values["csa_error_mm2"] = measurement.csa_mm2(found, spacing) - truth_csa
            values["reference_csa_mm2"] = truth_csa
    found_mt = thickness_of(found, protocol, spacing)
    truth_mt = thickness_of(truth, protocol, spacing)
    values["mt_error_percent"] = percent(found_mt, truth_mt)
    if spacing is not None:
        values["mt_error_mm"] = found_mt - truth_mt
        values["reference_mt_mm"] = truth_mt
    return values


def shape_of(regions: Sequence[Region], label: str) -> shapely.MultiPolygon:
    """All regions of a label as one shape; empty where there is none."""
    return normalise(
        shapely.union_all([region.shape for region in regions if region.label == label])
    )


def cut_of(regions: Sequence[Region], label: str) -> tuple[str, ...]:
    """The sides on which the view cuts any region of a label."""
    cut = {side for region in regions if region.label == label for side in region.cut}
    return tuple(side for side in CUTS if side in cut)


def left_out_of(cut: tuple[str, ...], protocol: Protocol) -> tuple[str, ...]:
    """Which of CSA and MT the view cuts: visible CSA and thickness are other quantities."""
    visible = {CSA: protocol.has_csa and bool(cut), MT: measurement.is_cut_thickness(cut)}
    return tuple(size for size, is_cut in visible.items() if is_cut)


def _size_of(name: str) -> str:
    """CSA or MT, whichever a quantity of ERRORS or REFERENCE_SIZES is about."""
    return CSA if CSA in name.split("_") else MT


def _mask_of(label_map: NDArray[np.uint8], labels: Sequence[str], label: str) -> Mask:
    if label not in labels:
        return np.zeros(label_map.shape, np.bool_)
    return label_map == labels.index(label) + 1


def _hd95_mm(
    found: Mask, truth: Mask, hd95_px: float, spacing: PixelSpacing | None
) -> float | None:
    if spacing is None:
        return None
    if spacing.x_mm == spacing.y_mm:
        return hd95_px * spacing.x_mm
    return surface.hd95(found, truth, (spacing.y_mm, spacing.x_mm))


def thickness_of(
    shape: shapely.MultiPolygon, protocol: Protocol, spacing: PixelSpacing | None
) -> float:
    """In mm with a calibration, else in px; 0 for an empty shape."""
    if shape.is_empty:
        return 0.0
    measured = measurement.thickness(shape, protocol.thickness_definition, spacing)
    return measured.value_px if measured.value_mm is None else measured.value_mm


def percent(found: float, truth: float) -> float | None:
    """By how much in per cent of the truth what was found is larger; None for a truth of 0."""
    return 100.0 * (found - truth) / truth if truth > 0 else None
