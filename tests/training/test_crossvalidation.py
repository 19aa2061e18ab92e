"""Cross-validation by subject: nobody is scored by a network that learnt from them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation.models import Image, LockLook, Site
from annotation.services import calibrations, labels, sites
from core.models import Job, User
from core.services import jobs
from domain.calibration import PixelSpacing
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from inference.models import ModelVersion, Pointer, Purpose
from tests.training.examples import ellipse_data
from training import backends, work
from training.backends.contract import EpochRow, TrainingFailed
from training.models import Epoch, Evaluation
from training.preparation import Prepared, prepare
from training.selectors import evaluations
from training.services import crossvalidation, runs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approved", "in_this_process")]
FAST = {"max_epochs": 2}


def trained_model(site: Site, admin: User, **settings: object) -> ModelVersion:
    run = runs.start(site, "prior", {**FAST, **settings}, admin)
    job = jobs.run_inline(run.job)
    assert job.state == Job.State.DONE, job.error
    run.refresh_from_db()
    assert run.model is not None
    return run.model


def cross_validated(model: ModelVersion, actor: User) -> Evaluation:
    job = jobs.run_inline(crossvalidation.submit(model, actor))
    assert job.state == Job.State.DONE, job.error
    kept = evaluations.newest(model, "development")
    assert kept is not None
    assert job.result == {"evaluation": kept.pk, "model": model.name}
    return kept


def test_every_training_subject_is_scored_once_by_a_network_that_never_saw_them(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained_model(site, admin)
    learnt: list[set[str]] = []
    prior = backends.get("prior")
    kept = type(prior).train

    def train(self: Any, data: Any, settings: Any, reporter: Any) -> Any:
        learnt.append({scan.subject for scan in data.train})
        assert {scan.subject for scan in data.validation} == {"VA0", "VA1"}
        return kept(self, data, settings, reporter)

    scored: list[set[str]] = []
    kept_rows = crossvalidation.rows_of

    def rows_of(predictor: Any, fold: Any, plan: Any) -> Any:
        rows = kept_rows(predictor, fold, plan)
        scored.append({row.subject for row in rows})
        return rows

    monkeypatch.setattr(type(prior), "train", train)
    monkeypatch.setattr(crossvalidation, "rows_of", rows_of)
    kept_evaluation = cross_validated(model, admin)
    assert len(learnt) == len(scored) == crossvalidation.FOLDS
    for known, held_out in zip(learnt, scored, strict=True):
        assert not known & held_out
    everybody = {f"TR{number}" for number in range(6)}
    assert set.union(*scored) == everybody
    rows = evaluations.rows_of(kept_evaluation)
    assert sorted(row.subject for row in rows) == sorted(everybody)
    assert kept_evaluation.summary["how"] == "out of fold"
    assert kept_evaluation.summary["dice"]["n_subjects"] == 6
    assert all(0 <= row.values["predicted_dice"] <= 1 for row in rows)


def test_it_leaves_no_epochs_looks_or_files_behind(site: Site, admin: User) -> None:
    model = trained_model(site, admin)
    before = Epoch.objects.count()
    cross_validated(model, admin)
    assert Epoch.objects.count() == before
    assert not LockLook.objects.exists()
    job = Job.objects.get(kind=crossvalidation.KIND)
    from core.data import job_directory

    left = {path.name for path in job_directory(str(job.pk)).glob("*/*")}
    assert not left & {"checkpoints", "finished"}


def test_the_same_snapshot_and_recipe_give_the_same_rows(site: Site, admin: User) -> None:
    model = trained_model(site, admin)
    first, second = cross_validated(model, admin), cross_validated(model, admin)
    assert first.pk != second.pk
    assert evaluations.rows_of(first) == evaluations.rows_of(second)


def test_subjects_who_share_a_picture_are_left_out_together(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    entries = [
        {"partition": "train", "subject": f"S{n}", "pixel_sha256": f"{n // 2}", "image": n}
        for n in range(6)
    ]
    groups = crossvalidation._groups(entries)
    assert groups["S0"] == groups["S1"] != groups["S2"]


def test_ensembles_are_repeated_as_ensembles(site: Site, admin: User) -> None:
    model = trained_model(site, admin, members=2)
    kept = cross_validated(model, admin)
    assert kept.summary["dice"]["n_subjects"] == 6


def test_a_killed_job_goes_on_at_its_fold(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for the end of a process."""

    model = trained_model(site, admin)
    heard: list[str] = []
    kept = work.JobReporter.epoch

    def epoch(self: work.JobReporter, row: EpochRow) -> None:
        kept(self, row)
        heard.append(self.stage.name)
        if self.stage.name == "fold-2-member-1" and len(heard) == 3:
            raise Killed

    monkeypatch.setattr(work.JobReporter, "epoch", epoch)
    job = crossvalidation.submit(model, admin)
    claimed = jobs.claim(str(job.pk))
    from training import runner

    with pytest.raises(Killed):
        runner.run(str(claimed.pk), claimed.fence)
    Job.objects.filter(pk=job.pk).update(state=Job.State.LOST)
    finished = jobs.run_inline(job)
    assert finished.state == Job.State.DONE, finished.error
    assert heard.count("fold-1-member-1") == 2, "the first fold was not trained again"
    assert Evaluation.objects.filter(partition="development").count() == 1


