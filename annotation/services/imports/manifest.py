"""The manifest of an import: a CSV file that says whose each image is."""

from __future__ import annotations

import csv
import io
import posixpath
from dataclasses import dataclass

from core.spreadsheets import as_typed
from domain.errors import InvalidInput

REQUIRED = ("image", "subject", "site")
OPTIONAL = (
    *("labelme", "side", "visit", "take", "selected", "frame", "operator", "device", "preset"),
    *("depth_mm", "spacing_x_mm", "spacing_y_mm", "centre", "cohort", "sex", "age", "reader"),
    *("partition", "image_area"),
)
BYTE_LIMIT = 20 * 1024 * 1024
DEFAULT_NAME = "manifest.csv"


@dataclass(frozen=True)
class ManifestRow:
    """One line: the image's path in the import, its outlines' path if named, the other fields."""

    line: int
    image: str
    labelme: str
    fields: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Manifest:
    """The rows of a manifest, whether it names outlines at all, and what is odd about it."""

    rows: tuple[ManifestRow, ...]
    names_outlines: bool
    warnings: tuple[str, ...]


def read_manifest(data: bytes) -> Manifest:
    """The manifest in a CSV file with a header; comma, semicolon or tab between the fields.

    Raises:
        InvalidInput: not UTF-8, no header, a required column missing or one that stands twice.
    """
    if len(data) > BYTE_LIMIT:
        raise InvalidInput("The manifest has more than 20 MiB; import in parts.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"The manifest is not UTF-8 at byte {error.start + 1}; save it as CSV in UTF-8."
        ) from error
    try:
        return _read(text)
    except csv.Error as error:
        raise InvalidInput(f"The manifest is no CSV file ({error}); save it again.") from error


def _read(text: str) -> Manifest:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    header = [name.strip().lower() for name in next(lines, [])]
    _check_header(header)
    rows = []
    for values in lines:
        if any(value.strip() for value in values):
            rows.append(_row(lines.line_num, header, values))
    if not rows:
        raise InvalidInput("The manifest has no lines below its header; add one for each image.")
    unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
    warnings = (
        [f"The manifest's columns {', '.join(unknown)} are unknown and not used."]
        if unknown
        else []
    )
    return Manifest(tuple(rows), "labelme" in header, tuple(warnings))


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _check_header(header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InvalidInput(
            f"The manifest lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}; its first line must name them."
        )
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise InvalidInput(f"The manifest names the column {doubled[0]} twice; remove one.")


def _row(line: int, header: list[str], values: list[str]) -> ManifestRow:
    fields = dict(zip(header, map(as_typed, values), strict=False))
    image, outside = _path(fields.pop("image", ""))
    labelme, labelme_outside = _path(fields.pop("labelme", ""))
    problem = ""
    if len(values) > len(header):
        problem = f"has {len(values)} fields, the header {len(header)}; quote fields with commas"
    elif not image:
        problem = "names no image"
    elif outside or labelme_outside:
        problem = f"names {(image if outside else labelme)!r}, which leads out of the import"
    known = {name: fields[name] for name in (*REQUIRED, *OPTIONAL) if fields.get(name)}
    return ManifestRow(line, image or f"manifest line {line}", labelme, known, problem)


def _path(text: str) -> tuple[str, bool]:
    """A path in the import as `/` path, and whether it leads out of it."""
    raw = text.strip().replace("\\", "/")
    if not raw:
        return "", False
    path = posixpath.normpath(raw)
    return path, path.startswith(("/", "..")) or path[1:2] == ":"
