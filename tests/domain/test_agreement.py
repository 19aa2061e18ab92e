"""docs/algorithms/agreement.md, example by example."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agreement import (
    generalised_conformity_index,
    icc_a1,
    icc_a1_interval,
    measurement_agreement,
    overlap_agreement,
    pair_overlap,
    two_way_anova,
)
from domain.errors import InvalidInput
from domain.limits import minimal_detectable_change, standard_error_of_measurement
from tests.shared import SHARED, needs_shared

# Shrout & Fleiss 1979, table 2: six targets rated by four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=float,
)


def block(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((40, 50), dtype=bool)
    mask[rows, columns] = True
    return mask


EMPTY = np.zeros((40, 50), dtype=bool)
SQUARE = block(slice(10, 20), slice(10, 20))
SHIFTED = block(slice(10, 20), slice(15, 25))


def vastus_lateralis() -> tuple[np.ndarray, list[str]]:
    path = SHARED / "data" / "rater_tables" / "dataset1_for_manual_estimation.xlsx"
    workbook = openpyxl.load_workbook(path, data_only=True, read_only=True)
    columns, keys = [], []
    for name in ("TZ", "EM", "BH"):
        rows = list(workbook[name].iter_rows(min_row=2, max_row=163, values_only=True))
        keys.append([row[:3] for row in rows])
        columns.append([float(row[7]) for row in rows])
    assert keys[0] == keys[1] == keys[2]
    return np.array(columns).T, [str(key[0]) for key in keys[0]]


class TestPublishedExample:
    def test_mean_squares(self) -> None:
        anova = two_way_anova(SHROUT_FLEISS)
        assert anova.ms_images == pytest.approx(11.24, abs=0.005)
        assert anova.ms_readers == pytest.approx(32.49, abs=0.005)
        assert anova.ms_error == pytest.approx(1.02, abs=0.005)

    def test_icc(self) -> None:
        assert icc_a1(two_way_anova(SHROUT_FLEISS)) == pytest.approx(0.29, abs=0.005)

    def test_interval(self) -> None:
        """Shrout & Fleiss give no interval; 0.019 to 0.761 is what R's psych and irr print."""
        interval = icc_a1_interval(two_way_anova(SHROUT_FLEISS))
        assert interval == pytest.approx((0.019, 0.761), abs=0.001)


@needs_shared
class TestThreeRatersOfVastusLateralis:
    def test_icc_sem_and_mdc(self) -> None:
        readings, subjects = vastus_lateralis()
        result = measurement_agreement(readings, subjects, seed=1)
        assert (result.n_values, result.n_subjects, result.n_missing) == (162, 9, 0)
        assert result.icc.value == pytest.approx(0.925, abs=0.0005)
        assert result.sem.value == pytest.approx(11.6, abs=0.05)
        assert result.sem_percent.value == pytest.approx(4.2, abs=0.05)
        assert result.mdc95.value == pytest.approx(32, abs=0.5)
        assert result.mdc95_percent.value == pytest.approx(11.6, abs=0.05)
        assert result.limits.bias.value is None

    def test_interval_by_subject_is_wide_and_by_image_falsely_narrow(self) -> None:
        readings, subjects = vastus_lateralis()
        by_subject = measurement_agreement(readings, subjects, seed=1).icc.ci95
        images = [str(index) for index in range(len(subjects))]
        by_image = measurement_agreement(readings, images, seed=1).icc.ci95
        assert by_subject == pytest.approx((0.72, 0.99), abs=0.015)
        assert by_image == pytest.approx((0.90, 0.94), abs=0.015)

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [(0, 1, (1.16, -14.3, 16.7)), (0, 2, (-2.5, -38.1, 33.1)), (1, 2, (-3.6, -43.7, 36.4))],
    )
    def test_bias_and_limits(
        self, first: int, second: int, expected: tuple[float, float, float]
    ) -> None:
        readings, subjects = vastus_lateralis()
        result = measurement_agreement(readings[:, [first, second]], subjects, replicates=2000)
        found = (result.limits.bias.value, result.limits.lower.value, result.limits.upper.value)
        assert found == pytest.approx(expected, abs=0.1)
        for estimate in (result.limits.bias, result.limits.lower, result.limits.upper):
            assert estimate.ci95 is not None
            assert estimate.ci95[0] < estimate.value < estimate.ci95[1]


