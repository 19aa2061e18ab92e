"""Correcting a sealed reference: an expert proposes, the next version of the lock takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from annotation.models import Annotation, Correction, Image, Reference, Revision
from annotation.policies import is_expert, require_member
from annotation.selectors.locks import open_correction, sealed
from annotation.services import outlines, proposals
from core.models import User
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused


def propose(image: Image, actor: User, reason: str) -> Correction:
    """Say why the sealed reference of an image is wrong; the outline is drawn after that.

    Nothing changes in the lock. Raises NotAllowed for all but experts, InvalidInput without a
    reason, Refused where the image is not sealed, Conflict where a correction is open already.
    """
    require_member(actor, image.study)
    if not is_expert(actor, image.study):
        raise NotAllowed("Only an expert of the study proposes a correction.")
    if not reason.strip():
        raise InvalidInput("Say what is wrong with the sealed reference.")
    locked = sealed(image)
    if locked is None:
        raise Refused("This scan is not sealed: correct its outline in review.")
    if open_correction(image) is not None:
        raise Conflict("A correction of this scan is open already: it waits for an admin.")
    try:
        with transaction.atomic():
            correction = Correction.objects.create(
                locked=locked, reason=reason.strip()[:500], proposed_by=actor
            )
            proposals.record("proposed", correction, actor)
    except IntegrityError as error:
        raise Conflict("A correction of this scan is open already.") from error
    return correction


def draw(
    correction: Correction,
    actor: User,
    regions: Sequence[dict[str, Any]],
    seconds: float = 0.0,
) -> Revision:
    """Give the outline of an open correction, as a revision of the proposer's own.

    Drawn again before it is decided, the newest outline counts. The sealed reference stays what it
    is until the next version of the lock is sealed.
    """
    if actor.pk != correction.proposed_by_id:
        raise NotAllowed("Only who proposed the correction draws it.")
    locked = correction.locked
    image = locked.image
    canonical = outlines.canonical_regions(image, regions)
    if not canonical:
        raise InvalidInput("Correct the outline first (C), then propose it.")
    adjudicated = Reference.objects.filter(
        revision=locked.revision, how=Reference.How.ADJUDICATED
    ).exists()
    with transaction.atomic():
        own, _ = Annotation.objects.get_or_create(image=image, author=actor)
        revision = outlines.append_revision(
            own,
            canonical,
            base=own.revision_count,
            author=actor,
            origin=Revision.Origin.ADJUDICATION if adjudicated else Revision.Origin.CORRECTION,
            seconds=seconds,
            based_on=locked.revision,
        )
        Annotation.objects.filter(pk=own.pk).update(state=Annotation.State.APPROVED)
        proposals.while_open(correction, revision=revision)
        proposals.record("drawn", correction, actor)
    return revision
