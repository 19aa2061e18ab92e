"""Whether people have worked on a scan since a file of outlines came in.

Three things may have moved: the file, the work here, or neither. What people did here is never
replaced by a file: not a revision of their own, not a review, not a reference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import F

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Reference,
    Review,
    Revision,
    SourceFile,
)
from annotation.selectors.locks import sealed_images
from annotation.services.intake.batch import REFERENCE, Outlines
from core.models import User

WITH_PEOPLE = {
    Annotation.State.DRAFT: "its author has taken the outline back to change it here",
    Annotation.State.RETURNED: "the outline was returned to its author here",
}


AS_IMPORTED = {Annotation.State.SUBMITTED, Annotation.State.APPROVED}


@dataclass
class Work:
    """All work on one image as it stands: annotations by author, their newest revisions and the
    annotation that each revision is `made` for; which were reviewed or corrected by people; the
    current reference; the files that came in; the `further` readings that a batch begins."""

    image: Image
    annotations: dict[int, Annotation] = field(default_factory=dict)
    newest: dict[int, Revision] = field(default_factory=dict)
    made: dict[int | None, Annotation] = field(default_factory=dict)
    reviewed: set[int] = field(default_factory=set)
    corrected: set[int] = field(default_factory=set)
    drawn_by: set[str] = field(default_factory=set)
    reference: Reference | None = None
    sources: list[SourceFile] = field(default_factory=list)
    further: list[Annotation] = field(default_factory=list)
    slots: set[int] = field(default_factory=set)
    assigned: set[int | None] = field(default_factory=set)
    is_sealed: bool = False

    def last(self, name: str) -> SourceFile | None:
        """The newest file of that name."""
        return next((row for row in reversed(self.sources) if row.name == name[:500]), None)

    def has(self, one: Outlines, author: User) -> bool:
        """Whether the same file, placed alike, is the newest of its name; or the same author's came
        under another name."""
        last = self.last(one.name)
        if last is not None:
            return _same(last, one)
        return any(_same(row, one) for row in self.sources if self._is_by(row, one, author))

    def _is_by(self, source: SourceFile, one: Outlines, author: User) -> bool:
        annotation = self.made.get(source.revision_id)
        return not one.reader or (annotation is not None and annotation.author_id == author.pk)

    def annotation_for(
        self, one: Outlines, author: User, before: SourceFile | None
    ) -> Annotation | None:
        """The annotation that a file belongs to: where no reader is named, the one that the file
        of its name became, whoever brought it; else the author's."""
        if not one.reader and before is not None and before.revision_id in self.made:
            return self.made[before.revision_id]
        return self.annotations.get(author.pk) if author.pk is not None else None

    @property
    def readers(self) -> int:
        """How many people have outlined the image, or said that there is nothing to outline."""
        return len(self.newest) + len(self.further)

    def is_decided_without(self, annotation: Annotation) -> bool:
        """Whether the reference is another's outline: a further reading waits for nobody then."""
        standing = self.reference
        return standing is not None and standing.revision.annotation_id != annotation.pk

    def done_here(self, annotation: Annotation, state: str) -> str:
        """What people did since to an annotation that a file made, in words; empty: nothing."""
        newest = self.newest.get(annotation.pk)
        if newest is not None and newest.origin != Revision.Origin.IMPORTED:
            return f"the newest outline was drawn here (revision {newest.number})"
        if annotation.pk in self.corrected:
            return "an expert corrected the outline here"
        if annotation.pk in self.reviewed:
            return "the outline was reviewed here"
        if annotation.state in WITH_PEOPLE:
            return WITH_PEOPLE[Annotation.State(annotation.state)]
        if annotation.state not in AS_IMPORTED:
            return "the scan was decided here by another outline"
        if self.is_decided_without(annotation):
            return "another outline of the scan is the reference here"
        return self._decided(state)

    def done_by_others(self, state: str, *, is_named: bool) -> str:
        """What people did to an image that a further file comes for; empty: it may come in as a
        reading of its own. A reader who is named reads for himself."""
        decided = self._decided(REFERENCE)
        if self.drawn_by and (not is_named or state == REFERENCE):
            return f"{', '.join(sorted(self.drawn_by)[:3])} outlined the scan here"
        if decided and (not is_named or state == REFERENCE):
            return decided
        if self.reference is not None and state == REFERENCE:
            return "another outline is the reference here"
        return ""

    def _decided(self, state: str) -> str:
        if self.reference is None:
            return ""
        if self.reference.how != Reference.How.OUTSIDE:
            return "an outline of the scan was approved here"
        if state != REFERENCE:
            return "an admin took the outline as approved outside"
        return ""


