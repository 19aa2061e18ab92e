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
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from annotation.models import (
    HELD_OUT,
    Annotation,
    Assignment,
    Image,
    Membership,
    Scan,
    Site,
    Study,
    Suggestion,
)
from annotation.models.assignment import READERS
from annotation.policies import require_admin, role_of
from core.models import User
from core.services import audit
from domain.errors import InvalidInput, Refused

CHUNK = 200
"""Images that are planned together: with few statements, since others wait to save meanwhile."""


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
        planned = _plan_untouched(Image.objects.filter(study=study))
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
        _plan_untouched(Image.objects.filter(site=site))
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
    return _plan(_with_details(Image.objects.filter(pk=image.pk))) > 0


def plan_arrived(image_ids: Collection[int]) -> int:
    """The same for many images, those left out that came with outlines."""
    return _plan_untouched(Image.objects.filter(pk__in=image_ids))


def plan_pairs(subject_ids: Collection[int]) -> None:
    """Plan the paired readings of subjects whom the split has just placed."""
    _plan_untouched(Image.objects.filter(subject__in=subject_ids, site__paired_share__gt=0))


def plan_subjects(subject_ids: Collection[int]) -> int:
    """Plan what nobody has begun of subjects whose partition is new; answers how many images are
    read twice now."""
    return _plan_untouched(Image.objects.filter(subject__in=subject_ids))


def plan_held_out(study: Study) -> int:
    """Plan what nobody has begun of test subjects and of the reserve, when annotators join."""
    return _plan_untouched(
        Image.objects.filter(study=study, subject__partition__partition__in=HELD_OUT)
    )


def release(study: Study, person: User) -> None:
    """Free what a person who is no annotator now took, has not begun and may read no longer.

    Of pairs for which no two annotators are left, what nobody took is given up: a reading that was
    begun goes on as it is, without a second. In the caller's transaction.
    """
    taken = Assignment.objects.filter(image__study=study, person=person, done_at=None)
    taken = taken.exclude(_has_begun())
    if role_of(person, study) == Membership.Role.EXPERT:
        taken = taken.filter(image__in=_paired_images(study))
    images = list(taken.values_list("image", flat=True))
    Assignment.objects.filter(image__in=images, person=person).update(person=None)
    _plan_untouched(Image.objects.filter(pk__in=images))
    if _annotators(study) < READERS:
        _give_up_pairs(study)


def _give_up_pairs(study: Study) -> None:
    _plan_untouched(_paired_images(study))
    half = Assignment.objects.filter(image__in=_paired_images(study), person=None)
    images = list(half.values_list("image", flat=True))
    Assignment.objects.filter(image__in=images, person=None).delete()
    left = Assignment.objects.filter(image__in=images)
    left.exclude(_has_begun()).update(blind=False, with_pre_label=False)
    left.update(slot=0)


def _paired_images(study: Study) -> QuerySet[Image]:
    return Image.objects.filter(study=study, assignments__with_pre_label=True)


def _has_begun() -> Exists:
    """Whether the person of an assignment has begun to outline its image."""
    return Exists(Annotation.objects.filter(image=OuterRef("image"), author=OuterRef("person")))


def set_for_held_out(study: Study, twice: bool, *, actor: User) -> int:
    """Set whether all scans of test subjects and of the reserve are read twice, and plan it for
    those nobody has begun; answers how many images are read twice now."""
    require_admin(actor, study)
    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(held_out_read_twice=twice)
        study.held_out_read_twice = twice
        planned = _plan_untouched(Image.objects.filter(study=study))
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


def _plan_untouched(images: QuerySet[Image]) -> int:
    """Plan what nobody has begun, in the caller's transaction; answers how many of it are read
    twice now."""
    untouched = _with_details(
        images.filter(state=Image.State.NEW, erased_at__isnull=True).exclude(
            annotations__isnull=False
        )
    )
    return sum(_plan(untouched[start : start + CHUNK]) for start in range(0, len(untouched), CHUNK))


def _with_details(images: QuerySet[Image]) -> list[Image]:
    details = ("study", "site", "subject__partition", "take__scan")
    return list(images.select_related(*details).order_by("id"))


def _plan(images: Sequence[Image]) -> int:
    """Plan images of one study that nobody has begun, in a number of statements that does not
    grow; answers how many are read twice. A reading that somebody has taken stays."""
    scans = {image.take.scan_id for image in images}
    list(Scan.objects.select_for_update().filter(pk__in=scans).order_by("pk"))
    assignments = Assignment.objects.filter(image__in=images)
    taken = set(assignments.filter(person__isnull=False).values_list("image", flat=True))
    twice = set(assignments.filter(blind=True).values_list("image", flat=True))
    free = [image for image in images if image.pk not in taken]
    readings = _wanted_readings(free)
    _make_two(readings)
    _give_to_readers_of_other_takes([image for image in free if any(readings.get(image.pk, ()))])
    _make_single([image.pk for image in free if image.pk in twice and image.pk not in readings])
    return len(readings) + len(taken & twice)


