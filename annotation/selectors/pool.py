"""What training may see, and what it must never see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from annotation.models import (
    HELD_OUT,
    NEVER_TRAINED,
    Image,
    Partition,
    Revision,
    Site,
    Study,
)
from annotation.selectors.duplicates import held_out_lookalikes
from annotation.selectors.locks import sealed_images
from annotation.selectors.partitions import never_trained_images
from annotation.selectors.references import ReferenceItem, current_rows, items_of
from domain.acquisition import is_apart

PoolItem = ReferenceItem


def training_items(site: Site) -> list[PoolItem]:
    """Approved references of a site's train and validation subjects, by image.

    Subjects without a partition are in no pool. Images whose pixels `locked_pixel_hashes` names
    are still here: the snapshot leaves them out and lists them.
    """
    return items_of(
        current_rows(site).filter(
            image__subject__partition__partition__in=[Partition.TRAIN, Partition.VALIDATION]
        )
    )


def training_subjects(site: Site) -> frozenset[str]:
    """Codes of the train and validation subjects with an approved reference at the site."""
    return frozenset(
        current_rows(site)
        .filter(image__subject__partition__partition__in=[Partition.TRAIN, Partition.VALIDATION])
        .order_by()
        .values_list("image__subject__code", flat=True)
        .distinct()
    )


def regions_of(revision_ids: Collection[int]) -> dict[int, tuple[str, list[dict[str, Any]]]]:
    """Digest and regions of revisions that a snapshot names, by key.

    Left out: those of test subjects, and those whose contours a withdrawal erased.
    """
    revisions = (
        Revision.objects.filter(pk__in=revision_ids, content__isnull=False)
        .exclude(annotation__image__subject__partition__partition__in=HELD_OUT)
        .select_related("content", "annotation")
    )
    return {revision.pk: (revision.digest, revision.regions) for revision in revisions}


def locked_pixel_hashes(study: Study) -> frozenset[str]:
    """Pixel hashes that no training image may have: all that is sealed, and every image of a test
    or external subject, sealed or not, of any site. Asking for them is no look."""
    sealed = sealed_images().filter(lock__site__study=study)
    return frozenset(
        never_trained_images(study).values_list("pixel_sha256", flat=True)
    ) | frozenset(sealed.values_list("pixel_sha256", flat=True))


def query_candidates(site: Site) -> list[Image]:
    """Images that a query round may ask for: nobody works on them, and they are no test or
    external subject's, nor copies of one, nor frames of a sweep close to one that is taken."""
    images = (
        Image.objects.filter(site=site, state=Image.State.NEW, erased_at__isnull=True)
        .exclude(subject__partition__partition__in=NEVER_TRAINED)
        .exclude(assignments__person__isnull=False)
        .exclude(annotations__revision_count__gt=0)
        .select_related("subject", "site", "study")
        .order_by("id")
    )
    held_out = locked_pixel_hashes(site.study)
    alike = held_out_lookalikes(site.study, [image.pk for image in images])
    allowed = [
        image for image in images if image.pixel_sha256 not in held_out and image.pk not in alike
    ]
    return _apart_in_time(allowed)


def _apart_in_time(images: list[Image]) -> list[Image]:
    """The images without those frames of a sweep that lie close to one taken already."""
    frames: defaultdict[int, int] = defaultdict(int)
    taken: defaultdict[int, list[int]] = defaultdict(list)
    of_takes = Image.objects.filter(take__in={image.take_id for image in images})
    for take, frame, state in of_takes.values_list("take", "frame", "state"):
        frames[take] += 1
        if state != Image.State.NEW:
            taken[take].append(frame)
    return [
        image
        for image in images
        if is_apart(image.frame, taken[image.take_id], frames[image.take_id])
    ]
