"""A report as one file of HTML that needs nothing else: its styles and pictures are inside."""

from __future__ import annotations

from dataclasses import replace

from django.template.loader import render_to_string

from core import palette, plots
from core.reports.document import Block, Document, Pictures, Section
from core.reports.pictures import data_address


def as_html(document: Document) -> str:
    """The document as a page that can be sent, opened without the platform, and printed."""
    styles = [
        plots.SeriesStyle(number, colour, palette.dash(number))
        for number, colour in enumerate(palette.COLOURS_ON_WHITE, start=1)
    ]
    context = {"document": with_pictures_inside(document), "styles": styles, "standalone": True}
    return render_to_string("core/report/file.html", context)


def with_pictures_inside(document: Document) -> Document:
    """The same document, whose scans are `data:` addresses and lead nowhere."""
    sections = [
        Section(section.title, [_inside(block) for block in section.blocks])
        for section in document.sections
    ]
    return replace(document, sections=sections)


def _inside(block: Block) -> Block:
    if not isinstance(block, Pictures):
        return block
    pictures = [replace(one, src=data_address(one), href="") for one in block.pictures]
    return replace(block, pictures=pictures)
