"""What a runner's process does: train a run's members into a model, or cross-validate a model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.jobs import Cancelled
from domain import replay as statistics
from training import backends, cards
from training.attempts import Attempt
from training.members import Member, joined, predictor_of, seeded, train_member
from training.preparation import Prepared, prepare
from training.selectors import replays, runs
from training.services import crossvalidation, replaying, results
from training.services import runs as training_runs

if TYPE_CHECKING:
    from core.jobs import JobContext
    from inference.runtime import Predictor
    from training.backends.checkpoints import CheckpointStore
    from training.backends.contract import EpochRow, TrainingData
    from training.models import Run, Snapshot

ASK_SECONDS = 1.0  # cancel is looked up at most so often


@dataclass(frozen=True)
class Stage:
    """One of a job's trainings: its name among the attempt's files, its place, and in words."""

    name: str
    number: int
    of: int
    words: str = ""


def work(context: JobContext) -> None:
    """What is left to do of a job, then remove what only the job needed."""
    attempt = Attempt(context)
    kinds = {
        crossvalidation.KIND: cross_validate,
        replaying.KIND: replay,
        training_runs.KIND: train,
    }
    kinds[context.job.kind](context, attempt)
    attempt.clear()


def train(context: JobContext, attempt: Attempt) -> None:
    """From the snapshot to a registered model whose ONNX file says what the networks say."""
    run = runs.of_job(context.job)
    if run.model is not None:
        return
    prepared = _prepared(run.snapshot, context)
    count = run.settings.get("members", 1)
    stages = [
        Stage(f"member-{n}", n, count, f"member {n} of {count}, " if count > 1 else "")
        for n in range(1, count + 1)
    ]
    members = [
        _member(run, prepared.data, n, RunReporter(run, context, attempt, stage))
        for n, stage in enumerate(stages, start=1)
    ]
    context.progress(1.0, "checking the exported model")
    onnx = cards.sign(joined(members, prepared.data), run)
    card = cards.card(run, members, onnx, prepared.left_out)
    best = sum(member.best_validation_dice for member in members) / count
    with context.publish():
        results.register(run, onnx, card, best)
    context.log(f"{run.model}: {'; '.join(_in_words(member) for member in members)}.")


def cross_validate(context: JobContext, attempt: Attempt) -> None:
    """Repeat the recipe of a model's run without each fold of its subjects, and score those."""
    plan = crossvalidation.plan_of(context.job)
    if crossvalidation.is_done(plan, context.job):
        return
    run = plan.run
    prepared = _prepared(run.snapshot, context)
    folds = crossvalidation.folds_of(prepared, plan)
    count = run.settings.get("members", 1)
    rows = []
    for number, fold in enumerate(folds):
        stages = [
            Stage(
                f"fold-{number + 1}-member-{n}",
                number * count + n,
                len(folds) * count,
                f"fold {number + 1} of {len(folds)}, ",
            )
            for n in range(1, count + 1)
        ]
        members = [
            _member(run, fold.data, n, JobReporter(run.settings, context, attempt, stage))
            for n, stage in enumerate(stages, start=1)
        ]
        rows += crossvalidation.rows_of(predictor_of(members, fold.data), fold, plan)
    with context.publish():
        crossvalidation.keep(plan, rows, context.job)


def replay(context: JobContext, attempt: Attempt) -> None:
    """The learning curves of a replay's strategies, one trace after the other."""
    replayed = replays.of_job(context.job)
    if replayed.helps is not None:
        return
    data = _prepared(replayed.snapshot, context).data
    setting = replaying.Setting(replayed.start, replayed.batch)
    plan = replaying.plan_of(replayed)
    traces = statistics.traces_from_json(attempt.recall("traces") or [])
    for number, (strategy, seed) in enumerate(plan[len(traces) :], start=len(traces)):
        context.raise_if_cancelled()
        context.progress(number / len(plan), f"{strategy}, seed {seed} of {replayed.seeds}")

        def learn(part: TrainingData, name: str, seed: int = seed) -> Predictor:
            stage = Stage(name, 1, 1)
            reporter = QuietReporter(replayed.settings, context, attempt, stage)
            settings = {**replayed.settings, "seed": seed}
            member = train_member(backends.get(replayed.backend), part, settings, reporter)
            return predictor_of([member], part)

        traces.append(replaying.trace(data, strategy, seed, setting, learn))
        attempt.remember("traces", [statistics.trace_json(one) for one in traces])
    with context.publish():
        replaying.conclude(replayed, traces)


class JobReporter:
    """Shows progress as the job's, and hears a cancel within seconds."""

    def __init__(
        self, settings: Mapping[str, Any], context: JobContext, attempt: Attempt, stage: Stage
    ) -> None:
        self.checkpoints: CheckpointStore = attempt.checkpoints(stage.name)
        self.finished, self.stage = attempt.finished, stage
        self._settings, self._context = settings, context
        self._asked_at, self._best = 0.0, -1.0

    def epoch(self, row: EpochRow) -> None:
        self._best = max(self._best, row.validation_dice)
        most = self._settings["max_epochs"]
        done = (self.stage.number - 1 + row.number / most) / self.stage.of
        self._context.progress(
            done,
            f"{self.stage.words}epoch {row.number} of at most {most}, validation Dice"
            f" {row.validation_dice:.3f} (best {self._best:.3f})",
        )

    def should_stop(self) -> bool:
        if time.monotonic() - self._asked_at < ASK_SECONDS:
            return False
        self._asked_at = time.monotonic()
        try:
            self._context.raise_if_cancelled()
        except Cancelled:
            return True
        return False

    def log(self, line: str) -> None:
        self._context.log(f"{self.stage.words}{line}")


class QuietReporter(JobReporter):
    """One of hundreds of short trainings: only the cancel is heard."""

    def epoch(self, row: EpochRow) -> None:
        """Nothing to show."""

    def log(self, line: str) -> None:
        """Nothing to keep."""


class RunReporter(JobReporter):
    """Writes each epoch as a row of the run too."""

    def __init__(self, run: Run, context: JobContext, attempt: Attempt, stage: Stage) -> None:
        super().__init__(run.settings, context, attempt, stage)
        self._run = run

    def epoch(self, row: EpochRow) -> None:
        with self._context.publish():
            results.put_epoch(self._run, self.stage.number, row)
        super().epoch(row)


def _prepared(snapshot: Snapshot, context: JobContext) -> Prepared:
    """The snapshot decoded; what its pixels keep out is told in the job's log."""
    prepared = prepare(snapshot, lambda done, whole: _preparing(context, done, whole))
    for entry in prepared.left_out:
        context.log(
            f"Image {entry['image']} of {entry['subject']} was left out: its pixels are held out."
        )
    return prepared


def _member(run: Run, data: TrainingData, number: int, reporter: JobReporter) -> Member:
    """The n-th member, trained unless an earlier attempt has finished it."""
    found = reporter.finished.find(reporter.stage.name)
    if found is not None:
        return found
    settings: dict[str, Any] = seeded(run.settings, number)
    member = train_member(backends.get(run.backend), data, settings, reporter)
    reporter.finished.keep(reporter.stage.name, member)
    return member


def _preparing(context: JobContext, done: int, whole: int) -> None:
    if done % 50 == 0:
        context.raise_if_cancelled()
        context.progress(0.0, f"preparing scan {done + 1} of {whole}")


def _in_words(member: Member) -> str:
    return (
        f"best validation Dice {member.best_validation_dice:.3f} in epoch {member.best_epoch} of"
        f" {member.epochs}"
    )
