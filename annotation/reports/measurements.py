"""The table of measurements as rows of JSON and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from annotation.selectors.measurements import Measurement
from core.spreadsheets import BYTE_ORDER_MARK, csv_lines

COLUMNS = [field.name for field in fields(Measurement)]
DECIMALS = {"csa_mm2": 3, "csa_px": 2, "mt_mm": 4, "mt_px": 3, "ei": 2}


def as_json(measurement: Measurement) -> dict[str, Any]:
    """One row: numbers rounded far below what a reading can tell apart, the visit an ISO date."""
    row = asdict(measurement)
    for name, decimals in DECIMALS.items():
        if row[name] is not None:
            row[name] = round(row[name], decimals)
    row["cut"] = list(measurement.cut)
    row["visit"] = measurement.visit.isoformat() if measurement.visit else None
    return row


def as_csv(measurements: Iterable[Measurement]) -> Iterator[str]:
    """The header and one line a measurement; what there is no value for is empty."""
    rows = (as_json(one) for one in measurements)
    return csv_lines(COLUMNS, (_plain(row) for row in rows))


def as_excel(measurements: Iterable[Measurement]) -> Iterator[str]:
    """`as_csv` as a file that Excel reads, too."""
    yield BYTE_ORDER_MARK
    yield from as_csv(measurements)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "selected": _word(row["selected"]),
        "of_scan": _word(row["of_scan"]),
        "cut": " ".join(row["cut"]),
    }


def _word(value: bool) -> str:
    return "yes" if value else "no"
