"""A share of scans goes blind to two annotators.

Who reads blind sees neither the pre-label nor anybody's work (`policies`); the expert decides
when both have submitted (`services.review`). Scans of test subjects and of the reserve are all read
so, because the truth that models are measured against rests on them, unless the study says
otherwise or has only one annotator.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import HELD_OUT, Assignment, Image, Membership, Scan, Study
from annotation.models.assignment import READERS
from annotation.policies import is_test_subject, require_admin
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
    require_admin(actor, study)
    if not (math.isfinite(share) and 0 <= share <= 1):
        raise InvalidInput("The share of scans read twice lies between 0 and 100 per cent.")
    annotators = _annotators(study)
    if share > 0 and annotators < READERS:
        raise Refused(
            f"Two readings need two annotators, and the study has {annotators}. Invite another."
        )
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


def plan(image: Image) -> bool:
    """Make an untouched image's readings agree with the study's share; answers whether it is read
    twice. Called for each image that arrives, in the caller's transaction."""
    twice = _is_read_twice(image)
    assignments = {one.slot: one for one in Assignment.objects.filter(image=image)}
    if any(one.person_id is not None for one in assignments.values()):
        return any(one.blind for one in assignments.values())
    if twice:
        _make_blind(image, assignments)
    elif any(one.blind for one in assignments.values()):
        _make_single(image)
    return twice


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


def _is_read_twice(image: Image) -> bool:
    study = image.study
    if study.held_out_read_twice and is_test_subject(image) and _annotators(study) >= READERS:
        return True
    return is_chosen(image.take.scan, study.double_reading_share)


def _annotators(study: Study) -> int:
    return study.memberships.filter(role=Membership.Role.ANNOTATOR).count()


def is_chosen(scan: Scan, share: float) -> bool:
    """Whether a scan is among the share that is read twice: all its takes and frames, or none."""
    digest = hashlib.sha256(f"double reading of scan {scan.pk}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _untouched(images: QuerySet[Image]) -> list[Image]:
    return list(
        images.filter(state=Image.State.NEW, erased_at__isnull=True)
        .exclude(annotations__isnull=False)
        .select_related("study", "take__scan")
        .order_by("id")
    )


def _make_blind(image: Image, assignments: dict[int, Assignment]) -> None:
    Assignment.objects.filter(image=image).update(blind=True)
    Assignment.objects.bulk_create(
        Assignment(image=image, slot=slot, blind=True)
        for slot in range(READERS)
        if slot not in assignments
    )


def _make_single(image: Image) -> None:
    """Take the second reading back; the first stays only where a query round asked for it."""
    Assignment.objects.filter(image=image, slot__gt=0).delete()
    Assignment.objects.filter(image=image, rank__isnull=True).delete()
    Assignment.objects.filter(image=image).update(blind=False)
