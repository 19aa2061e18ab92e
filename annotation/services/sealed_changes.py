"""Changing the scale or the selected take of sealed scans: proposed, then taken by the next version
of the lock."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.models import Image, LockedImage, Scan, SealedChange, Site, Take
from annotation.policies import require_admin
from annotation.selectors.locks import open_changes, sealed, sealed_of_scan
from annotation.services import calibrations
from core.models import User
from core.services import audit
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


def _propose(change: SealedChange, actor: User, reason: str) -> SealedChange:
    if not reason.strip():
        raise InvalidInput("Say why the sealed value is wrong.")
    change.reason, change.proposed_by = reason.strip()[:300], actor
    try:
        with transaction.atomic():
            change.save()
    except IntegrityError as error:
        raise Conflict("A change of this scan is open already: it waits for an admin.") from error
    _record("change of a sealed scan proposed", change, actor)
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
    return changes


def decline(change: SealedChange, actor: User, note: str) -> None:
    """Leave what is sealed as it is, with a reason."""
    require_admin(actor, change.locked.image.study)
    if not note.strip():
        raise InvalidInput("Say why the change is declined.")
    with transaction.atomic():
        decide(change, SealedChange.State.DECLINED, actor, note.strip())
        _record("change of a sealed scan declined", change, actor)


def decide(change: SealedChange, state: str, actor: User, note: str) -> None:
    """Close an open change, in the caller's transaction. Raises Conflict where it is closed."""
    values = {
        "state": state,
        "decided_by": actor,
        "decided_at": timezone.now(),
        "note": note[:500],
    }
    open_ = SealedChange.objects.filter(pk=change.pk, state=SealedChange.State.PROPOSED)
    if not open_.update(**values):
        raise Conflict("This change was decided meanwhile. Look at the result.")
    for name, value in values.items():
        setattr(change, name, value)


def _record(verb: str, change: SealedChange, actor: User) -> None:
    locked: LockedImage = change.locked
    audit.record(
        verb,
        actor=actor,
        target=change,
        scope=locked.image.study.name,
        image=locked.image_id,
        version=locked.lock.version,
        what=change.what,
        reason=change.reason,
        note=change.note,
    )
