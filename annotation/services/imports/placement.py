"""Whose image it is: the fields of a manifest's row or of a filename pattern, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from annotation.models import Partition
from domain.calibration import check_area_text
from domain.errors import InvalidInput
from domain.names import plain, subject_code
from domain.sex import sex_from

SIDES = {"": "", "l": "left", "left": "left", "r": "right", "right": "right"}
YES = frozenset(("1", "true", "yes", "y", "x"))
NO = frozenset(("", "0", "false", "no", "n"))
# As long as the columns of the tables.
LENGTHS = {
    "subject": 64,
    "site": 60,
    "operator": 60,
    "device": 100,
    "preset": 60,
    "centre": 100,
    "cohort": 60,
    "sex": 40,
    "reader": 150,
    "image_area": 60,
}


@dataclass(frozen=True)
class Placement:
    """Where an image belongs. `take`, `frame`: None where nothing says; the import numbers them."""

    subject: str
    site: str
    side: str = ""
    visit: date | None = None
    take: int | None = None
    frame: int | None = None
    selected: bool = False
    operator: str = ""
    device: str = ""
    preset: str = ""
    depth_mm: float | None = None
    spacing_x_mm: float | None = None
    spacing_y_mm: float | None = None
    centre: str = ""
    cohort: str = ""
    sex: str = ""
    age: float | None = None
    reader: str = ""
    partition: str = ""
    image_area: str = ""

    @property
    def take_fields(self) -> dict[str, Any]:
        """What belongs to the take, as far as it is said."""
        values = {name: getattr(self, name) for name in ("operator", "device", "preset")}
        return {name: value for name, value in values.items() if value} | (
            {"depth_mm": self.depth_mm} if self.depth_mm is not None else {}
        )

    @property
    def subject_fields(self) -> dict[str, Any]:
        """What belongs to the subject, as far as it is said."""
        values = {name: getattr(self, name) for name in ("centre", "cohort", "sex")}
        return {name: value for name, value in values.items() if value} | (
            {"age": self.age} if self.age is not None else {}
        )


def placement_from_fields(fields: Mapping[str, str]) -> Placement:
    """The placement that texts describe.

    Raises:
        InvalidInput: subject or site missing, or a value that is none of its kind; the message
            names the field.
    """
    values = {name: plain(value) for name, value in fields.items()}
    for name in ("subject", "site"):
        if not values.get(name):
            raise InvalidInput(f"{name} is missing")
    for name, length in LENGTHS.items():
        _check_text(name, values.get(name, ""), length)
    values["subject"] = subject_code(values["subject"])
    spacing = [_number(values, name, 5.0) for name in ("spacing_x_mm", "spacing_y_mm")]
    if (spacing[0] is None) != (spacing[1] is None):
        raise InvalidInput("spacing_x_mm and spacing_y_mm come together; give both or none")
    if values.get("image_area"):
        check_area_text(values["image_area"])
    values["sex"] = sex_from(values.get("sex", ""))
    return Placement(
        **{name: values.get(name, "") for name in LENGTHS},
        side=_one_of("side", values.get("side", "").lower(), SIDES),
        visit=_date(values.get("visit", "")),
        take=_whole_number(values, "take", 1, 32_767),
        frame=_whole_number(values, "frame", 0, 2_000_000_000),
        selected=_yes(values.get("selected", "")),
        depth_mm=_number(values, "depth_mm", 1000.0),
        spacing_x_mm=spacing[0],
        spacing_y_mm=spacing[1],
        age=_age(values),
        partition=_one_of(
            "partition",
            values.get("partition", "").lower(),
            {"": ""} | {p: p for p in Partition.values},
        ),
    )


def _check_text(name: str, value: str, length: int) -> None:
    if len(value) > length:
        raise InvalidInput(f"{name} has {len(value)} characters, more than {length}; shorten it")
    if not value.isprintable():
        raise InvalidInput(f"{name} has control characters; type it again")


def _one_of(name: str, value: str, known: Mapping[str, str]) -> str:
    if value not in known:
        raise InvalidInput(
            f"{name} is {value!r}; use {', '.join(sorted(set(known.values()) - {''}))} or leave it"
        )
    return known[value]


def _date(value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"visit is {value!r}, no date; write it as 2026-03-02") from error


def _yes(value: str) -> bool:
    if value.lower() not in YES | NO:
        raise InvalidInput(f"selected is {value!r}; write yes or no")
    return value.lower() in YES


def _whole_number(values: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = values.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or not least <= int(text) <= most:
        raise InvalidInput(f"{name} is {text[:40]!r}; write a whole number from {least}")
    return int(text)


def _number(values: Mapping[str, str], name: str, most: float) -> float | None:
    text = values.get(name, "")
    if not text:
        return None
    number = _float(text)
    if number is None or not 0 < number < most:
        raise InvalidInput(f"{name} is {text[:40]!r}; write a number between 0 and {most:g}")
    return number


def _age(values: Mapping[str, str]) -> float | None:
    text = values.get("age", "")
    if not text:
        return None
    number = _float(text)
    if number is None or not 0 <= number <= 130:
        raise InvalidInput(f"age is {text[:40]!r}; write years, 0 to 130")
    return number


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
