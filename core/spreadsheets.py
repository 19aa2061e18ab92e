"""CSV that a spreadsheet may open, and what comes back of it.

Text that it would run as a formula gets an apostrophe in front; `as_typed` takes it off again. The
two undo each other for every text. Excel reads UTF-8 only where a byte order mark says so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


class _Echo:
    """What the CSV writer writes to: it hands each line straight on."""

    def write(self, value: str) -> str:
        return value


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The header and one line a row, with CRLF ends (RFC 4180); None is an empty field."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([harmless(row[column]) for column in columns])


def excel_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """`csv_lines` with the byte order mark that lets Excel read its letters: for files."""
    yield BYTE_ORDER_MARK
    yield from csv_lines(columns, rows)


def harmless(value: object) -> object:
    """Text that begins like a formula, after apostrophes or none, with one more in front."""
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def as_typed(text: str) -> str:
    """The text that `harmless` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA_STARTS)
