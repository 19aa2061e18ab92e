"""The one door for a scan that arrives: whole scans in short transactions, what came before, and
what people did meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Annotation,
    Image,
    KeptOutline,
    Label,
    Reference,
    Revision,
    Scan,
    Signature,
    Site,
    Study,
    Subject,
    Take,
)
from annotation.selectors import comparisons
from annotation.services import lock, outlines, review, scans, split, subjects, workflow
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from annotation.services.intake import kept
from annotation.services.intake import running as intake
from annotation.services.intake.batch import Frame, Outlines
from annotation.services.intake.running import Intake
from core import files
from core.jobs import Cancelled
from core.models import AuditEvent, Job, User
from core.services import audit, jobs
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from tests.annotation.folders import SQUARE, folder, labelme, picture, shape
from tests.conftest import noise, rectangle

DRAWN = [rectangle(5, 5, 20, 20)]


@pytest.fixture
def frame_of(site: Site) -> Callable[..., Frame]:
    """`frame_of(number, **fields)`: a frame of its own, outlined unless `outlines` is given."""

    def make(number: int, **fields: Any) -> Frame:
        name = f"S{number}/a.json"
        values: dict[str, Any] = {
            "subject": f"S{number}",
            "site": site.slug,
            "stored": scans.store_pixels(noise(number)),
            "name": f"S{number}/a.png",
            "outlines": (Outlines(name, files.store(name.encode()), DRAWN),),
        }
        return Frame(**{**values, **fields})

    return make


@pytest.fixture
def take_in(study: Study, site: Site, admin: User) -> Callable[..., ImportReport]:
    def run(source: Path, **settings: Any) -> ImportReport:
        request = ImportRequest(source=str(source), site=site.slug, **settings)
        return running.import_files(request, study.name, actor=admin)

    return run


def status(report: ImportReport, path: str) -> str:
    return report.files[path].status


def reasons(report: ImportReport, path: str) -> str:
    return "\n".join(report.files[path].reasons)


def drain(batches: Iterator[list[Any]]) -> list[Any]:
    return [outcome for batch in batches for outcome in batch]


# In short transactions


def test_a_batch_takes_as_many_statements_as_one_scan(
    study: Study, admin: User, frame_of: Callable[..., Frame]
) -> None:
    def statements(numbers: range, state: str) -> int:
        frames = [frame_of(number) for number in numbers]
        brought = Intake(study, frames, actor=admin, state=state)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            drain(brought.take())
        return len(captured)

    for state in ("submitted", "reference"):
        first = 1 if state == "submitted" else 101
        one = statements(range(first, first + 1), state)
        assert statements(range(first + 1, first + 18), state) == one


def test_a_batch_never_divides_a_scan(
    study: Study, frame_of: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FIRST_BATCH", 2)
    monkeypatch.setattr(intake, "MOST_FRAMES", 2)
    sweep = [frame_of(n, subject="S9", group="sweep", frame=n, outlines=()) for n in range(1, 6)]
    alone = [frame_of(20 + n) for n in range(3)]
    pauses: list[float] = []

    batches = list(
        Intake(study, [alone[0], *sweep, *alone[1:]], actor=None).take(pause=pauses.append)
    )

    assert [len({one.frame.scan_key for one in batch}) for batch in batches] == [1, 1, 2]
    assert [len(batch) for batch in batches] == [1, 5, 2]
    assert len(pauses) == 2
    assert Take.objects.get(scan__visit__subject__code="S9").images.count() == 5


def test_each_batch_is_a_transaction_with_its_trace(
    study: Study, admin: User, frame_of: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FIRST_BATCH", 2)
    monkeypatch.setattr(intake, "MOST_FRAMES", 2)
    published: list[int] = []

    @contextmanager
    def publish() -> Iterator[None]:
        with transaction.atomic():
            yield
        published.append(Image.objects.count())

    frames = [frame_of(number) for number in range(1, 6)]
    drain(Intake(study, frames, actor=admin, state="reference").take(publish, pause=lambda _: None))

    assert published[:3] == [2, 4, 5]
    assert AuditEvent.objects.filter(verb="dataset imported").count() == 3
    accepted = AuditEvent.objects.filter(verb="reference accepted from outside")
    assert accepted.count() == Reference.objects.count() == 5
    assert audit.broken_links() == []
    assert Signature.objects.count() == 5


def test_a_cancelled_import_names_what_was_taken(
    tmp_path: Path, study: Study, site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FIRST_BATCH", 1)
    monkeypatch.setattr(intake, "MOST_FRAMES", 1)
    monkeypatch.setattr(intake, "LEAST_PAUSE", 0.0)
    source = folder(tmp_path, {f"S{n}/a.png": picture(n) for n in range(3)})
    job = running.submit(ImportRequest(str(source), site=site.slug), study.name, actor=admin)

    def after_one(context: Any) -> Any:
        def progress(fraction: float, message: str) -> None:
            if Image.objects.exists():
                raise Cancelled("Cancelled on request.")

        return progress

    monkeypatch.setattr(running, "_shown", after_one)
    jobs.run_inline(job)

    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    named = {file["path"]: file["status"] for file in job.result["files"]}
    assert named == {"S0/a.png": "imported", "S1/a.png": "refused", "S2/a.png": "refused"}
    assert job.result["taken"]["images"] == Image.objects.count() == 1


# Nothing is made when nothing is taken


def test_nothing_is_made_when_nothing_is_taken(
    db: None, admin: User, frame_of: Callable[..., Frame]
) -> None:
    frame = frame_of(1, subject=" ", outlines=(), subject_fields={"centre": "North"})
    elsewhere = Study(name="new")

    (outcome,) = drain(Intake(elsewhere, [frame], actor=None).take())

    assert isinstance(outcome.error, InvalidInput)
    assert not Study.objects.filter(name="new").exists()


def test_readers_and_centres_are_made_with_what_is_taken(
    study: Study, frame_of: Callable[..., Frame]
) -> None:
    sha = files.store(b"x")
    good = frame_of(1, outlines=(Outlines("a.json", sha, DRAWN, reader="dr.lee"),))
    bad = frame_of(2, subject="x" * 65, outlines=(Outlines("b.json", sha, DRAWN, reader="nobody"),))

    drain(Intake(study, [good, bad], actor=None).take())

    assert User.objects.filter(username="dr.lee", is_active=False).exists()
    assert not User.objects.filter(username="nobody").exists()


def test_labels_of_refused_files_are_not_made(tmp_path: Path, admin: User, db: None) -> None:
    source = folder(
        tmp_path,
        {
            "a.png": picture(1),
            "a.json": labelme("a.png", shape("RF")),
            "b.png": picture(2),
            "b.json": labelme("b.png", shape("typo", [[900, 1], [950, 3], [940, 5]])),
        },
    )
    request = ImportRequest(str(source), site="rf", create_site=True)

    running.import_files(request, "new", actor=admin)

    assert [label.name for label in Label.objects.all()] == ["RF"]


# Who may


def test_who_may_bring_scans_in(
    study: Study, stranger: User, annotator: User, frame_of: Callable[..., Frame]
) -> None:
    with pytest.raises(NotFound):
        Intake(study, [frame_of(1)], actor=stranger)
    with pytest.raises(NotAllowed):
        Intake(study, [frame_of(1)], actor=annotator, state="reference")
    with pytest.raises(NotAllowed, match="partitions"):
        Intake(study, [frame_of(1, partition="test")], actor=annotator)


# Two at once, and a withdrawal meanwhile


def test_two_imports_of_one_folder_take_each_scan_once(
    study: Study, admin: User, frame_of: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "FIRST_BATCH", 1)
    monkeypatch.setattr(intake, "MOST_FRAMES", 1)
    frames = [frame_of(number) for number in range(1, 5)]
    first = Intake(study, frames, actor=admin).take(pause=lambda _: None)
    second = Intake(study, frames, actor=admin).take(pause=lambda _: None)

    taken: list[list[str]] = [[], []]
    for number, batches in ((0, first), (1, second), (1, second), (0, first)):
        taken[number] += [one.status for one in next(batches)]
    taken[0] += [one.status for one in drain(first)]
    taken[1] += [one.status for one in drain(second)]

    assert taken == [
        ["imported", "unchanged", "imported", "imported"],
        ["unchanged", "imported", "unchanged", "unchanged"],
    ]
    assert Image.objects.count() == Revision.objects.count() == 4


def test_two_imports_may_be_queued_at_once(
    tmp_path: Path, study: Study, site: Site, admin: User
) -> None:
    source = folder(tmp_path, {"S1/a.png": picture(1), "S1/a.json": labelme("a.png")})
    request = ImportRequest(str(source), site=site.slug)
    both = [running.submit(request, study.name, actor=admin) for _ in range(2)]

    results = [jobs.run_inline(job).result for job in both]

    assert [result["counts"]["imported"] for result in results if result] == [2, 0]
    assert [result["counts"]["unchanged"] for result in results if result] == [0, 2]


def test_nothing_of_a_subject_comes_in_after_its_withdrawal(
    study: Study,
    admin: User,
    frame_of: Callable[..., Frame],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(intake, "FIRST_BATCH", 1)
    monkeypatch.setattr(intake, "MOST_FRAMES", 1)
    first, later = frame_of(1, side="left"), frame_of(2, subject="S1", side="right")
    batches = Intake(study, [first, later, frame_of(3)], actor=admin).take(pause=lambda _: None)
    next(batches)

    with django_capture_on_commit_callbacks(execute=True):
        subjects.withdraw(Subject.objects.get(code="S1"), actor=admin, reason="letter")
        outcome, other = drain(batches)

    assert isinstance(outcome.error, Refused)
    assert "withdrew consent" in outcome.error.message
    assert other.is_taken
    assert list(Image.objects.filter(erased_at=None)) == [other.image]
    assert not files.exists(later.stored.file_sha256)
    assert not files.exists(later.outlines[0].sha256)
    assert files.exists(other.frame.stored.file_sha256)


def test_a_file_erased_while_it_came_in_is_not_taken(
    study: Study, frame_of: Callable[..., Frame]
) -> None:
    frame = frame_of(1)
    files.erase(frame.stored.file_sha256)

    (outcome,) = drain(Intake(study, [frame], actor=None).take())

    assert "import it again" in outcome.error.message
    assert not Subject.objects.exists()


# Again


def changed(source: Path) -> Path:
    return folder(source, {"a.json": labelme("a.png", shape(points=SQUARE[:3]))})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")})


@pytest.mark.parametrize("state", ["submitted", "reference"])
def test_a_newer_file_is_a_new_revision(
    source: Path, take_in: Callable[..., ImportReport], state: str
) -> None:
    take_in(source, state=state)
    changed(source)

    preview = take_in(source, state=state, dry_run=True)
    report = take_in(source, state=state)

    assert status(report, "a.json") == "newer"
    assert preview.as_json() == report.as_json()
    assert Annotation.objects.get().revision_count == 2
    assert Revision.objects.get(number=2).source_files.get().name == "a.json"


def test_work_done_here_is_never_replaced(
    source: Path, take_in: Callable[..., ImportReport], expert: User, admin: User, study: Study
) -> None:
    take_in(source)
    annotation = Annotation.objects.get()
    review.return_(annotation, 1, expert, "the fascia is missing")
    changed(source)

    report = take_in(source)

    assert status(report, "a.json") == "worked_here"
    assert "reviewed here" in reasons(report, "a.json")
    annotation.refresh_from_db()
    assert (annotation.revision_count, annotation.state) == (1, Annotation.State.RETURNED)
    again = take_in(source)
    assert status(again, "a.json") == "unchanged"


def test_an_approved_outline_is_not_moved_back(
    source: Path, take_in: Callable[..., ImportReport], expert: User
) -> None:
    take_in(source)
    review.approve(Annotation.objects.get(), 1, expert)
    changed(source)

    for state in ("submitted", "reference"):
        report = take_in(source, state=state)
        assert status(report, "a.json") in {"worked_here", "unchanged"}

    assert Reference.objects.get().revision.number == 1
    assert Annotation.objects.get().state == Annotation.State.APPROVED


def test_a_reference_from_outside_is_not_sent_back_to_review(
    source: Path, take_in: Callable[..., ImportReport]
) -> None:
    take_in(source, state="reference")
    changed(source)

    report = take_in(source)

    assert status(report, "a.json") == "worked_here"
    assert "approved outside" in reasons(report, "a.json")
    assert Annotation.objects.get().state == Annotation.State.APPROVED


def test_a_scan_that_people_outlined_gets_no_reference_from_outside(
    source: Path, take_in: Callable[..., ImportReport], annotator: User
) -> None:
    take_in(folder(source.parent / "pictures", {"a.png": picture(1)}))
    revision = outlines.save(Image.objects.get(), annotator, DRAWN, base=0)
    workflow.submit(revision.annotation, annotator)

    report = take_in(source, state="reference")

    assert status(report, "a.json") == "worked_here"
    assert not Reference.objects.exists()


def test_an_emptied_file_is_an_empty_reading(
    source: Path, take_in: Callable[..., ImportReport]
) -> None:
    take_in(source, state="reference")
    folder(source, {"a.json": labelme("a.png", shapes=[])})

    report = take_in(source, state="reference")

    assert status(report, "a.json") == "newer"
    assert Revision.objects.get(number=2).regions == []
    assert not Reference.objects.filter(superseded_at=None).exists()
    assert Image.objects.get().state == Image.State.SUBMITTED
    assert "waits for review" in reasons(report, "a.json")


def test_a_sealed_scan_takes_the_same_file_only(
    source: Path, take_in: Callable[..., ImportReport], study: Study, site: Site, admin: User
) -> None:
    take_in(source, state="reference")
    split.honour(study, {"a": "test"}, actor=admin)
    lock.seal(site, admin)

    assert take_in(source, state="reference").count("unchanged") == 2
    report = take_in(changed(source), state="reference")

    assert status(report, "a.json") == "refused"
    assert "locked test set" in reasons(report, "a.json")
    assert Annotation.objects.get().revision_count == 1


def test_two_readers_are_no_reference(
    study: Study, admin: User, frame_of: Callable[..., Frame]
) -> None:
    both = tuple(
        Outlines(f"{name}.json", files.store(name.encode()), DRAWN, reader=name)
        for name in ("ann", "bob")
    )

    (outcome,) = drain(
        Intake(study, [frame_of(1, outlines=both)], actor=admin, state="reference").take()
    )

    assert not Reference.objects.exists()
    assert all("no reference yet" in " ".join(one.reasons) for one in outcome.outlines)
    assert Image.objects.get().state == Image.State.SUBMITTED


@pytest.mark.parametrize("known", [("ann", "bob"), ("ann",), ()])
def test_newer_files_of_two_readers_are_no_reference(
    study: Study, admin: User, frame_of: Callable[..., Frame], known: tuple[str, ...]
) -> None:
    """As it is for a new scan: whoever was known, no order of files decides between two."""

    def read_by(name: str, text: str) -> Outlines:
        return Outlines(f"{name}.json", files.store(text.encode()), DRAWN, reader=name)

    before = frame_of(1, outlines=tuple(read_by(name, name) for name in known))
    drain(Intake(study, [before], actor=admin).take())
    both = tuple(read_by(name, f"{name} again") for name in ("ann", "bob"))

    (outcome,) = drain(
        Intake(study, [frame_of(1, outlines=both)], actor=admin, state="reference").take()
    )

    assert not Reference.objects.exists()
    assert all("no reference yet" in " ".join(one.reasons) for one in outcome.outlines)
    assert set(Annotation.objects.values_list("state", flat=True)) == {"submitted"}
    assert Image.objects.get().state == Image.State.SUBMITTED


def test_a_further_reader_of_a_decided_scan_waits_for_nobody(
    study: Study, admin: User, frame_of: Callable[..., Frame]
) -> None:
    def read_by(name: str, regions: list[dict[str, Any]]) -> Outlines:
        return Outlines(f"{name}.json", files.store(name.encode()), regions, reader=name)

    ann = frame_of(1, outlines=(read_by("ann", DRAWN),))
    drain(Intake(study, [ann], actor=admin, state="reference").take())
    both = frame_of(1, outlines=(read_by("ann", DRAWN), read_by("bob", [])))

    (outcome,) = drain(Intake(study, [both], actor=admin).take())

    assert [one.status for one in outcome.outlines] == ["unchanged", "imported"]
    bob = Annotation.objects.get(author__username="bob")
    assert (bob.state, bob.revisions.get().regions) == (Annotation.State.SETTLED, [])
    assert Image.objects.get().state == Image.State.APPROVED


def test_a_take_that_a_person_chose_stays(
    study: Study, admin: User, expert: User, frame_of: Callable[..., Frame]
) -> None:
    takes = [frame_of(n, subject="S1", take=n, outlines=()) for n in (1, 2)]
    drain(Intake(study, takes, actor=admin).take())
    scan = Scan.objects.get()
    scans.select_take(scan, scan.takes.get(number=2), actor=expert, reason="clearer")

    again = frame_of(1, subject="S1", take=1, outlines=(), selected=True)
    (outcome,) = drain(Intake(study, [again], actor=admin).take())

    scan.refresh_from_db()
    assert scan.selected_take.number == 2
    assert "selected here by a person" in " ".join(outcome.reasons)


# An outline that came beside work done here


@pytest.fixture
def beside(source: Path, take_in: Callable[..., ImportReport], expert: User) -> KeptOutline:
    """A changed file of a scan whose outline was returned here."""
    take_in(source)
    review.return_(Annotation.objects.get(), 1, expert, "the fascia is missing")
    take_in(changed(source))
    return KeptOutline.objects.get()


def test_a_kept_outline_is_compared_and_taken(
    beside: KeptOutline, expert: User, client_of: Callable[[User], Client]
) -> None:
    image = beside.image
    shown = comparisons.comparisons(expert, image, None)
    assert "From the file a.json" in [one.title for one in shown]
    client, address = client_of(expert), f"/studies/lab/images/{image.pk}/"
    assert "A file came beside this work" in client.get(address).content.decode()

    answer = client.post(
        address,
        {
            "act": "kept",
            "kept-kept": beside.pk,
            "kept-decision": "take",
            "kept-reason": "corrected in LabelMe",
        },
    )

    assert answer.status_code == 302
    revision = Revision.objects.get(number=2)
    assert revision.regions == beside.regions
    assert revision.source_files.get() == beside.source
    assert revision.annotation.state == Annotation.State.SUBMITTED
    assert AuditEvent.objects.filter(verb="kept outline taken").exists()
    assert "A file came beside" not in client.get(address).content.decode()
    with pytest.raises(Conflict):
        kept.leave(beside, actor=expert, reason="too late")


def test_a_kept_outline_is_left(beside: KeptOutline, admin: User) -> None:
    kept.leave(beside, actor=admin, reason="the work here is better")

    assert Annotation.objects.get().revision_count == 1
    assert not KeptOutline.objects.filter(decided_at=None).exists()


def test_only_experts_and_admins_decide_on_kept_outlines(
    beside: KeptOutline, annotator: User, stranger: User
) -> None:
    for act in (kept.take, kept.leave):
        with pytest.raises(NotAllowed):
            act(beside, actor=annotator, reason="mine")
        with pytest.raises(NotFound):
            act(beside, actor=stranger, reason="mine")
    assert Annotation.objects.get().revision_count == 1


def test_a_kept_outline_goes_with_consent(beside: KeptOutline, admin: User) -> None:
    subjects.withdraw(beside.image.subject, actor=admin, reason="letter")

    assert not KeptOutline.objects.exists()
