"""A report's renderers by themselves: every kind of block, as a file of HTML and as a PDF."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from core import files, plots
from core.reports import fonts
from core.reports.as_json import DRAWN, as_text, plain
from core.reports.document import (
    Column,
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
from core.reports.figure_pdf import LEGEND, TALL, height_of
from core.reports.html import as_html
from core.reports.pdf import MARGIN, as_pdf
from domain.limits import limits_of_agreement

DATED = datetime(2026, 3, 2, 12, 3, tzinfo=UTC)
NAME = "Čeněk Žižka – Łódź, Ελένη, Ольга, 3 mm²"
HOSTILE = '</style><script>alert("x")</script> & {{ 7 }} \\(x)'


def png(seed: int, height: int = 40, width: int = 60) -> str:
    """A stored scan; answers the name of its file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return files.store(written.getvalue())


def picture(number: int) -> Picture:
    square = Contour("M10.0 10.0L30.0 10.0L30.0 30.0ZM15.0 15.0L20.0 15.0L20.0 20.0Z", "#56b4e9",
                     "5 4", "suggestion")  # fmt: skip
    return Picture(
        "/api/v1/images/1/pixels", png(number), 60, 40, "a scan", f"S{number}", HOSTILE, "/there",
        [square],
    )  # fmt: skip


def dots(subjects: int, name: str = "dots") -> plots.Figure:
    groups = [
        plots.Group(f"S{n}", [plots.Dot(0.8 + n / 1000, "x", "/a/scan")], mean=0.8)
        for n in range(subjects)
    ]
    return plots.dots(name, "Dice by subject", groups, value_label="Dice")


def document(*blocks: object) -> Document:
    return Document("Report", f"Of {NAME}.", DATED, [Section("Everything", list(blocks))])  # type: ignore[arg-type]


@pytest.fixture
def everything() -> Document:
    lines = plots.curves(
        "loss", "Loss", [plots.Series("a", [(1, 1.0), (2, 0.5)]), plots.Series("b", [(1, 2.0)])],
        y_label="Loss",
    )  # fmt: skip
    size = plots.bland_altman(
        "ba", "CSA", [plots.Pair(10.0, 1.0, "x"), plots.Pair(12.0, -1.0, "y")],
        limits=limits_of_agreement([1.0, -1.0, 0.5, -0.5, 0.0], list("abcde")),
        x_label="Mean (mm²)", y_label="Error (mm²)",
    )  # fmt: skip
    return document(
        Text(HOSTILE, "warning"),
        Facts([("Name", NAME), ("Digest", "0" * 64)]),
        Table("Many", [Column("Row"), Column("Value", number=True)],
              [[f"row {n}", f"{n}"] for n in range(120)]),
        Plot(dots(5)), Plot(lines), Plot(size),
        Plot(replace(dots(1, "none"), empty="Nothing yet.")),
        Pictures([picture(n) for n in range(4)], "Four scans"),
    )  # fmt: skip


def paper() -> FPDF:
    """A page as the plots are drawn on."""
    page = FPDF(format="A4")
    page.set_margins(MARGIN, MARGIN, MARGIN)
    for style in fonts.FILES:
        page.add_font(fonts.FAMILY, style, fonts.path_of(style))
    return page


def page_with(pdf: bytes, words: str) -> int:
    """The number of the first page that says this, from 0."""
    pages = pypdfium2.PdfDocument(pdf)
    said = [page.get_textpage().get_text_bounded() for page in pages]
    return next(number for number, text in enumerate(said) if words in text)


def words_of(pdf: bytes) -> str:
    pages = pypdfium2.PdfDocument(pdf)
    return re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_bounded() for page in pages))


def first_page(pdf: bytes) -> np.ndarray:
    """The grey pixels of the first page."""
    return np.asarray(pypdfium2.PdfDocument(pdf)[0].render().to_pil().convert("L"))


def test_a_pdf_holds_every_word_on_numbered_pages(everything):
    pdf = as_pdf(everything)
    said = words_of(pdf)
    pages = len(pypdfium2.PdfDocument(pdf))
    assert pages > 3
    for words in (NAME, HOSTILE, "0" * 64, "row 0", "row 119", "Mean (mm²)", "Nothing yet.", "S3"):
        assert words in said, words
    assert f"1 of {pages}" in said
    assert f"{pages} of {pages}" in said


def test_the_same_document_gives_the_same_pdf_and_another_date_another(everything):
    assert as_pdf(everything) == as_pdf(everything)
    later = replace(everything, dated=DATED + timedelta(days=1))
    assert as_pdf(later) != as_pdf(everything)


def test_pictures_and_plots_leave_ink_on_the_page(everything):
    blank, drawn = document(Text("x")), document(Pictures([picture(1)]), Plot(dots(3)))
    ink = [(first_page(as_pdf(one)) < 128).sum() for one in (blank, drawn)]
    assert ink[1] > 10 * ink[0]


