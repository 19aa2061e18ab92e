"""A report as a PDF: A4, real text, plots and contours as lines.

Nothing in it depends on the moment of printing: the same document gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, TableBordersLayout, VAlign
from fpdf.fonts import FontFace
from PIL import Image as PillowImage

from core.reports import fonts
from core.reports.document import (
    Block,
    Contour,
    Document,
    Facts,
    Picture,
    Pictures,
    Plot,
    Section,
    Table,
    Text,
)
from core.reports.figure_pdf import PlacedFigure, height_of
from core.reports.fonts import FAMILY, writable
from core.reports.pictures import small_png

MARGIN = 15.0
WIDTH = 210.0 - 2 * MARGIN
FOOT = 18.0
TEXT, SMALL, HEADING, TITLE = 9.0, 7.5, 12.0, 17.0
INK, SOFT, WARNING, LINE = (17, 17, 17), (90, 90, 90), (138, 90, 0), (187, 187, 187)
PAPER = (255, 255, 255)
ACROSS = 3
"""Pictures beside each other."""
GAP = 4.0
PICTURE = (WIDTH - (ACROSS - 1) * GAP) / ACROSS
"""Width of a picture."""
BELOW_PICTURES = 12.0
"""For their titles and lines."""
PAGES = 3 * "\ue0ff"
"""Stands for the number of pages, of up to three digits, until it is known; `writable` lets nobody
else write it."""
PADDING = 3.0
"""What a column is wider than its words."""
LINE_HEIGHT = 4.2
CELL = (0.6, 1.2, 0.6, 0.0)
"""Around the words of a cell: above, right, below, left."""
MOST_LINES = 30
"""Of a row of a table. Longer words go on in rows of their own: no row stands on two pages."""


class _Page(FPDF):
    """A4 paper with the report's name and the number of the page at its foot."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self.document = document
        for style in fonts.FILES:
            self.add_font(FAMILY, style, fonts.path_of(style))
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0.0
        self.set_auto_page_break(True, FOOT)
        self.set_creation_date(document.dated.astimezone(UTC))
        self.set_title(document.title)
        self.set_producer("Myotrace")
        self.set_lang("en")
        self.alias_nb_pages(PAGES)

    def footer(self) -> None:
        self.set_y(-FOOT + 5)
        self.write_words(SMALL, SOFT)
        as_of = f", as of {self.document.dated_words}"
        self.cell(WIDTH * 0.8, 4, self.shortened(self.document.title, as_of, WIDTH * 0.8))
        self.cell(WIDTH * 0.2, 4, f"{self.page_no()} of {PAGES}", align="R")

    def write_words(
        self, size: float, colour: tuple[int, int, int] = INK, *, bold: bool = False
    ) -> None:
        """Choose how the next words are written."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def paragraph(self, words: str, height: float) -> None:
        """Words over the whole width."""
        self.multi_cell(WIDTH, height, writable(words), align="L", new_x="LMARGIN", new_y="NEXT")

    def shortened(self, words: str, after: str, width: float) -> str:
        """The words and what comes after them, on one line: an ellipsis for what does not fit."""
        kept = writable(words)
        if self.get_string_width(kept + after) <= width:
            return kept + after
        while kept and self.get_string_width(f"{kept}…{after}") > width:
            kept = kept[:-1]
        return f"{kept.rstrip()}…{after}"

    def height_of_paragraph(self, words: str, height: float) -> float:
        """How many mm `paragraph` takes."""
        taken: float = self.multi_cell(
            WIDTH,
            height,
            writable(words),
            align="L",
            dry_run=True,
            output=MethodReturnValue.HEIGHT,
        )
        return taken

    def make_room(self, height: float) -> None:
        """A new page where `height` mm are not left on this one."""
        if self.will_page_break(height):
            self.add_page()


def as_pdf(document: Document) -> bytes:
    """The document as the bytes of a PDF file."""
    page = _Page(document)
    page.add_page()
    page.write_words(TITLE, bold=True)
    page.paragraph(document.title, 8)
    page.write_words(TEXT, SOFT)
    page.paragraph(f"{document.subtitle} As of {document.dated_words}.", 4.5)
    for section in document.sections:
        _heading(page, section)
        for block in section.blocks:
            _write(page, block)
    return bytes(page.output())


def _heading(page: _Page, section: Section) -> None:
    """The title; pictures right below it stay on its page."""
    first = next(iter(section.blocks), None)
    below = _height_of_first_row(page, first) if isinstance(first, Pictures) else 0.0
    page.ln(5)
    page.make_room(max(30, 15 + below))
    page.write_words(HEADING, bold=True)
    page.start_section(writable(section.title))
    page.paragraph(section.title, 6)
    page.set_draw_color(*LINE)
    page.set_line_width(0.2)
    page.line(MARGIN, page.get_y() + 0.5, MARGIN + WIDTH, page.get_y() + 0.5)
    page.ln(2.5)


def _write(page: _Page, block: Block) -> None:
    match block:
        case Text():
            _text(page, block)
        case Facts():
            _facts(page, block)
        case Table():
            _table(page, block)
        case Plot():
            _plot(page, block)
        case Pictures():
            _pictures(page, block)


def _text(page: _Page, text: Text) -> None:
    colour = {"soft": SOFT, "warning": WARNING}.get(text.tone, INK)
    page.write_words(TEXT, colour)
    page.paragraph(text.words, 4.5)
    page.ln(1.5)


def _facts(page: _Page, facts: Facts) -> None:
    page.write_words(TEXT)
    rows = [[term, words] for term, words in facts.pairs]
    _rows(page, rows, [0.27, 0.73], ["LEFT", "LEFT"], head=False)
    page.ln(2.5)


def _table(page: _Page, table: Table) -> None:
    if table.caption:
        page.make_room(20)
        page.write_words(TEXT, SOFT)
        page.paragraph(table.caption, 4.5)
        page.ln(0.5)
    page.write_words(SMALL)
    rows = [[column.title for column in table.columns], *([*row] for row in table.rows)]
    sides = ["RIGHT" if column.number else "LEFT" for column in table.columns]
    _rows(page, rows, _widths(page, rows), sides, head=True)
    page.ln(3)


def _rows(
    page: _Page,
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    sides: Sequence[str],
    *,
    head: bool,
) -> None:
    shares = [WIDTH * one / sum(widths) for one in widths]
    broken = [part for cells in rows for part in _broken(page, cells, shares)]
    page.set_draw_color(*LINE)
    page.set_fill_color(*PAPER)
    page.set_line_width(0.15)
    with page.table(
        width=WIDTH,
        align="LEFT",
        col_widths=tuple(widths),
        text_align=tuple(sides),
        line_height=LINE_HEIGHT,
        padding=CELL,
        v_align=VAlign.T,
        first_row_as_headings=head,
        num_heading_rows=1 if head else 0,
        headings_style=FontFace(emphasis="BOLD", color=SOFT),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES if head else TableBordersLayout.NONE,
    ) as drawn:
        for cells in broken:
            row = drawn.row()
            for number, words in enumerate(cells):
                term = not head and number == 0
                row.cell(writable(words), style=FontFace(color=SOFT) if term else None)


def _broken(page: _Page, cells: Sequence[str], widths: Sequence[float]) -> Sequence[Sequence[str]]:
    """A row as one row, or as several where a cell has more than MOST_LINES lines."""
    lines = [_lines(page, words, width) for words, width in zip(cells, widths, strict=True)]
    most = max(len(one) for one in lines)
    if most <= MOST_LINES:
        return [cells]
    starts = range(0, most, MOST_LINES)
    return [["\n".join(one[start : start + MOST_LINES]) for one in lines] for start in starts]


def _lines(page: _Page, words: str, width: float) -> list[str]:
    """The lines of a cell `width` mm wide; words too short to fill a row are not broken."""
    if len(words) <= MOST_LINES:
        return [words]
    found = page.multi_cell(
        width - CELL[1] - CELL[3],
        LINE_HEIGHT,
        writable(words),
        align="L",
        dry_run=True,
        output=MethodReturnValue.LINES,
    )
    return list(found)


def _widths(page: _Page, rows: Sequence[Sequence[str]]) -> list[float]:
    """Columns that need no more than an equal share get what they need, the others share the rest.

    `rows`: the titles first, which are written bold.
    """
    head, *body = rows
    page.write_words(SMALL, bold=True)
    wanted = [page.get_string_width(writable(title)) for title in head]
    page.write_words(SMALL)
    for number, column in enumerate(zip(*body, strict=True)):
        longest = max(page.get_string_width(writable(words)) for words in column)
        wanted[number] = min(max(wanted[number], longest), WIDTH)
    wanted = [one + PADDING for one in wanted]
    equal = WIDTH / len(wanted)
    kept = sum(one for one in wanted if one <= equal)
    wide = sum(one for one in wanted if one > equal)
    if kept + wide <= WIDTH:
        return [one * WIDTH / (kept + wide) for one in wanted]
    return [one if one <= equal else (WIDTH - kept) * one / wide for one in wanted]


def _plot(page: _Page, plot: Plot) -> None:
    height = height_of(page, plot.figure)
    page.write_words(TEXT, bold=True)
    page.make_room(height + 12 + page.height_of_paragraph(plot.figure.sample, 4.5))
    page.paragraph(plot.figure.title, 4.5)
    if plot.figure.sample:
        page.write_words(TEXT, SOFT)
        page.paragraph(plot.figure.sample, 4.5)
    if plot.figure.empty:
        page.write_words(TEXT, SOFT)
        page.paragraph(plot.figure.empty, 4.5)
    else:
        PlacedFigure(page, plot.figure, MARGIN, page.get_y() + 1).draw()
        page.set_y(page.get_y() + 1 + height)
    page.ln(3)


def _pictures(page: _Page, block: Pictures) -> None:
    if block.caption:
        page.make_room(_height_of_first_row(page, block))
        page.write_words(TEXT, SOFT)
        page.paragraph(block.caption, 4.5)
        page.ln(1)
    for start in range(0, len(block.pictures), ACROSS):
        row = block.pictures[start : start + ACROSS]
        tall = _tallest(row)
        page.make_room(tall + BELOW_PICTURES)
        top = page.get_y()
        for number, picture in enumerate(row):
            _picture(page, picture, MARGIN + number * (PICTURE + GAP), top, PICTURE, tall)
        page.set_y(top + tall + BELOW_PICTURES)


def _height_of_first_row(page: _Page, block: Pictures) -> float:
    """How many mm the caption takes with the first pictures below it."""
    page.write_words(TEXT)
    caption = page.height_of_paragraph(block.caption, 4.5) + 1 if block.caption else 0.0
    return caption + _tallest(block.pictures[:ACROSS]) + BELOW_PICTURES


def _tallest(row: Sequence[Picture]) -> float:
    return max((PICTURE * one.height / one.width for one in row), default=0.0)


def _picture(page: _Page, picture: Picture, x: float, y: float, width: float, tall: float) -> None:
    height = width * picture.height / picture.width
    page.image(PillowImage.open(io.BytesIO(small_png(picture))), x, y, width, height)
    scale = width / picture.width
    for contour in picture.outlines:
        _contour(page, contour, x, y, scale)
    page.set_xy(x, y + tall + 1)
    page.write_words(SMALL, bold=True)
    page.multi_cell(width, 3.6, writable(picture.title), align="L", max_line_height=3.6)
    page.set_x(x)
    page.write_words(SMALL, SOFT)
    page.multi_cell(width, 3.6, writable(picture.line), align="L")


def _contour(page: _Page, contour: Contour, x: float, y: float, scale: float) -> None:
    for ring in _rings(contour.path):
        placed = [(x + px * scale, y + py * scale) for px, py in ring]
        page.set_dash_pattern()
        page.set_draw_color(0, 0, 0)
        page.set_line_width(0.7)
        page.polygon(placed)
        page.set_draw_color(contour.colour)
        page.set_line_width(0.35)
        if contour.dash:
            dash, gap, *_ = (float(one) / 4 for one in contour.dash.split())
            page.set_dash_pattern(dash, gap)
        page.polygon(placed)
    page.set_dash_pattern()


def _rings(path: str) -> list[list[tuple[float, float]]]:
    """The rings of a path `M x y L x y … Z`, one after another; none of an empty one."""
    rings = []
    for ring in path.split("M")[1:]:
        points = [pair.split() for pair in ring.removesuffix("Z").split("L")]
        rings.append([(float(x), float(y)) for x, y in points])
    return rings
