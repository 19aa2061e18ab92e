"""Writing what was decided of a batch, with all that follows, in the caller's transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from django.db.models import Model
from django.utils import timezone

from annotation.models import (
    HELD_OUT,
    Annotation,
    Assignment,
    Calibration,
    Centre,
    Image,
    KeptOutline,
    Revision,
    RevisionContent,
    ScaleBasis,
    Scan,
    Site,
    SourceFile,
    Study,
    Subject,
    SubjectPartition,
    Take,
    Visit,
)
from annotation.services import calibrations, double_reading, references, signatures, split
from annotation.services import sites as site_services
from annotation.services.image_state import refresh_states
from annotation.services.intake.batch import NewSite, Outcome
from annotation.services.intake.deciding import RECALIBRATED, Rows
from annotation.services.intake.readers import Readers
from annotation.services.intake.standing import adopt
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, Refused

Row = TypeVar("Row", bound=Model)


class Writer:
    """Writes the rows of one batch: each table once, parents before children."""

    def __init__(self, study: Study, rows: Rows, readers: Readers, state: str) -> None:
        self._study = study
        self._rows = rows
        self._readers = readers
        self._actor = readers.actor
        self._state = state

    def write(self, new_sites: Mapping[str, NewSite]) -> None:
        """Write all, and tell of it once it is committed."""
        rows = self._rows
        self._make_readers()
        self._make_sites(new_sites)
        self._make_places()
        self._write_images()
        self._write_outlines()
        self._select_takes()
        for outcome, image in rows.recalibrated:
            self._calibrate(outcome, image)
        if rows.partitions:
            split.honour(self._study, rows.partitions, actor=None)
        self._accept()
        self._plan_readings()
        audit.record(
            "dataset imported",
            actor=self._actor,
            target=self._study,
            scope=self._study.name,
            state=self._state,
            digest=_digest(rows),
            **rows.counts,
        )
        self._tell()

    def _calibrate(self, outcome: Outcome, image: Image) -> None:
        """Give a scale to an image that had none, where its known depth does not contradict it."""
        scale = outcome.frame.scale
        assert self._actor is not None
        assert scale.spacing is not None
        try:
            calibrations.calibrate(image, scale.spacing, actor=self._actor, area=scale.area)
        except Refused as error:
            outcome.reasons.remove(RECALIBRATED)
            outcome.reasons.append(error.message)

    # What stands above a scan

    def _make_readers(self) -> None:
        for user in _new(self._people()):
            self._readers.make(user)

    def _people(self) -> Iterable[User]:
        rows = self._rows
        for annotation in rows.annotations:
            yield annotation.author
        for revision in rows.revisions:
            yield revision.author
        for kept in rows.kept:
            yield kept.author

    def _make_sites(self, new_sites: Mapping[str, NewSite]) -> None:
        for site in _new(image.site for image in self._rows.images):
            wanted = new_sites[site.slug]
            adopt(site, _site(self._study, wanted, self._actor))

    def _make_places(self) -> None:
        images = self._rows.images
        takes = _unique(image.take for image in images)
        new_scans = _new(take.scan for take in takes)
        visits = _new(scan.visit for scan in new_scans)
        subjects = _new(visit.subject for visit in visits)
        filled = [self._rows.subjects[code] for code in self._rows.filled]
        centres = _new(row.centre for row in [*subjects, *filled] if row.centre is not None)
        Centre.objects.bulk_create(centres)
        Subject.objects.bulk_create(subjects)
        names = sorted({name for names in self._rows.filled.values() for name in names})
        if names:
            Subject.objects.bulk_update(filled, names)
        Visit.objects.bulk_create(visits)
        Scan.objects.bulk_create(new_scans)
        Take.objects.bulk_create(_new(takes))

    def _select_takes(self) -> None:
        """The chosen take of each scan; a choice that changes an earlier one leaves a trace."""
        chosen = self._rows.selected.values()
        audit.record_all(
            [
                audit.Entry(
                    "take selected",
                    self._actor,
                    scan,
                    self._study.name,
                    {"take": take.number, "reason": reason},
                )
                for scan, take, reason in chosen
                if scan.selected_take_id is not None
            ]
        )
        now = timezone.now()
        for scan, take, reason in chosen:
            scan.selected_take, scan.selected_reason = take, reason
            scan.selected_at = now
        Scan.objects.bulk_update(
            [scan for scan, _, _ in chosen if scan.pk is not None],
            ["selected_take", "selected_reason", "selected_at"],
        )

    # The scan and its outlines

    def _write_images(self) -> None:
        rows = self._rows
        Image.objects.bulk_create(rows.images)
        signatures.keep_all(rows.images, rows.signatures)
        ScaleBasis.objects.bulk_create(rows.scale_bases)
        Calibration.objects.bulk_create(rows.calibrations)
        for calibration in rows.calibrations:
            calibration.image.calibration = calibration
        Image.objects.bulk_update([row.image for row in rows.calibrations], ["calibration"])

    def _write_outlines(self) -> None:
        rows = self._rows
        Annotation.objects.bulk_create(rows.annotations)
        self._append()
        Revision.objects.bulk_create(rows.revisions)
        RevisionContent.objects.bulk_create(rows.contents)
        SourceFile.objects.bulk_create(rows.sources)
        KeptOutline.objects.bulk_create(rows.kept)
        Assignment.objects.bulk_create(rows.assignments)

    def _append(self) -> None:
        """Annotations that were there get a further revision: `revision_count` was read in this
        transaction, and another revision of that number is refused by the database."""
        Annotation.objects.bulk_update(self._rows.changed, ["revision_count", "state"])

    def _accept(self) -> None:
        """Take outlines as truth on an admin's word, and let go what their files deleted."""
        if not (self._rows.accepted or self._rows.withdrawn):
            return
        assert self._actor is not None
        new = {id(image) for image in self._rows.images}
        at_once = [
            revision for revision, _ in self._rows.accepted if id(revision.annotation.image) in new
        ]
        references.accept_new_outside(at_once, actor=self._actor)
        for revision, before in self._rows.accepted:
            if id(revision.annotation.image) not in new:
                references.accept_outside(
                    revision,
                    actor=self._actor,
                    replaces=before.pk if before else None,
                    reason="its file has changed since it was imported" if before else "",
                )
        for revision, before in self._rows.withdrawn:
            references.withdraw(before)
            audit.record(
                "approval withdrawn: the outline was deleted in its file",
                actor=self._actor,
                target=revision.annotation,
                scope=self._study.name,
                annotation=revision.annotation_id,
                revision=revision.number,
                digest=revision.digest,
            )

    def _plan_readings(self) -> None:
        """Which scans two people read, and what state the changed ones are in."""
        rows = self._rows
        new = {id(image) for image in rows.images}
        touched = {
            revision.annotation.image_id
            for revision in rows.revisions
            if id(revision.annotation.image) not in new
        }
        refresh_states(touched)
        held_out = set(
            SubjectPartition.objects.filter(
                subject__in=_unique(image.subject for image in rows.images),
                partition__in=HELD_OUT,
            ).values_list("subject", flat=True)
        )
        everywhere = self._study.double_reading_share > 0
        untouched = [
            image.pk
            for image in rows.images
            if image.state == Image.State.NEW and (everywhere or image.subject_id in held_out)
        ]
        if untouched:
            double_reading.plan_arrived(untouched)

    def _tell(self) -> None:
        """Tell of what arrived, once a site: who listens looks up all that is new there."""
        arrived = {image.site_id: image for image in self._rows.images}
        for site_id, image in arrived.items():
            events.publish("image_added", image_id=image.pk, site_id=site_id)
        submitted = {
            revision.annotation.image.site_id: revision.annotation
            for revision in self._rows.revisions
            if revision.annotation.state == Annotation.State.SUBMITTED
        }
        for annotation in submitted.values():
            events.publish(
                "annotation_submitted", annotation_id=annotation.pk, image_id=annotation.image_id
            )


def _site(study: Study, wanted: NewSite, actor: User | None) -> Site:
    """The site of that name, made if nobody has made it meanwhile."""
    try:
        return site_services.create(
            study, wanted.slug, wanted.labels, actor=actor, plane=wanted.plane
        )
    except Conflict:
        return Site.objects.get(study=study, slug=wanted.slug)


def _unique(rows: Iterable[Row]) -> list[Row]:
    """Each object once, in their order: rows without a key are told apart as objects."""
    return list({id(row): row for row in rows}.values())


def _new(rows: Iterable[Row]) -> list[Row]:
    return [row for row in _unique(rows) if row.pk is None]


def _digest(rows: Rows) -> str:
    """SHA-256 over the hashes of all new pixels and revisions, sorted."""
    hashes: Sequence[str] = sorted(image.pixel_sha256 for image in rows.images)
    hashes = [*hashes, *sorted(revision.digest for revision in rows.revisions)]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()
