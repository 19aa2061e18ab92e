"""The manifest of an import: a CSV file that says whose each image is."""

from __future__ import annotations

import csv
import io
import posixpath
import re
from dataclasses import dataclass

from core.spreadsheets import as_typed
from domain.errors import InvalidInput
from domain.texts import NotUTF8, decoded

REQUIRED = ("image", "subject", "site")
OPTIONAL = (
    *("labelme", "side", "visit", "take", "selected", "frame", "operator", "device", "preset"),
    *("depth_mm", "spacing_x_mm", "spacing_y_mm", "centre", "cohort", "sex", "age", "reader"),
    *("partition", "image_area"),
)
NUMBERS = ("depth_mm", "spacing_x_mm", "spacing_y_mm", "age")
_BETWEEN = re.compile(rb"[,;\t|\r\n\"]")
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t]*\r?\n', re.IGNORECASE)
_DECIMAL_COMMA = re.compile("[0-9]+,[0-9]+")
_THOUSANDS = re.compile("[1-9][0-9]{0,2},[0-9]{3}")
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


def read_manifest(data: bytes, encoding: str = "") -> Manifest:
    """The manifest in a CSV file with a header, as spreadsheets write it.

    Comma, semicolon, tab or bar stands between the fields, or what a first line `sep=` says;
    numbers may have a decimal comma; the text is UTF-8, UTF-16, or in `encoding`.

    Raises:
        InvalidInput: another encoding, no header, a required column missing or one that stands
            twice.
    """
    if len(data) > BYTE_LIMIT:
        raise InvalidInput("The manifest has more than 20 MiB; import in parts.")
    try:
        text, _ = decoded(data, encoding)
    except NotUTF8 as error:
        raise InvalidInput(_hint(data, error.start)) from error
    except InvalidInput as error:
        raise InvalidInput(f"The manifest: {error.message}.") from error
    try:
        return _read(text)
    except csv.Error as error:
        raise InvalidInput(f"The manifest is no CSV file ({error}); save it again.") from error


def _hint(data: bytes, start: int) -> str:
    """What to do about a manifest whose byte `start` is no UTF-8."""
    before = _BETWEEN.split(data[:start])[-1]
    after = _BETWEEN.split(data[start:])[0]
    word = (before + after).decode("cp1252", "replace")[:40]
    return (
        f"The manifest is not UTF-8 at byte {start + 1}. In the encoding cp1252, in which Excel "
        f"saves a plain CSV here, it reads {word!r}: if that is right, import it with the encoding "
        "cp1252. Else name its encoding, or save it in Excel as 'CSV UTF-8'."
    )


def _read(text: str) -> Manifest:
    delimiter, body, skipped = _layout(text)
    lines = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(lines, [])]
    _check_header(header)
    rows = []
    for values in lines:
        if any(value.strip() for value in values):
            rows.append(_row(lines.line_num + skipped, header, values, delimiter))
    if not rows:
        raise InvalidInput("The manifest has no lines below its header; add one for each image.")
    unknown = [name for name in header if name and name not in REQUIRED + OPTIONAL]
    warnings = (
        [f"The manifest's columns {', '.join(unknown)} are unknown and not used."]
        if unknown
        else []
    )
    return Manifest(tuple(rows), "labelme" in header, tuple(warnings))


def _layout(text: str) -> tuple[str, str, int]:
    """The delimiter, the text from its header on, and how many lines stand before that."""
    told = _SEP_LINE.match(text)
    if told:
        return told.group(1), text[told.end() :], 1
    header = text.split("\n", 1)[0]
    return max(",;\t|", key=header.count), text, 0


def _check_header(header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InvalidInput(
            f"The manifest lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}; its first line must name them."
        )
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise InvalidInput(f"The manifest names the column {doubled[0]} twice; remove one.")


def _row(line: int, header: list[str], values: list[str], delimiter: str) -> ManifestRow:
    fields = dict(zip(header, map(as_typed, values), strict=False))
    unclear = _read_decimal_commas(fields, delimiter)
    image, outside = _path(fields.pop("image", ""))
    labelme, labelme_outside = _path(fields.pop("labelme", ""))
    problem = ""
    if len(values) > len(header):
        problem = f"has {len(values)} fields, the header {len(header)}; quote fields with commas"
    elif not image:
        problem = "names no image"
    elif outside or labelme_outside:
        problem = f"names {(image if outside else labelme)!r}, which leads out of the import"
    elif unclear:
        problem = f"has {unclear}; write it with a decimal point and no comma"
    known = {name: fields[name] for name in (*REQUIRED, *OPTIONAL) if fields.get(name)}
    return ManifestRow(line, image or f"manifest line {line}", labelme, known, problem)


def _read_decimal_commas(fields: dict[str, str], delimiter: str) -> str:
    """Write numbers with a decimal point; answers what may be a decimal comma or a thousand."""
    for name in NUMBERS:
        text = fields.get(name, "").strip()
        if not _DECIMAL_COMMA.fullmatch(text):
            continue
        if delimiter == "," and _THOUSANDS.fullmatch(text):
            return f"{name} {text!r}, which may be a thousand or a fraction"
        fields[name] = text.replace(",", ".")
    return ""


def _path(text: str) -> tuple[str, bool]:
    """A path in the import as `/` path, and whether it leads out of it."""
    raw = text.strip().replace("\\", "/")
    if not raw:
        return "", False
    path = posixpath.normpath(raw)
    return path, path.startswith(("/", "..")) or path[1:2] == ":"
