"""Plots as plain data, drawn by one SVG template.

A function takes numbers and gives a `Figure`: everything already in the coordinates of its own
viewBox (x right, y down), so that the template only writes what it is told. Each point carries its
words, its address and the picture of the scan that it stands for.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core import palette
from core.numbers import number
from domain.limits import Limits

WIDTH = 640
HEIGHT = 300
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 12.0, 48.0
ROW_HEIGHT = 22.0
ROW_LABEL_WIDTH = 128.0
BESIDE = 5.0
"""So many px right of the series before stands the next, so that no interval hides another's."""
LINE_HEIGHT = 16
CHARACTER_WIDTH = 6.6
"""Mean width of a digit or letter at the plots' 12 px, in px; used to keep labels apart."""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point, already placed."""

    x: float
    y: float
    title: str
    href: str = ""
    picture: str = ""
    series: int = 1


@dataclass(frozen=True)
class Curve:
    """A line through points, already placed; `points` is SVG's `x,y x,y …`."""

    points: str
    title: str
    series: int


@dataclass(frozen=True)
class Segment:
    """A straight line: a bias, a limit, an interval."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str
    title: str = ""


@dataclass(frozen=True)
class Band:
    """A shaded interval."""

    x: float
    y: float
    width: float
    height: float
    title: str = ""


@dataclass(frozen=True)
class Words:
    """Text inside the plot."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Key:
    """One entry of the legend: the series' number and its name."""

    series: int
    text: str


