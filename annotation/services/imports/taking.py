"""Writing what an import read: all rows in the caller's transaction, in bulk where they are new."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from annotation.models import (
    HELD_OUT,
    Annotation,
    Assignment,
    Calibration,
    Image,
    Reference,
    Review,
    Revision,
    RevisionContent,
    ScaleBasis,
    Site,
    SourceFile,
    Study,
    Subject,
    Take,
)
from annotation.selectors.locks import sealed
from annotation.selectors.work import current_reference
from annotation.services import (
    calibrations,
    double_reading,
    outlines,
    references,
    signatures,
    split,
)
from annotation.services.image_state import refresh_state
from annotation.services.imports import scales
from annotation.services.imports.places import Places
from annotation.services.imports.readers import Readers
from annotation.services.imports.reading import ReadImage, ReadOutlines
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import REFERENCE, ImportRequest
from core import events
from core.models import User
from core.services import audit
from domain import lookalike
from domain.calibration import Scale
from domain.errors import MyotraceError, Refused

CHUNK = 500


@dataclass
class _NewRows:
    """Rows of images that are new, to be written together."""

    images: list[Image] = field(default_factory=list)
    signatures: list[lookalike.Signature | None] = field(default_factory=list)
    scale_bases: list[ScaleBasis] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    contents: list[RevisionContent] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


class Taker:
    """Takes the read images of one import into a study. Use it inside one transaction."""

    def __init__(
        self,
        study: Study,
        request: ImportRequest,
        sites: Mapping[str, Site],
        actor: User | None,
        report: ImportReport,
    ) -> None:
        self._study = study
        self._request = request
        self._sites = sites
        self._actor = actor
        self._report = report
        self._readers = Readers(actor)
        self._rows = _NewRows()
        self._submitted: list[Annotation] = []
        self._approved: list[Annotation] = []
        self._places = Places(study)
        self._confirmed_areas = scales.confirmed_areas(study)

    @property
    def new_images(self) -> list[Image]:
        """The images that were taken in."""
        return self._rows.images

    def take(self, read: Sequence[ReadImage]) -> dict[str, int]:
        """Write what may be taken; answers how many images, outlines and references are new."""
        read = self._with_partitions(read)
        self._places.load(read, self._sites)
        self._warn_of_shared_pixels(read)
        for image in read:
            try:
                self._take(image)
            except MyotraceError as error:
                self._refuse(image, error.message)
        self._write()
        self._places.select_takes()
        split.honour(self._study, self._partitions(read), actor=None)
        return self._finish()

    # Whose they are

    def _with_partitions(self, read: Sequence[ReadImage]) -> list[ReadImage]:
        """Without the images whose manifest contradicts itself or the split."""
        wanted: dict[str, set[str]] = {}
        for image in read:
            place = image.unit.placement
            if place.partition:
                wanted.setdefault(place.subject, set()).add(place.partition)
        given = self._places.partitions()
        kept = []
        for image in read:
            subject = image.unit.placement.subject
            partitions = wanted.get(subject, set())
            if len(partitions) > 1:
                self._refuse(
                    image,
                    f"the manifest puts subject {subject} into {' and '.join(sorted(partitions))}; "
                    "a subject has one partition",
                )
            elif partitions and given.get(subject, next(iter(partitions))) not in partitions:
                self._refuse(
                    image,
                    f"subject {subject} is in the partition {given[subject]}, and stays there",
                )
            else:
                kept.append(image)
        return kept

    def _partitions(self, read: Sequence[ReadImage]) -> dict[str, str]:
        return {
            image.unit.placement.subject: image.unit.placement.partition
            for image in read
            if image.unit.placement.partition and not self._report.is_refused(image.name)
        }

    def _warn_of_shared_pixels(self, read: Sequence[ReadImage]) -> None:
        hashes = sorted({image.stored.pixel_sha256 for image in read})
        subjects: dict[str, set[str]] = {}
        for start in range(0, len(hashes), CHUNK):
            rows = Image.objects.filter(
                study=self._study, pixel_sha256__in=hashes[start : start + CHUNK]
            ).values_list("pixel_sha256", "subject__code")
            for digest, code in rows:
                subjects.setdefault(digest, set()).add(code)
        for image in read:
            subjects.setdefault(image.stored.pixel_sha256, set()).add(image.unit.placement.subject)
        for image in read:
            others = subjects[image.stored.pixel_sha256] - {image.unit.placement.subject}
            if others:
                self._report.warn(
                    image.name,
                    f"the same pixels are under subject {', '.join(sorted(others)[:3])}, too; the "
                    "split keeps these subjects together",
                )

    # One image

    def _take(self, read: ReadImage) -> None:
        scale, warnings = scales.decided(
            read.scale, read.unit.placement.device, self._confirmed_areas
        )
        self._report.warn(read.name, *warnings)
        self._keep_known_readers(read)
        place = self._places.place(read, self._sites[read.unit.placement.site])
        for difference in place.differences:
            self._report.warn(read.name, difference)
        if place.image is None:
            image = self._new_image(read, place.take, scale)
            self._new_outlines(image, read)
            self._places.remember(read, image)
        elif place.image.pk is None:
            self._report.warn(read.name, "the same pixels stand at this place twice; taken once")
            self._new_outlines(place.image, read)
        else:
            self._known_image(read, place.image, scale)

    def _keep_known_readers(self, read: ReadImage) -> None:
        """Refuse outlines whose reader cannot be a user."""
        kept = []
        for one in read.outlines:
            try:
                self._readers.author(one.reader)
                kept.append(one)
            except MyotraceError as error:
                self._report.refuse(one.name, error.message)
        read.outlines = kept

    def _new_image(self, read: ReadImage, take: Take, scale: Scale) -> Image:
        stored = read.stored
        image = Image(
            take=take,
            frame=read.frame,
            study=self._study,
            site=self._sites[read.unit.placement.site],
            subject=take.scan.visit.subject,
            width=stored.width,
            height=stored.height,
            pixel_sha256=stored.pixel_sha256,
            file_sha256=stored.file_sha256,
            original_name=read.name[:500],
            original_sha256=read.original_sha256,
            pixel_aspect=read.aspect,
            grey_maximum=read.grey_maximum,
        )
        self._rows.images.append(image)
        self._rows.signatures.append(stored.signature)
        self._rows.scale_bases.append(scales.basis_row(image, read.scale))
        calibration = scales.calibration_row(image, scale, read.scale.crop, self._actor)
        if calibration is not None:
            self._rows.calibrations.append(calibration)
        return image

    def _new_outlines(self, image: Image, read: ReadImage) -> None:
        """Annotations, revisions and what follows from them, for an image that is new."""
        known = [row for row in self._rows.annotations if row.image is image]
        for one in read.outlines:
            source = SourceFile(
                image=image, name=one.name[:500], sha256=one.sha256, placement=one.placement
            )
            self._rows.sources.append(source)
            if not one.regions:
                continue
            author = self._readers.author(one.reader)
            annotation = next((row for row in known if row.author == author), None)
            if annotation is None:
                annotation = Annotation(image=image, author=author)
                self._rows.annotations.append(annotation)
                self._rows.assignments.append(
                    Assignment(image=image, person=author, slot=len(known), done_at=timezone.now())
                )
                known.append(annotation)
            source.revision = self._new_revision(annotation, one)
            self._accept_new(image, annotation, source.revision)

    def _new_revision(self, annotation: Annotation, one: ReadOutlines) -> Revision:
        annotation.revision_count += 1
        revision = Revision(
            annotation=annotation,
            number=annotation.revision_count,
            digest=outlines.content_digest(one.regions, "", ""),
            author=self._readers.importer,
            origin=Revision.Origin.IMPORTED,
        )
        self._rows.revisions.append(revision)
        self._rows.contents.append(RevisionContent(revision=revision, regions=one.regions))
        return revision

    def _accept_new(self, image: Image, annotation: Annotation, revision: Revision) -> None:
        if self._request.state != REFERENCE:
            annotation.state = Annotation.State.SUBMITTED
            image.state = Image.State.SUBMITTED
            _once(self._submitted, annotation)
            return
        annotation.state = Annotation.State.APPROVED
        image.state = Image.State.APPROVED
        reviewer = self._readers.importer
        self._rows.reviews.append(
            Review(
                revision=revision,
                reviewer=reviewer,
                decision=Review.Decision.APPROVE,
                reason="approved outside",
            )
        )
        self._rows.references = [row for row in self._rows.references if row.image is not image]
        self._rows.references.append(
            Reference(
                image=image,
                revision=revision,
                how=Reference.How.OUTSIDE,
                accepted_by=reviewer,
            )
        )
        _once(self._approved, annotation)

    # An image that is there already

    def _known_image(self, read: ReadImage, image: Image, scale: Scale) -> None:
        if image.erased_at is not None:
            raise Refused("its subject withdrew consent: it is not taken in again")
        self._report.file(read.name).unchanged = True
        self._calibrate_again(read, image, scale)
        for one in read.outlines:
            try:
                with transaction.atomic():
                    self._outlines_again(image, one)
            except MyotraceError as error:
                self._report.refuse(one.name, error.message)

    def _calibrate_again(self, read: ReadImage, image: Image, scale: Scale) -> None:
        spacing = scale.spacing
        if spacing is None:
            return
        if image.calibration is None and self._actor is not None:
            calibrations.calibrate(image, spacing, actor=self._actor, area=scale.area)
            self._report.warn(read.name, "was imported before; its calibration is new")
        elif image.calibration is None:
            self._report.warn(read.name, "is not calibrated here; name who sets its scale (--as)")
        elif (image.calibration.x_mm, image.calibration.y_mm) != (spacing.x_mm, spacing.y_mm):
            self._report.warn(
                read.name, "is calibrated differently here; set its scale on its own page"
            )

    def _outlines_again(self, image: Image, one: ReadOutlines) -> None:
        last = SourceFile.objects.filter(image=image, name=one.name[:500]).last()
        if last is not None and last.sha256 == one.sha256 and last.placement == one.placement:
            self._report.file(one.name).unchanged = True
            return
        if sealed(image) is not None:
            raise Refused("its image is in a locked test set; its outlines stay as they are")
        author = self._readers.author(one.reader)
        source = SourceFile(
            image=image, name=one.name[:500], sha256=one.sha256, placement=one.placement
        )
        if one.regions:
            annotation = self._annotation_of(image, author)
            source.revision = outlines.append_revision(
                annotation,
                one.regions,
                base=annotation.revision_count,
                author=self._readers.importer,
                origin=Revision.Origin.IMPORTED,
            )
            self._accept_again(image, annotation, source.revision)
        source.save()
        if last is not None:
            self._report.warn(
                one.name, "has changed since it was imported; taken as a new revision"
            )

    def _annotation_of(self, image: Image, author: User) -> Annotation:
        annotation, created = Annotation.objects.get_or_create(image=image, author=author)
        if created and not Assignment.objects.filter(image=image, person=author).exists():
            taken = set(Assignment.objects.filter(image=image).values_list("slot", flat=True))
            slot = next(number for number in range(len(taken) + 1) if number not in taken)
            Assignment.objects.create(image=image, person=author, slot=slot, done_at=timezone.now())
        return annotation

    def _accept_again(self, image: Image, annotation: Annotation, revision: Revision) -> None:
        if self._request.state == REFERENCE:
            assert self._actor is not None
            before = _outside_of(annotation)
            references.accept_outside(
                revision,
                actor=self._actor,
                replaces=before,
                reason="its file was imported again" if before else "",
            )
            return
        Annotation.objects.filter(pk=annotation.pk).update(state=Annotation.State.SUBMITTED)
        refresh_state(image)
        _once(self._submitted, annotation)

    # Writing

    def _refuse(self, image: ReadImage, reason: str) -> None:
        self._report.refuse(image.name, reason)
        for one in image.outlines:
            if one.name != image.name:
                self._report.refuse(one.name, f"its image {image.name} was refused")

    def _write(self) -> None:
        rows = self._rows
        Image.objects.bulk_create(rows.images, batch_size=CHUNK)
        signatures.keep_all(rows.images, rows.signatures)
        ScaleBasis.objects.bulk_create(rows.scale_bases, batch_size=CHUNK)
        Calibration.objects.bulk_create(rows.calibrations, batch_size=CHUNK)
        for calibration in rows.calibrations:
            calibration.image.calibration = calibration
        Image.objects.bulk_update(
            [calibration.image for calibration in rows.calibrations],
            ["calibration"],
            batch_size=CHUNK,
        )
        Annotation.objects.bulk_create(rows.annotations, batch_size=CHUNK)
        Revision.objects.bulk_create(rows.revisions, batch_size=CHUNK)
        RevisionContent.objects.bulk_create(rows.contents, batch_size=CHUNK)
        SourceFile.objects.bulk_create(rows.sources, batch_size=CHUNK)
        Assignment.objects.bulk_create(rows.assignments, batch_size=CHUNK)
        Review.objects.bulk_create(rows.reviews, batch_size=CHUNK)
        Reference.objects.bulk_create(rows.references, batch_size=CHUNK)

    def _finish(self) -> dict[str, int]:
        """Plan double readings, leave the trace, tell the others; answers the counts."""
        rows = self._rows
        outlined = {id(annotation.image) for annotation in rows.annotations}
        held_out = self._held_out_subjects()
        for image in rows.images:
            twice = self._study.double_reading_share > 0 or image.subject_id in held_out
            if twice and id(image) not in outlined:
                double_reading.plan(image)
        counts = {
            "images": len(rows.images),
            "outlines": len(rows.revisions),
            "references": len(rows.references),
        }
        audit.record(
            "dataset imported",
            actor=self._actor,
            target=self._study,
            scope=self._study.name,
            state=self._request.state,
            digest=_digest(rows),
            **counts,
        )
        self._tell()
        return counts

    def _held_out_subjects(self) -> set[int]:
        rows = Subject.objects.filter(study=self._study, partition__partition__in=HELD_OUT)
        return set(rows.values_list("pk", flat=True))

    def _tell(self) -> None:
        """Tell of what arrived, once a site: who listens looks up all that is new there."""
        arrived = {image.site_id: image for image in self._rows.images}
        for site_id, image in arrived.items():
            events.publish("image_added", image_id=image.pk, site_id=site_id)
        submitted = {annotation.image.site_id: annotation for annotation in self._submitted}
        for annotation in submitted.values():
            events.publish(
                "annotation_submitted", annotation_id=annotation.pk, image_id=annotation.image_id
            )
        approved = {annotation.image.site_id: annotation for annotation in self._approved}
        for site_id, annotation in approved.items():
            events.publish(
                "annotation_approved",
                annotation_id=annotation.pk,
                image_id=annotation.image_id,
                site_id=site_id,
            )


def _once(annotations: list[Annotation], annotation: Annotation) -> None:
    if not any(known is annotation for known in annotations):
        annotations.append(annotation)


def _digest(rows: _NewRows) -> str:
    """SHA-256 over the hashes of all new pixels and revisions, sorted."""
    hashes = sorted(image.pixel_sha256 for image in rows.images)
    hashes += sorted(revision.digest for revision in rows.revisions)
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _outside_of(annotation: Annotation) -> int | None:
    """The reference that an import made of this work, if it still stands: that alone gives way to
    a newer file."""
    standing = current_reference(annotation.image)
    outside = Reference.How.OUTSIDE
    if standing is None or standing.how != outside or standing.revision.annotation != annotation:
        return None
    return standing.pk