def test_too_few_subjects_are_refused_in_words(site: Site, admin: User) -> None:
    model = trained_model(site, admin)
    with pytest.raises(Refused, match=r"6 subjects .* are too few for 7 folds"):
        crossvalidation.submit(model, admin, count=7)
    with pytest.raises(InvalidInput, match="two folds"):
        crossvalidation.submit(model, admin, count=1)


def test_what_preparation_leaves_out_can_make_them_too_few(site: Site, admin: User) -> None:
    model = trained_model(site, admin)
    run = model.run
    data = dataclasses.replace(ellipse_data(train=2), train=[])
    with pytest.raises(TrainingFailed, match="too few"):
        crossvalidation.folds_of(
            Prepared(data, [], []), crossvalidation.Plan(model, run, crossvalidation.FOLDS)
        )


def test_a_snapshot_whose_labels_were_merged_is_not_prepared(site: Site, admin: User) -> None:
    snapshot = trained_model(site, admin).run.snapshot
    snapshot.manifest["labels"] = ["RF", "rectus fem"]
    sites.add_label(site, "rectus fem", actor=admin)
    misspelt, right = (labels.label_named(site, name) for name in ("rectus fem", "RF"))
    labels.merge(misspelt, right, actor=admin)
    with pytest.raises(TrainingFailed, match="merged"):
        prepare(snapshot, lambda done, count: None)


def test_only_admins_and_one_at_a_time(site: Site, admin: User, expert: User) -> None:
    model = trained_model(site, admin)
    with pytest.raises(NotAllowed):
        crossvalidation.submit(model, expert)
    crossvalidation.submit(model, admin)
    with pytest.raises(Conflict):
        crossvalidation.submit(model, admin)


def test_a_candidate_and_the_current_model_are_proved_once_each(
    site: Site, admin: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    first = trained_model(site, admin)
    assert crossvalidation.prove_against_current(first) == []
    Pointer.objects.create(site=site, purpose=Purpose.PRE_LABEL, model=first)
    with django_capture_on_commit_callbacks(execute=True):
        second = trained_model(site, admin, seed=2)
    submitted = Job.objects.filter(kind=crossvalidation.KIND)
    assert {job.params["model"] for job in submitted} == {first.pk, second.pk}
    for job in submitted:
        jobs.run_inline(job)
    assert crossvalidation.prove_against_current(second) == []


def test_a_model_without_a_run_is_evaluated_as_it_is(
    make_model: Callable[..., ModelVersion], admin: User
) -> None:
    model = make_model()
    kept = cross_validated(model, admin)
    assert kept.summary["how"] == "direct"
    assert kept.summary["dice"]["n_subjects"] == 8
    assert crossvalidation.prove_alone(model) == []
    image = kept.rows.first().image
    calibrations.calibrate(image, PixelSpacing(0.2, 0.2, "depth"), actor=admin)
    assert len(crossvalidation.prove_alone(model)) == 1


def test_the_command_prints_the_rows(
    site: Site, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    model = trained_model(site, admin)
    options = {"study": "lab", "as": "admin"}
    call_command("cross_validate", model.name, "--wait", "--json", "--as", "admin", study="lab")
    answer = json.loads(capsys.readouterr().out)
    assert answer["partition"] == "development"
    assert len(answer["subjects"]) == 6
    with pytest.raises((CommandError, SystemExit)):
        call_command("cross_validate", model.name, "--folds", "9", study=options["study"])
