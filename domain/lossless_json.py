"""JSON read so that it can be written again as it was: number spelling, key order, odd strings.

Objects become dicts, arrays lists, strings str; a number becomes a `Number` that keeps its
spelling (`1`, `1.0`, `1e0`, `NaN` stay apart). White space is not kept.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

import numpy as np

from domain.errors import InvalidInput

DEPTH_LIMIT = 64

# The closing quote is optional: an open string then matches once to the end, in linear time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Number:
    """A JSON number by its spelling; `float()` gives its value, which may be NaN or infinite."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __float__(self) -> float:
        return float(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text!r})"

    @property
    def is_integer(self) -> bool:
        """Whether it is spelled as an integer."""
        return self.text.lstrip("-").isdecimal()


class DoubledObject(dict[str, Any]):
    """An object in which `doubled` keys stand more than once; the last value counts."""

    doubled: tuple[str, ...] = ()


def loads(text: str) -> Any:
    """The value of a JSON text.

    NaN, Infinity and -Infinity are read as numbers, as Python and LabelMe write them.

    Raises:
        InvalidInput: not JSON, more than one document, or nested deeper than `DEPTH_LIMIT`
            levels; the message names line and column.
    """
    check_depth(text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(_syntax_message(error)) from error


def dumps(value: Any, indent: int = 2) -> str:
    """The JSON text of a value of `loads`, or of plain Python values, without ASCII escapes."""
    return "".join(_pieces(value, " " * indent, "\n"))


def check_depth(text: str) -> None:
    """Raises InvalidInput where arrays and objects nest deeper than `DEPTH_LIMIT` levels."""
    brackets = np.frombuffer(_STRING.sub(b"", text.encode("utf-8", "surrogatepass")), np.uint8)
    opened = np.isin(brackets, tuple(b"[{")).astype(np.int32)
    closed = np.isin(brackets, tuple(b"]}")).astype(np.int32)
    if len(brackets) and int(np.cumsum(opened - closed).max()) > DEPTH_LIMIT:
        raise InvalidInput(f"nested deeper than {DEPTH_LIMIT} levels; this is no LabelMe file")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    doubled = DoubledObject(plain)
    counts = Counter(key for key, _ in pairs)
    doubled.doubled = tuple(key for key in plain if counts[key] > 1)
    return doubled


_DECODER = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_object
)


def _syntax_message(error: json.JSONDecodeError) -> str:
    place = f"line {error.lineno}, column {error.colno}"
    if error.msg == "Extra data":
        return f"a second document begins at {place}; keep one JSON document in the file"
    return f"not valid JSON at {place} ({error.msg}); save it again in LabelMe"


def _pieces(value: Any, indent: str, newline: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _object_pieces(value, indent, newline)
    elif isinstance(value, list | tuple):
        yield from _array_pieces(value, indent, newline)
    elif isinstance(value, Number):
        yield value.text
    elif isinstance(value, str):
        yield _string(value)
    else:
        yield json.dumps(value)


def _object_pieces(value: dict[str, Any], indent: str, newline: str) -> Iterator[str]:
    if not value:
        yield "{}"
        return
    inner = newline + indent
    separator = "{" + inner
    for key, item in value.items():
        yield f"{separator}{_string(key)}: "
        yield from _pieces(item, indent, inner)
        separator = "," + inner
    yield newline + "}"


def _array_pieces(value: list[Any] | tuple[Any, ...], indent: str, newline: str) -> Iterator[str]:
    if not value:
        yield "[]"
        return
    inner = newline + indent
    separator = "[" + inner
    for item in value:
        yield separator
        yield from _pieces(item, indent, inner)
        separator = "," + inner
    yield newline + "]"


def _string(text: str) -> str:
    # A lone surrogate ("\ud800") has no UTF-8 form; only its escape survives.
    if _LONE_SURROGATE.search(text):
        return encode_basestring_ascii(text)
    return encode_basestring(text)
