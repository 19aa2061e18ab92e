"""From stored rows per image and label to the figures by subject that the gate compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from core.numbers import AREA_UNITS
from domain.gate import Figures
from training.scoring import ERRORS
from training.summarising import Row, n_cut, subject_means


def figures_of(rows: Sequence[Row], area_unit: str = "mm2") -> Figures:
    """The figures of one model's rows, those of several labels' union left out beforehand; words
    give areas in `area_unit` (`Site.area_unit`).

    An error's absolute value is taken image by image, before any mean, so that too much on one
    scan does not make up for too little on another.
    """
    unit = AREA_UNITS[area_unit]
    absolute = [_absolute(row) for row in rows]
    labels = dict.fromkeys(row.label for row in rows)
    return Figures(
        dice=subject_means(rows, "dice"),
        labels={
            label: subject_means([row for row in rows if row.label == label], "dice")
            for label in labels
        },
        failures=Counter(row.subject for row in rows if row.failure),
        hd95_mm=subject_means(rows, "hd95_mm"),
        hd95_px=subject_means(rows, "hd95_px"),
        errors={quantity: subject_means(rows, quantity) for quantity in ERRORS},
        absolute_errors={quantity: subject_means(absolute, quantity) for quantity in ERRORS},
        n_cut=n_cut(rows),
        csa_unit=unit.sign,
        csa_per_mm2=unit.per_mm2,
    )


def on_same_images(first: Sequence[Row], second: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of both models on the images and labels that both have."""
    shared = {(row.image_id, row.label) for row in first} & {
        (row.image_id, row.label) for row in second
    }
    return (
        [row for row in first if (row.image_id, row.label) in shared],
        [row for row in second if (row.image_id, row.label) in shared],
    )


def _absolute(row: Row) -> Row:
    values = {
        quantity: None if value is None else abs(value) for quantity, value in row.values.items()
    }
    return replace(row, values=values)
