"""From rows per image and label to figures per subject and per site.

Image -> mean over the image's labels (unweighted) -> mean over the subject's images -> mean over
subjects. A subject with thirty frames weighs no more than one with a single scan, and intervals
resample subjects, never images.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from domain.bootstrap import mean_interval
from training.scoring import CSA, DISTANCES, ERRORS, FRAME_CHOICE, MT, REPORTED, UNION, Values

SEED = 0


@dataclass(frozen=True)
class Row:
    """The values of one label on one image of one subject.

    `cut` and `left_out`: as in `scoring.LabelScore`; empty in rows of `metrics_v1`.
    """

    image_id: int
    subject: str
    label: str
    values: Values
    failure: bool
    cut: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def subject_means(rows: Iterable[Row], quantity: str) -> dict[str, float]:
    """{subject: mean over its images of the mean over the image's labels}, subjects sorted.

    A subject without any value of this quantity (not calibrated, cut by the view) is left out.
    """
    by_image: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for row in rows:
        value = row.values.get(quantity)
        if value is not None:
            by_image[row.subject, row.image_id].append(value)
    by_subject: defaultdict[str, list[float]] = defaultdict(list)
    for (subject, _), values in by_image.items():
        by_subject[subject].append(fmean(values))
    return {subject: fmean(by_subject[subject]) for subject in sorted(by_subject)}


@dataclass(frozen=True)
class Tail:
    """Where the worst twentieth of the subjects begins, and which percentile that is."""

    value: float
    name: str


def bad_tail(quantity: str, means: Sequence[float]) -> Tail | None:
    """The bad end of a quantity over subjects; None for no subject.

    Of an overlap the 5th percentile, of a distance the 95th, of a signed error the 95th of its
    size: too much is as bad as too little.
    """
    if not means:
        return None
    if quantity in (*ERRORS, *FRAME_CHOICE):
        return Tail(float(np.percentile(np.abs(means), 95)), "95th percentile, either sign")
    if quantity in DISTANCES:
        return Tail(float(np.percentile(means, 95)), "95th percentile")
    return Tail(float(np.percentile(means, 5)), "5th percentile")


def statistics(means: Sequence[float]) -> dict[str, Any] | None:
    """mean, sd (n - 1), median, p5, p95 and the mean's ci95 of one value per subject.

    None for none. Which of the percentiles is the bad one, `bad_tail` knows.
    """
    if not means:
        return None
    values = np.asarray(means, dtype=np.float64)
    interval = mean_interval(values, seed=SEED)
    return {
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if values.size > 1 else None,
        "median": float(np.median(values)),
        "p5": float(np.percentile(values, 5)),
        "p95": float(np.percentile(values, 95)),
        "ci95": list(interval) if interval else None,
        "n_subjects": int(values.size),
    }


def times(figures: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """What `statistics` gave, in another unit, `factor` > 0 of which make one of this."""

    def scaled(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [scaled(one) for one in value]
        return None if value is None else value * factor

    return {
        name: value if name == "n_subjects" else scaled(value) for name, value in figures.items()
    }


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """The summary of an evaluation: each quantity over subjects, of the mean over labels.

    A site with several labels has the same of each label under `labels`, and of all of them taken
    as one structure under `union`.
    """
    of_labels = [row for row in rows if row.label != UNION]
    labels = list(dict.fromkeys(row.label for row in of_labels))
    summary = quantities(of_labels)
    if len(labels) > 1:
        summary["labels"] = {
            label: quantities([row for row in rows if row.label == label]) for label in labels
        }
        summary["union"] = quantities([row for row in rows if row.label == UNION])
    return summary


def quantities(rows: Sequence[Row]) -> dict[str, Any]:
    """What is counted of rows, and each quantity over their subjects."""
    return {
        "n_images": len({row.image_id for row in rows}),
        "n_subjects": len({row.subject for row in rows}),
        "failures": sum(row.failure for row in rows),
        "n_cut": n_cut(rows),
        **{
            quantity: statistics(list(subject_means(rows, quantity).values()))
            for quantity in REPORTED
        },
    }


def n_cut(rows: Iterable[Row]) -> dict[str, int]:
    """{CSA and MT: how many outlines have no error of it, since the view cuts the reference}."""
    left_out = Counter(size for row in rows for size in row.left_out)
    return {size: left_out[size] for size in (CSA, MT)}


def by_subject(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One object per subject: its code, images, failures and the mean of each quantity."""
    means = {quantity: subject_means(rows, quantity) for quantity in REPORTED}
    images: defaultdict[str, set[int]] = defaultdict(set)
    failures: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        images[row.subject].add(row.image_id)
        failures[row.subject] += row.failure
    return [
        {
            "subject": subject,
            "n_images": len(images[subject]),
            "failures": failures[subject],
            **{quantity: means[quantity].get(subject) for quantity in REPORTED},
        }
        for subject in sorted(images)
    ]
