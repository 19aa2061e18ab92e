"""LabelMe JSON, read as LabelMe 5.5.0 reads it and checked as docs/labelme.md rules.

`parse` takes or refuses a file by itself; domain.labelme_regions turns its shapes into regions
of an image and back. Whatever a file holds beyond that stays in `document` as it was spelled.
Places in messages count from 1.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.errors import InvalidInput
from domain.geometry import COORDINATE_LIMIT, LABEL_LENGTH_LIMIT
from domain.lossless_json import DoubledObject, Number, dumps, loads
from domain.texts import UTF_8, NotUTF8, decoded

BYTE_LIMIT = 10 * 1024 * 1024
SHAPE_LIMIT = 1_000
VERTEX_LIMIT = 20_000

REGION_TYPES = ("polygon", "rectangle", "circle", "mask", "oriented_rectangle")
PLAIN_TYPES = ("point", "points", "line", "linestrip")
# Of X-AnyLabeling; the reader of LabelMe 5.5.0 takes them, its window does not draw them.
FOREIGN_TYPES = ("rotation", "quadrilateral", "cuboid")

OWN_KEY = "myotrace"
"""Key of a shape in our own exports: which region it is a part of, and where that is cut."""

_DECISIVE_KEYS = frozenset(
    {"shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
    | {"label", "points", "shape_type", "mask"}
)
_OLD_KEYS = ("lineColor", "fillColor", "line_color", "fill_color")
# Characters without a picture that are neither control nor format characters by category.
_BLANK_CHARACTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe0e\ufe0f")
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


@dataclass(frozen=True)
class Shape:
    """One shape of a LabelMe file.

    Args:
        number: its place in the file, counting from 1.
        label: its label as text, as it stands in the file.
        kind: its `shape_type`; polygon where it is missing or null.
        points: finite (x, y) in image pixels.
        group: its `group_id` as text; None where it has none.
        mask: the base64 text of its bitmap; None unless `kind` is mask.
        source: the object as it stands in the document.
    """

    number: int
    label: str
    kind: str
    points: tuple[tuple[float, float], ...]
    group: str | None
    mask: str | None
    source: dict[str, Any]

    @property
    def place(self) -> str:
        return f"shape {self.number} ({self.label!r})"


@dataclass(frozen=True)
class LabelMeDocument:
    """A LabelMe file that was taken, with all it holds and what is odd about it.

    width, height: the declared size in px, None where it is not declared. image_path and
    image_data: the two keys where they hold text, else None.
    """

    document: dict[str, Any]
    shapes: tuple[Shape, ...]
    width: int | None
    height: int | None
    image_path: str | None
    image_data: str | None
    warnings: tuple[str, ...]


def parse(data: bytes, encoding: str | None = None) -> LabelMeDocument:
    """The LabelMe file in `data`: UTF-8, or else `encoding` where one is named.

    Raises:
        InvalidInput: anything that docs/labelme.md 3.8 refuses by the file alone.
    """
    notes = _Notes()
    document = _document(loads(_text(data, encoding, notes)))
    _check_top(document, notes)
    shapes = _shapes(document["shapes"], notes)
    return LabelMeDocument(
        document=document,
        shapes=shapes,
        width=_declared(document, "imageWidth", notes),
        height=_declared(document, "imageHeight", notes),
        image_path=_text_or_none(document, "imagePath", notes),
        image_data=_text_or_none(document, "imageData", notes),
        warnings=notes.sentences(),
    )


def serialise(document: LabelMeDocument) -> bytes:
    """The file again: every key, number spelling, order and null as read, in UTF-8."""
    return encode(document.document)


def encode(document: dict[str, Any]) -> bytes:
    """The bytes of a LabelMe file that holds `document`, laid out as LabelMe writes it."""
    return dumps(document).encode("utf-8")


def shown(value: object) -> str:
    """A JSON value as text for people: strings as they are, all else as it is spelled."""
    return value if isinstance(value, str) else dumps(value)


def clean_label(text: str) -> str:
    """A label without the blanks around it.

    Raises:
        InvalidInput: nothing is left, it is longer than `LABEL_LENGTH_LIMIT` characters, or it
            has control or invisible characters.
    """
    if len(text) > LABEL_LENGTH_LIMIT:
        raise InvalidInput(
            f"the label begins {text[:20]!r} and has {len(text)} characters, more than "
            f"{LABEL_LENGTH_LIMIT}; shorten it"
        )
    for character in text:
        if (
            unicodedata.category(character) in _INVISIBLE_CATEGORIES
            or character in _BLANK_CHARACTERS
        ):
            name = unicodedata.name(character, "a control character")
            raise InvalidInput(
                f"the label {text!r} has an invisible character "
                f"(U+{ord(character):04X}, {name.lower()}); type the label again"
            )
    cleaned = text.strip()
    if not cleaned:
        raise InvalidInput("the label is empty; give the shape a label")
    return cleaned


@dataclass
class _Notes:
    """Warnings, each with the places it holds for."""

    places: dict[str, list[int]] = field(default_factory=dict)

    def add(self, sentence: str, shape_number: int | None = None) -> None:
        numbers = self.places.setdefault(sentence, [])
        if shape_number is not None:
            numbers.append(shape_number)

    def sentences(self) -> tuple[str, ...]:
        return tuple(self._sentence(text, numbers) for text, numbers in self.places.items())

    @staticmethod
    def _sentence(text: str, numbers: list[int]) -> str:
        if not numbers:
            return text
        unique = sorted(set(numbers))
        named = ", ".join(str(number) for number in unique[:10])
        more = f" and {len(unique) - 10} more" if len(unique) > 10 else ""
        return f"shape{'s' if len(unique) > 1 else ''} {named}{more}: {text}"


def _text(data: bytes, encoding: str | None, notes: _Notes) -> str:
    if not data:
        raise InvalidInput("the file is empty (0 bytes); save it again in LabelMe")
    if len(data) > BYTE_LIMIT:
        raise InvalidInput(
            f"the file has {len(data) / 1024 / 1024:.1f} MiB, more than the "
            f"{BYTE_LIMIT // 1024 // 1024} MiB a LabelMe file may have; "
            "save it without the embedded image"
        )
    try:
        text, read_as = decoded(data, encoding)
    except NotUTF8 as error:
        raise InvalidInput(
            f"{error.message}; name its encoding (cp1252, gbk, ...) or save it again in a newer "
            "LabelMe"
        ) from error
    if read_as == "utf-8-sig":
        notes.add("begins with a byte order mark, which LabelMe itself refuses; taken without it")
    elif read_as.startswith(("utf-16", "utf-32")):
        notes.add(f"is in {read_as}, which LabelMe itself refuses; read so")
    elif read_as != UTF_8:
        notes.add(f"not UTF-8; read as {read_as}: look at its labels")
    return text


def _document(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput("JSON, but no LabelMe file: it has no 'shapes' list")
    if isinstance(value.get("shapes"), dict):
        raise InvalidInput(
            "'shapes' is one object instead of a list of shapes, as some converters write it; put "
            "it between [ and ]"
        )
    if not isinstance(value.get("shapes"), list):
        raise InvalidInput(f"JSON, but no LabelMe file: {_other_format(value)}")
    if not value["shapes"] and any(key in value for key in ("chat_history", "vqaData")):
        raise InvalidInput("JSON, but no LabelMe file: it is a chat of X-AnyLabeling")
    return value


def _other_format(value: dict[str, Any]) -> str:
    if "annotations" in value and ("images" in value or "categories" in value):
        return "it looks like COCO; export LabelMe files instead"
    if str(value.get("type", "")) in ("FeatureCollection", "Feature", "Polygon", "MultiPolygon"):
        return "it looks like GeoJSON; export LabelMe files instead"
    if "info" in value and "objects" in value:
        return "it looks like ISAT; export LabelMe files from ISAT"
    if "chat_history" in value or "vqaData" in value:
        return "it is a chat of X-AnyLabeling"
    return "it has no 'shapes' list"


def _check_top(document: dict[str, Any], notes: _Notes) -> None:
    _check_doubled(document, "the file", notes, None)
    for key in ("version", "flags"):
        if document.get(key) is None:
            notes.add(f"'{key}' is {'null' if key in document else 'missing'}")
    version = document.get("version")
    if version is not None and not isinstance(version, str):
        notes.add(f"'version' is {shown(version)}, no text; kept as it is")
    _check_flags(document.get("flags"), notes, None)
    if any(key in document for key in _OLD_KEYS):
        notes.add("has keys of LabelMe 3 (line and fill colour); kept as they are")


def _check_doubled(value: dict[str, Any], place: str, notes: _Notes, number: int | None) -> None:
    for key in value.doubled if isinstance(value, DoubledObject) else ():
        if key in _DECISIVE_KEYS:
            raise InvalidInput(f"{place}: the key {key!r} stands twice; keep one")
        notes.add(f"the key {key!r} stands twice; the last one counts", number)


def _check_flags(flags: object, notes: _Notes, number: int | None) -> None:
    if flags is None:
        return
    if not isinstance(flags, dict):
        notes.add(f"'flags' is {_brief(flags)}, no object; kept as it is", number)
    elif any(not isinstance(value, bool) for value in flags.values()):
        notes.add("'flags' has values that are not true or false; kept as they are", number)


def _declared(document: dict[str, Any], key: str, notes: _Notes) -> int | None:
    value = document.get(key)
    if value is None:
        return None
    size = _whole_number(value)
    if size is None:
        raise InvalidInput(f"'{key}' is {_brief(value)}, which is no size in pixels; mend it")
    if not (isinstance(value, Number) and value.is_integer):
        notes.add(f"'{key}' is spelled {_brief(value)}; read as {size}")
    return size


def _whole_number(value: object) -> int | None:
    if not isinstance(value, Number | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if 0 < number <= COORDINATE_LIMIT and number == int(number) else None


def _text_or_none(document: dict[str, Any], key: str, notes: _Notes) -> str | None:
    value = document.get(key)
    if isinstance(value, str) and value:
        return value
    if key not in document:
        notes.add(f"'{key}' is missing; LabelMe itself would refuse the file")
    elif value is not None or key == "imagePath":
        notes.add(f"'{key}' is {_brief(value)}; taken as missing")
    return None


def _shapes(values: list[Any], notes: _Notes) -> tuple[Shape, ...]:
    if len(values) > SHAPE_LIMIT:
        raise InvalidInput(f"{len(values)} shapes are more than the {SHAPE_LIMIT} a file may have")
    if not values:
        notes.add("has no shapes; the image is taken without an outline")
    return tuple(_shape(value, number, notes) for number, value in enumerate(values, 1))


def _shape(value: Any, number: int, notes: _Notes) -> Shape:
    place = f"shape {number}"
    if not isinstance(value, dict):
        raise InvalidInput(f"{place}: is {_brief(value)}, no object with label and points")
    _check_doubled(value, place, notes, number)
    label = _label(value.get("label"), place, number, notes)
    place = f"{place} ({label!r})"
    kind = _kind(value, place, number, notes)
    _check_extras(value, kind, number, notes)
    return Shape(
        number=number,
        label=label,
        kind=kind,
        points=_points(value.get("points"), place),
        group=None if value.get("group_id") is None else shown(value["group_id"]),
        mask=_mask(value, kind, place),
        source=value,
    )


def _label(value: object, place: str, number: int, notes: _Notes) -> str:
    if value is None or isinstance(value, dict | list):
        raise InvalidInput(f"{place}: has no label; give it one")
    if not isinstance(value, str):
        notes.add(f"the label is {shown(value)}, no text; shown as text, kept as it is", number)
    text = shown(value)
    try:
        clean_label(text)
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error.message}") from error
    return text


def _kind(value: dict[str, Any], place: str, number: int, notes: _Notes) -> str:
    kind = value.get("shape_type")
    if kind is None:
        missing = "null" if "shape_type" in value else "missing"
        notes.add(f"'shape_type' is {missing}; read as polygon, as LabelMe does", number)
        return "polygon"
    if not isinstance(kind, str) or kind not in REGION_TYPES + PLAIN_TYPES + FOREIGN_TYPES:
        raise InvalidInput(
            f"{place}: the shape_type {_brief(kind)} is unknown; draw it as a polygon"
        )
    return kind


def _check_extras(value: dict[str, Any], kind: str, number: int, notes: _Notes) -> None:
    group = value.get("group_id")
    if group is not None and not (isinstance(group, Number) and group.is_integer):
        notes.add(f"'group_id' is {_brief(group)}, no whole number; kept as it is", number)
    description = value.get("description")
    if description is not None and not isinstance(description, str):
        notes.add(f"'description' is {_brief(description)}, no text; kept as it is", number)
    if "flags" in value and value["flags"] is None:
        notes.add("'flags' is null, which the window of LabelMe 5.5.0 cannot show; kept", number)
    _check_flags(value.get("flags"), notes, number)
    if any(key in value for key in _OLD_KEYS):
        notes.add("has keys of LabelMe 3 (line and fill colour); kept as they are")
    if kind != "mask" and value.get("mask"):
        notes.add(f"is a {kind} with a mask; the mask is kept and not used", number)


def _points(value: object, place: str) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or not value:
        raise InvalidInput(f"{place}: has no points; draw it again or delete it")
    if len(value) > VERTEX_LIMIT:
        raise InvalidInput(
            f"{place}: {len(value)} points are more than the {VERTEX_LIMIT} a shape may have"
        )
    return tuple(_point(point, f"{place}, point {number}") for number, point in enumerate(value, 1))


def _point(value: object, place: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidInput(f"{place}: is {_brief(value)}; a point is two numbers, x and y")
    return _coordinate(value[0], "x", place), _coordinate(value[1], "y", place)


def _coordinate(value: object, axis: str, place: str) -> float:
    if not isinstance(value, Number):
        raise InvalidInput(f"{place}: {axis} is {_brief(value)}, no number; mend or redraw it")
    coordinate = float(value)
    if not math.isfinite(coordinate):
        raise InvalidInput(f"{place}: {axis} is {value.text[:40]}, no finite number; redraw it")
    if abs(coordinate) > COORDINATE_LIMIT:
        raise InvalidInput(
            f"{place}: {axis} is {value.text[:40]}, more than {COORDINATE_LIMIT:.0f} px away; "
            "redraw it"
        )
    return coordinate


def _mask(value: dict[str, Any], kind: str, place: str) -> str | None:
    if kind != "mask":
        return None
    mask = value.get("mask")
    if not isinstance(mask, str) or not mask:
        raise InvalidInput(f"{place}: is a mask without its bitmap; draw it again")
    return mask


def _brief(value: object) -> str:
    text = dumps(value) if not isinstance(value, list | dict) else _NAMES[type(value)](value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_NAMES: dict[type, Callable[[Any], str]] = {
    list: lambda value: f"an array of {len(value)}",
    dict: lambda value: f"an object of {len(value)} keys",
    DoubledObject: lambda value: f"an object of {len(value)} keys",
}
