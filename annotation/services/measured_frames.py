"""Choosing the frame of a sweep that its values are taken from."""

from __future__ import annotations

from django.db import transaction

from annotation.models import Image, MeasuredFrame, Reference, Take
from annotation.policies import Role, require_role, role_of
from annotation.selectors.locks import sealed_of_take
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput


def choose(image: Image, actor: User, *, reason: str) -> MeasuredFrame:
    """Take a sweep's values from this frame, whatever the rule says, from now on.

    For experts and admins. Refused without a reason, without an approved outline on the frame,
    and where the sweep has a sealed reference.
    """
    check_is_measured(image)
    return _decide(image.take, image, actor, reason)


def check_is_measured(image: Image) -> None:
    """Raise InvalidInput where a frame has no approved outline."""
    if not Reference.objects.filter(image=image, superseded_at__isnull=True).exists():
        raise InvalidInput(
            "Nothing is measured on this frame: approve an outline of it first, or choose another."
        )


def follow_rule(take: Take, actor: User, *, reason: str) -> MeasuredFrame:
    """Leave the choice of a sweep's frame to the rule again; who may and when as for `choose`."""
    return _decide(take, None, actor, reason)


def _decide(take: Take, image: Image | None, actor: User, reason: str) -> MeasuredFrame:
    study = take.scan.site.study
    require_role(role_of(actor, study), Role.EXPERT, Role.ADMIN)
    if not reason.strip():
        raise InvalidInput("Say why this frame is the one to measure.")
    if sealed_of_take(take) is not None:
        raise Conflict(
            "The sweep is in the locked test set: what is measured on it changes only with a new "
            "version of the lock. Propose another frame on the scan's page."
        )
    with transaction.atomic():
        row = MeasuredFrame.objects.create(
            take=take, image=image, reason=reason.strip()[:300], author=actor
        )
        audit.record(
            "measured frame chosen",
            actor=actor,
            target=take.scan,
            scope=study.name,
            take=take.number,
            frame=None if image is None else image.frame,
            reason=row.reason,
        )
    return row
