"""Changing the scale, the selected take or the measured frame of sealed scans: proposed, then taken
by the next version of the lock."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.models import Image, MeasuredFrame, Scan, SealedChange, Site, Take
from annotation.selectors.locks import open_changes, sealed, sealed_of_scan, sealed_of_take
from annotation.selectors.measured_frames import standing
from annotation.services import calibrations, measured_frames, proposals
from core.models import User
from domain.calibration import PixelSpacing
from domain.errors import Conflict, InvalidInput, Refused
from domain.pixels import Rectangle


def propose_scale(
    image: Image,
    spacing: PixelSpacing,
    *,
    actor: User,
    reason: str,
    area: Rectangle | None = None,
    despite_depth: bool = False,
) -> SealedChange:
    """Propose another scale of a sealed image. Nothing changes in the lock.

    Raises NotAllowed for annotators, InvalidInput without a reason, Refused where the image is not
    sealed or the depth contradicts the spacing, Conflict where a change is open already.
    """
    calibrations.require_expert_or_admin(image.study, actor)
    locked = sealed(image)
    if locked is None:
        raise Refused("This scan is not sealed: set its scale.")
    calibrations.check_against_depth(image, spacing, area, despite_depth=despite_depth)
    with transaction.atomic():
        calibration = calibrations.new(image, spacing, area=area, author=actor)
        return _propose(SealedChange(locked=locked, calibration=calibration), actor, reason)


def propose_take(scan: Scan, take: Take, *, actor: User, reason: str) -> SealedChange:
    """Propose another selected take of a scan that a lock seals; refusals as `propose_scale`."""
    calibrations.require_expert_or_admin(scan.site.study, actor)
    locked = sealed_of_scan(scan)
    if locked is None:
        raise Refused("This scan is not sealed: choose its take.")
    if take.scan_id != scan.pk or take.pk == scan.selected_take_id:
        raise InvalidInput("Choose another take of this scan.")
    with transaction.atomic():
        return _propose(SealedChange(locked=locked, take=take), actor, reason)


def propose_frame(take: Take, frame: Image | None, *, actor: User, reason: str) -> SealedChange:
    """Propose to take a sealed sweep's values from another frame; None: from the one that the rule
    finds. Refusals as `propose_take`, and InvalidInput for a frame without an approved outline."""
    calibrations.require_expert_or_admin(take.scan.site.study, actor)
    locked = sealed_of_take(take)
    if locked is None:
        raise Refused("This sweep is not sealed: choose its measured frame.")
    chosen = standing(take)
    if (chosen.image if chosen else None) == frame:
        raise InvalidInput("This is as it is sealed. Choose another.")
    if frame is not None:
        measured_frames.check_is_measured(frame)
    with transaction.atomic():
        change = SealedChange(locked=locked, frame=frame, by_rule=frame is None)
        return _propose(change, actor, reason)


def _propose(change: SealedChange, actor: User, reason: str) -> SealedChange:
    if not reason.strip():
        raise InvalidInput("Say why the sealed value is wrong.")
    change.reason, change.proposed_by = reason.strip()[:300], actor
    try:
        with transaction.atomic():
            change.save()
    except IntegrityError as error:
        raise Conflict("A change of this scan is open already: it waits for an admin.") from error
    proposals.record("proposed", change, actor)
    return change


def take_all(site: Site) -> list[SealedChange]:
    """Put a site's proposed changes in force, for the lock that comes next; they are still open."""
    changes = list(open_changes(site))
    for change in changes:
        if change.calibration is not None:
            Image.objects.filter(pk=change.locked.image_id).update(calibration=change.calibration)
        elif change.take is not None:
            Scan.objects.filter(pk=change.take.scan_id).update(
                selected_take=change.take,
                selected_by=change.proposed_by,
                selected_reason=change.reason,
                selected_at=timezone.now(),
            )
        else:
            MeasuredFrame.objects.create(
                take=change.locked.image.take,
                image=change.frame,
                reason=change.reason,
                author=change.proposed_by,
            )
    return changes
