"""What is taken of a batch: decided from what stands, in memory, for preview and intake alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from annotation.models import (
    Annotation,
    Assignment,
    Calibration,
    Image,
    KeptOutline,
    Reference,
    Revision,
    RevisionContent,
    ScaleBasis,
    Scan,
    Site,
    SourceFile,
    Study,
    Subject,
    Take,
)
from annotation.services import calibrations, outlines
from annotation.services.imports import scales
from annotation.services.intake.batch import (
    NEWER,
    REFERENCE,
    REFUSED,
    UNCHANGED,
    WORKED_HERE,
    Frame,
    Outcome,
    Outlines,
    OutlinesOutcome,
)
from annotation.services.intake.readers import Readers
from annotation.services.intake.since import Work, work_on
from annotation.services.intake.standing import FIRST_TAKE, SELECTED, Standing
from core import files
from domain.errors import MyotraceError, Refused
from domain.lookalike import Signature
from domain.names import identity
from domain.pixels import Rectangle

RECALIBRATED = "was imported before; its calibration is new"
SEVERAL_READERS = "several readers outlined the scan"
NO_REFERENCE = "it goes to review, and is no reference yet"

_Offered = tuple[Annotation, Revision, OutlinesOutcome]
"""An outline that was brought as a reference."""


@dataclass
class Rows:
    """The rows that a batch leads to, not yet written. New rows refer to each other as objects.

    `subjects`: those of what is taken or known, by code, `filled` the fields that they got.
    `changed`: annotations that got a further revision. `accepted`: revisions that are taken as
    approved outside, with the reference that each replaces. `withdrawn`: references whose outline
    was deleted in its file.
    """

    images: list[Image] = field(default_factory=list)
    signatures: list[Signature | None] = field(default_factory=list)
    scale_bases: list[ScaleBasis] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    changed: list[Annotation] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    contents: list[RevisionContent] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    kept: list[KeptOutline] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    accepted: list[tuple[Revision, Reference | None]] = field(default_factory=list)
    withdrawn: list[tuple[Revision, Reference]] = field(default_factory=list)
    recalibrated: list[tuple[Outcome, Image]] = field(default_factory=list)
    filled: dict[str, set[str]] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    selected: dict[int, tuple[Scan, Take, str]] = field(default_factory=dict)
    partitions: dict[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many images, outlines and references are new."""
        return {
            "images": len(self.images),
            "outlines": len(self.revisions),
            "references": len(self.accepted),
        }

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written."""
        return not any(value for name, value in vars(self).items() if name != "subjects")


class Decider:
    """Decides on the frames of one batch.

    `wanted`: the partitions that the whole import gives, by subject.
    """

    def __init__(
        self,
        study: Study,
        sites: Mapping[str, Site],
        frames: Sequence[Frame],
        readers: Readers,
        *,
        state: str,
        wanted: Mapping[str, frozenset[str]],
        may_calibrate: bool,
        held: bool,
    ) -> None:
        self.rows = Rows()
        self._study = study
        self._frames = frames
        self._readers = readers
        self._state = state
        self._wanted = wanted
        self._may_calibrate = may_calibrate
        self._held = held
        self._standing = Standing(study, sites, frames, held=held)
        self._on_new: dict[int, _NewWork] = {}

    def decide(self) -> list[Outcome]:
        """What becomes of each frame, in their order; what is to be written gathers in `rows`."""
        outcomes = [Outcome(frame) for frame in self._frames]
        known: list[Outcome] = []
        for outcome in outcomes:
            try:
                self._place(outcome)
            except MyotraceError as error:
                outcome.refuse(error)
                continue
            if outcome.status == UNCHANGED and outcome.frame.outlines:
                known.append(outcome)
        for work in self._on_new.values():
            self._finish_new(work)
        self._decide_known(known)
        return outcomes

    # The frame

    def _place(self, outcome: Outcome) -> None:
        frame = outcome.frame
        self._check_partition(frame)
        self._check_file(frame.stored.file_sha256)
        place = self._standing.place(frame)
        subject = place.take.scan.visit.subject
        filled, differences = self._standing.describe(subject, frame.subject_fields)
        self.rows.subjects[subject.code] = subject
        if subject.pk is not None and filled:
            self.rows.filled.setdefault(subject.code, set()).update(filled)
        if frame.partition and not hasattr(subject, "partition"):
            self.rows.partitions[subject.code] = frame.partition
        outcome.reasons += differences
        outcome.take = place.take.number
        self._select(outcome, place.take)
        if place.image is None:
            image = self._new_image(frame, place.take)
            self._standing.remember(frame, image)
            self._outline_new(outcome, self._on_new.setdefault(id(image), _NewWork(image)))
        elif place.image.pk is None:
            outcome.reasons.append("the same pixels stand at this place twice; taken once")
            self._outline_new(outcome, self._on_new[id(place.image)])
            image = place.image
        else:
            image = place.image
            outcome.status = UNCHANGED
            self._calibrate_again(outcome, image)
        outcome.image = image

    def _check_file(self, sha256: str) -> None:
        """A withdrawal may have erased a file that was read already. A preview keeps none."""
        if self._held and not files.exists(sha256):
            raise Refused("was erased here while it came in; import it again")

    def _check_partition(self, frame: Frame) -> None:
        """A manifest may contradict neither itself nor the split."""
        wanted = self._wanted.get(identity(frame.subject), frozenset())
        if len(wanted) > 1:
            raise Refused(
                f"the manifest puts subject {frame.subject} into {' and '.join(sorted(wanted))}; "
                "a subject has one partition"
            )
        here = getattr(self._standing.subject(frame.subject), "partition", None)
        if wanted and here is not None and here.partition not in wanted:
            raise Refused(
                f"subject {frame.subject} is in the partition {here.partition}, and stays there"
            )

    def _select(self, outcome: Outcome, take: Take) -> None:
        """Choose the take of its scan: the first that comes, or the one that is named, unless a
        person has chosen here."""
        scan = take.scan
        if scan.selected_take_id is None:
            self.rows.selected.setdefault(id(scan), (scan, take, FIRST_TAKE))
        if not outcome.frame.selected or scan.selected_take_id == take.pk is not None:
            return
        if scan.selected_by_id is not None or self._standing.is_sealed(scan):
            why = "by a person" if scan.selected_by_id is not None else "before it was sealed"
            outcome.reasons.append(
                f"another take of the scan was selected here {why}; that one stays"
            )
        else:
            self.rows.selected[id(scan)] = (scan, take, SELECTED)

    def _new_image(self, frame: Frame, take: Take) -> Image:
        stored, scan = frame.stored, take.scan
        image = Image(
            take=take,
            frame=frame.frame,
            study=self._study,
            site=scan.site,
            subject=scan.visit.subject,
            width=stored.width,
            height=stored.height,
            pixel_sha256=stored.pixel_sha256,
            file_sha256=stored.file_sha256,
            original_name=frame.name[:500],
            original_sha256=frame.original_sha256,
            pixel_aspect=frame.pixel_aspect,
            grey_maximum=frame.grey_maximum,
        )
        self.rows.images.append(image)
        self.rows.signatures.append(stored.signature)
        if frame.seen is not None:
            self.rows.scale_bases.append(scales.basis_row(image, frame.seen))
        crop = frame.seen.crop if frame.seen else Rectangle(0, 0, stored.width, stored.height)
        spacing = frame.scale.spacing
        if spacing is not None:
            self.rows.calibrations.append(
                calibrations.row(
                    image, spacing, area=frame.scale.area, crop=crop, author=self._readers.actor
                )
            )
        return image

    def _calibrate_again(self, outcome: Outcome, image: Image) -> None:
        spacing = outcome.frame.scale.spacing
        if spacing is None:
            return
        if image.calibration is None and self._standing.is_sealed(image.take.scan):
            outcome.reasons.append("is sealed in a locked test set without a scale; that stays")
        elif image.calibration is None and self._may_calibrate:
            self.rows.recalibrated.append((outcome, image))
            outcome.reasons.append(RECALIBRATED)
        elif image.calibration is None:
            outcome.reasons.append(
                "is not calibrated here: an expert or an admin sets its scale, or imports it"
            )
        elif (image.calibration.x_mm, image.calibration.y_mm) != (spacing.x_mm, spacing.y_mm):
            outcome.reasons.append("is calibrated differently here; set its scale on its own page")

    # Outlines of a new frame

    def _outline_new(self, outcome: Outcome, work: _NewWork) -> None:
        for one in outcome.frame.outlines:
            ended = OutlinesOutcome(one)
            outcome.outlines.append(ended)
            try:
                author = self._readers.author(one.reader)
                self._check_file(one.sha256)
            except MyotraceError as error:
                ended.end(REFUSED, error.message)
                continue
            source = self._source(work.image, one)
            if not one.regions and not one.reader:
                continue
            annotation = work.annotations.get(author.username)
            if annotation is None:
                annotation = Annotation(image=work.image, author=author)
                work.annotations[author.username] = annotation
                self.rows.annotations.append(annotation)
                self._assign(annotation, len(work.annotations) - 1)
            source.revision = work.newest[author.username] = self._revise(annotation, one)
            work.ended.append(ended)

    def _finish_new(self, work: _NewWork) -> None:
        """Send what was outlined to review, or take it as approved outside: one reader's only."""
        if not work.annotations:
            return
        alone = len(work.annotations) == 1
        for name, annotation in work.annotations.items():
            newest = work.newest[name]
            if self._state == REFERENCE and alone and _regions(newest):
                self._accept(annotation, newest, None)
                work.image.state = Image.State.APPROVED
                continue
            annotation.state = Annotation.State.SUBMITTED
            work.image.state = Image.State.SUBMITTED
            if self._state == REFERENCE:
                why = "nothing is outlined" if alone else SEVERAL_READERS
                for ended in work.ended:
                    ended.reasons.append(f"{why}: {NO_REFERENCE}")

    # Outlines of a frame that is there already

    def _decide_known(self, known: Sequence[Outcome]) -> None:
        images = {outcome.image.pk: outcome.image for outcome in known if outcome.image}
        if not images:
            return
        works = work_on(images.values(), held=self._held)
        for outcome in known:
            assert outcome.image is not None
            work = works[outcome.image.pk]
            offered: list[_Offered] = []
            last = {one.reader: one.name for one in outcome.frame.outlines}
            for one in outcome.frame.outlines:
                ended = OutlinesOutcome(one)
                outcome.outlines.append(ended)
                try:
                    counts = last[one.reader]
                    offered += self._again(work, ended, counts)
                except MyotraceError as error:
                    ended.end(REFUSED, error.message)
            self._accept_again(work, offered)

    def _again(self, work: Work, ended: OutlinesOutcome, counts: str) -> list[_Offered]:
        """The same file, a newer one, or one that meets work done here; what of it is offered as
        the reference."""
        one = ended.outlines
        if work.has(one, self._readers.author(one.reader)):
            ended.end(UNCHANGED)
            self._say_what_stays(work, ended)
            return []
        self._check_file(one.sha256)
        if work.is_sealed:
            raise Refused("its image is in a locked test set; its outlines stay as they are")
        before = work.last(one.name)
        annotation = work.annotation_for(one, self._readers.author(one.reader), before)
        done = (
            work.done_here(annotation, self._state)
            if annotation is not None
            else work.done_by_others(self._state, is_named=bool(one.reader))
        )
        source = self._source(work.image, one)
        work.sources.append(source)
        if done:
            author = annotation.author if annotation else self._readers.author(one.reader)
            self.rows.kept.append(
                KeptOutline(
                    source=source,
                    image=work.image,
                    author=author,
                    why=done[:200],
                    regions=list(one.regions),
                )
            )
            ended.end(
                WORKED_HERE,
                f"{done}: nothing of it is replaced. The file's outline is kept beside it; compare "
                "and take it on the scan's page",
            )
            return []
        if one.name != counts:
            ended.end(NEWER, f"has changed since it was imported; the outlines of {counts} count")
            return []
        if annotation is None:
            if not one.regions and not one.reader:
                return []
            annotation = self._further_reading(work, one)
            if before is not None:
                ended.end(NEWER, self._newer(one, before))
        elif before is not None or one.regions or one.reader:
            ended.end(NEWER, self._newer(one, before))
        else:
            return []
        source.revision = self._revise(annotation, one)
        return self._settle_again(work, annotation, source.revision, ended)

    def _newer(self, one: Outlines, before: SourceFile | None) -> str:
        if not one.regions:
            return "its outlines were deleted since it was imported; taken as an empty reading"
        if before is None:
            return "is a further file for this outline; taken as a new revision"
        return "has changed since it was imported; taken as a new revision"

    def _further_reading(self, work: Work, one: Outlines) -> Annotation:
        author = self._readers.author(one.reader)
        annotation = Annotation(image=work.image, author=author)
        self.rows.annotations.append(annotation)
        work.further.append(annotation)
        slot = next(n for n in range(len(work.slots) + 1) if n not in work.slots)
        if author.pk is None or author.pk not in work.assigned:
            work.slots.add(slot)
            self._assign(annotation, slot)
        return annotation

    def _settle_again(
        self, work: Work, annotation: Annotation, revision: Revision, ended: OutlinesOutcome
    ) -> list[_Offered]:
        if annotation.pk is not None and annotation not in self.rows.changed:
            self.rows.changed.append(annotation)
        if self._state == REFERENCE and _regions(revision):
            return [(annotation, revision, ended)]
        annotation.state = (
            Annotation.State.SETTLED
            if work.is_decided_without(annotation)
            else Annotation.State.SUBMITTED
        )
        if self._state == REFERENCE and work.reference is not None:
            self.rows.withdrawn.append((revision, work.reference))
            ended.reasons.append(
                "the outline that was approved outside is no reference any more: the scan waits "
                "for review"
            )
        return []

    def _accept_again(self, work: Work, offered: Sequence[_Offered]) -> None:
        """Take a reader's outline as approved outside: in place of the reference that is his, or
        where nobody else has outlined the scan."""
        for annotation, revision, ended in offered:
            if work.reference is not None or work.readers == 1:
                self._accept(annotation, revision, work.reference)
            else:
                annotation.state = Annotation.State.SUBMITTED
                ended.reasons.append(f"{SEVERAL_READERS}: {NO_REFERENCE}")

    def _say_what_stays(self, work: Work, ended: OutlinesOutcome) -> None:
        """An unchanged file of which nothing became the outline here, and why."""
        if self._state == REFERENCE and work.reference is None and ended.outlines.regions:
            ended.reasons.append(
                "was imported before and is no reference: an expert approves it in review"
            )

    # Rows of both

    def _source(self, image: Image, one: Outlines) -> SourceFile:
        source = SourceFile(
            image=image, name=one.name[:500], sha256=one.sha256, placement=dict(one.placement)
        )
        self.rows.sources.append(source)
        return source

    def _assign(self, annotation: Annotation, slot: int) -> None:
        self.rows.assignments.append(
            Assignment(
                image=annotation.image,
                person=annotation.author,
                slot=slot,
                done_at=timezone.now(),
            )
        )

    def _revise(self, annotation: Annotation, one: Outlines) -> Revision:
        annotation.revision_count += 1
        regions = list(one.regions)
        revision = Revision(
            annotation=annotation,
            number=annotation.revision_count,
            digest=outlines.content_digest(regions, "", ""),
            author=self._readers.importer,
            origin=Revision.Origin.IMPORTED,
        )
        self.rows.revisions.append(revision)
        self.rows.contents.append(RevisionContent(revision=revision, regions=regions))
        return revision

    def _accept(
        self, annotation: Annotation, revision: Revision, replaced: Reference | None
    ) -> None:
        annotation.state = Annotation.State.APPROVED
        self.rows.accepted.append((revision, replaced))


@dataclass
class _NewWork:
    """The outlines of a new image as they gather, by their author's name."""

    image: Image
    annotations: dict[str, Annotation] = field(default_factory=dict)
    newest: dict[str, Revision] = field(default_factory=dict)
    ended: list[OutlinesOutcome] = field(default_factory=list)


def _regions(revision: Revision) -> list[object]:
    return list(revision.regions)


def wanted_partitions(frames: Iterable[Frame]) -> dict[str, frozenset[str]]:
    """The partitions that frames give to each subject, by its identity: one, unless they contradict
    themselves."""
    wanted: dict[str, set[str]] = {}
    for frame in frames:
        if frame.partition:
            wanted.setdefault(identity(frame.subject), set()).add(frame.partition)
    return {code: frozenset(given) for code, given in wanted.items()}
