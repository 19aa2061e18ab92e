"""The truth of an image: put in place, superseded, withdrawn."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.models import Annotation, Image, LockedImage, Reference, Review, Revision
from annotation.policies import require_admin
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
    if LockedImage.objects.filter(image=image).exists():
        raise Refused(
            "The reference of this scan is sealed in a locked test set. A correction needs a new "
            "version of the lock, which an admin seals."
        )
    current.update(superseded_at=timezone.now())


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
