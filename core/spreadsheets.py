"""CSV that a spreadsheet may open: text that it would run as a formula is kept harmless."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


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


def harmless(value: object) -> object:
    """Text that begins like a formula, with an apostrophe in front; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