def test_a_plot_of_many_subjects_fits_a_page():
    tall = dots(200)
    assert height_of(paper(), tall) <= TALL + LEGEND
    assert len(pypdfium2.PdfDocument(as_pdf(document(Plot(tall))))) <= 2


def test_a_long_legend_stays_on_the_paper():
    names = ["validation", *(f"locked test, version {number}" for number in range(1, 9))]
    series = [plots.Series(name, [(1, 0.5), (2, 0.6)]) for name in names]
    long = plots.curves("learning", "Learning", series, y_label="Dice")
    short = plots.curves("learning", "Learning", series[:2], y_label="Dice")
    assert height_of(paper(), long) == height_of(paper(), short) + 2 * LEGEND
    pdf = as_pdf(document(Plot(long)))
    assert all(name in words_of(pdf) for name in names)
    page = pypdfium2.PdfDocument(pdf)[0]
    text = page.get_textpage()
    ends = [text.get_charbox(number)[2] for number in range(text.count_chars())]
    assert max(ends) <= page.get_width() - MARGIN * 72 / 25.4


@pytest.mark.parametrize("lines", [30, 33, 36])
def test_pictures_stay_with_their_caption_and_heading(lines: int):
    above = [Text(f"line {number}") for number in range(lines)]
    pictures = Pictures([picture(1)], "Full line: reference.")
    pdf = as_pdf(document(*above, pictures))
    assert page_with(pdf, "Full line") == page_with(pdf, "S1")
    two = Document("Report", "", DATED, [Section("A", above), Section("Worst", [pictures])])
    pdf = as_pdf(two)
    assert page_with(pdf, "Worst") == page_with(pdf, "Full line") == page_with(pdf, "S1")


@pytest.mark.filterwarnings("error")
def test_there_is_room_for_the_number_of_many_pages():
    rows = [[f"row {number}", "x"] for number in range(600)]
    pdf = as_pdf(document(Table("Many", [Column("Row"), Column("Value")], rows)))
    pages = len(pypdfium2.PdfDocument(pdf))
    assert pages > 9
    assert f"{pages} of {pages}" in words_of(pdf)


def test_a_long_title_leaves_room_for_the_number_of_the_page():
    pdf = as_pdf(replace(document(Text("x")), title="Report of Á " + "study " * 40))
    page = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    foot = page.get_text_bounded().splitlines()[-1]
    assert re.fullmatch(r"Report of Á study .*…, as of 2026-03-02 12:03 UTC ?1 of 1", foot)
    assert len(foot) < 140


def test_a_file_of_html_stands_alone(everything):
    page = as_html(everything)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("data:image/png;base64,") == 4
    assert "/api/" not in page
    assert 'href="' not in page
    assert "loading" not in page
    assert page == as_html(everything)


def test_odd_words_and_an_empty_contour_do_no_harm():
    odd = "page {nb} of {nb} " + "x" * 300
    nothing = replace(picture(1), outlines=[Contour("", "#ffffff", "", "reference")])
    table = Table("", [Column("A"), Column("B")], [[odd, ""]])
    said = words_of(as_pdf(document(Text(odd), table, Pictures([nothing]))))
    assert said.count("page {nb} of {nb}") == 2
    assert "1 of 1" in said


def test_a_row_higher_than_a_page_goes_on_on_the_next():
    libraries = ", ".join(f"package-{number} 1.0" for number in range(600))
    cells = ["end" + " of the row" * 400, "x" * 9000, "a person's name, and more", "1", "\n" * 200]
    table = Table("", [Column(title) for title in "ABCDE"], [cells, ["last", "", "", "2", ""]])
    pdf = as_pdf(document(Facts([("Libraries", libraries), ("After", "it")]), table))
    said = words_of(pdf)
    assert len(pypdfium2.PdfDocument(pdf)) > 3
    assert said.count("package-") == 600
    assert said.count("Libraries") == 1
    assert said.count("row") == 400
    assert said.count("x") == 9000
    assert "After it" in said
    assert "last 2" in said


def test_what_the_font_lacks_is_a_box():
    assert fonts.writable(NAME) == NAME
    assert fonts.writable("王 a\x07b\nc") == "□ a□b\nc"


@dataclass(frozen=True)
class Reported:
    at: datetime
    values: tuple[float, ...]
    nested: dict[str, object]
    figure: str = field(default="drawn", metadata=DRAWN)


def test_json_leaves_out_what_is_drawn_and_what_is_no_number():
    reported = Reported(DATED, (1.0, float("nan"), float("inf")), {"a": None, "b": NAME})
    assert plain(reported) == {
        "at": "2026-03-02T12:03:00Z",
        "values": [1.0, None, None],
        "nested": {"a": None, "b": NAME},
    }
    assert NAME in as_text(reported)