def _wanted_readings(images: Sequence[Image]) -> dict[int, tuple[bool, ...]]:
    """For each of two readings whether it has the pre-label, by image; none: it is read once."""
    if not images:
        return {}
    are_enough = _annotators(images[0].study) >= READERS
    pairs = _pairs(images) if are_enough else []
    blind = [image for image in images if _is_read_blind(image, are_enough)]
    return {image.pk: _arms(image.take.scan) for image in pairs} | {
        image.pk: (False,) * READERS for image in blind
    }


def _is_read_blind(image: Image, are_enough: bool) -> bool:
    study = image.study
    if study.held_out_read_twice and _partition(image) in HELD_OUT and are_enough:
        return True
    return is_chosen(image.take.scan, study.double_reading_share)


def _partition(image: Image) -> str:
    partition = getattr(image.subject, "partition", None)
    return partition.partition if partition is not None else ""


def _pairs(images: Sequence[Image]) -> list[Image]:
    """Those that are read with and without their pre-label.

    No subject without a partition: one that is held out later would bring a reading that was not
    blind into a lock. No scan with a sweep, whose frames are drawn one from the other, and none of
    which somebody reads another take with all help: takes of a scan look alike.
    """
    drawn = [
        image
        for image in images
        if _drawn("paired reading", image.take.scan) < image.site.paired_share
        and _partition(image) not in {"", *HELD_OUT}
    ]
    if not drawn:
        return []
    of_scans = Image.objects.filter(take__scan__in={image.take.scan_id for image in drawn})
    sweeps = of_scans.order_by().values("take").annotate(frames=Count("pk")).filter(frames__gt=1)
    read_with_help = of_scans.filter(assignments__person__isnull=False, assignments__blind=False)
    no_pairs = {
        *sweeps.values_list("take__scan", flat=True),
        *read_with_help.values_list("take__scan", flat=True),
    }
    offered = set(
        Suggestion.objects.filter(
            image__in=drawn, hidden=False, state=Suggestion.State.CURRENT
        ).values_list("image", flat=True)
    )
    return [image for image in drawn if image.pk in offered and image.take.scan_id not in no_pairs]


def _arms(scan: Scan) -> tuple[bool, bool]:
    """Whether the first reading of a scan has the pre-label, and whether the second has it."""
    first = _drawn("first reading", scan) < 0.5
    return (first, not first)


def _annotators(study: Study) -> int:
    return study.memberships.filter(role=Membership.Role.ANNOTATOR).count()


def is_chosen(scan: Scan, share: float) -> bool:
    """Whether a scan is among the share that is read twice: all its takes and frames, or none."""
    return _drawn("double reading", scan) < share


def _drawn(what: str, scan: Scan) -> float:
    """A number from 0 to 1 that belongs to the scan, another one for each `what`."""
    digest = hashlib.sha256(f"{what} of scan {scan.pk}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _make_two(readings: Mapping[int, tuple[bool, ...]]) -> None:
    """Both free readings as wanted, which each see nothing of the other; ranks stay."""
    Assignment.objects.filter(image__in=readings).update(blind=True, with_pre_label=False)
    there = set(Assignment.objects.filter(image__in=readings).values_list("image", "slot"))
    Assignment.objects.bulk_create(
        Assignment(image_id=image, slot=slot, blind=True)
        for image in readings
        for slot in range(READERS)
        if (image, slot) not in there
    )
    for slot in range(READERS):
        helped = [image for image, with_pre_label in readings.items() if with_pre_label[slot]]
        Assignment.objects.filter(image__in=helped, slot=slot).update(with_pre_label=True)


def _give_to_readers_of_other_takes(pairs: Sequence[Image]) -> None:
    """Who reads one take of a scan with the pre-label, or without, reads the others alike."""
    if not pairs:
        return
    held = Assignment.objects.filter(
        image__take__scan__in={image.take.scan_id for image in pairs},
        image__in=Assignment.objects.filter(with_pre_label=True).values("image"),
        person__memberships__study=pairs[0].study_id,
        person__memberships__role=Membership.Role.ANNOTATOR,
    ).order_by("image", "slot")
    for scan, with_pre_label, person in held.values_list(
        "image__take__scan", "with_pre_label", "person"
    ):
        Assignment.objects.filter(
            image__in=[image.pk for image in pairs if image.take.scan_id == scan],
            with_pre_label=with_pre_label,
            person=None,
        ).exclude(image__assignments__person=person).update(person=person)


def _make_single(images: Collection[int]) -> None:
    """Take the second reading back; the first stays only where a query round asked for it."""
    assignments = Assignment.objects.filter(image__in=images)
    assignments.filter(slot__gt=0).delete()
    assignments.filter(rank__isnull=True).delete()
    assignments.update(blind=False, with_pre_label=False)
