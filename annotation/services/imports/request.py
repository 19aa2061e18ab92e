"""What an import is asked to do, as a value that fits in a job's parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from annotation.services.intake.batch import REFERENCE, SUBMITTED
from domain.calibration import check_area_text
from domain.errors import InvalidInput
from domain.pixels import Rectangle, rectangle_from_text

STATES = (SUBMITTED, REFERENCE)
DEFAULT_STEP = 10
SUBJECT, SITE, READER = KINDS_OF_NAMES = ("subject", "site", "reader")


@dataclass(frozen=True)
class ImportRequest:
    """The settings of one import.

    Args:
        source: a folder or a zip archive.
        manifest: a CSV file; empty: `manifest.csv` of the source where it has one and no site is
            named.
        site: the site of all images where there is no manifest.
        pattern: regular expression on each path, with the named groups subject, site, side, visit,
            take and frame; empty: the folder's name is the subject, else the file's stem.
        state: `submitted` sends outlines to review, `reference` takes them as approved outside.
        create_site: an unknown `site` is created.
        encoding: of LabelMe files that are not UTF-8; empty: those are refused.
        masks, crop: rectangles `x,y,width,height` in px, blackened or kept before anything is
            stored.
        image_area: where the pictures show tissue, `x,y,width,height` in px of the file, or `full`;
            a depth spans its height.
        crop_is_area: the crop is the image area.
        sweeps: each folder of images is one dynamic take, its files the frames in order.
        step: of a clip or a sweep each `step`-th frame is taken.
        join_groups: shapes that share label and group_id become parts of one region.
        same: answers, each a kind of name (subject, site or reader), a spelling, and the name that
            it stands for.
    """

    source: str
    manifest: str = ""
    site: str = ""
    pattern: str = ""
    state: str = SUBMITTED
    dry_run: bool = False
    create_site: bool = False
    encoding: str = ""
    masks: tuple[str, ...] = ()
    crop: str = ""
    image_area: str = ""
    crop_is_area: bool = False
    sweeps: bool = False
    step: int = DEFAULT_STEP
    join_groups: bool = False
    same: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise InvalidInput(f"{self.state!r} is no state; use {' or '.join(STATES)}.")
        if not 1 <= self.step <= 10_000:
            raise InvalidInput("The sampling step is a whole number from 1 to 10,000.")
        for kind, *_ in self.same:
            if kind not in KINDS_OF_NAMES:
                raise InvalidInput(f"{kind!r} is no kind of name; use {', '.join(KINDS_OF_NAMES)}.")
        _ = (self.mask_rectangles, self.crop_rectangle)
        self._check_area()

    def _check_area(self) -> None:
        if self.image_area:
            check_area_text(self.image_area)
        if self.crop_is_area and not self.crop:
            raise InvalidInput("Name the crop that is the image area, or leave that out.")
        if self.crop_is_area and self.image_area:
            raise InvalidInput("Give the image area, or say that the crop is it, not both.")

    @property
    def mask_rectangles(self) -> tuple[Rectangle, ...]:
        return tuple(rectangle_from_text(text) for text in self.masks)

    @property
    def crop_rectangle(self) -> Rectangle | None:
        return rectangle_from_text(self.crop) if self.crop else None

    @property
    def hides_pixels(self) -> bool:
        """Whether pixels are hidden, so that no copy of the whole image may be kept."""
        return bool(self.masks or self.crop)

    def to_params(self) -> dict[str, Any]:
        """The request as JSON values."""
        return {
            **asdict(self),
            "masks": list(self.masks),
            "same": [list(answer) for answer in self.same],
        }

    @staticmethod
    def from_params(params: dict[str, Any]) -> ImportRequest:
        """The request that `to_params` wrote; other keys are left out."""
        known = {key: params[key] for key in ImportRequest.__dataclass_fields__ if key in params}
        same = tuple((str(a), str(b), str(c)) for a, b, c in known.get("same", ()))
        return ImportRequest(**{**known, "masks": tuple(known.get("masks", ())), "same": same})
