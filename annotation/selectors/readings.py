"""Which saved revision of each person is their independent reading of a scan.

Agreement is about what people see on a scan, so a reading counts only while nothing but the scan
informed it (docs/algorithms/agreement.md, "Which revision is the reading"):

* finished work only: the revision that was reviewed first, or corrected by somebody, or, if
  neither has happened, the one that is submitted. What its author changed after a return counts
  no more;
* no pre-label: none of the revisions up to it took one over, and it was read blind, or imported,
  or no pre-label had been offered on the scan before it was saved;
* no other outline: corrections and adjudications are `based_on` a reading and are none, and what
  was copied from the other side or a former visit is none. A person's own work that was restored,
  or carried over between the frames of a sweep, is;
* no example: another's outline of the scan was not shown in the site's guideline before;
* nobody else's work: an expert, who may see what others submit, counts only if blind, imported,
  or first on the scan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet

from annotation.models import (
    HELD_OUT,
    Annotation,
    Example,
    Image,
    Membership,
    Partition,
    Revision,
    RevisionContent,
    Site,
    Suggestion,
)
from annotation.selectors.labels import named_now
from annotation.selectors.measurements import RELATIONS

NO_READING = frozenset({Revision.Decision.UNUSABLE, Revision.Decision.SKIPPED})
FROM_THE_SCAN = frozenset(
    {
        Revision.Origin.DRAWN,
        Revision.Origin.IMPORTED,
        Revision.Origin.CARRIED,
        Revision.Origin.INTERPOLATED,
    }
)
WITH_IMAGE = ("image", *(f"image__{name}" for name in RELATIONS))
TRAINED_OR_LOCKED = (Partition.TRAIN, *HELD_OUT)


@dataclass(frozen=True)
class Reading:
    """What one reader, a person or a model version, outlined on one image.

    `image` comes with what is measured on it (`measurements.RELATIONS`). `regions` is the JSON of
    docs/interface.md, empty where the reader found nothing. `digest` identifies the content.
    """

    image: Image
    reader: str
    is_model: bool
    digest: str
    regions: list[dict[str, Any]]

    @property
    def image_id(self) -> int:
        """The key of the image."""
        return self.image.pk

    @property
    def subject_code(self) -> str:
        """The subject of the image."""
        return self.image.subject.code


def comparable_readings(site: Site) -> list[Reading]:
    """The readings of a site's images that two readers or more have, the current model being one.

    Ordered by image, people before the model, people by name.
    """
    chosen = _independent(site)
    model = {one.image_id: one for one in _model_readings(site)}
    readers: dict[int, list[Revision]] = defaultdict(list)
    for revision in chosen:
        readers[revision.annotation.image_id].append(revision)
    kept = [
        revision
        for image_id, revisions in readers.items()
        if len(revisions) + (image_id in model) > 1
        for revision in revisions
    ]
    contents = _contents(kept)
    readings = [_of_person(revision, contents[revision.pk]) for revision in kept]
    readings += [_of_model(one) for image_id, one in model.items() if image_id in readers]
    return sorted(readings, key=lambda one: (one.image_id, one.is_model, one.reader))


def awaiting_model_reading(site: Site, *, version: str) -> QuerySet[Image]:
    """Images with somebody's finished work on which `version` has no hidden reading yet.

    Subjects of the train partition are left out, because the model has seen them, and test
    subjects, because a look at them is counted.
    """
    read = Annotation.objects.filter(image__site=site).exclude(state=Annotation.State.DRAFT)
    done = Suggestion.objects.filter(
        image__site=site, hidden=True, state=Suggestion.State.CURRENT, version=version
    )
    return (
        Image.objects.filter(site=site, erased_at__isnull=True, pk__in=read.values("image_id"))
        .exclude(subject__partition__partition__in=TRAINED_OR_LOCKED)
        .exclude(pk__in=done.values("image_id"))
        .order_by("id")
    )


def _independent(site: Site) -> list[Revision]:
    """The reading revision of each annotation of a site that has one, without its regions."""
    images = _read_more_than_once(site)
    annotations = (
        Annotation.objects.filter(
            image__in=images, image__erased_at__isnull=True, revision_count__gt=0
        )
        .exclude(state=Annotation.State.DRAFT)
        .select_related(*WITH_IMAGE, "author")
        .order_by("image_id", "id")
    )
    revisions = _revisions_of(images)
    ends = reading_ends(site)
    seen = _Visible(site)
    readings = []
    for annotation in annotations:
        end = ends.get(annotation.pk, annotation.revision_count)
        work = [one for one in revisions[annotation.pk] if one.number <= end]
        if work and _is_reading(annotation, work, seen):
            reading = work[-1]
            reading.annotation = annotation
            readings.append(reading)
    return readings


def _read_more_than_once(site: Site) -> QuerySet[Image]:
    """Images with work by two people, or with a model's hidden reading."""
    twice = (
        Annotation.objects.filter(image__site=site, revision_count__gt=0)
        .values("image")
        .annotate(n=Count("author"))
        .filter(n__gt=1)
    )
    by_model = Suggestion.objects.filter(
        image__site=site, hidden=True, state=Suggestion.State.CURRENT
    )
    return Image.objects.filter(
        Q(pk__in=twice.values("image")) | Q(pk__in=by_model.values("image"))
    )


