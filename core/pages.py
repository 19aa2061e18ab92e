"""View models that every app's pages share: what an empty page teaches, and paging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


def whole_number(text: str) -> int | None:
    """A number as it stands in an address; None where it is none."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


@dataclass(frozen=True)
class Step:
    """One of the few things to do on an empty page; `next` marks the one to do now."""

    title: str
    text: str
    button: str = ""
    href: str = ""
    done: bool = False
    next: bool = False


@dataclass(frozen=True)
class Empty:
    """What stands on a page that has nothing to show yet: one button, or numbered steps."""

    title: str
    text: str = ""
    steps: Sequence[Step] = field(default_factory=tuple)
    button: str = ""
    href: str = ""


@dataclass(frozen=True)
class Pages:
    """Links to the pages before and after; an empty address means there is none."""

    text: str
    previous_href: str = ""
    next_href: str = ""