def work_on(images: Collection[Image], *, held: bool) -> dict[int, Work]:
    """The work on each image, read with a number of statements that does not grow.

    `held`: keep the annotations from changing until the end of the transaction.
    """
    found = {image.pk: Work(image) for image in images}
    annotations = Annotation.objects.filter(image__in=found).order_by("pk")
    if held:
        list(annotations.select_for_update())
    rows: dict[int, Annotation] = {}
    for annotation in annotations:
        annotation.image = found[annotation.image_id].image
        found[annotation.image_id].annotations[annotation.author_id] = annotation
        rows[annotation.pk] = annotation
    _read_revisions(found, rows)
    for reference in Reference.objects.filter(
        image__in=found, superseded_at__isnull=True
    ).select_related("revision"):
        found[reference.image_id].reference = reference
    for image_id, slot, person in Assignment.objects.filter(image__in=found).values_list(
        "image", "slot", "person"
    ):
        found[image_id].slots.add(slot)
        found[image_id].assigned.add(person)
    for source in SourceFile.objects.filter(image__in=found).order_by("pk"):
        found[source.image_id].sources.append(source)
    for image_id in sealed_images().filter(image__in=found).values_list("image", flat=True):
        found[image_id].is_sealed = True
    return found


def _read_revisions(found: dict[int, Work], annotations: dict[int, Annotation]) -> None:
    of_image = {pk: row.image_id for pk, row in annotations.items()}
    authors: dict[int, set[str]] = defaultdict(set)
    revisions = Revision.objects.filter(annotation__in=of_image).select_related("author")
    for revision in revisions.order_by("number"):
        work = found[of_image[revision.annotation_id]]
        work.newest[revision.annotation_id] = revision
        work.made[revision.pk] = annotations[revision.annotation_id]
        if revision.origin != Revision.Origin.IMPORTED:
            authors[of_image[revision.annotation_id]].add(revision.author.get_username())
    for image_id, names in authors.items():
        found[image_id].drawn_by = names
    by_people = Review.objects.filter(revision__annotation__in=of_image).exclude(
        decision=Review.Decision.APPROVE, revision__references__how=Reference.How.OUTSIDE
    )
    for annotation_id in by_people.values_list("revision__annotation", flat=True):
        found[of_image[annotation_id]].reviewed.add(annotation_id)
    corrections = Revision.objects.filter(
        based_on__annotation__in=of_image, annotation__image=F("based_on__annotation__image")
    ).exclude(annotation=F("based_on__annotation"))
    for annotation_id in corrections.values_list("based_on__annotation", flat=True):
        found[of_image[annotation_id]].corrected.add(annotation_id)


def _same(source: SourceFile, one: Outlines) -> bool:
    """Whether a file is the one that came before, and means the same.

    Labels that were renamed, merged or added since change nothing about it.
    """
    if source.sha256 != one.sha256:
        return False
    earlier, newer = dict(source.placement), dict(one.placement)
    meant, means = earlier.pop("labels", {}), newer.pop("labels", {})
    return earlier == newer and all(
        means.get(label, label) == means[written]
        for written, label in meant.items()
        if written in means and {means.get(label, label), means[written]} & set(one.labels)
    )
