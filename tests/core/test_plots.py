"""Plots: every point where its value belongs, with its words, link and picture."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date

import pytest
from django.template import engines
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from core import plots
from domain.estimate import Estimate
from domain.limits import Limits, limits_of_agreement

NO_LIMITS = limits_of_agreement([], [])
LIMITS = limits_of_agreement([0.0, 1.0, 2.0, 1.0, 1.0], list("abcde"))
SVG = "{http://www.w3.org/2000/svg}"
finite = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


@given(low=finite, span=st.floats(min_value=1e-3, max_value=1e6))
def test_ticks_are_round_lie_inside_and_are_few(low: float, span: float) -> None:
    high = low + span
    values = plots.tick_values(low, high)
    slack = 1e-6 * max(abs(low), abs(high), 1)
    assert len(values) <= 7
    assert all(low - slack <= value <= high + slack for value in values)
    step = plots.nice_step(high - low)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(mantissa == pytest.approx(nice) for nice in (1, 2, 5, 10))


@given(st.lists(finite, min_size=1, max_size=20))
def test_a_padded_range_holds_all_values_and_has_width(values: list[float]) -> None:
    low, high = plots.padded_range(values)
    assert low < high
    assert low <= min(values)
    assert max(values) <= high


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.5, 0.1, "0.5"),
        (-2, 1, "−2"),
        (-0.001, 0.1, "0.0"),
        (1500, 500, "1500"),
        (0.25, 0.05, "0.25"),
    ],
)
def test_numbers_have_the_decimals_of_their_step(value: float, step: float, text: str) -> None:
    assert plots.number_text(value, step) == text


def test_a_curve_rises_where_values_rise_and_leaves_out_what_is_not_finite() -> None:
    series = plots.Series("Dice", [(1, 0.2), (2, math.nan), (3, 0.8)])
    figure = plots.curves("dice", "Dice", [series], y_label="Dice", y_range=(0, 1))
    (curve,) = figure.curves
    (x1, y1), (x2, y2) = (tuple(map(float, p.split(","))) for p in curve.points.split())
    assert x1 < x2
    assert y1 > y2
    assert [mark.title for mark in figure.marks] == ["Dice, 3: 0.8"]
    assert next(tick.text for tick in figure.y_ticks) == "0.0"
    assert [tick.text for tick in figure.y_ticks][-1] == "1.0"


def test_a_single_epoch_is_a_point() -> None:
    figure = plots.curves("d", "Dice", [plots.Series("Dice", [(1, 0.5)])], y_label="Dice")
    assert len(figure.marks) == 1
    assert not figure.curves


@pytest.mark.parametrize(
    "figure",
    [
        plots.curves("a", "A", [], y_label="y"),
        plots.curves("a", "A", [plots.Series("s", [(1, math.nan)])], y_label="y"),
        plots.trend("a", "A", [], y_label="y"),
        plots.dots("a", "A", [plots.Group("S-001", [])], value_label="Dice"),
        plots.bland_altman("a", "A", [], limits=NO_LIMITS, x_label="x", y_label="y"),
        plots.forest("a", "A", [], value_label="x"),
    ],
)
def test_without_data_a_figure_says_so(figure: plots.Figure) -> None:
    assert figure.empty
    assert not figure.marks


def test_dots_have_a_row_a_subject_in_the_order_given() -> None:
    groups = [
        plots.Group("S-001", [plots.Dot(0.9, "left"), plots.Dot(0.8, "right")], 0.85, (0.8, 0.9)),
        plots.Group("S-002", [plots.Dot(0.5, "left")]),
    ]
    figure = plots.dots("d", "Dice", groups, value_label="Dice", value_range=(0, 1))
    assert [words.text for words in figure.words] == ["S-001", "S-002"]
    ys = [mark.y for mark in figure.marks]
    assert ys[0] == ys[1] < ys[2]
    assert figure.marks[0].x > figure.marks[1].x > figure.marks[2].x
    assert {segment.kind for segment in figure.segments} == {"interval", "rule"}


def test_bland_altman_draws_the_bias_between_its_limits() -> None:
    pairs = [plots.Pair(10, 1, "a", href="/a"), plots.Pair(20, -1, "b")]
    figure = plots.bland_altman(
        "b",
        "CSA",
        pairs,
        limits=Limits(
            6,
            6,
            Estimate(0.0, (-1.0, 1.0)),
            Estimate(-2.77, (-4.0, -2.0)),
            Estimate(2.77, (2.0, 4.0)),
        ),
        x_label="mean",
        y_label="difference",
    )
    rules = {segment.title: segment.y1 for segment in figure.segments if segment.title == "bias"}
    limits = sorted(s.y1 for s in figure.segments if s.kind == "rule limit")
    assert limits[0] < rules["bias"] < limits[1]
    assert figure.marks[0].y < figure.marks[1].y
    assert len(figure.bands) == 3, "each rule lies on its interval"
    assert figure.title == "CSA"


def test_bland_altman_without_limits_says_why() -> None:
    figure = plots.bland_altman(
        "b", "CSA", [plots.Pair(10, 1, "a")], limits=NO_LIMITS, x_label="x", y_label="y"
    )
    assert figure.title == "CSA (no limits: fewer than 5 subjects)"
    assert not figure.bands
    assert [segment.kind for segment in figure.segments] == ["grid"]


def test_a_trend_has_its_dates_on_the_axis_and_its_intervals() -> None:
    points = [(date(2026, 1, 1), 18.0), (date(2026, 7, 1), 20.0)]
    figure = plots.trend(
        "t", "MT", [plots.Series("RF right", points, [(17, 19), (19, 21)])], y_label="MT (mm)"
    )
    assert [tick.text for tick in figure.x_ticks] == ["2026-01-01", "2026-07-01"]
    assert sum(segment.kind == "interval" for segment in figure.segments) == 2
    assert figure.marks[0].title == "RF right, 2026-01-01: 18"


def test_intervals_of_two_series_stand_beside_each_other() -> None:
    points, intervals = [(1.0, 2.0), (4.0, 3.0)], [(1.0, 3.0), (2.0, 4.0)]

    def places(second: list[tuple[float, float]]) -> list[float]:
        series = [plots.Series("a", points, intervals), plots.Series("b", points, second)]
        return [mark.x for mark in plots.trend("t", "T", series, y_label="y").marks]

    there = places(intervals)
    assert [b - a for a, b in zip(there[:2], there[2:], strict=True)] == [plots.BESIDE] * 2
    alone = places([])
    assert alone[:2] == alone[2:] == there[:2]


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_the_words_of_a_forest_row_end_inside_the_plot(scale: float) -> None:
    row = plots.Row("all", -0.012 * scale, -0.034 * scale, 0.01 * scale, 142)
    figure = plots.forest("dice", "Dice", [row], value_label="Dice")
    for words in figure.words:
        length = plots.CHARACTER_WIDTH * len(words.text)
        assert (words.x - length if words.anchor == "end" else words.x) >= 0
        assert (words.x if words.anchor == "end" else words.x + length) <= figure.width
    assert figure.right - figure.left >= 150


def test_a_forest_row_states_estimate_interval_and_n() -> None:
    figure = plots.forest(
        "f", "Difference", [plots.Row("all", 0.012, 0.003, 0.021, 19)], value_label="Dice"
    )
    assert "n = 19" in figure.words[1].text
    zero = next(s for s in figure.segments if s.title == "no difference")
    assert figure.marks[0].x > zero.x1


def test_the_download_is_well_formed_and_escapes_what_people_wrote() -> None:
    pair = plots.Pair(1, 2, '<script>alert("x")</script>', href='/a?b="c"', picture="/p")
    figure = plots.bland_altman("b", "A & <b>", [pair], limits=LIMITS, x_label="<x>", y_label="y")
    root = ElementTree.fromstring(plots.render_svg(figure))
    assert root.tag == f"{SVG}svg"
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert pair.title in titles
    assert "A & <b>" in titles
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}a"))


def test_what_is_drawn_is_one_sentence_with_what_is_apart_and_left_out() -> None:
    said = plots.sample_in_words(
        "One value a visit.",
        apart={"that the view cuts": 1},
        left_out={"not calibrated": 2, "without a date": 0, "of no side": 3},
    )
    assert said == (
        "One value a visit. Drawn apart: 1 that the view cuts. Left out: 2 not calibrated, "
        "3 of no side."
    )
    assert plots.sample_in_words("One value a visit.", left_out={"cut": 0}) == "One value a visit."


def test_what_is_drawn_stands_under_the_heading_of_page_and_file_within_its_width() -> None:
    sample = "One value a visit and side of the selected take, none of them averaged. " * 3
    pair = plots.Pair(1, 2, "a")
    figure = replace(
        plots.bland_altman("b", "CSA", [pair], limits=LIMITS, x_label="x", y_label="y"),
        sample=sample.strip(),
    )
    root = ElementTree.fromstring(plots.render_svg(figure))
    lines = [text for text in root.iter(f"{SVG}text") if text.get("class") == "sample"]
    assert " ".join(str(line.text) for line in lines) == sample.strip()
    assert len(lines) > 1
    for line in lines:
        assert float(line.get("x", "")) + plots.CHARACTER_WIDTH * len(str(line.text)) <= plots.WIDTH
    top = float(root.get("viewBox", "").split()[1])
    heights = [float(line.get("y", "")) for line in lines]
    assert top < heights[0] < heights[-1] < 0
    page = engines["django"].from_string("{% load plots %}{% plot figure %}")
    assert sample.strip() in page.render({"figure": figure})


def test_the_page_links_points_and_offers_the_download() -> None:
    figure = plots.dots(
        "d",
        "Dice",
        [plots.Group("S-001", [plots.Dot(0.9, "S-001: 0.9", "/scan/1", "/p/1")])],
        value_label="Dice",
    )
    template = engines["django"].from_string("{% load plots %}{% plot figure %}")
    html = template.render({"figure": figure}, RequestFactory().get("/x", {"site": "rf"}))
    assert 'href="/scan/1" data-picture="/p/1"' in html
    assert 'href="/x?site=rf&amp;figure=d"' in html
    assert "style=" not in html


def test_only_a_figure_of_the_page_can_be_asked_for() -> None:
    figure = plots.curves("dice", "Dice", [], y_label="Dice")
    factory = RequestFactory()
    assert plots.asked_for(factory.get("/", {"figure": "dice"}), [figure]) is figure
    assert plots.asked_for(factory.get("/", {"figure": "other"}), [figure]) is None
    assert plots.asked_for(factory.get("/"), [figure]) is None
    assert plots.svg_response(figure)["Content-Type"] == "image/svg+xml"
