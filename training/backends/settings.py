"""Settings of a run, declared once as dataclass fields: default, limits, help, parsing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from domain.errors import InvalidInput

Declared = TypeVar("Declared")
MOST_MEMBERS = 5


def integer(default: int, minimum: int, maximum: int, text: str) -> Any:
    """A whole number from `minimum` to `maximum`."""
    return _declare(default, "integer", _integer, text, minimum=minimum, maximum=maximum)


def number(default: float, minimum: float, maximum: float, text: str) -> Any:
    """A finite number from `minimum` to `maximum`."""
    return _declare(default, "number", _number, text, minimum=minimum, maximum=maximum)


def choice(default: str, choices: tuple[str, ...], text: str) -> Any:
    """One of a few words."""
    return _declare(default, "choice", _choice, text, choices=choices)


def flag(default: bool, text: str) -> Any:
    """True or false."""
    return _declare(default, "flag", _flag, text)


def members() -> Any:
    """How many networks a run trains; the runner trains them, one after the other."""
    return integer(
        1,
        1,
        MOST_MEMBERS,
        "Networks that vote together, each from a seed of its own: as many times the time, and a"
        " measure of how sure they are.",
    )


def custom(default: object, parse: Callable[[object], object], text: str) -> Any:
    """A value that `parse` reads; it raises ValueError saying what it wants."""
    return _declare(default, "text", lambda value, _: parse(value), text)


def parse(declaration: type[Declared], given: Mapping[str, object]) -> Declared:
    """The settings with the given ones checked; numbers may come as text, as from `--set`.

    Raises InvalidInput naming the first setting that is unknown or out of range.
    """
    fields = {field.name: field for field in dataclasses.fields(declaration)}  # type: ignore[arg-type]
    for name in given:
        if name not in fields:
            known = ", ".join(fields)
            raise InvalidInput(f"There is no setting {name!r}; there are: {known}.")
    values = {name: _parse_one(fields[name], value) for name, value in given.items()}
    return declaration(**values)


def describe(declaration: type) -> list[dict[str, Any]]:
    """Name, kind, default, limits and help of every setting."""
    return [
        {
            "name": field.name,
            "kind": field.metadata["kind"],
            "default": field.default,
            "help": field.metadata["help"],
            **field.metadata["limits"],
        }
        for field in dataclasses.fields(declaration)
    ]


def _declare(default: object, kind: str, parse: object, text: str, **limits: object) -> Any:
    metadata = {"kind": kind, "parse": parse, "help": text, "limits": limits}
    return dataclasses.field(default=default, metadata=metadata)


def _parse_one(field: dataclasses.Field[Any], value: object) -> Any:
    try:
        return field.metadata["parse"](value, field.metadata["limits"])
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(f"The setting {field.name} {error}, not {value!r}.") from None


def _integer(value: object, limits: Mapping[str, Any]) -> int:
    message = f"is a whole number from {limits['minimum']} to {limits['maximum']}"
    try:
        parsed = int(value) if isinstance(value, int | str) else None
    except ValueError:
        parsed = None
    outside = parsed is None or not limits["minimum"] <= parsed <= limits["maximum"]
    if outside or isinstance(value, bool):
        raise ValueError(message)
    return int(parsed)  # type: ignore[arg-type]


def _number(value: object, limits: Mapping[str, Any]) -> float:
    message = f"is a number from {limits['minimum']:g} to {limits['maximum']:g}"
    try:
        parsed = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        parsed = math.nan
    if isinstance(value, bool) or not limits["minimum"] <= parsed <= limits["maximum"]:
        raise ValueError(message)
    return parsed


def _choice(value: object, limits: Mapping[str, Any]) -> str:
    if value not in limits["choices"]:
        raise ValueError(f"is one of {', '.join(limits['choices'])}")
    return str(value)


def _flag(value: object, limits: Mapping[str, Any]) -> bool:
    words = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
    word = str(value).lower()
    if word not in words:
        raise ValueError("is true or false")
    return words[word]
