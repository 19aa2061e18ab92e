from __future__ import annotations

import numpy as np
import pytest

from domain.bootstrap import mean_interval, percentile_interval, resample_counts
from domain.errors import InvalidInput


def test_every_replicate_draws_as_many_subjects_as_there_are() -> None:
    counts = resample_counts(7, seed=3, replicates=500)
    assert counts.shape == (500, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert np.array_equal(counts, resample_counts(7, seed=3, replicates=500))
    assert not np.array_equal(counts, resample_counts(7, seed=4, replicates=500))


def test_interval_of_a_mean_is_close_to_the_normal_one() -> None:
    values = np.random.default_rng(1).normal(10.0, 2.0, 200)
    interval = mean_interval(values, seed=0)
    assert interval is not None
    half = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)


def test_interval_does_not_depend_on_where_zero_lies() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.9, 0.3, 0.5])
    near, far = mean_interval(values, seed=5), mean_interval(values + 1000, seed=5)
    assert near is not None
    assert far is not None
    assert far == pytest.approx((near[0] + 1000, near[1] + 1000))


def test_four_subjects_have_no_interval() -> None:
    assert mean_interval(np.arange(4.0), seed=0) is None
    assert mean_interval(np.arange(5.0), seed=0) is not None


def test_undefined_replicates_are_left_out_until_there_are_too_many() -> None:
    values = np.arange(1000.0)
    values[:50] = np.nan
    assert percentile_interval(values) is not None
    values[:51] = np.nan
    assert percentile_interval(values) is None


def test_nothing_to_draw_from_is_refused() -> None:
    with pytest.raises(InvalidInput):
        resample_counts(0, seed=1)
    with pytest.raises(InvalidInput):
        mean_interval(np.array([1.0, np.nan, 2.0]), seed=1)