def _revisions_of(images: QuerySet[Image]) -> dict[int, list[Revision]]:
    revisions: dict[int, list[Revision]] = defaultdict(list)
    found = Revision.objects.filter(annotation__image__in=images).select_related("based_on")
    for revision in found.order_by("number"):
        revisions[revision.annotation_id].append(revision)
    return revisions


def reading_ends(site: Site) -> dict[int, int]:
    """Number of the first revision of each annotation that somebody reviewed or corrected."""
    own = Annotation.objects.filter(image__site=site)
    reviewed = own.filter(revisions__reviews__isnull=False).annotate(end=Min("revisions__number"))
    ends: dict[int, int] = dict(reviewed.values_list("pk", "end"))
    for pk, end in _corrected(site):
        ends[pk] = min(end, ends.get(pk, end))
    return ends


def _corrected(site: Site) -> QuerySet[Revision, tuple[int, int]]:
    """Annotations that another person corrected on the same image, with the first such number."""
    corrections = Revision.objects.filter(
        based_on__annotation__image__site=site, annotation__image=F("based_on__annotation__image")
    ).exclude(annotation=F("based_on__annotation"))
    return (
        corrections.order_by()
        .values_list("based_on__annotation")
        .annotate(end=Min("based_on__number"))
    )


class _Visible:
    """What somebody could have seen on the scans of a site, and since when."""

    def __init__(self, site: Site) -> None:
        offered = Suggestion.objects.filter(image__site=site, hidden=False)
        self.prelabel_since: dict[int, datetime] = dict(
            offered.order_by("image_id").values_list("image_id").annotate(Min("created_at"))
        )
        first = Annotation.objects.filter(image__site=site, revision_count__gt=0)
        self.work_since: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
        for image_id, author_id, since in first.annotate(
            since=Min("revisions__created_at")
        ).values_list("image_id", "author_id", "since"):
            self.work_since[image_id].append((since, author_id))
        self.example_since: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
        examples = Example.objects.filter(revision__annotation__image__site=site)
        for image_id, author_id, since in examples.values_list(
            "revision__annotation__image", "revision__author", "created_at"
        ):
            self.example_since[image_id].append((since, author_id))
        experts = site.study.memberships.exclude(role=Membership.Role.ANNOTATOR)
        self.experts = frozenset(experts.values_list("user_id", flat=True))


def _is_reading(annotation: Annotation, work: list[Revision], seen: _Visible) -> bool:
    last = work[-1]
    if last.decision in NO_READING or any(_is_informed(one) for one in work):
        return False
    if all(one.origin == Revision.Origin.IMPORTED for one in work):
        return True
    if _was_there_before(seen.example_since[annotation.image_id], last):
        return False
    if annotation.blind:
        return True
    offered = seen.prelabel_since.get(annotation.image_id)
    if offered is not None and offered < last.created_at:
        return False
    if annotation.author_id not in seen.experts:
        return True
    return not _was_there_before(seen.work_since[annotation.image_id], last)


def _was_there_before(work: list[tuple[datetime, int]], revision: Revision) -> bool:
    """Whether somebody else's work was there when the revision was saved."""
    return any(
        since < revision.created_at for since, author in work if author != revision.author_id
    )


def _is_informed(revision: Revision) -> bool:
    source = revision.based_on
    return (
        bool(revision.suggestion_version)
        or (source is not None and source.annotation_id != revision.annotation_id)
        or revision.origin not in FROM_THE_SCAN
    )


def _model_readings(site: Site) -> list[Suggestion]:
    """Hidden readings of the version that read last, one per image, of unseen subjects."""
    hidden = (
        Suggestion.objects.filter(
            image__site=site,
            image__erased_at__isnull=True,
            hidden=True,
            state=Suggestion.State.CURRENT,
        )
        .exclude(image__subject__partition__partition__in=TRAINED_OR_LOCKED)
        .select_related(*WITH_IMAGE)
        .order_by("-id")
    )
    newest = hidden.first()
    return [] if newest is None else list(hidden.filter(version=newest.version))


def _contents(revisions: Iterable[Revision]) -> dict[int, list[dict[str, Any]]]:
    wanted = RevisionContent.objects.filter(revision__in=[one.pk for one in revisions])
    contents: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for key, regions, names in wanted.values_list(
        "revision_id", "regions", "revision__annotation__label_names"
    ):
        contents[key] = named_now(regions, names)
    return contents


def _of_person(revision: Revision, regions: list[dict[str, Any]]) -> Reading:
    author = revision.annotation.author.get_username()
    return _reading(revision.annotation.image, author, revision.digest, regions)


def _of_model(suggestion: Suggestion) -> Reading:
    digest = f"suggestion {suggestion.pk}"
    return _reading(suggestion.image, suggestion.version, digest, suggestion.regions, is_model=True)


def _reading(
    image: Image,
    reader: str,
    digest: str,
    regions: list[dict[str, Any]],
    *,
    is_model: bool = False,
) -> Reading:
    return Reading(
        image=image,
        reader=reader,
        is_model=is_model,
        # One outline reads otherwise once its label is merged into another.
        digest=f"{digest} {','.join(str(region.get('label')) for region in regions)}",
        regions=regions,
    )
