from __future__ import annotations

import pytest

from training import model_comparisons
from training.model_comparisons import reference_size
from training.models import Evaluation
from training.summarising import Row


@pytest.mark.parametrize(
    ("error", "percent", "size"),
    [(-5.0, -10.0, 50.0), (5.0, 10.0, 50.0), (7.0, None, 0.0), (0.0, 0.0, None)],
)
def test_the_reference_s_size_from_its_error(error, percent, size):
    found = reference_size(error, percent)
    assert found == (None if size is None else pytest.approx(size))


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
