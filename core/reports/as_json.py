"""The data of a report as JSON: what its dataclasses hold, but for what is only drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any

DRAWN = {"drawn": True}
"""Metadata of a field that a plot or picture stands in: left out of the JSON."""


def plain(value: Any) -> Any:
    """Dataclasses as objects, moments in ISO 8601 (UTC), numbers that are not finite as null."""
    if is_dataclass(value) and not isinstance(value, type):
        kept = [one.name for one in fields(value) if not one.metadata.get("drawn")]
        return {name: plain(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def as_text(value: Any) -> str:
    """The same as text: two spaces of indent, letters as they are."""
    return json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
