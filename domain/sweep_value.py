"""Which frame of a sweep its values are taken from: one rule for every page, file and report.

A sweep has many outlined frames and one value. Single frames jump, so the largest one is sought
after a running median of 3, and what is then given is measured on that frame: nothing is averaged
over frames, and nothing is the maximum of all. docs/algorithms/measurement.md has the cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

WINDOW = 3


@dataclass(frozen=True)
class FrameSize:
    """How large the muscle is on one outlined frame.

    Args:
        frame: its number in the sweep.
        size: CSA where the view is transverse, thickness where it is longitudinal; all frames of a
            sweep in one unit.
        is_cut: the view cuts what is measured, so that `size` is only the visible part.
    """

    frame: int
    size: float
    is_cut: bool = False


def measured_frame(sizes: Sequence[FrameSize]) -> int | None:
    """The number of the frame that a sweep's values are taken from; None without any.

    Frames that the view cuts count only where it cuts all: they are compared among themselves
    then, and interrupt a run otherwise. Of equal smoothed sizes the frame whose own size is
    nearest to it counts, then the earliest.
    """
    whole = [one for one in sizes if not one.is_cut] or list(sizes)
    smoothed = [found for run in _runs(whole) for found in _smoothed(run)]
    if not smoothed:
        return None
    largest = max(size for _, size in smoothed)
    equal = [one for one, size in smoothed if size == largest]
    return min(equal, key=lambda one: (abs(one.size - largest), one.frame)).frame


def _runs(sizes: Sequence[FrameSize]) -> list[list[FrameSize]]:
    """Frames whose numbers follow one another; a gap ends a run and is not bridged."""
    runs: list[list[FrameSize]] = []
    for one in sorted(sizes, key=lambda size: size.frame):
        if runs and runs[-1][-1].frame + 1 == one.frame:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _smoothed(run: Sequence[FrameSize]) -> list[tuple[FrameSize, float]]:
    """Each frame that has a neighbour on either side, with the median of the three.

    The ends of a run have none: a single large frame there counts no more than one within. A run
    shorter than the window is left as it is.
    """
    if len(run) < WINDOW:
        return [(one, one.size) for one in run]
    return [
        (one, median((before.size, one.size, after.size)))
        for before, one, after in zip(run, run[1:], run[2:], strict=False)
    ]