class TestBootstrap:
    def test_fast_replicates_equal_the_statistic_of_the_drawn_images(self) -> None:
        """The sums behind the ICC's interval against plain recomputation on resampled rows."""
        generator = np.random.default_rng(4)
        subjects = np.repeat([f"s{i}" for i in range(6)], [1, 2, 3, 2, 4, 1])
        readings = generator.normal(50, 9, (13, 1)) + generator.normal(0, 2, (13, 2))
        result = measurement_agreement(readings, list(subjects), seed=8, replicates=300)
        from domain.bootstrap import resample_counts

        names = np.unique(subjects)
        drawn = []
        for counts in resample_counts(6, seed=8, replicates=300).astype(int):
            rows = [
                row
                for name, count in zip(names, counts, strict=True)
                for row in np.repeat(np.flatnonzero(subjects == name), count)
            ]
            drawn.append(icc_a1(two_way_anova(readings[rows])))
        expected = np.percentile(np.array(drawn), (2.5, 97.5))
        assert result.icc.ci95 == pytest.approx(expected, abs=1e-9)

    def test_seed_fixes_the_interval(self) -> None:
        readings = np.random.default_rng(2).normal(20, 3, (12, 2))
        codes = [f"s{i % 6}" for i in range(12)]
        again = measurement_agreement(readings, codes, seed=3, replicates=500)
        assert measurement_agreement(readings, codes, seed=3, replicates=500) == again


class TestDegenerateReadings:
    @pytest.mark.parametrize("subjects", [[], ["s"], ["s", "s"], list("abcd"), list("aabbccdd")])
    def test_fewer_than_five_subjects_have_no_figure(self, subjects: list[str]) -> None:
        readings = np.random.default_rng(1).normal(20, 3, (len(subjects), 2))
        result = measurement_agreement(readings, subjects)
        for estimate in (
            result.limits.bias,
            result.limits.lower,
            result.limits.upper,
            result.icc,
            result.sem,
            result.sem_percent,
            result.mdc95,
            result.mdc95_percent,
        ):
            assert (estimate.value, estimate.ci95) == (None, None)
            assert estimate.reason == "fewer than 5 subjects"

    def test_five_subjects_have_every_figure(self) -> None:
        readings = np.random.default_rng(1).normal(20, 3, (5, 2))
        result = measurement_agreement(readings, list("abcde"))
        for estimate in (
            result.limits.bias,
            result.limits.lower,
            result.icc,
            result.sem,
            result.mdc95,
        ):
            assert estimate.value is not None
            assert estimate.ci95 is not None

    def test_readings_without_variance(self) -> None:
        result = measurement_agreement(np.full((6, 2), 7.0), list("abcdef"))
        assert result.icc.value is None
        assert result.icc.reason == "all readings are the same"
        assert (result.sem.value, result.sem.ci95) == (0.0, (0.0, 0.0))

    def test_perfect_agreement_of_different_muscles(self) -> None:
        readings = np.repeat(np.arange(1.0, 7.0)[:, None], 2, axis=1)
        result = measurement_agreement(readings, list("abcdef"), replicates=500)
        assert result.icc.value == pytest.approx(1.0)
        assert result.mdc95.value == pytest.approx(0.0, abs=1e-9)
        assert icc_a1_interval(two_way_anova(readings)) is None

    def test_missing_readings_are_left_out_and_counted(self) -> None:
        complete = np.random.default_rng(3).normal(20, 3, (5, 2))
        holes = np.vstack([complete, [[np.nan, 1.0], [2.0, np.nan]]])
        result = measurement_agreement(holes, list("abcdefg"))
        assert (result.n_values, result.n_subjects, result.n_missing) == (5, 5, 2)
        assert result.icc.value is not None
        assert result.icc == measurement_agreement(complete, list("abcde")).icc

    def test_mean_of_zero_has_no_percentage(self) -> None:
        result = measurement_agreement(np.array([[-1.0, 1.0], [1.0, -1.0]] * 3), list("abcdef"))
        assert result.sem.value is not None
        assert result.sem_percent.value is None

    def test_one_reader_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="two readers"):
            measurement_agreement(np.ones((3, 1)), list("abc"))

    def test_wrong_number_of_subjects_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="3 images but 2 subject"):
            measurement_agreement(np.ones((3, 2)), list("ab"))


