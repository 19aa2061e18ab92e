"""Taking in what comes, in short transactions, so that everybody else's work goes on meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from django.db import transaction

from annotation.models import Annotation, Site, Study
from annotation.policies import is_admin, is_expert, require_admin, require_member
from annotation.services import studies
from annotation.services.intake.batch import REFERENCE, SUBMITTED, Frame, NewSite, Outcome, ScanKey
from annotation.services.intake.deciding import Decider, Rows, wanted_partitions
from annotation.services.intake.readers import Readers
from annotation.services.intake.standing import adopt
from annotation.services.intake.writing import Writer
from annotation.services.stored_files import erase_unnamed
from core import events
from core.models import User
from domain.errors import NotAllowed

FIRST_BATCH = 20
LEAST_FRAMES, MOST_FRAMES = 20, 200
BATCH_SECONDS = 0.2
"""What a transaction is to take; the next batch is as large as that allows. Some forty statements
are the same for each, so that very small ones would only take longer together."""
LEAST_PAUSE = 0.05

Publish = Callable[[], AbstractContextManager[None]]


class Intake:
    """What one import, upload or call brings into a study.

    Args:
        study: where it goes; `Study(name=...)` without a key where the first scan starts it.
        frames: all that comes, decoded and in the file store.
        state: `submitted` sends outlines to review, `reference` takes them as approved outside.
        new_sites: sites that the study does not have, made with their first scan.
        actor: who brings it; None is the command line.

    Raises NotFound or NotAllowed where the actor may not.
    """

    def __init__(
        self,
        study: Study,
        frames: Sequence[Frame],
        *,
        actor: User | None,
        state: str = SUBMITTED,
        new_sites: Iterable[NewSite] = (),
    ) -> None:
        self._study = study
        self._frames = frames
        self._actor = actor
        self._state = state
        self._new_sites = {site.slug: site for site in new_sites}
        self._wanted = wanted_partitions(frames)
        self._slugs = sorted({frame.site for frame in frames})
        self._readers = Readers(actor)
        self._sites: dict[str, Site] = {}
        self._approved: dict[int, Annotation] = {}
        self.counts = {"images": 0, "outlines": 0, "references": 0}
        self._check()

    def preview(self) -> list[Outcome]:
        """What would become of each frame. Writes nothing and keeps nobody waiting."""
        self._find_sites()
        decider = self._decider(self._frames, held=False)
        outcomes = decider.decide()
        self.counts = decider.rows.counts
        return outcomes

    def take(
        self,
        publish: Publish = transaction.atomic,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> Iterator[list[Outcome]]:
        """Take the frames in, some scans at a time; gives what became of each batch once it is
        written.

        A batch is one transaction (`publish`) and never divides a scan: a scan comes in with its
        takes, frames and outlines, or not at all. Between two batches others get to write. Of what
        is refused no file is kept.
        """
        refused: list[Frame] = []
        try:
            yield from self._batches(publish, pause, refused)
        finally:
            erase_unnamed([name for frame in refused for name in frame.files])
        if self._approved:
            with publish():
                self._tell_of_approved()

    def _batches(
        self, publish: Publish, pause: Callable[[float], None], refused: list[Frame]
    ) -> Iterator[list[Outcome]]:
        size = FIRST_BATCH
        waiting = _by_scan(self._frames)
        while waiting:
            frames = _next_batch(waiting, size)
            begun = time.perf_counter()
            with publish():
                outcomes = self._take(frames)
            refused += [one.frame for one in outcomes if not one.is_taken]
            seconds = time.perf_counter() - begun
            size = _next_size(size, len(frames), seconds)
            yield outcomes
            if waiting:
                pause(max(LEAST_PAUSE, 2 * seconds))

    def _take(self, frames: Sequence[Frame]) -> list[Outcome]:
        self._find_study()
        self._find_sites()
        decider = self._decider(frames, held=True)
        outcomes = decider.decide()
        if not decider.rows.is_empty:
            self._make_study()
            self._write(decider.rows)
        return outcomes

    def _write(self, rows: Rows) -> None:
        Writer(self._study, rows, self._readers, self._state).write(self._new_sites)
        for name, count in rows.counts.items():
            self.counts[name] += count
        for revision, _ in rows.accepted:
            self._approved[revision.annotation.image.site_id] = revision.annotation

    def _decider(self, frames: Sequence[Frame], *, held: bool) -> Decider:
        actor, study = self._actor, self._study
        may_calibrate = actor is not None and (
            study.pk is None or is_admin(actor, study) or is_expert(actor, study)
        )
        return Decider(
            study,
            self._sites,
            frames,
            self._readers,
            state=self._state,
            wanted=self._wanted,
            may_calibrate=may_calibrate,
            held=held,
        )

    # Who may, and where it goes

    def _check(self) -> None:
        """References, partitions and new sites are an admin's word; who starts a study is its
        admin."""
        if self._state == REFERENCE and self._actor is None:
            raise NotAllowed("Name the admin who takes the outlines as references.")
        if self._actor is None or self._study.pk is None:
            return
        require_member(self._actor, self._study)
        if self._state == REFERENCE or self._new_sites:
            require_admin(self._actor, self._study)
        if self._wanted and not is_admin(self._actor, self._study):
            raise NotAllowed(
                "The manifest gives partitions, which only an admin may do. Leave its column "
                "'partition' out."
            )

    def _find_study(self) -> None:
        """Keep two intakes into one study apart until the end of the transaction; take the study
        that was started by somebody else meanwhile."""
        found = Study.objects.select_for_update().filter(name=self._study.name).first()
        if found is not None and self._study.pk is None:
            adopt(self._study, found)
            self._check()

    def _make_study(self) -> None:
        if self._study.pk is None:
            adopt(self._study, studies.create(self._study.name, actor=self._actor))

    def _find_sites(self) -> None:
        """The sites of the frames: those of the study, or objects that become rows with the first
        scan."""
        if self._sites and all(site.pk is not None for site in self._sites.values()):
            return
        for slug in self._slugs:
            self._sites.setdefault(slug, Site(study=self._study, slug=slug, name=slug))
        if self._study.pk is None:
            return
        for row in Site.objects.filter(study=self._study, slug__in=self._sites):
            adopt(self._sites[row.slug], row)

    def _tell_of_approved(self) -> None:
        """Tell of new references once a site when all are there: who listens may train on them."""
        for site_id, annotation in self._approved.items():
            events.publish(
                "annotation_approved",
                annotation_id=annotation.pk,
                image_id=annotation.image_id,
                site_id=site_id,
            )


def take_one(study: Study, frame: Frame, *, actor: User | None) -> Outcome:
    """Take one frame in, in a transaction of its own or the caller's."""
    intake = Intake(study, [frame], actor=actor)
    ((outcome,),) = intake.take()
    return outcome


def _by_scan(frames: Iterable[Frame]) -> list[list[Frame]]:
    """The frames of each scan together, the first scan last: they are taken from the end."""
    scans: dict[ScanKey, list[Frame]] = {}
    for frame in frames:
        scans.setdefault(frame.scan_key, []).append(frame)
    return list(reversed(scans.values()))


def _next_batch(waiting: list[list[Frame]], size: int) -> list[Frame]:
    """Whole scans of `size` frames together, at least one."""
    batch = waiting.pop()
    while waiting and len(batch) + len(waiting[-1]) <= size:
        batch = [*batch, *waiting.pop()]
    return batch


def _next_size(size: int, taken: int, seconds: float) -> int:
    """So many frames as a transaction may take by the last one's pace, at most twice as many."""
    if taken < size // 2:
        return size
    wanted = int(taken * BATCH_SECONDS / max(seconds, 1e-6))
    return min(max(LEAST_FRAMES, min(wanted, 2 * size)), MOST_FRAMES)
