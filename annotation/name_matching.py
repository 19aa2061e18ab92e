"""Filename patterns, in the child process of core.sandbox: a crafted one can take for ever.

This module imports next to nothing, since it is started for each preview.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from domain.errors import InvalidInput


def match(payload: bytes, *, pattern: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The named groups that a pattern finds in each path of a JSON list; null: it does not fit."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"the pattern is not valid: {error}") from error
    found = [compiled.search(name) for name in json.loads(payload)]
    groups = [
        None if hit is None else {k: v for k, v in hit.groupdict().items() if v is not None}
        for hit in found
    ]
    yield {"names": list(compiled.groupindex)}, json.dumps(groups).encode()
