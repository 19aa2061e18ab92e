"""What comes in, and what became of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from annotation.models import Image
from domain.calibration import Scale
from domain.errors import MyotraceError
from domain.names import identity

if TYPE_CHECKING:
    from annotation.services.imports.scales import SeenScale
    from annotation.services.scans import StoredPixels

IMPORTED = "imported"
UNCHANGED = "unchanged"
NEWER = "newer"
WORKED_HERE = "worked_here"
REFUSED = "refused"
SUBMITTED = "submitted"
REFERENCE = "reference"

ScanKey = tuple[str, date | None, str, str]
"""Identity of the subject's code, date of the visit, slug of the site, side."""


NO_SCALE = Scale(None)


@dataclass(frozen=True)
class Outlines:
    """The outlines of one file on one frame. `sha256` names the file in the file store.

    `regions` is the canonical JSON of docs/interface.md, empty where nothing is outlined. `reader`
    drew them; empty: whoever brings them in. `placement` is kept with the file (`SourceFile`).
    `labels` are those that the file uses, for a site that it starts.
    """

    name: str
    sha256: str
    regions: Sequence[dict[str, Any]]
    reader: str = ""
    placement: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """One frame with its place and its outlines, its pixels in the file store already.

    `take` None: the frames of one `group` share the take that they came to before, else the next
    free one. `selected`: its take is the one that evaluation uses. `name` is its file's;
    `pixel_aspect` and `grey_maximum` are what that says of its pixels (see `Image`), `seen` what is
    known of its scale.
    """

    subject: str
    site: str
    stored: StoredPixels
    name: str = ""
    original_sha256: str = ""
    pixel_aspect: float | None = 1.0
    grey_maximum: int | None = None
    side: str = ""
    visit: date | None = None
    take: int | None = None
    group: str = ""
    frame: int = 0
    selected: bool = False
    partition: str = ""
    subject_fields: Mapping[str, Any] = field(default_factory=dict)
    take_fields: Mapping[str, Any] = field(default_factory=dict)
    scale: Scale = NO_SCALE
    seen: SeenScale | None = None
    outlines: tuple[Outlines, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The stored files that the frame and its outlines are in, by their SHA-256."""
        return (self.stored.file_sha256, *(one.sha256 for one in self.outlines))

    @property
    def scan_key(self) -> ScanKey:
        """The scan that the frame is of."""
        return (identity(self.subject), self.visit, self.site, self.side)


@dataclass(frozen=True)
class NewSite:
    """A site that is made with the first scan taken for it."""

    slug: str
    plane: str
    labels: tuple[str, ...]


@dataclass
class OutlinesOutcome:
    """What became of the outlines of one file: a status of this module, and what is to be said."""

    outlines: Outlines
    status: str = IMPORTED
    reasons: list[str] = field(default_factory=list)

    def end(self, status: str, *reasons: str) -> None:
        """Settle what became of them."""
        self.status = status
        self.reasons.extend(reasons)


@dataclass
class Outcome:
    """What became of a frame: `imported`, `unchanged` or `refused` (`error` says why), and of each
    of its files of outlines. `image` is the row that was made or found, `take` its number."""

    frame: Frame
    status: str = IMPORTED
    reasons: list[str] = field(default_factory=list)
    outlines: list[OutlinesOutcome] = field(default_factory=list)
    image: Image | None = None
    take: int | None = None
    error: MyotraceError | None = None

    def refuse(self, error: MyotraceError) -> None:
        """Take nothing of the frame."""
        self.status, self.error, self.image = REFUSED, error, None

    @property
    def is_taken(self) -> bool:
        """Whether the frame is of the study now."""
        return self.status != REFUSED
