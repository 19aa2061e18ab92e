from __future__ import annotations

import pytest

from domain.limits import limits_of_agreement
from training import model_comparisons, model_figures
from training.model_comparisons import SIZES, reference_size
from training.models import Evaluation
from training.scoring import SCORING_VERSION
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
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "cm2")
    assert len(figure.marks) == 3
    assert "not drawn" not in figure.title


def test_scans_without_a_place_are_counted_and_are_part_of_the_bias():
    rows = [
        Row(number, f"S{number}", "RF", {"mt_error_mm": error, "mt_error_percent": error}, False)
        for number, error in enumerate((0.0, -2.0, 0.0, -2.0, 0.0, -2.0))
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "cm2")
    assert len(figure.marks) == 3
    assert "not drawn: 3" in figure.title
    assert any(words.text.startswith("bias \u22121") for words in figure.words)
    assert not any(mark.href or mark.picture for mark in figure.marks)


def test_the_limits_of_repeated_scans_are_those_of_the_one_function():
    rows = [
        Row(
            10 * subject + scan,
            f"S{subject}",
            "RF",
            {"mt_error_mm": error, "reference_mt_mm": 20.0},
            False,
        )
        for subject in range(5)
        for scan, error in enumerate((-2.0 + subject / 10, 2.0 + subject / 10))
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "cm2")
    limits = limits_of_agreement(
        [row.values["mt_error_mm"] for row in rows], [row.subject for row in rows]
    )
    said = [words.text.replace("\u2212", "-") for words in figure.words]
    assert float(said[1]) == pytest.approx(limits.lower.value, abs=0.06)
    assert float(said[2]) == pytest.approx(limits.upper.value, abs=0.06)
    assert limits.upper.value > 3, "errors of +-2 within a subject are not averaged away"


def test_fewer_than_five_subjects_have_no_limits_and_the_title_says_so():
    rows = [
        Row(n, "S1", "RF", {"mt_error_mm": float(n), "reference_mt_mm": 20.0}, False)
        for n in range(4)
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "cm2")
    assert "no limits: fewer than 5 subjects" in figure.title
    assert not figure.words


def test_each_plot_says_which_images_it_draws():
    in_mm = {"csa_error_mm2": 25.0, "reference_csa_mm2": 500.0}
    in_percent = {"csa_error_percent": 5.0}
    measured = "of a sweep its reference's measured frame; every visit and side counts."
    drawn = "A dot is one image of a selected take; every visit and side counts."
    now = Evaluation(partition="test", metrics_version=SCORING_VERSION)
    former = Evaluation(partition="test", metrics_version="metrics_v1")
    for evaluation, values, expected in (
        (now, in_mm, f"A dot is one scan, {measured}"),
        (former, in_mm, f"{drawn} What the view cuts is among them."),
        (
            now,
            in_percent,
            f"A dot is one scan, {measured} A line is the mean of a subject's scans. An empty "
            "reference has no per cent.",
        ),
    ):
        rows = [Row(n, f"S{n}", "RF", values, False) for n in range(6)]
        (figure,) = model_comparisons.errors(evaluation, rows, "cm2")
        assert figure.sample == expected
    rows = [Row(n, f"S{n}", "RF", {"dice": 0.9}, False) for n in range(6)]
    figure = model_figures.by_subject(Evaluation(partition="test"), rows)
    assert figure.sample == f"{drawn} A line is the mean of a subject's images."


def test_what_the_view_cuts_is_counted_under_the_heading_and_not_drawn():
    values = {"csa_error_mm2": 25.0, "reference_csa_mm2": 500.0}
    rows = [Row(n, f"S{n}", "RF", values, False) for n in range(6)]
    cut = Row(7, "S7", "RF", {"csa_error_mm2": None}, False, ("left",), ("csa",))
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), [*rows, cut], "cm2")
    assert figure.sample.endswith("Left out: 1 that the view cuts.")
    assert len(figure.marks) == 6


def test_errors_of_csa_are_drawn_in_the_site_s_unit():
    rows = [
        Row(n, f"S{n}", "RF", {"csa_error_mm2": 25.0 + n, "reference_csa_mm2": 500.0}, False)
        for n in range(6)
    ]
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "cm2")
    assert figure.y_label == "Model minus reference (cm²)"
    assert figure.marks[0].title == "S0: +0.250 cm²"
    assert any(words.text.startswith("bias 0.2") for words in figure.words)
    (figure,) = model_comparisons.errors(Evaluation(partition="test"), rows, "mm2")
    assert figure.marks[0].title == "S0: +25.0 mm²"
