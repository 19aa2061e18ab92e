"""The truth of an image: put in place, superseded, withdrawn."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.models import Annotation, Correction, Image, Reference, Review, Revision
from annotation.policies import require_admin
from annotation.selectors.locks import sealed
from annotation.services.image_state import refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Refused


def put(image: Image, revision: Revision, *, how: str, accepted_by: User) -> Reference:
    """Make a revision the reference of its image; the one before is superseded."""
    withdraw(image)
    return Reference.objects.create(
        image=image, revision=revision, how=how, accepted_by=accepted_by
    )


def withdraw(image: Image) -> None:
    """Supersede the current reference, if any. A sealed one stays: Refused."""
    current = Reference.objects.filter(image=image, superseded_at__isnull=True)
    if sealed(image) is not None:
        raise Refused(
            "The reference of this scan is sealed in a locked test set. Propose a correction on "
            "the scan's page: it takes effect with the next version of the lock, which an admin "
            "seals."
        )
    current.update(superseded_at=timezone.now())


def is_current(revision: Revision) -> bool:
    """Whether a revision is the reference of its image."""
    return Reference.objects.filter(revision=revision, superseded_at__isnull=True).exists()


def correct_sealed(correction: Correction) -> Reference:
    """Put a proposed and drawn correction in place of the sealed reference, for the lock that comes
    next."""
    image = correction.locked.image
    assert correction.revision is not None, "what is not drawn is not taken"
    before = Reference.objects.get(image=image, superseded_at__isnull=True)
    adjudicated = before.how == Reference.How.ADJUDICATED
    Reference.objects.filter(pk=before.pk).update(superseded_at=timezone.now())
    return Reference.objects.create(
        image=image,
        revision=correction.revision,
        how=Reference.How.ADJUDICATED if adjudicated else Reference.How.CORRECTED,
        accepted_by=correction.proposed_by,
    )


def accept_outside(revision: Revision, *, actor: User) -> Reference:
    """Take an imported outline as truth on an admin's word: 'approved outside'."""
    annotation = revision.annotation
    image = annotation.image
    require_admin(actor, image.study)
    with transaction.atomic():
        Annotation.objects.filter(pk=annotation.pk).update(state=Annotation.State.APPROVED)
        annotation.state = Annotation.State.APPROVED
        Review.objects.create(
            revision=revision,
            reviewer=actor,
            decision=Review.Decision.APPROVE,
            reason="approved outside",
        )
        reference = put(image, revision, how=Reference.How.OUTSIDE, accepted_by=actor)
        refresh_state(image)
        audit.record(
            "reference accepted from outside",
            actor=actor,
            target=annotation,
            scope=image.study.name,
            annotation=annotation.pk,
            revision=revision.number,
            digest=revision.digest,
        )
        events.publish(
            "annotation_approved",
            annotation_id=annotation.pk,
            image_id=image.pk,
            site_id=image.site_id,
        )
    return reference
