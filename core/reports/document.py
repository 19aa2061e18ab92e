"""A report as plain data: sections of text, facts, tables, plots and pictures.

Made once from stored rows and rendered as a page, as one file of HTML and as a PDF, so that the
three cannot say different things. All words are plain text; the renderers escape them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core import plots


@dataclass(frozen=True)
class Text:
    """A paragraph; `tone` is empty, `soft` or `warning`."""

    words: str
    tone: str = ""
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class Facts:
    """Terms with what is to be said of each."""

    pairs: Sequence[tuple[str, str]]
    kind: str = field(default="facts", init=False)


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand on the right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of words under their columns; the first cell names its row."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    kind: str = field(default="table", init=False)

    @property
    def marked_rows(self) -> list[list[tuple[str, Column]]]:
        """Each row's cells with their columns."""
        return [list(zip(row, self.columns, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Plot:
    """A plot of `core.plots`."""

    figure: plots.Figure
    kind: str = field(default="plot", init=False)


@dataclass(frozen=True)
class Contour:
    """A contour on a picture: an SVG path of straight lines in image px."""

    path: str
    colour: str
    dash: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A stored scan with contours. `src` shows it in the platform, `sha256` names its file.

    The attributes are those that `components/thumbnail.html` draws.
    """

    src: str
    sha256: str
    width: int
    height: int
    alt: str
    title: str
    line: str = ""
    href: str = ""
    outlines: Sequence[Contour] = ()


@dataclass(frozen=True)
class Pictures:
    """Scans beside each other."""

    pictures: Sequence[Picture]
    caption: str = ""
    kind: str = field(default="pictures", init=False)


Block = Text | Facts | Table | Plot | Pictures


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole report. `dated`: the moment of the newest row that it rests on, not of printing."""

    title: str
    subtitle: str
    dated: datetime
    sections: Sequence[Section]

    @property
    def dated_words(self) -> str:
        """The date as people read it."""
        return moment(self.dated)

    @property
    def figures(self) -> list[plots.Figure]:
        """All plots, in their order."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [block.figure for block in blocks if isinstance(block, Plot)]


def moment(at: datetime | None) -> str:
    """`2026-03-02 12:03 UTC`; empty for None."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at else ""


def counted(number: int, noun: str) -> str:
    """`1 scan`, `2 scans`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