@dataclass(frozen=True)
class Figure:
    """A finished plot. `empty` is the sentence that stands in place of a plot without data.

    `sample` says under the heading which values are drawn (`sample_in_words`).
    """

    name: str
    title: str
    sample: str = ""
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    x_label: str = ""
    y_label: str = ""
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    bands: Sequence[Band] = ()
    segments: Sequence[Segment] = ()
    curves: Sequence[Curve] = ()
    marks: Sequence[Mark] = ()
    words: Sequence[Words] = ()
    legend: Sequence[Key] = ()
    empty: str = ""

    @property
    def middle_x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle_y(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Series:
    """One line: a name and its points, in the order in which they are joined.

    `intervals` gives (low, high) for each point or nothing at all.
    """

    name: str
    points: Sequence[tuple[float | date, float]]
    intervals: Sequence[tuple[float, float]] = ()
    titles: Sequence[str] = ()
    hrefs: Sequence[str] = ()
    pictures: Sequence[str] = ()


@dataclass(frozen=True)
class Dot:
    """One value of a group, with its words, address and picture."""

    value: float
    title: str
    href: str = ""
    picture: str = ""
    series: int = 1


@dataclass(frozen=True)
class Group:
    """A row of dots (a subject), with its mean and an interval where they are known."""

    label: str
    dots: Sequence[Dot]
    mean: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Pair:
    """One scan of a Bland-Altman plot: mean of the two readings, and their difference."""

    x: float
    y: float
    title: str
    href: str = ""
    picture: str = ""
    series: int = 1


@dataclass(frozen=True)
class Row:
    """A line of a forest plot: estimate with interval, and how many subjects stand behind it."""

    label: str
    estimate: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Scale:
    """A linear map from values in [low, high] to the coordinates [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)


def sample_in_words(
    values: str,
    *,
    apart: Mapping[str, int] | None = None,
    left_out: Mapping[str, int] | None = None,
) -> str:
    """Which values a plot or table shows, by which rule of visits and sides, and what is missing.

    `values` is the rule as a sentence; `apart` counts the values that are shown but not pooled with
    the others, `left_out` those that are not shown, each by its words.
    """
    counted = (
        (title, ", ".join(f"{n} {words}" for words, n in (counts or {}).items() if n))
        for title, counts in (("Drawn apart", apart), ("Left out", left_out))
    )
    return " ".join([values, *(f"{title}: {found}." for title, found in counted if found)])


def nice_step(span: float, steps: int = 5) -> float:
    """The smallest of 1, 2, 5 x 10^k that cuts `span` (> 0) into at most `steps` parts."""
    raw = span / steps
    magnitude = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * magnitude >= raw * (1 - 1e-9):
            return factor * magnitude
    return 10.0 * magnitude


def tick_values(low: float, high: float, steps: int = 5) -> list[float]:
    """Round values within [low, high]; at least one if the interval holds any."""
    step = nice_step(high - low, steps)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def number_text(value: float, step: float) -> str:
    """`value` with as many decimals as a tick distance of `step` needs, and a real minus sign."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return number(value, decimals)


def padded_range(values: Sequence[float]) -> tuple[float, float]:
    """The range of finite `values`, widened by 5 % each side; never of zero width."""
    low, high = min(values), max(values)
    if low == high:
        margin = abs(low) * 0.05 or 1.0
    else:
        margin = (high - low) * 0.05
    return low - margin, high + margin


def _number_ticks(scale: Scale, steps: int = 5) -> list[Tick]:
    values = tick_values(scale.low, scale.high, steps)
    step = nice_step(scale.high - scale.low, steps)
    return [Tick(scale(value), number_text(value, step)) for value in values]


def _whole_ticks(scale: Scale) -> list[Tick]:
    step = max(1.0, nice_step(scale.high - scale.low, 8))
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    return [Tick(scale(i * step), number_text(i * step, step)) for i in range(first, last + 1)]


def _date_ticks(days: Sequence[date], scale: Scale) -> list[Tick]:
    ticks: list[Tick] = []
    taken_to = -math.inf
    width = 10 * CHARACTER_WIDTH
    for day in sorted(set(days)):
        at = scale(day.toordinal())
        if at - width / 2 > taken_to:
            ticks.append(Tick(at, day.isoformat()))
            taken_to = at + width / 2
    return ticks


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _value_of(x: float | date) -> float:
    return float(x.toordinal()) if isinstance(x, date) else float(x)


def _words_of(x: float | date) -> str:
    return x.isoformat() if isinstance(x, date) else f"{x:g}"


def _at(items: Sequence[str], index: int) -> str:
    return items[index] if index < len(items) else ""


@dataclass(frozen=True)
class _Place:
    """Where the point of a series with this index lies."""

    index: int
    x: float
    y: float


def _line_figure(
    name: str,
    title: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] | None,
    empty: str,
    x_ticks: Callable[[Scale], list[Tick]],
    show_points: bool,
) -> Figure:
    if not any(_finite(y) for one in series for _, y in one.points):
        return Figure(name, title, empty=empty)
    across, up = _line_scales(series, y_range)
    beside = BESIDE if sum(bool(one.intervals) for one in series) > 1 else 0.0
    lines = [
        (number, one, _places(one, across, up, beside * (number - 1)))
        for number, one in enumerate(series, start=1)
    ]
    return Figure(
        name,
        title,
        x_label=x_label,
        y_label=y_label,
        x_ticks=x_ticks(across),
        y_ticks=_number_ticks(up),
        curves=[_curve(*line) for line in lines if len(line[2]) > 1],
        marks=[mark for line in lines for mark in _series_marks(*line, every=show_points)],
        segments=[one for _, drawn, places in lines for one in _intervals(drawn, places, up)],
        legend=[Key(number, one.name) for number, one, _ in lines] if len(lines) > 1 else [],
    )


def _line_scales(
    series: Sequence[Series], y_range: tuple[float, float] | None
) -> tuple[Scale, Scale]:
    kept = [(x, y) for one in series for x, y in one.points if _finite(y)]
    bounds = [v for one in series for pair in one.intervals for v in pair if _finite(v)]
    low, high = y_range or padded_range([y for _, y in kept] + bounds)
    x_values = [_value_of(x) for x, _ in kept]
    x_low, x_high = min(x_values), max(x_values)
    if x_low == x_high:
        x_low, x_high = x_low - 1, x_high + 1
    across = Scale(x_low, x_high, LEFT + 12, WIDTH - RIGHT - 24)
    return across, Scale(low, high, HEIGHT - BOTTOM, TOP)


