"""The report of a study as a folder of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotation.reports.measurements import as_excel
from annotation.selectors import measurements
from core import plots
from core.durable import write_file
from core.reports.as_json import as_text
from core.reports.html import as_html
from core.reports.pdf import as_pdf
from core.snapshots import consistent_read
from inference.selectors import versions
from training.reports import (
    model_document,
    model_report,
    study_document,
    study_report,
    study_tables,
)

if TYPE_CHECKING:
    from annotation.models import Site, Study
    from core.reports.document import Document

READABLE = 0o644


def write(study: Study, site: Site | None, folder: Path) -> list[str]:
    """Write the report of a study, or of one site, into `folder`; answers the files' names.

    All of it is of one state of the database, whatever people do meanwhile.

    Files of the same names are replaced, each whole; others stay. Raises OSError.
    """
    written = []
    with consistent_read():
        for name, content in _contents(study, site):
            write_file(folder / name, content, READABLE)
            written.append(name)
    return sorted(written)


def _contents(study: Study, site: Site | None) -> Iterator[tuple[str, bytes]]:
    report = study_report.of_study(study, site)
    document = study_document.document_of(report)
    yield from _three("report", report, document)
    for figure in document.figures:
        if not figure.empty:
            yield f"figures/{figure.name}.svg", plots.render_svg(figure).encode()
    for name, table in study_tables.tables(report).items():
        yield f"tables/{name}", table.encode()
    measured = as_excel(measurements.of_study(study, site=site))
    yield "tables/measurements.csv", "".join(measured).encode()
    serving = {one.model for row in report.sites for one in row.serving if one.model}
    for name in sorted(serving):
        of_model = model_report.of_model(versions.named(study, name))
        yield from _three(f"models/{name}", of_model, model_document.document_of(of_model))


def _three(name: str, report: Any, document: Document) -> Iterator[tuple[str, bytes]]:
    yield f"{name}.json", as_text(report).encode()
    yield f"{name}.html", as_html(document).encode()
    yield f"{name}.pdf", as_pdf(document)
