"""The images of a study, page by page, at a cost that does not grow with the study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet

from annotation.models import Image, Study
from annotation.selectors.images import spacing_of, why_no_mm

PAGE_SIZE = 48
COUNTED_UP_TO = 1000
SORTS: dict[str, tuple[str, ...]] = {
    "newest": ("-id",),
    "oldest": ("id",),
    "subject": ("subject__code", "id"),
    "-subject": ("-subject__code", "-id"),
    "site": ("site__order", "id"),
    "-site": ("-site__order", "-id"),
    "state": ("state", "id"),
    "-state": ("-state", "-id"),
}
SALT = "annotation.gallery"


@dataclass(frozen=True)
class Wanted:
    """Which images are asked for: filters, order, and where the page begins or ends."""

    site: str = ""
    state: str = ""
    subject: str = ""
    sort: str = "newest"
    after: str = ""
    before: str = ""


@dataclass(frozen=True)
class GalleryPage:
    """One page of images and the marks at which its neighbours begin; '' where there is none."""

    images: Sequence[Image] = field(default_factory=tuple)
    after: str = ""
    before: str = ""
    count_text: str = ""


def matching(study: Study, wanted: Wanted) -> QuerySet[Image]:
    """The images of `study` that `wanted` asks for, without those of withdrawn subjects."""
    images = Image.objects.filter(study=study, erased_at__isnull=True)
    if wanted.site:
        images = images.filter(site__slug=wanted.site, site__study=study)
    if wanted.state:
        images = images.filter(state=wanted.state)
    if wanted.subject:
        images = images.filter(subject__code__startswith=wanted.subject)
    return images


def page(study: Study, wanted: Wanted) -> GalleryPage:
    """One page, found by its neighbour's key and not by counting from the start (keyset).

    Reads PAGE_SIZE + 1 rows however large the study is. A mark that was tampered with, or that
    belongs to another order, begins at the first page.
    """
    keys = SORTS.get(wanted.sort, SORTS["newest"])
    backwards = bool(wanted.before) and not wanted.after
    mark = _read_mark(wanted.before if backwards else wanted.after, wanted.sort)
    order = tuple(_reversed(key) for key in keys) if backwards else keys
    images = matching(study, wanted)
    if mark is not None:
        images = images.filter(_beyond(order, mark))
    rows = list(_detailed(images).order_by(*order)[: PAGE_SIZE + 1])
    more = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    has_before = more if backwards else mark is not None
    has_after = mark is not None if backwards else more
    return GalleryPage(
        rows,
        after=_mark_of(rows[-1], wanted.sort) if rows and has_after else "",
        before=_mark_of(rows[0], wanted.sort) if rows and has_before else "",
        count_text=count_text(study, wanted),
    )


def count_text(study: Study, wanted: Wanted) -> str:
    """How many images match, in words; not counted beyond COUNTED_UP_TO."""
    count = matching(study, replace(wanted, after="", before=""))
    counted = count.order_by()[: COUNTED_UP_TO + 1].count()
    if counted > COUNTED_UP_TO:
        return f"more than {COUNTED_UP_TO:,} images"
    return "1 image" if counted == 1 else f"{counted:,} images"


def rows_for_export(study: Study, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """All matching images as plain rows, oldest first, without holding them in memory."""
    images = _detailed(matching(study, wanted)).order_by("id")
    for image in images.iterator(chunk_size=500):
        scan = image.take.scan
        spacing = spacing_of(image)
        yield {
            "image": image.pk,
            "subject": image.subject.code,
            "site": image.site.slug,
            "side": scan.side,
            "visit": scan.visit.date.isoformat() if scan.visit.date else "",
            "take": image.take.number,
            "frame": image.frame,
            "selected": int(scan.selected_take_id == image.take_id),
            "state": image.state,
            "width_px": image.width,
            "height_px": image.height,
            "spacing_x_mm": spacing.x_mm if spacing else "",
            "spacing_y_mm": spacing.y_mm if spacing else "",
            "why_no_mm": why_no_mm(image),
            "original_name": image.original_name,
        }


def _detailed(images: QuerySet[Image]) -> QuerySet[Image]:
    related = ("subject", "site", "take__scan__visit", "calibration", "scale_basis")
    return images.select_related(*related).prefetch_related("site__labels")


def _reversed(key: str) -> str:
    return key.removeprefix("-") if key.startswith("-") else f"-{key}"


def _beyond(order: Sequence[str], mark: Sequence[Any]) -> Q:
    """Rows strictly behind `mark`: later in the first key, or equal there and later in the next."""
    condition = Q()
    equal = Q()
    for key, value in zip(order, mark, strict=True):
        name = key.removeprefix("-")
        lookup = f"{name}__lt" if key.startswith("-") else f"{name}__gt"
        condition |= equal & Q(**{lookup: value})
        equal &= Q(**{name: value})
    return condition


def _mark_of(image: Image, sort: str) -> str:
    keys = SORTS.get(sort, SORTS["newest"])
    values = [_value(image, key.removeprefix("-")) for key in keys]
    return signing.dumps([sort, values], salt=SALT)


def _value(image: Image, key: str) -> Any:
    thing: Any = image
    for name in key.split("__"):
        thing = getattr(thing, name)
    return thing


def _read_mark(text: str, sort: str) -> list[Any] | None:
    if not text:
        return None
    try:
        marked_sort, values = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return list(values) if marked_sort == sort else None
