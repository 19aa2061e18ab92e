"""Deciding on an outline that a file brought beside work done here."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.models import Annotation, KeptOutline, Revision
from annotation.policies import require_guide
from annotation.selectors.locks import sealed
from annotation.services import outlines
from annotation.services.image_state import hold, refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput, Refused


def take(kept: KeptOutline, *, actor: User, reason: str) -> Revision:
    """Make a kept outline the newest revision of its author's work, which goes to review.

    What was drawn here stays in the history, and a reference stays the reference until an expert
    approves another. Raises NotAllowed for annotators, Refused where the scan is sealed, Conflict
    where somebody decided before.
    """
    image = kept.image
    with transaction.atomic():
        _decide(kept, actor, reason, "kept outline taken")
        if sealed(image) is not None:
            raise Refused("The scan is sealed in a locked test set: its outlines stay as they are.")
        annotation, _ = Annotation.objects.get_or_create(image=image, author=kept.author)
        revision = outlines.append_revision(
            annotation,
            list(kept.regions),
            base=annotation.revision_count,
            author=actor,
            origin=Revision.Origin.IMPORTED,
        )
        Annotation.objects.filter(pk=annotation.pk).update(state=Annotation.State.SUBMITTED)
        type(kept.source).objects.filter(pk=kept.source_id).update(revision=revision)
        refresh_state(image)
        events.publish("annotation_submitted", annotation_id=annotation.pk, image_id=image.pk)
    return revision


def leave(kept: KeptOutline, *, actor: User, reason: str) -> None:
    """Leave the work here as it is; the file stays among those that came. Raises as `take`."""
    with transaction.atomic():
        _decide(kept, actor, reason, "kept outline left")


def _decide(kept: KeptOutline, actor: User, reason: str, verb: str) -> None:
    image = kept.image
    require_guide(actor, image.study)
    if not reason.strip():
        raise InvalidInput("Say why.")
    hold(image)
    open_ = KeptOutline.objects.filter(pk=kept.pk, decided_at__isnull=True)
    if not open_.update(decided_at=timezone.now(), decided_by=actor):
        raise Conflict("Somebody has decided on this outline meanwhile. Look at the scan again.")
    audit.record(
        verb,
        actor=actor,
        target=image,
        scope=image.study.name,
        image=image.pk,
        file=kept.source.name,
        sha256=kept.source.sha256,
        reason=reason,
    )
