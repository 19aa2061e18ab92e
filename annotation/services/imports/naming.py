"""Whose images they are, by their paths: for folders without a manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.sandbox import Sandbox
from domain.errors import InvalidInput

GROUPS = ("subject", "site", "side", "visit", "take", "frame")
PATTERN_LIMIT = 500
PATTERN_SECONDS = 2


def names_caught(pattern: str, names: Sequence[str]) -> list[dict[str, str] | None]:
    """What the pattern's named groups catch in each path; None where it does not fit.

    The pattern is searched for, not matched from the start, in a process of its own: a pattern
    can take for ever.

    Raises:
        InvalidInput: not a regular expression, unknown or no named groups, or it takes too long.
    """
    if len(pattern) > PATTERN_LIMIT:
        raise InvalidInput(f"The pattern has more than {PATTERN_LIMIT} characters; shorten it.")
    with Sandbox(seconds=PATTERN_SECONDS) as sandbox:
        try:
            reply = sandbox.call(
                "annotation.name_matching.match", json.dumps(list(names)).encode(), pattern=pattern
            )
        except InvalidInput as error:
            if "takes longer" in error.message:
                raise InvalidInput(
                    "The pattern takes too long on these names; make it simpler."
                ) from error
            raise InvalidInput(f"Mend the pattern: {error.message}.") from error
    _check_groups(list(reply.result["names"]))
    return list(json.loads(reply.payload))


def default_subject(name: str) -> str:
    """The folder that a file lies in, else its stem."""
    path = PurePosixPath(name)
    return path.parent.name or path.stem


def _check_groups(names: list[str]) -> None:
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        raise InvalidInput(
            f"The pattern names {', '.join(unknown) or 'no group'}; write groups such as "
            f"(?P<subject>...), known are {', '.join(GROUPS)}."
        )
