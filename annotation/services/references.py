"""The truth of an image: put in place, replaced on purpose, withdrawn.

Whoever puts a reference settles all other readings of its image, and names the reference that it
replaces: no caller can do without (docs/architecture.md, "A scan's way round").
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from annotation.models import (
    HANDED_IN,
    Annotation,
    Correction,
    Image,
    Issue,
    Reference,
    Review,
    Revision,
)
from annotation.policies import require_admin
from annotation.selectors.locks import sealed
from annotation.selectors.work import current_reference
from annotation.services.image_state import hold, refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, Refused


def put(
    image: Image,
    revision: Revision,
    *,
    how: str,
    accepted_by: User,
    replaces: int | None = None,
    reason: str = "",
) -> Reference:
    """Make a revision the reference of its image, and settle the other readings of it.

    `replaces`: the id of the reference that stands, where one does, and `reason`: why it is
    replaced. Raises Conflict where one stands that is not named, or without a reason; Refused where
    it is sealed. In the caller's transaction.
    """
    sources = readings(image)
    make_way(image, replaces=replaces, reason=reason)
    try:
        with transaction.atomic():
            reference = Reference.objects.create(
                image=image,
                revision=revision,
                how=how,
                accepted_by=accepted_by,
                replaces_id=replaces,
                reason=reason[:1000],
            )
    except IntegrityError as error:
        raise Conflict(
            "Somebody else decided this scan at the same moment. Look at what was decided."
        ) from error
    reference.sources.set(sources)
    settle(image, _rests_on(revision))
    return reference


def make_way(image: Image, *, replaces: int | None, reason: str) -> None:
    """Supersede the reference that stands, if it is the one that is named and a reason is given.

    Raises Conflict otherwise, Refused where it is sealed; nothing happens where none stands.
    """
    _refuse_sealed(image)
    standing = current_reference(image)
    if standing is None and replaces is None:
        return
    if standing is None or standing.pk != replaces:
        raise Conflict(_in_the_way(standing))
    if not reason.strip():
        raise Conflict("Say why you replace the reference of this scan.")
    _supersede(standing)


def withdraw(reference: Reference) -> None:
    """Supersede a reference and put nothing in its place; the readings that it settled wait again.

    Raises Conflict where it is not the reference any more, Refused where it is sealed. In the
    caller's transaction.
    """
    _refuse_sealed(reference.image)
    standing = current_reference(reference.image)
    if standing is None or standing.pk != reference.pk:
        raise Conflict(_in_the_way(standing))
    _supersede(reference)
    reopen(reference.image)


def readings(image: Image) -> list[Revision]:
    """The newest revision of each finished reading of an image, no expert's correction among them,
    the oldest reading first."""
    heads = Revision.objects.filter(
        annotation__image=image,
        annotation__state__in=HANDED_IN,
        number=F("annotation__revision_count"),
    )
    return list(heads.exclude(origin__in=Revision.CORRECTIONS).order_by("annotation"))


def settle(image: Image, but: set[int]) -> None:
    """All finished work on a decided image, but the annotations that were decided for, waits no
    more; the remarks on it are closed."""
    others = Annotation.objects.filter(
        image=image, state__in=[Annotation.State.SUBMITTED, Annotation.State.APPROVED]
    ).exclude(pk__in=but)
    others.update(state=Annotation.State.SETTLED)
    Issue.objects.filter(image=image, resolved_at__isnull=True).exclude(
        review__revision__annotation__state=Annotation.State.RETURNED
    ).update(resolved_at=timezone.now())


def reopen(image: Image) -> None:
    """Nothing decides the image any more: its readings wait for a decision again, while experts'
    corrections stay settled."""
    decided = Annotation.objects.filter(
        image=image, state__in=[Annotation.State.APPROVED, Annotation.State.SETTLED]
    )
    corrections = Revision.objects.filter(
        annotation__in=decided,
        number=F("annotation__revision_count"),
        origin__in=Revision.CORRECTIONS,
    )
    corrected = list(corrections.values_list("annotation", flat=True))
    decided.filter(pk__in=corrected).update(state=Annotation.State.SETTLED)
    decided.exclude(pk__in=corrected).update(state=Annotation.State.SUBMITTED)


def is_current(revision: Revision) -> bool:
    """Whether a revision is the reference of its image."""
    return Reference.objects.filter(revision=revision, superseded_at__isnull=True).exists()


def rests_on(reference: Reference, annotation: Annotation) -> bool:
    """Whether a reference is a revision of this work, or the correction of one."""
    return annotation.pk in _rests_on(reference.revision)


def correct_sealed(correction: Correction) -> Reference:
    """Put a proposed and drawn correction in place of the sealed reference, for the lock that comes
    next."""
    image = correction.locked.image
    assert correction.revision is not None, "what is not drawn is not taken"
    before = Reference.objects.get(image=image, superseded_at__isnull=True)
    adjudicated = before.how == Reference.How.ADJUDICATED
    _supersede(before)
    reference = Reference.objects.create(
        image=image,
        revision=correction.revision,
        how=Reference.How.ADJUDICATED if adjudicated else Reference.How.CORRECTED,
        accepted_by=correction.proposed_by,
        replaces=before,
        reason=correction.reason,
    )
    reference.sources.set(before.sources.all())
    return reference


def accept_outside(
    revision: Revision, *, actor: User, replaces: int | None = None, reason: str = ""
) -> Reference:
    """Take an imported outline as truth on an admin's word: 'approved outside'.

    Where a reference stands, `replaces` names it and `reason` says why, as for `put`.
    """
    annotation = revision.annotation
    image = annotation.image
    require_admin(actor, image.study)
    with transaction.atomic():
        hold(image)
        Annotation.objects.filter(pk=annotation.pk).update(state=Annotation.State.APPROVED)
        annotation.state = Annotation.State.APPROVED
        Review.objects.create(
            revision=revision,
            reviewer=actor,
            decision=Review.Decision.APPROVE,
            reason="approved outside",
        )
        reference = put(
            image,
            revision,
            how=Reference.How.OUTSIDE,
            accepted_by=actor,
            replaces=replaces,
            reason=reason,
        )
        refresh_state(image)
        audit.record(
            "reference accepted from outside",
            actor=actor,
            target=annotation,
            scope=image.study.name,
            annotation=annotation.pk,
            revision=revision.number,
            digest=revision.digest,
            reference=reference.pk,
            replaces=replaces,
            reason=reason,
        )
        events.publish(
            "annotation_approved",
            annotation_id=annotation.pk,
            image_id=image.pk,
            site_id=image.site_id,
        )
    return reference


def accept_new_outside(revisions: Sequence[Revision], *, actor: User) -> list[Reference]:
    """The same for many outlines of images on which nobody else has worked and no reference
    stands, each of another image, with a number of statements that does not grow with them.

    In the caller's transaction; the caller tells of what was approved.
    """
    if not revisions:
        return []
    study = revisions[0].annotation.image.study
    require_admin(actor, study)
    annotations = [revision.annotation for revision in revisions]
    Annotation.objects.filter(pk__in=[row.pk for row in annotations]).update(
        state=Annotation.State.APPROVED
    )
    images = [row.image_id for row in annotations]
    Image.objects.filter(pk__in=images).update(state=Image.State.APPROVED)
    Review.objects.bulk_create(
        Review(
            revision=revision,
            reviewer=actor,
            decision=Review.Decision.APPROVE,
            reason="approved outside",
        )
        for revision in revisions
    )
    accepted = Reference.objects.bulk_create(
        Reference(
            image=revision.annotation.image,
            revision=revision,
            how=Reference.How.OUTSIDE,
            accepted_by=actor,
        )
        for revision in revisions
    )
    Reference.sources.through.objects.bulk_create(
        Reference.sources.through(reference=row, revision=row.revision) for row in accepted
    )
    audit.record_all(
        [
            audit.Entry(
                "reference accepted from outside",
                actor,
                revision.annotation,
                study.name,
                {
                    "annotation": revision.annotation_id,
                    "revision": revision.number,
                    "digest": revision.digest,
                    "reference": reference.pk,
                },
            )
            for revision, reference in zip(revisions, accepted, strict=True)
        ]
    )
    return accepted


def refuse_decided(image: Image) -> None:
    """Raise Conflict that says who decided the image, where somebody has."""
    standing = current_reference(image)
    if standing is not None:
        raise Conflict(_in_the_way(standing))


def _rests_on(revision: Revision) -> set[int]:
    """The work that a revision is of and, where it corrects another's on the same image, that."""
    own = revision.annotation
    before = revision.based_on
    if before is None or before.annotation.image_id != own.image_id:
        return {own.pk}
    return {own.pk, before.annotation_id}


def _supersede(reference: Reference) -> None:
    current = Reference.objects.filter(pk=reference.pk, superseded_at__isnull=True)
    if not current.update(superseded_at=timezone.now()):
        raise Conflict(_in_the_way(current_reference(reference.image)))


def _refuse_sealed(image: Image) -> None:
    if sealed(image) is not None:
        raise Refused(
            "The reference of this scan is sealed in a locked test set. Propose a correction on "
            "the scan's page: it takes effect with the next version of the lock, which an admin "
            "seals."
        )


def _in_the_way(standing: Reference | None) -> str:
    """Why something cannot be decided as it was asked for: what stands there now."""
    if standing is None:
        return "The approval that you mean was withdrawn meanwhile. Look at the scan again."
    day = timezone.localtime(standing.created_at).date().isoformat()
    return (
        f"This scan is decided: {standing.accepted_by} approved an outline on {day}, and it stays. "
        "To take another in its place, choose it on the scan's page and say why."
    )