def _places(one: Series, across: Scale, up: Scale, right: float) -> list[_Place]:
    return [
        _Place(index, across(_value_of(x)) + right, up(y))
        for index, (x, y) in enumerate(one.points)
        if _finite(y)
    ]


def _curve(number: int, one: Series, places: Sequence[_Place]) -> Curve:
    return Curve(" ".join(f"{place.x:g},{place.y:g}" for place in places), one.name, number)


def _series_marks(number: int, one: Series, places: Sequence[_Place], *, every: bool) -> list[Mark]:
    """A mark at every point, or at the newest only: a curve of many epochs needs no dots."""
    marks = []
    for place in places if every else places[-1:]:
        x, value = one.points[place.index]
        said = _at(one.titles, place.index) or f"{one.name}, {_words_of(x)}: {value:.4g}"
        href, picture = _at(one.hrefs, place.index), _at(one.pictures, place.index)
        marks.append(Mark(place.x, place.y, said, href, picture, number))
    return marks


def _intervals(one: Series, places: Sequence[_Place], up: Scale) -> list[Segment]:
    segments = []
    for place in places if one.intervals else ():
        low, high = one.intervals[place.index]
        if _finite(low) and _finite(high):
            segments.append(Segment(place.x, up(low), place.x, up(high), "interval"))
    return segments


def curves(
    name: str,
    title: str,
    series: Sequence[Series],
    *,
    x_label: str = "Epoch",
    y_label: str,
    y_range: tuple[float, float] | None = None,
    empty: str = "No epoch is finished yet.",
) -> Figure:
    """Training curves: lines over whole numbers (epochs); values that are not finite are left out.

    `y_range` fixes the y axis (0 to 1 for Dice), so that a curve that grows does not jump.
    """
    return _line_figure(
        name,
        title,
        series,
        x_label=x_label,
        y_label=y_label,
        y_range=y_range,
        empty=empty,
        x_ticks=_whole_ticks,
        show_points=False,
    )


def trend(
    name: str,
    title: str,
    series: Sequence[Series],
    *,
    y_label: str,
    x_label: str = "Visit",
    y_range: tuple[float, float] | None = None,
    empty: str = "No visit with a measurement yet.",
) -> Figure:
    """A measurement over dates, one line a series, with its interval at each point if given."""
    days = [x for one in series for x, _ in one.points if isinstance(x, date)]
    return _line_figure(
        name,
        title,
        series,
        x_label=x_label,
        y_label=y_label,
        y_range=y_range,
        empty=empty,
        x_ticks=lambda scale: _date_ticks(days, scale) if days else _whole_ticks(scale),
        show_points=True,
    )


def dots(
    name: str,
    title: str,
    groups: Sequence[Group],
    *,
    value_label: str,
    value_range: tuple[float, float] | None = None,
    zero: float | None = None,
    empty: str = "Nothing is evaluated yet.",
) -> Figure:
    """Values by subject as dots, one row a subject, with its mean as a line and its interval.

    Dots, not bars: each scan stays visible and can be opened. `zero` draws the line of no
    difference.
    """
    values = [dot.value for group in groups for dot in group.dots if _finite(dot.value)]
    if not values:
        return Figure(name, title, empty=empty)
    bounds = [v for group in groups for v in (group.interval or ()) if _finite(v)]
    low, high = value_range or padded_range(
        [*values, *bounds] if zero is None else [*values, *bounds, zero]
    )
    left, top = ROW_LABEL_WIDTH, TOP
    height = top + ROW_HEIGHT * len(groups) + BOTTOM
    across = Scale(low, high, left + 8, WIDTH - RIGHT - 8)
    marks: list[Mark] = []
    segments: list[Segment] = []
    words: list[Words] = []
    if zero is not None:
        x = across(zero)
        segments.append(Segment(x, top, x, height - BOTTOM, "rule limit", "no difference"))
    for index, group in enumerate(groups):
        y = top + ROW_HEIGHT * (index + 0.5)
        words.append(Words(left - 8, y + 4, group.label, "end"))
        if group.interval is not None and all(_finite(v) for v in group.interval):
            from_, to = (across(v) for v in group.interval)
            segments.append(Segment(from_, y, to, y, "interval"))
        if _finite(group.mean) and group.mean is not None:
            x = across(group.mean)
            said = f"{group.label}, mean {group.mean:.3g}"
            segments.append(Segment(x, y - 8, x, y + 8, "rule", said))
        marks.extend(
            Mark(across(dot.value), y, dot.title, dot.href, dot.picture, dot.series)
            for dot in group.dots
            if _finite(dot.value)
        )
    return Figure(
        name,
        title,
        height=height,
        left=left,
        bottom=height - BOTTOM,
        x_label=value_label,
        x_ticks=_number_ticks(across),
        marks=marks,
        segments=segments,
        words=words,
    )


