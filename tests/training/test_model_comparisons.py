from __future__ import annotations

import pytest

from training import model_comparisons
from training.model_comparisons import SIZES, reference_size
from training.models import Evaluation
from training.summarising import Row


@pytest.mark.parametrize(
    ("error", "percent", "size"),
    [
        (-5.0, -10.0, 50.0),
        (5.0, 10.0, 50.0),
        (7.0, None, 0.0),
        (0.0, 0.0, None),
        (None, None, None),
    ],
)
def test_an_older_row_s_reference_is_told_by_its_error(error, percent, size):
    values = {"csa_error_mm2": error, "csa_error_percent": percent}
    found = reference_size(values, SIZES["csa_error"])
    assert found == (None if size is None else pytest.approx(size))


def test_a_reference_whose_size_is_kept_has_a_place_at_error_0():
    rows = [
        Row(
            number,
            f"S{number}",
            "RF",
            {"mt_error_mm": 0.0, "mt_error_percent": 0.0, "reference_mt_mm": 10.0 + number},
            False,
        )
        for number in range(3)
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows)
    assert len(figure.marks) == 3
    assert "not drawn" not in figure.title


def test_scans_without_a_place_are_counted_and_are_part_of_the_bias():
    rows = [
        Row(number, f"S{number}", "RF", {"mt_error_mm": error, "mt_error_percent": error}, False)
        for number, error in enumerate((0.0, -2.0, 0.0, -2.0))
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows)
    assert len(figure.marks) == 2
    assert "not drawn: 2" in figure.title
    assert any(words.text.startswith("bias \u22121") for words in figure.words)
    assert not any(mark.href or mark.picture for mark in figure.marks)
