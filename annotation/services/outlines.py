"""Saving outlines: each save appends a revision, a stale one changes nothing."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Revision,
    RevisionContent,
    Scan,
)
from annotation.policies import can_annotate_in, can_take_reading, is_paired, require_member
from annotation.selectors.annotations import visible_suggestion
from annotation.selectors.labels import former_names
from annotation.services import assignments
from annotation.services.image_state import refresh_state
from core.models import User
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from domain.geometry import Region, clip_to_image, normalise, region_from_json, region_to_json

MAX_REGIONS = 1000
MAX_SECONDS = 24 * 3600.0
CLOSED = {
    Annotation.State.SUBMITTED: "This work waits for review. Take it back to change it.",
    Annotation.State.APPROVED: "This work is approved. An expert can return it to you.",
    Annotation.State.SETTLED: "This scan is decided. Your reading is kept as it is.",
}


def save(
    image: Image,
    author: User,
    regions: Sequence[dict[str, Any]],
    *,
    base: int,
    origin: str = Revision.Origin.DRAWN,
    decision: str = "",
    reason: str = "",
    seconds: float = 0.0,
    tools: dict[str, Any] | None = None,
    key: UUID | None = None,
    based_on: Revision | None = None,
    suggestion_version: str = "",
    offered_version: str | None = None,
) -> Revision:
    """Append a revision to the author's annotation of an image.

    `base` is the revision the work started from (0: none yet); if a newer one exists, Conflict is
    raised and nothing changes. A repeated `key` answers the revision that it made, and so does the
    same content on the same base: a page that is closed while it saves may not remember its key.
    `seconds` is the time spent since the last revision. `offered_version` names the pre-label that
    the author had before them, empty: none; the first save keeps it. Where it is not said, it is
    the one that the work started from, else the one that the author may see now. Regions are
    normalised to valid geometry on the 1/1000 px grid inside the image.
    """
    _check_may_save(image, author)
    canonical = canonical_regions(image, regions)
    _check_outcome(canonical, decision, reason)
    with transaction.atomic():
        if offered_version is None and suggestion_version:
            offered_version = suggestion_version
        annotation = open_annotation(image, author, offered_version)
        digest = content_digest(canonical, decision, reason)
        repeated = annotation.revisions.filter(
            Q(key=key, key__isnull=False) | Q(number=base + 1, author=author, digest=digest)
        ).first()
        if repeated:
            return repeated
        if annotation.state in CLOSED:
            raise Refused(CLOSED[Annotation.State(annotation.state)])
        revision = append_revision(
            annotation,
            canonical,
            base=base,
            author=author,
            origin=origin,
            decision=decision,
            reason=reason,
            seconds=_bounded(seconds),
            tools=tools or {},
            key=key,
            based_on=based_on,
            suggestion_version=suggestion_version,
        )
        if annotation.state == Annotation.State.DRAFT:
            refresh_state(image)
    return revision


def open_annotation(image: Image, author: User, offered_version: str | None) -> Annotation:
    """The author's annotation of an image; begun, and the scan taken, if there is none yet.

    Whoever had a pre-label before them did not draw blind, whatever the reading has become
    meanwhile. Raises Refused where somebody else reads the scan already.
    """
    annotation = Annotation.objects.filter(image=image, author=author).first()
    if annotation is not None:
        return annotation
    assignment = take_scan(image, author)
    offered = (
        visible_suggestion(author, image)
        if offered_version is None
        else image.suggestions.filter(hidden=False, version=offered_version).first()
    )
    return Annotation.objects.create(
        image=image,
        author=author,
        blind=assignment.blind and not assignment.with_pre_label and offered is None,
        offered=offered,
    )


def begin(image: Image, person: User) -> None:
    """Let a person open a scan to outline it, which takes a paired reading at once.

    Whether they read it with the pre-label or without is settled before they see either, and
    stays. Other scans are reserved for them, and taken with the first outline that is saved.
    """
    with suppress(Refused):
        if not is_paired(image):
            assignments.reserve(image, person)
        elif can_take_reading(person, image):
            take_scan(image, person)


def take_scan(image: Image, person: User) -> Assignment:
    """Give the reading of an image to a person; with that of a pair, those of the scan's other
    takes. Raises Refused where it is taken."""
    mine = _reading_of(person, image)
    if mine is not None:
        return mine
    if not can_take_reading(person, image):
        raise Refused("Two annotators read this scan. Review it when both have submitted.")
    if image.state in {Image.State.APPROVED, Image.State.UNUSABLE}:
        raise Refused("This scan is finished. Open the next one.")
    with transaction.atomic():
        Scan.objects.select_for_update().get(takes=image.take_id)
        assignments.release(image, person)
        return _reading_of(person, image) or _take_free(image, person)


def _reading_of(person: User, image: Image) -> Assignment | None:
    return Assignment.objects.filter(image=image, person=person).first()


def _take_free(image: Image, person: User) -> Assignment:
    free = Assignment.objects.filter(image=image, person=None).order_by("slot").first()
    if free is not None:
        alike = _of_other_takes(free, person) if is_paired(image) else []
        Assignment.objects.filter(pk__in=[free.pk, *alike]).update(person=person)
        free.person = person
        return free
    try:
        with transaction.atomic():
            return Assignment.objects.create(image=image, person=person, slot=0)
    except IntegrityError as error:
        raise Refused("Somebody else reads this scan already. Open the next one.") from error


def _of_other_takes(reading: Assignment, person: User) -> list[int]:
    """Free readings, of pairs of the same scan, that have the pre-label where `reading` has it."""
    others = Image.objects.filter(take__scan__takes=reading.image.take_id)
    free = Assignment.objects.filter(
        image__in=others.filter(assignments__with_pre_label=True),
        blind=True,
        with_pre_label=reading.with_pre_label,
        person=None,
    ).exclude(image__in=others.filter(assignments__person=person))
    return list(free.values_list("pk", flat=True))


def append_revision(
    annotation: Annotation,
    regions: list[dict[str, Any]],
    *,
    base: int,
    author: User,
    decision: str = "",
    reason: str = "",
    **fields: Any,
) -> Revision:
    """Append canonical regions as revision `base + 1` by compare-and-set, or raise Conflict."""
    moved = Annotation.objects.filter(pk=annotation.pk, revision_count=base).update(
        revision_count=F("revision_count") + 1, changed_at=timezone.now()
    )
    if not moved:
        raise Conflict(
            f"This outline was changed elsewhere since revision {base}. Nothing was overwritten."
        )
    revision = Revision.objects.create(
        annotation=annotation,
        number=base + 1,
        digest=content_digest(regions, decision, reason),
        author=author,
        decision=decision,
        reason=reason,
        **fields,
    )
    RevisionContent.objects.create(revision=revision, regions=regions)
    annotation.revision_count = base + 1
    return revision


def content_digest(regions: Sequence[dict[str, Any]], decision: str, reason: str) -> str:
    """SHA-256 of the canonical JSON of what a revision says."""
    content = {"regions": list(regions), "decision": decision, "reason": reason}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def canonical_regions(image: Image, regions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Regions as they are kept: known labels, valid, inside the image. Raises InvalidInput."""
    if len(regions) > MAX_REGIONS:
        raise InvalidInput(f"{len(regions)} regions on one image: at most {MAX_REGIONS} are kept.")
    known = set(image.site.labels.values_list("name", flat=True))
    # A page that was open while a label was renamed still says the name of before.
    given = [region_from_json(data, f"region {n}") for n, data in enumerate(regions, start=1)]
    names = former_names(image.site) if {one.label for one in given} - known else {}
    kept = []
    for number, region in enumerate(given, start=1):
        region = replace(region, label=names.get(region.label, region.label))
        if region.label not in known:
            raise InvalidInput(
                f"Region {number}: the site {image.site.slug} has no label {region.label!r}."
            )
        shape = clip_to_image(normalise(region.shape), image.width, image.height)
        if shape.is_empty:
            raise InvalidInput(f"Region {number} ({region.label}) has no area inside the image.")
        kept.append(region_to_json(Region(region.label, shape, region.cut)))
    return kept


def _check_may_save(image: Image, author: User) -> None:
    require_member(author, image.study)
    if not can_annotate_in(author, image.study):
        raise NotAllowed("Annotators and experts outline scans. Your role here is another.")
    if image.erased_at is not None:
        raise Refused("The subject withdrew consent: the scan was erased.")


def _check_outcome(regions: list[dict[str, Any]], decision: str, reason: str) -> None:
    if decision not in Revision.Decision.values:
        raise InvalidInput(f"{decision!r} is no decision. Use unusable, absent or skipped.")
    if decision and regions:
        raise InvalidInput("A decision without a contour cannot come with regions. Delete them.")
    if decision and not reason.strip():
        raise InvalidInput("Give a reason for the decision.")


def _bounded(seconds: float) -> float:
    if not math.isfinite(seconds) or seconds < 0:
        return 0.0
    return min(seconds, MAX_SECONDS)