def bland_altman(
    name: str,
    title: str,
    pairs: Sequence[Pair],
    *,
    limits: Limits,
    x_label: str,
    y_label: str,
    empty: str = "No scan has two readings yet.",
) -> Figure:
    """Difference against mean of two readings, with the bias and the 95 % limits of agreement.

    Each rule lies on the band of its own 95 % interval. Without limits the title says why.
    """
    kept = [pair for pair in pairs if _finite(pair.x) and _finite(pair.y)]
    if not kept:
        return Figure(name, title, empty=empty)
    known = [
        (one, kind, said)
        for one, kind, said in (
            (limits.bias, "rule", "bias"),
            (limits.lower, "rule limit", "95 % limit of agreement"),
            (limits.upper, "rule limit", "95 % limit of agreement"),
        )
        if one.value is not None
    ]
    rules = [v for one, _, _ in known for v in (one.value, *(one.ci95 or ())) if v is not None]
    across = Scale(*padded_range([pair.x for pair in kept]), LEFT + 4, WIDTH - RIGHT - 84)
    down = padded_range([pair.y for pair in kept] + [0.0] + [v for v in rules if _finite(v)])
    up = Scale(*down, HEIGHT - BOTTOM, TOP)
    right = WIDTH - RIGHT - 80
    step = nice_step(up.high - up.low) / 10
    segments, words, bands = [Segment(LEFT, up(0.0), right, up(0.0), "grid")], [], []
    for one, kind, said in known:
        assert one.value is not None, "kept where there is one"
        if one.ci95 is not None:
            low, high = up(one.ci95[0]), up(one.ci95[1])
            covers = f"95 % interval of the {said.removeprefix('95 % ')}, by subject"
            bands.append(Band(LEFT, high, right - LEFT, max(low - high, 1.0), covers))
        segments.append(Segment(LEFT, up(one.value), right, up(one.value), kind, said))
        text = number_text(one.value, step)
        words.append(
            Words(right + 6, up(one.value) + 4, f"bias {text}" if said == "bias" else text)
        )
    return Figure(
        name,
        title if known else f"{title} (no limits: {limits.bias.reason})",
        right=right,
        x_label=x_label,
        y_label=y_label,
        x_ticks=_number_ticks(across),
        y_ticks=_number_ticks(up),
        bands=bands,
        segments=segments,
        words=words,
        marks=[Mark(across(p.x), up(p.y), p.title, p.href, p.picture, p.series) for p in kept],
    )


