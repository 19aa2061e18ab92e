"""A plot on a page of a PDF: the same coordinates as `core/plots/drawing.svg.html` draws."""

from __future__ import annotations

from dataclasses import dataclass

from fpdf import FPDF

from core import palette
from core.plots import Figure
from core.reports.fonts import FAMILY, writable

WIDE, TALL = 150.0, 225.0
"""The most that a plot takes, in mm."""
LEGEND = 6.0
"""Height of a line of the legend, in mm."""
SAMPLE, LEGEND_GAP = 9.5, 6.0
"""From the beginning of a key to its name, and between two keys."""
GREY = {"grid": (221, 221, 221), "axis": (119, 119, 119)}
DARK, TEXT, BAND = (68, 68, 68), (68, 68, 68), (230, 230, 230)
POINTS_OF_A_MM = 72 / 25.4
WORDS_PX = 12.0


@dataclass(frozen=True)
class _Key:
    """A key of a legend: `x` mm from the figure's left side, on the legend's `line` from 0."""

    series: int
    said: str
    x: float
    line: int


class PlacedFigure:
    """A figure at (x, y) mm of a page, its px made mm by one factor."""

    def __init__(self, page: FPDF, figure: Figure, x: float, y: float) -> None:
        self.page, self.figure = page, figure
        self.scale = scale_of(figure)
        self.legend = _legend(page, figure)
        self.left, self.top = x, y + _height_of_legend(self.legend)

    def draw(self) -> None:
        """Everything, from the ground up."""
        self._legend()
        self._bands_and_axes()
        self._segments()
        self._curves()
        self._marks()
        for words in self.figure.words:
            side = {"end": "R", "middle": "C"}.get(words.anchor, "L")
            self._words(words.x, words.y, words.text, side)

    def _legend(self) -> None:
        _write_small(self.page)
        above = self.top - _height_of_legend(self.legend)
        for key in self.legend:
            x, y = self.left + key.x, above + key.line * LEGEND
            self._pen(_colour(key.series), 0.5, palette.dash(key.series))
            self.page.line(x, y + 2.5, x + 8, y + 2.5)
            self.page.text(x + SAMPLE, y + 3.4, key.said)
        self.page.set_dash_pattern()

    def _bands_and_axes(self) -> None:
        figure, page = self.figure, self.page
        page.set_fill_color(*BAND)
        for band in figure.bands:
            across, down = band.width * self.scale, band.height * self.scale
            page.rect(self._x(band.x), self._y(band.y), across, down, style="F")
        for tick in figure.y_ticks:
            self._line(figure.left, tick.at, figure.right, tick.at, "grid")
            self._words(figure.left - 8, tick.at + 4, tick.text, "R")
        for tick in figure.x_ticks:
            self._line(tick.at, figure.bottom, tick.at, figure.bottom + 4, "axis")
            self._words(tick.at, figure.bottom + 18, tick.text, "C")
        self._line(figure.left, figure.top, figure.left, figure.bottom, "axis")
        self._line(figure.left, figure.bottom, figure.right, figure.bottom, "axis")
        if figure.x_label:
            self._words(figure.middle_x, figure.bottom + 40, figure.x_label, "C")
        if figure.y_label:
            x, y = self._x(14), self._y(figure.middle_y)
            with page.rotation(90, x, y):
                self._words_at(x, y, figure.y_label, "C")

    def _segments(self) -> None:
        for one in self.figure.segments:
            self._line(one.x1, one.y1, one.x2, one.y2, one.kind)

    def _curves(self) -> None:
        for curve in self.figure.curves:
            self._pen(_colour(curve.series), 0.45, palette.dash(curve.series))
            pairs = [pair.split(",") for pair in curve.points.split()]
            self.page.polyline([(self._x(float(x)), self._y(float(y))) for x, y in pairs])
        self.page.set_dash_pattern()

    def _marks(self) -> None:
        self.page.set_draw_color(255, 255, 255)
        self.page.set_line_width(0.15)
        for mark in self.figure.marks:
            self.page.set_fill_color(_colour(mark.series))
            self.page.circle(self._x(mark.x), self._y(mark.y), 4.5 * self.scale, style="DF")

    def _line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        shape = kind.split()[0]
        self._pen(GREY.get(shape, DARK), 0.15 if shape in GREY else 0.35)
        if "limit" in kind:
            self.page.set_dash_pattern(6 * self.scale, 4 * self.scale)
        self.page.line(self._x(x1), self._y(y1), self._x(x2), self._y(y2))
        self.page.set_dash_pattern()

    def _pen(self, colour: tuple[int, int, int] | str, width: float, dash: str = "") -> None:
        self.page.set_draw_color(*((colour,) if isinstance(colour, str) else colour))
        self.page.set_line_width(width)
        self.page.set_dash_pattern()
        if dash:
            drawn, gap, *_ = (float(one) * self.scale for one in dash.split())
            self.page.set_dash_pattern(drawn, gap)

    def _words(self, x: float, y: float, words: str, side: str) -> None:
        self._words_at(self._x(x), self._y(y), words, side)

    def _words_at(self, x: float, y: float, words: str, side: str) -> None:
        said = writable(words)
        self.page.set_font(FAMILY, "", WORDS_PX * self.scale * POINTS_OF_A_MM)
        self.page.set_text_color(*TEXT)
        back = {"R": 1.0, "C": 0.5}.get(side, 0.0) * self.page.get_string_width(said)
        self.page.text(x - back, y, said)

    def _x(self, px: float) -> float:
        return self.left + px * self.scale

    def _y(self, px: float) -> float:
        return self.top + px * self.scale


def scale_of(figure: Figure) -> float:
    """mm per px, so that the figure fits the page whole."""
    return min(WIDE / figure.width, TALL / figure.height)


def height_of(page: FPDF, figure: Figure) -> float:
    """How many mm of the page the figure takes, its legend among them."""
    if figure.empty:
        return 0.0
    return figure.height * scale_of(figure) + _height_of_legend(_legend(page, figure))


def _legend(page: FPDF, figure: Figure) -> list[_Key]:
    """The keys beside each other, in as many lines as the width between the margins asks for."""
    _write_small(page)
    placed: list[_Key] = []
    x, line = 0.0, 0
    for key in figure.legend:
        said = writable(key.text)
        across = SAMPLE + page.get_string_width(said)
        if x > 0 and x + across > page.epw:
            x, line = 0.0, line + 1
        placed.append(_Key(key.series, said, x, line))
        x += across + LEGEND_GAP
    return placed


def _height_of_legend(keys: list[_Key]) -> float:
    return (keys[-1].line + 1) * LEGEND if keys else 0.0


def _write_small(page: FPDF) -> None:
    page.set_font(FAMILY, "", 7.5)
    page.set_text_color(*TEXT)


def _colour(series: int) -> str:
    return palette.COLOURS_ON_WHITE[(series - 1) % len(palette.COLOURS_ON_WHITE)]
