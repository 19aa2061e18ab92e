from __future__ import annotations

import pytest

from training.scoring import ERRORS, QUANTITIES, UNION
from training.summarising import (
    Row,
    Tail,
    bad_tail,
    by_subject,
    statistics,
    subject_means,
    summarise,
)


def row(subject: str, image: int, dice: float, label: str = "RF", **values) -> Row:
    filled = {**dict.fromkeys(QUANTITIES), "dice": dice, **values}
    return Row(image, subject, label, filled, failure=dice == 0)


def test_a_subject_with_many_frames_weighs_no_more():
    rows = [row("A", number, 0.5) for number in range(30)] + [row("B", 99, 0.9)]
    assert subject_means(rows, "dice") == {"A": 0.5, "B": 0.9}
    assert summarise(rows)["dice"]["mean"] == pytest.approx(0.7)


def test_labels_of_an_image_are_averaged_before_its_subject():
    rows = [
        row("A", 1, 1.0, "PL"),
        row("A", 1, 0.0, "PB"),
        row("A", 2, 1.0, "PL"),
        row("A", 2, 1.0, "PB"),
    ]
    assert subject_means(rows, "dice") == {"A": 0.75}
    summary = summarise(rows)
    assert summary["labels"]["PL"]["dice"]["mean"] == 1
    assert summary["labels"]["PB"]["dice"]["mean"] == 0.5
    assert (summary["n_images"], summary["n_subjects"], summary["failures"]) == (2, 1, 1)


def test_the_union_stands_apart():
    rows = [row("A", 1, 0.4, "PL"), row("A", 1, 0.6, "PB"), row("A", 1, 1.0, UNION)]
    summary = summarise(rows)
    assert summary["dice"]["mean"] == pytest.approx(0.5)
    assert list(summary["labels"]) == ["PL", "PB"]
    assert summary["union"]["dice"]["mean"] == 1
    assert summary["failures"] == 0


def test_a_single_label_needs_no_table_of_labels():
    assert "labels" not in summarise([row("A", 1, 0.5)])


def test_uncalibrated_subjects_are_left_out_of_mm_and_counted():
    rows = [row("A", 1, 0.9, hd95_mm=1.0), row("B", 2, 0.8)]
    summary = summarise(rows)
    assert summary["hd95_mm"]["n_subjects"] == 1
    assert summary["dice"]["n_subjects"] == 2
    assert summary["csa_error_mm2"] is None


def test_figures_of_known_numbers():
    figures = statistics([0.6, 0.7, 0.8, 0.9, 1.0])
    assert figures["mean"] == pytest.approx(0.8)
    assert figures["sd"] == pytest.approx(0.158114, abs=1e-6)
    assert figures["median"] == pytest.approx(0.8)
    assert figures["p5"] == pytest.approx(0.62)
    low, high = figures["ci95"]
    assert 0.6 < low < 0.8 < high < 1.0
    assert statistics([0.6, 0.7, 0.8, 0.9, 1.0]) == figures


def test_few_subjects_have_no_interval_and_one_has_no_deviation():
    assert statistics([0.5, 0.6])["ci95"] is None
    assert statistics([0.5])["sd"] is None
    assert statistics([]) is None


def test_the_interval_resamples_subjects_and_not_images():
    few = [row(code, index, 0.5 + index / 10) for index, code in enumerate("ABCDE")]
    many = [
        row(code, 100 * index + frame, 0.5 + index / 10)
        for index, code in enumerate("ABCDE")
        for frame in range(20)
    ]
    assert summarise(few)["dice"]["ci95"] == pytest.approx(summarise(many)["dice"]["ci95"])


def test_one_object_per_subject():
    rows = [row("B", 1, 0.0), row("A", 2, 0.5), row("A", 3, 0.7)]
    first, second = by_subject(rows)
    assert (first["subject"], first["n_images"], first["failures"]) == ("A", 2, 0)
    assert first["dice"] == pytest.approx(0.6)
    assert (second["subject"], second["failures"], second["iou"]) == ("B", 1, None)


class TestTheBadTailIsTheBadOne:
    def test_of_an_overlap_the_low_end(self):
        tail = bad_tail("dice", [0.6, 0.7, 0.8, 0.9, 1.0])
        assert tail == Tail(pytest.approx(0.62), "5th percentile")

    @pytest.mark.parametrize("quantity", ["hd95_px", "hd95_mm"])
    def test_of_a_distance_the_high_end(self, quantity):
        tail = bad_tail(quantity, [1.0, 2.0, 3.0, 4.0, 21.0])
        assert tail == Tail(pytest.approx(17.6), "95th percentile")

    def test_of_a_signed_error_either_end(self):
        errors = [-21.0, 1.0, -2.0, 3.0, 4.0]
        for quantity in ERRORS:
            tail = bad_tail(quantity, errors)
            assert tail == Tail(pytest.approx(17.6), "95th percentile, either sign")

    def test_every_quantity_has_one_and_nobody_has_none(self):
        assert all(bad_tail(quantity, [1.0]) for quantity in QUANTITIES)
        assert bad_tail("dice", []) is None