def forest(
    name: str,
    title: str,
    rows: Sequence[Row],
    *,
    value_label: str,
    zero: float | None = 0.0,
    empty: str = "Nothing to compare yet.",
) -> Figure:
    """Estimates with intervals under one another; `zero` draws the line of no difference."""
    kept = [row for row in rows if all(_finite(v) for v in (row.estimate, row.low, row.high))]
    if not kept:
        return Figure(name, title, empty=empty)
    values = [v for row in kept for v in (row.low, row.high, row.estimate)]
    left = ROW_LABEL_WIDTH + 40
    height = TOP + 28.0 * len(kept) + BOTTOM
    low_end, high_end = padded_range(values if zero is None else [*values, zero])
    step = nice_step(high_end - low_end) / 10
    said_of = [_estimate_in_words(row, step) for row in kept]
    right = WIDTH - 8 - CHARACTER_WIDTH * max(len(said) for said in said_of)
    across = Scale(low_end, high_end, left + 8, right - 8)
    marks, segments, words = [], [], []
    if zero is not None:
        x = across(zero)
        segments.append(Segment(x, TOP, x, height - BOTTOM, "rule limit", "no difference"))
    for index, (row, said) in enumerate(zip(kept, said_of, strict=True)):
        y = TOP + 28.0 * (index + 0.5)
        segments.append(Segment(across(row.low), y, across(row.high), y, "interval"))
        marks.append(Mark(across(row.estimate), y, f"{row.label}: {said}", series=6))
        words.append(Words(left - 8, y + 4, row.label, "end"))
        words.append(Words(right + 8, y + 4, said))
    return Figure(
        name,
        title,
        height=height,
        left=left,
        right=right,
        bottom=height - BOTTOM,
        x_label=value_label,
        x_ticks=_number_ticks(across),
        marks=marks,
        segments=segments,
        words=words,
    )


def _estimate_in_words(row: Row, step: float) -> str:
    estimate, low, high = (number_text(value, step) for value in (row.estimate, row.low, row.high))
    return f"{estimate} [{low}, {high}], n = {row.n}"


def asked_for(request: HttpRequest, figures: Sequence[Figure]) -> Figure | None:
    """The figure that `?figure=NAME` asks to download, if it is one of the page's `figures`."""
    name = request.GET.get("figure")
    return next((figure for figure in figures if figure.name == name), None)


@dataclass(frozen=True)
class SeriesStyle:
    """How a series is drawn in a file that stands alone."""

    number: int
    colour: str
    dash: str


@dataclass(frozen=True)
class PlacedKey:
    """A legend entry with its place in a file that stands alone."""

    series: int
    text: str
    x: float

    @property
    def line_end(self) -> float:
        return self.x + 24

    @property
    def text_at(self) -> float:
        return self.x + 30


def _placed_legend(figure: Figure) -> list[PlacedKey]:
    placed, x = [], figure.left
    for key in figure.legend:
        placed.append(PlacedKey(key.series, key.text, x))
        x += 46 + CHARACTER_WIDTH * len(key.text)
    return placed


@dataclass(frozen=True)
class PlacedLine:
    """A line of the words under the heading of a file that stands alone."""

    text: str
    y: float


def _placed_sample(figure: Figure, lowest: float) -> list[PlacedLine]:
    """The figure's sample in lines that fit its width, the last one at `lowest`."""
    across = int((figure.width - figure.left) / CHARACTER_WIDTH)
    lines = textwrap.wrap(figure.sample, across)
    return [
        PlacedLine(text, lowest - LINE_HEIGHT * below)
        for text, below in zip(lines, reversed(range(len(lines))), strict=True)
    ]


def render_svg(figure: Figure) -> str:
    """The figure as an SVG file that stands alone: it carries its own styles, on white."""
    styles = [
        SeriesStyle(number, colour, palette.dash(number))
        for number, colour in enumerate(palette.COLOURS_ON_WHITE, start=1)
    ]
    sample = _placed_sample(figure, lowest=-22)
    above = 40 + LINE_HEIGHT * len(sample)
    context = {
        "figure": figure,
        "heading_at": 18 - above,
        "sample": sample,
        "legend": _placed_legend(figure),
        "styles": styles,
        "above": -above,
        "height": figure.height + above,
    }
    return render_to_string("core/plots/standalone.svg.html", context)


def svg_response(figure: Figure) -> HttpResponse:
    """The figure as a download."""
    response = HttpResponse(render_svg(figure), content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{figure.name}.svg"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
