"""docs/algorithms/acquisition.md, "Replay": areas, paired differences, the stop rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.replay import (
    LEAST_SEEDS,
    Point,
    Trace,
    area,
    compare,
    has_flattened,
    trace_json,
    traces_from_json,
)

HEIGHT = st.floats(0, 1)


def trace(strategy: str, seed: int, *dice: float, step: int = 3) -> Trace:
    points = tuple(Point(step * n, value) for n, value in enumerate(dice, start=1))
    return Trace(strategy, seed, points)


@given(HEIGHT, st.integers(2, 9), st.integers(1, 7))
def test_the_area_of_a_level_curve_is_its_height(height: float, n: int, step: int) -> None:
    assert area(trace("a", 1, *[height] * n, step=step).points) == pytest.approx(height)


def test_the_area_is_the_trapezoids_over_the_width() -> None:
    points = (Point(2, 0.2), Point(4, 0.6), Point(10, 0.8))
    assert area(points) == pytest.approx((2 * 0.4 + 6 * 0.7) / 8)


@given(st.lists(st.tuples(HEIGHT, HEIGHT), min_size=2, max_size=15), st.floats(-0.1, 0.1))
def test_the_difference_is_paired_by_seed(curves: list[tuple[float, float]], gain: float) -> None:
    traces = []
    for seed, (first, last) in enumerate(curves):
        traces.append(trace("random", seed, first, last))
        traces.append(trace("entropy", seed, first + gain, last + gain))
    found = compare(traces, "entropy")
    assert found.mean_difference == pytest.approx(gain, abs=1e-9)
    assert found.ci95 == pytest.approx((gain, gain), abs=1e-9)
    assert found.n_seeds == len(curves)
    if len(curves) < LEAST_SEEDS or gain <= 0:
        assert not found.helps


def test_ten_clear_seeds_help_and_nine_do_not() -> None:
    def of(n_seeds: int) -> list[Trace]:
        return [
            trace(name, seed, 0.5 + extra + 0.001 * seed, 0.7 + extra)
            for seed in range(n_seeds)
            for name, extra in (("random", 0.0), ("typicality", 0.05 + 0.001 * (seed % 3)))
        ]

    assert compare(of(10), "typicality").helps
    assert not compare(of(9), "typicality").helps


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        traces = []
        for seed in range(10):
            base = generator.normal(0.8, 0.05)
            traces.append(trace("random", seed, base, base + generator.normal(0, 0.02)))
            traces.append(trace("entropy", seed, base, base + generator.normal(0, 0.02)))
        low, high = compare(traces, "entropy").ci95 or (1, -1)
        covered += low <= 0 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_curves_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InvalidInput, match="no seed in common"):
        compare([trace("random", 1, 0.1, 0.2), trace("entropy", 2, 0.1, 0.2)], "entropy")
    with pytest.raises(InvalidInput, match="same subjects"):
        compare([trace("random", 1, 0.1, 0.2), trace("entropy", 1, 0.1, 0.2, 0.3)], "entropy")
    with pytest.raises(InvalidInput, match="rising"):
        Trace("random", 1, (Point(3, 0.1), Point(3, 0.2)))
    with pytest.raises(InvalidInput, match="two points"):
        Trace("random", 1, (Point(3, 0.1),))


@pytest.mark.parametrize(
    ("dice", "flat"),
    [
        ((0.5, 0.6), False),
        ((0.5, 0.6, 0.7), False),
        ((0.5, 0.7, 0.703, 0.706), True),
        ((0.7, 0.702, 0.71), False),
        ((0.7, 0.69, 0.68), True),
    ],
)
def test_two_batches_without_a_gain_say_stop(dice: tuple[float, ...], flat: bool) -> None:
    assert has_flattened(trace("random", 1, *dice).points) is flat


def test_traces_survive_json() -> None:
    traces = [trace("random", 1, 0.1, 0.2), trace("entropy", 2, 0.3, 0.4)]
    assert traces_from_json([trace_json(one) for one in traces]) == traces
