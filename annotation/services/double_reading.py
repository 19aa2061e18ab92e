"""A share of scans goes to two annotators, neither of whom sees the other's work.

Who reads blind sees neither the pre-label nor anybody's work (`policies`); the expert decides
when both have submitted (`services.review`). Scans of test subjects and of the reserve are all read
so, because the truth that models are measured against rests on them, unless the study says
otherwise or has only one annotator.

Of a paired reading one annotator has the pre-label and the other has not: what the sight of it does
can be told within the image only (docs/algorithms/evidence.md).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import HELD_OUT, Assignment, Image, Membership, Scan, Site, Study
from annotation.models.assignment import READERS
from annotation.policies import is_test_subject, require_admin
from annotation.selectors.annotations import current_suggestion
from annotation.selectors.sweeps import frame_count
from core.models import User
from core.services import audit
from domain.errors import InvalidInput, Refused


def set_share(study: Study, share: float, *, actor: User) -> int:
    """Set the share of scans that are read twice, and plan it for scans nobody has begun.

    Scans are chosen by a fixed draw of their own: a larger share keeps all that a smaller one
    chose. Readings that somebody has taken stay whatever the share becomes. Answers how many
    untouched images are read twice now. Raises InvalidInput unless 0 <= share <= 1, Refused where
    the study has fewer than two annotators.
    """
    _check_share(study, share, actor)
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(double_reading_share=share)
        study.double_reading_share = share
        planned = sum(plan(image) for image in _untouched(Image.objects.filter(study=study)))
        audit.record(
            "double reading set",
            actor=actor,
            target=study,
            scope=study.name,
            share=share,
            images=planned,
        )
    return planned


def set_paired_share(site: Site, share: float, *, actor: User) -> int:
    """Set the share of a site's scans of which one reading has the pre-label and one has not.

    Drawn as `set_share` draws, by another draw, from the single frames of subjects whom the split
    has placed and not held out, as soon as they have a pre-label. Answers how many images that
    nobody has begun are paired now. Raises as `set_share`.
    """
    study = site.study
    _check_share(study, share, actor)
    with transaction.atomic():
        Site.objects.filter(pk=site.pk).update(paired_share=share)
        site.paired_share = share
        for image in _untouched(Image.objects.filter(site=site)):
            plan(image)
        planned = Assignment.objects.filter(
            image__site=site, image__state=Image.State.NEW, with_pre_label=True
        ).count()
        audit.record(
            "paired reading set",
            actor=actor,
            target=site,
            scope=study.name,
            site=site.slug,
            share=share,
            images=planned,
        )
    return planned


def plan(image: Image) -> bool:
    """Make an untouched image's readings agree with the shares of its study and site; answers
    whether it is read twice. Called for each image that arrives, and when it gets a pre-label, in
    the caller's transaction."""
    assignments = {one.slot: one for one in Assignment.objects.filter(image=image)}
    if any(one.person_id is not None for one in assignments.values()):
        return any(one.blind for one in assignments.values())
    readings = _wanted_readings(image)
    if readings:
        _make_two(image, assignments, readings)
    elif any(one.blind for one in assignments.values()):
        _make_single(image)
    return bool(readings)


def plan_pairs(subject_ids: Collection[int]) -> None:
    """Plan the paired readings of subjects whom the split has just placed."""
    images = Image.objects.filter(subject__in=subject_ids, site__paired_share__gt=0)
    for image in _untouched(images):
        plan(image)


def plan_subjects(subject_ids: Collection[int]) -> int:
    """Plan what nobody has begun of subjects whose partition is new; answers how many images are
    read twice now."""
    images = _untouched(Image.objects.filter(subject__in=subject_ids))
    return sum(plan(image) for image in images)


def plan_held_out(study: Study) -> int:
    """Plan what nobody has begun of test subjects and of the reserve, when annotators join."""
    images = Image.objects.filter(study=study, subject__partition__partition__in=HELD_OUT)
    return sum(plan(image) for image in _untouched(images))


def set_for_held_out(study: Study, twice: bool, *, actor: User) -> int:
    """Set whether all scans of test subjects and of the reserve are read twice, and plan it for
    those nobody has begun; answers how many images are read twice now."""
    require_admin(actor, study)
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(held_out_read_twice=twice)
        study.held_out_read_twice = twice
        planned = sum(plan(image) for image in _untouched(Image.objects.filter(study=study)))
        audit.record(
            "double reading of test scans set",
            actor=actor,
            target=study,
            scope=study.name,
            twice=twice,
            images=planned,
        )
    return planned


def _check_share(study: Study, share: float, actor: User) -> None:
    require_admin(actor, study)
    if not (math.isfinite(share) and 0 <= share <= 1):
        raise InvalidInput("The share of scans read twice lies between 0 and 100 per cent.")
    annotators = _annotators(study)
    if share > 0 and annotators < READERS:
        raise Refused(
            f"Two readings need two annotators, and the study has {annotators}. Invite another."
        )


def _wanted_readings(image: Image) -> tuple[bool, ...]:
    """For each of two readings whether it has the pre-label; empty: the image is read once."""
    if _is_read_blind(image):
        return (False,) * READERS
    if _is_paired(image):
        first = _drawn("first reading", image.take.scan) < 0.5
        return (first, not first)
    return ()


def _is_read_blind(image: Image) -> bool:
    study = image.study
    if study.held_out_read_twice and is_test_subject(image) and _annotators(study) >= READERS:
        return True
    return is_chosen(image.take.scan, study.double_reading_share)


def _is_paired(image: Image) -> bool:
    """Whether the image is read with and without its pre-label.

    No frames of a sweep, which are drawn one from the other, and no subject without a partition:
    one that is held out later would bring a reading that was not blind into a lock.
    """
    partition = getattr(image.subject, "partition", None)
    return (
        _drawn("paired reading", image.take.scan) < image.site.paired_share
        and partition is not None
        and partition.partition not in HELD_OUT
        and _annotators(image.study) >= READERS
        and frame_count(image) == 1
        and current_suggestion(image) is not None
    )


def _annotators(study: Study) -> int:
    return study.memberships.filter(role=Membership.Role.ANNOTATOR).count()


def is_chosen(scan: Scan, share: float) -> bool:
    """Whether a scan is among the share that is read twice: all its takes and frames, or none."""
    return _drawn("double reading", scan) < share


def _drawn(what: str, scan: Scan) -> float:
    """A number from 0 to 1 that belongs to the scan, another one for each `what`."""
    digest = hashlib.sha256(f"{what} of scan {scan.pk}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _untouched(images: QuerySet[Image]) -> list[Image]:
    return list(
        images.filter(state=Image.State.NEW, erased_at__isnull=True)
        .exclude(annotations__isnull=False)
        .select_related("study", "site", "subject__partition", "take__scan")
        .order_by("id")
    )


def _make_two(image: Image, assignments: dict[int, Assignment], readings: tuple[bool, ...]) -> None:
    """Both free readings as wanted, which each see nothing of the other; ranks stay."""
    Assignment.objects.filter(image=image).update(blind=True, with_pre_label=False)
    for slot, with_pre_label in enumerate(readings):
        Assignment.objects.update_or_create(
            image=image,
            slot=slot,
            defaults={"blind": True, "with_pre_label": with_pre_label},
        )


def _make_single(image: Image) -> None:
    """Take the second reading back; the first stays only where a query round asked for it."""
    Assignment.objects.filter(image=image, slot__gt=0).delete()
    Assignment.objects.filter(image=image, rank__isnull=True).delete()
    Assignment.objects.filter(image=image).update(blind=False, with_pre_label=False)
