"""Freezing what a run trains on: an immutable manifest of images and approved revisions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import duplicates, pool
from annotation.services import alignments, signatures
from core.services import audit
from domain.errors import Refused
from training.models import Snapshot

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User

FORMAT = 2
SAME_PIXELS = "its pixels are those of a test or external subject's image"


def freeze(site: Site, actor: User | None) -> Snapshot:
    """The manifest of a site's approved references of training and validation subjects, now.

    An image with the pixels of a test or external subject's, sealed or not, is left out and
    listed with its reason; so is one that looks like a crop, copy or re-encoding of one. A
    manifest equal to the site's newest answers the snapshot that is there. Raises NotAllowed for
    all but admins (None is the system itself), Refused where no training or no validation subject
    has an approved reference.
    """
    if actor is not None:
        require_admin(actor, site.study)
    compare_copies(site)
    items = pool.training_items(site)
    reasons = _reasons_to_leave_out(site, items)
    kept = [item for item in items if item.image_id not in reasons]
    left_out = [
        _left_out(item, reasons[item.image_id]) for item in items if item.image_id in reasons
    ]
    _refuse_nothing(site, kept)
    manifest = _manifest(site, kept)
    digest = manifest_digest(manifest)
    newest = Snapshot.objects.filter(site=site).first()
    if newest is not None and newest.digest == digest and newest.left_out == left_out:
        return newest
    with transaction.atomic():
        snapshot = Snapshot.objects.create(
            site=site, digest=digest, manifest=manifest, left_out=left_out, created_by=actor
        )
        audit.record(
            "snapshot frozen",
            actor=actor,
            target=snapshot,
            scope=site.study.name,
            site=site.slug,
            digest=digest,
            images=len(kept),
            subjects=len({item.subject_code for item in kept}),
            left_out=len(left_out),
        )
    return snapshot


def compare_copies(site: Site) -> None:
    """Compare what would be frozen with what is held out, where that was not done yet.

    Seconds for scans that were never compared, so it belongs before a transaction, not in one.
    """
    signatures.complete(site.study)
    items = pool.training_items(site)
    alignments.complete_held_out(site.study, [item.image_id for item in items])


def manifest_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 of the manifest's canonical JSON."""
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _manifest(site: Site, items: list[pool.PoolItem]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "study": site.study.name,
        "site": site.slug,
        "labels": list(site.labels.filter(retired=False).values_list("name", flat=True)),
        "items": [_entry(item) for item in items],
    }


def _entry(item: pool.PoolItem) -> dict[str, Any]:
    return {
        "image": item.image_id,
        "pixel_sha256": item.pixel_sha256,
        "file_sha256": item.file_sha256,
        "revision": item.revision_id,
        "revision_digest": item.revision_digest,
        "subject": item.subject_code,
        "partition": item.partition,
        "selected": item.selected,
        "spacing_mm": [item.spacing.x_mm, item.spacing.y_mm] if item.spacing else None,
        "reader": item.reader,
        "how": item.how,
    }


def _reasons_to_leave_out(site: Site, items: list[pool.PoolItem]) -> dict[int, str]:
    """Why images may not be trained on, by image."""
    held_out = pool.locked_pixel_hashes(site.study)
    alike = duplicates.held_out_lookalikes(site.study, [item.image_id for item in items])
    reasons = {image_id: found.reason for image_id, found in alike.items()}
    return reasons | {item.image_id: SAME_PIXELS for item in items if item.pixel_sha256 in held_out}


def _left_out(item: pool.PoolItem, reason: str) -> dict[str, Any]:
    return {
        "image": item.image_id,
        "subject": item.subject_code,
        "pixel_sha256": item.pixel_sha256,
        "reason": reason,
    }


def _refuse_nothing(site: Site, items: list[pool.PoolItem]) -> None:
    if not site.labels.filter(retired=False).exists():
        raise Refused(f"{site.slug} has no label: add one to the site, then train.")
    for partition, word in (("train", "training"), ("validation", "validation")):
        if not any(item.partition == partition for item in items):
            raise Refused(
                f"{site.slug} has no approved reference of a {word} subject: split the study's"
                f" subjects, or approve outlines of {word} subjects first."
            )