class TestMasks:
    def test_pair_of_shifted_squares(self) -> None:
        pair = pair_overlap(SQUARE, SHIFTED, (0.1, 0.2))
        assert (pair.intersection_px, pair.union_px) == (50, 150)
        assert pair.dice == pytest.approx(0.5)
        assert pair.hd95_px == pytest.approx(5.0)
        assert pair.hd95_mm == pytest.approx(1.0)

    def test_uncalibrated_has_no_mm(self) -> None:
        assert pair_overlap(SQUARE, SHIFTED).hd95_mm is None

    def test_only_one_saw_the_muscle(self) -> None:
        pair = pair_overlap(SQUARE, EMPTY)
        assert pair.one_sided
        assert (pair.dice, pair.iou) == (0.0, 0.0)
        assert pair.hd95_px == pytest.approx(np.hypot(40, 50))

    def test_neither_saw_it(self) -> None:
        pair = pair_overlap(EMPTY, EMPTY)
        assert not pair.one_sided
        assert (pair.dice, pair.iou, pair.hd95_px) == (1.0, 1.0, 0.0)

    def test_conformity_of_three_readers(self) -> None:
        third = block(slice(10, 20), slice(10, 25))
        pairs = list(combinations((SQUARE, SHIFTED, third), 2))
        expected = sum((a & b).sum() for a, b in pairs) / sum((a | b).sum() for a, b in pairs)
        assert generalised_conformity_index([SQUARE, SHIFTED, third]) == pytest.approx(expected)

    def test_conformity_of_empty_masks(self) -> None:
        assert generalised_conformity_index([EMPTY, EMPTY]) == 1.0
        assert generalised_conformity_index([EMPTY, SQUARE]) == 0.0

    def test_conformity_needs_two(self) -> None:
        with pytest.raises(InvalidInput):
            generalised_conformity_index([SQUARE])

    def test_subjects_weigh_the_same_however_many_images_they_have(self) -> None:
        same, half = pair_overlap(SQUARE, SQUARE), pair_overlap(SQUARE, SHIFTED)
        result = overlap_agreement([same, same, same, half], ["a", "a", "a", "b"])
        assert result.dice.value == pytest.approx(0.75)
        assert result.cigen.value == pytest.approx(350 / 450)
        assert result.hd95_mm.reason == "not calibrated"
        assert result.n_subjects == 2

    def test_intervals_contain_their_value(self) -> None:
        same, half = pair_overlap(SQUARE, SQUARE), pair_overlap(SQUARE, SHIFTED)
        result = overlap_agreement([same, half] * 4, list("abcdefgh"), replicates=1000)
        for estimate in (result.dice, result.iou, result.hd95_px, result.cigen):
            assert estimate.ci95 is not None
            assert estimate.ci95[0] <= estimate.value <= estimate.ci95[1]

    def test_no_image(self) -> None:
        result = overlap_agreement([], [])
        assert result.dice.value is None
        assert result.dice.reason == "no image read by both"


READINGS = st.integers(2, 12).flatmap(
    lambda n: st.lists(
        st.tuples(*[st.floats(0.5, 500, allow_nan=False).map(lambda x: round(x, 2))] * 3),
        min_size=n,
        max_size=n,
    )
)


@given(READINGS)
@settings(max_examples=30, deadline=None)
def test_icc_is_blind_to_scale_and_origin_and_to_the_order_of_readers(
    rows: list[tuple[float, ...]],
) -> None:
    readings = np.array(rows)
    first = icc_a1(two_way_anova(readings))
    if readings.std() < 0.01:
        return
    assert first is not None
    assert first <= 1 + 1e-9
    assert icc_a1(two_way_anova(readings[:, ::-1])) == pytest.approx(first, abs=1e-6)
    assert icc_a1(two_way_anova(readings * 3 + 50)) == pytest.approx(first, abs=1e-6)


@given(READINGS, st.floats(1, 40))
@settings(max_examples=20, deadline=None)
def test_a_reader_who_reads_too_much_lowers_absolute_agreement(
    rows: list[tuple[float, ...]], extra: float
) -> None:
    readings = np.array(rows)[:, :2]
    readings[:, 1] = readings[:, 0]
    if readings.std() < 0.01:
        return
    shifted = readings + np.array([0.0, extra])
    icc = icc_a1(two_way_anova(shifted))
    assert icc is not None
    assert icc < 1
    sem = standard_error_of_measurement(
        np.repeat(shifted, 3, axis=0), [str(i) for i in range(3 * len(shifted))]
    ).value
    assert sem is not None
    assert sem == pytest.approx(extra / np.sqrt(2), rel=1e-6)
    assert minimal_detectable_change(sem) == pytest.approx(1.96 * extra, rel=1e-6)
