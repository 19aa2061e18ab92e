"""Pre-labels pushed in by whoever has a model: this package knows none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from annotation.models import Image, Suggestion
from annotation.policies import is_test_subject
from annotation.services import double_reading
from annotation.services.outlines import canonical_regions
from core.services import audit
from domain.errors import Refused


def offer(
    image: Image,
    regions: Sequence[dict[str, Any]],
    *,
    source: str,
    version: str,
    probability: float | None = None,
    payload: dict[str, Any] | None = None,
    uncertainty_map: bytes = b"",
    hidden: bool = False,
) -> Suggestion:
    """Offer regions for an image in place of the current pre-label.

    `uncertainty_map` is a PNG of the image's size, shown over the scan where it is not empty.
    `hidden` regions are a model's reading for the agreement page, never shown to an annotator. A
    scan of a test subject gets no pre-label: Refused. What a site reads in pairs is planned here.
    """
    if image.erased_at is not None:
        raise Refused("The subject withdrew consent: the scan was erased.")
    if not hidden and is_test_subject(image):
        raise Refused("Scans of test subjects are read without a pre-label.")
    canonical = canonical_regions(image, regions)
    with transaction.atomic():
        Suggestion.objects.filter(
            image=image, hidden=hidden, state=Suggestion.State.CURRENT
        ).update(state=Suggestion.State.SUPERSEDED, uncertainty_map=b"")
        offered = Suggestion.objects.create(
            image=image,
            source=source,
            version=version,
            regions=canonical,
            probability=probability,
            payload=payload or {},
            uncertainty_map=uncertainty_map,
            hidden=hidden,
        )
        if not hidden and image.site.paired_share > 0 and image.state == Image.State.NEW:
            double_reading.plan(image)
    return offered


def describe_version(
    site_id: int,
    source: str,
    version: str,
    describe: Callable[[dict[str, Any]], dict[str, Any]],
) -> int:
    """Replace what a site's current pre-labels of a version say of themselves; answers how many.

    `describe` takes a pre-label's payload and gives the new one. The regions stay as they are.
    """
    with transaction.atomic():
        current = list(
            Suggestion.objects.filter(
                image__site_id=site_id,
                source=source,
                version=version,
                state=Suggestion.State.CURRENT,
            ).only("id", "payload")
        )
        for one in current:
            one.payload = describe(one.payload)
        Suggestion.objects.bulk_update(current, ["payload"], batch_size=200)
    return len(current)


def withdraw_version(site_id: int, source: str, version: str, *, scope: str = "") -> int:
    """Withdraw a site's untouched pre-labels of a version; answers how many.

    Sites of two studies may share a name, and their versions with it.
    """
    with transaction.atomic():
        withdrawn = Suggestion.objects.filter(
            image__site_id=site_id,
            source=source,
            version=version,
            state=Suggestion.State.CURRENT,
            image__state=Image.State.NEW,
        ).update(state=Suggestion.State.WITHDRAWN, uncertainty_map=b"")
        audit.record(
            "pre-labels withdrawn", actor=None, target=version, scope=scope, count=withdrawn
        )
    return withdrawn
