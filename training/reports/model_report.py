"""What is reported of one model, from stored rows only: asked twice, it says the same twice.

What is printed with a time of its own carries the time of the row it rests on, never that of the
printing. Per-item results of the locked test set stand by subject and lead to no scan, unless its
pictures were opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotation.selectors import locks, scales
from core import plots
from core.reports.as_json import DRAWN
from core.snapshots import consistent_read
from training import evaluation_pages, gate_pages, model_comparisons, run_pages, summarising
from training.comparing import on_same_images
from training.evaluation_pages import Shown
from training.gate_pages import Proof
from training.selectors import confirmations, evaluations, gate_decisions, model_pages
from training.selectors import runs as run_selector
from training.selectors.confirmations import Pictures
from training.services import test_pictures

if TYPE_CHECKING:
    from annotation.models import Lock
    from annotation.selectors.locks import LockState
    from core.models import User
    from inference.models import ModelVersion, PointerMove
    from training.models import Confirmation, GateDecision, Run
    from training.selectors.shadow import Shadow
    from training.services.judging import Judgement
    from training.summarising import Row

FORMAT = 1


@dataclass(frozen=True)
class Identity:
    """Which model it is, and where it came from."""

    name: str
    study: str
    study_title: str
    site: str
    site_name: str
    family: str
    sha256: str
    registered_at: datetime
    registered_by: str
    made_by: str
    card: dict[str, Any]


@dataclass(frozen=True)
class RunFacts:
    """The run that made the model: what it learnt from, how, and what it cost in time."""

    run: int
    state: str
    backend: str
    trigger: str
    started_by: str
    seed: int
    settings: dict[str, Any]
    snapshot_digest: str
    train_images: int
    validation_images: int
    subjects: int
    left_out: int
    epochs: int
    best_validation_dice: float | None
    seconds: float | None
    seconds_in_epochs: float
    attempts: int
    reproduction: dict[str, Any] | None
    curve: Sequence[dict[str, Any]]
    figures: Sequence[plots.Figure] = field(metadata=DRAWN)


@dataclass(frozen=True)
class Move:
    """One entry of the site's lineage: which model served in place of which, by whom and why."""

    at: datetime
    purpose: str
    kind: str
    model: str
    previous: str
    by: str
    reason: str


@dataclass(frozen=True)
class DecisionFacts:
    """What the gate said, with its numbers. `kept`: a stored decision, and not how it stands."""

    kept: bool
    at: datetime | None
    by: str
    verdict: str
    promotes: bool
    compared_with: str
    confirmed_by: str
    unconfirmed: str
    lock_version: int | None
    lock_digest: str
    look: int | None
    looks: int | None
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class ProofFacts:
    """How the model stands for a purpose; `earlier` decisions are newest first.

    `state`: `serves`, else the verdict of `decision`, else `not decided`. `missing`: why nothing
    can be decided now.
    """

    purpose: str
    title: str
    rests_on: str
    state: str
    serves: bool
    missing: str
    decision: DecisionFacts | None
    earlier: Sequence[DecisionFacts]
    figure: plots.Figure | None = field(metadata=DRAWN)


@dataclass(frozen=True)
class Look:
    """One entry of a lock's ledger."""

    number: int
    at: datetime
    by: str
    purpose: str


@dataclass(frozen=True)
class LockFacts:
    """The newest lock of the site: what it seals, what that rests on, who has looked."""

    version: int
    digest: str
    basis: str
    rests_on_single_readings: bool
    sealed_at: datetime
    sealed_by: str
    n_images: int
    n_subjects: int
    n_looks: int
    look_budget: int
    ledger: Sequence[Look]


@dataclass(frozen=True)
class Differences:
    """Dice minus that of another model on the same scans, by subject, and its mean."""

    compared_with: str
    by_subject: Mapping[str, float]
    mean: Mapping[str, Any] | None


@dataclass(frozen=True)
class EvaluationFacts:
    """The model on one partition: summary, subject by subject, subgroups, and the plots."""

    partition: str
    how: str
    at: datetime
    metrics_version: str
    lock_version: int | None
    lock_digest: str
    basis: str
    changed_since: int
    former: str
    left_out: str
    summary: Mapping[str, Any]
    subjects: Sequence[Mapping[str, Any]]
    differences: Differences | None
    subgroups: Sequence[model_comparisons.Subgroup]
    shown: Shown = field(metadata=DRAWN)


@dataclass(frozen=True)
class CaseFacts:
    """One of the validation scans that the model did worst on."""

    image: int
    subject: str
    dice: float
    failure: bool
    case: model_pages.Case = field(metadata=DRAWN)


@dataclass(frozen=True)
class ConfirmationFacts:
    """Who last looked at the candidate's pictures from validation, and agreed."""

    at: datetime
    by: str
    compared_with: str
    remark: str
    images: int


@dataclass(frozen=True)
class OpenedCase:
    """One of the test scans that were opened: its Dice, and that of the model before."""

    subject: str
    dice: float
    previous_dice: float | None


@dataclass(frozen=True)
class TestPictures:
    """The test pictures of a decided candidate: closed, or opened once, by whom and when.

    `drawn`: the outlines of both models are there; a job makes them after the opening.
    """

    opened: bool
    drawn: bool
    at: datetime | None
    by: str
    look: int | None
    lock_version: int | None
    subjects: Sequence[str]
    worst: Sequence[OpenedCase]
    changed: Sequence[OpenedCase]
    pictures: Pictures | None = field(metadata=DRAWN)


@dataclass(frozen=True)
class ShadowFacts:
    """The model beside the one that it replaced, on the scans corrected since."""

    previous: str
    n_scans: int
    wanted: int
    n_subjects: int
    dice: float | None
    previous_dice: float | None
    ci95: tuple[float, float] | None
    newest_at: datetime | None


@dataclass(frozen=True)
class ModelReport:
    """Everything that is reported of one model; `dated` is the moment of its newest row."""

    format: int
    dated: datetime
    model: Identity
    run: RunFacts | None
    proofs: Sequence[ProofFacts]
    confirmation: ConfirmationFacts | None
    lock: LockFacts | None
    evaluations: Sequence[EvaluationFacts]
    worst_cases: Sequence[CaseFacts]
    test_pictures: TestPictures | None
    shadow: ShadowFacts | None
    lineage: Sequence[Move]


def of_model(model: ModelVersion) -> ModelReport:
    """The report of a registered model, read as one state of the database; of one without run,
    evaluation or decision as well."""
    with consistent_read():
        return _of_model(model)


def _of_model(model: ModelVersion) -> ModelReport:
    panel = gate_pages.panel(model)
    shown = evaluation_pages.shown_of(model)
    kept = list(
        gate_decisions.of_model(model).select_related(
            "current__site", "lock", "confirmation__actor"
        )
    )
    lock = lock_facts(panel.lock)
    confirmation = _confirmation(confirmations.last(model))
    opened = _test_pictures(model)
    moves = [move_facts(move) for move in model_pages.moves_with(model)]
    shadow = _shadow(panel.shadow)
    run: Run | None = getattr(model, "run", None)
    moments = [
        model.created_at,
        run.job.finished_at if run else None,
        lock.sealed_at if lock else None,
        shadow.newest_at if shadow else None,
        *(decision.created_at for decision in kept),
        *(one.evaluation.created_at for one in shown),
        *(one.at for one in moves),
        *(look.at for look in (lock.ledger if lock else ())),
        confirmation.at if confirmation else None,
        scales.newest_at(model.site) if shown else None,
        opened.at if opened else None,
    ]
    return ModelReport(
        format=FORMAT,
        dated=max(one for one in moments if one),
        model=_identity(model),
        run=_run(run),
        proofs=[_proof(proof, kept) for proof in panel.proofs],
        confirmation=confirmation,
        lock=lock,
        evaluations=[evaluation_facts(one) for one in shown],
        worst_cases=[
            CaseFacts(case.image_id, case.subject, case.dice, case.failure, case)
            for case in evaluation_pages.worst_cases(shown)
        ],
        test_pictures=opened,
        shadow=shadow,
        lineage=moves,
    )


def move_facts(move: PointerMove) -> Move:
    """A pointer move in words; `no model` where nothing served."""
    return Move(
        at=move.at,
        purpose=move.purpose,
        kind=move.kind,
        model=move.model.name if move.model else "no model",
        previous=move.previous.name if move.previous else "no model",
        by=_who(move.actor, "the site's rule"),
        reason=move.reason,
    )


def _who(user: User | None, otherwise: str = "") -> str:
    return user.get_username() if user else otherwise


def _identity(model: ModelVersion) -> Identity:
    site = model.site
    return Identity(
        name=model.name,
        study=site.study.name,
        study_title=site.study.title or site.study.name,
        site=site.slug,
        site_name=site.name,
        family=model.family,
        sha256=model.sha256,
        registered_at=model.created_at,
        registered_by=_who(model.registered_by),
        made_by=model.run_label,
        card=model.card,
    )


def _run(run: Run | None) -> RunFacts | None:
    if run is None:
        return None
    epochs = list(run.epochs.order_by("member", "number"))
    items = run.snapshot.manifest["items"]
    parts = [item["partition"] for item in items]
    return RunFacts(
        run=run.pk,
        state=run.job.state,
        backend=run.backend,
        trigger=run.get_trigger_display(),
        started_by=_who(run.job.requested_by),
        seed=run.seed,
        settings=run.settings,
        snapshot_digest=run.snapshot.digest,
        train_images=parts.count("train"),
        validation_images=parts.count("validation"),
        subjects=len({item["subject"] for item in items}),
        left_out=len(run.snapshot.left_out),
        epochs=len(epochs),
        best_validation_dice=run.best_validation_dice,
        seconds=run_selector.seconds(run),
        seconds_in_epochs=sum(epoch.seconds for epoch in epochs),
        attempts=run.job.attempts,
        reproduction=run_selector.reproduction(run),
        curve=run_selector.epochs_as_json(run),
        figures=run_pages.curves(epochs) if epochs else [],
    )


def _proof(proof: Proof, kept: Sequence[GateDecision]) -> ProofFacts:
    decisions = [_decision(one) for one in kept if one.purpose == proof.purpose]
    if not decisions and proof.judgement is not None:
        decisions = [_judgement(proof.judgement)]
    newest = decisions[0] if decisions else None
    return ProofFacts(
        purpose=str(proof.purpose),
        title=proof.title,
        rests_on=proof.rests_on,
        state=newest.verdict if newest and not proof.serves else proof.state,
        serves=proof.serves,
        missing=proof.missing,
        decision=newest,
        earlier=decisions[1:],
        figure=gate_pages.difference(newest.numbers, proof.purpose) if newest else None,
    )


def _decision(decision: GateDecision) -> DecisionFacts:
    return DecisionFacts(
        kept=True,
        at=decision.created_at,
        by=_who(decision.actor, "the site's rule"),
        verdict=decision.verdict,
        promotes=decision.promotes,
        compared_with=decision.current.name if decision.current else "",
        confirmed_by=_who(decision.confirmation.actor) if decision.confirmation else "",
        unconfirmed=decision.unconfirmed,
        lock_version=decision.lock.version if decision.lock else None,
        lock_digest=decision.lock.digest if decision.lock else "",
        look=decision.look,
        looks=decision.looks,
        numbers=decision.numbers,
    )


def _judgement(judgement: Judgement) -> DecisionFacts:
    return DecisionFacts(
        kept=False,
        at=None,
        by="",
        verdict=judgement.decision.verdict,
        promotes=judgement.decision.promotes,
        compared_with=judgement.current.name if judgement.current else "",
        confirmed_by="",
        unconfirmed="",
        lock_version=judgement.lock.version if judgement.lock else None,
        lock_digest=judgement.lock.digest if judgement.lock else "",
        look=judgement.look,
        looks=judgement.looks,
        numbers=judgement.numbers(),
    )


def _confirmation(found: Confirmation | None) -> ConfirmationFacts | None:
    if found is None:
        return None
    return ConfirmationFacts(
        at=found.created_at,
        by=found.actor.get_username(),
        compared_with=found.current.name if found.current else "",
        remark=found.remark,
        images=len(found.images),
    )


def lock_facts(state: LockState | None) -> LockFacts | None:
    """A lock in words and numbers, its ledger among them; None where nothing is sealed."""
    if state is None:
        return None
    lock = state.lock
    return LockFacts(
        version=lock.version,
        digest=lock.digest,
        basis=lock.basis,
        rests_on_single_readings=lock.rests_on_single_readings,
        sealed_at=lock.sealed_at,
        sealed_by=lock.sealed_by.get_username(),
        n_images=state.n_images,
        n_subjects=state.n_subjects,
        n_looks=state.n_looks,
        look_budget=lock.look_budget,
        ledger=_ledger(lock),
    )


def _ledger(lock: Lock) -> list[Look]:
    return [
        Look(entry.number, entry.look.at, _who(entry.look.actor), entry.look.purpose)
        for entry in locks.ledger(lock)
    ]


def evaluation_facts(shown: Shown) -> EvaluationFacts:
    """An evaluation in numbers, with what is drawn of it."""
    one = shown.evaluation
    return EvaluationFacts(
        partition=one.partition,
        how=one.summary.get("how", ""),
        at=one.created_at,
        metrics_version=one.metrics_version,
        lock_version=one.lock.version if one.lock else None,
        lock_digest=one.lock.digest if one.lock else "",
        basis=one.lock.basis if one.lock else "",
        changed_since=shown.changed_since,
        former=shown.former,
        left_out=shown.left_out,
        summary=evaluations.summary_of(one),
        subjects=summarising.by_subject(shown.rows),
        differences=_differences(shown),
        subgroups=shown.subgroups,
        shown=shown,
    )


def _differences(shown: Shown) -> Differences | None:
    if shown.before is None:
        return None
    own, before = on_same_images(shown.rows, evaluations.rows_of(shown.before))
    by_subject = _difference_by_subject(own, before)
    return Differences(
        shown.before.model.name, by_subject, summarising.statistics(list(by_subject.values()))
    )


def _difference_by_subject(own: Sequence[Row], before: Sequence[Row]) -> dict[str, float]:
    then = summarising.subject_means(before, "dice")
    now = summarising.subject_means(own, "dice")
    return {subject: now[subject] - then[subject] for subject in now if subject in then}


def _test_pictures(model: ModelVersion) -> TestPictures | None:
    decision = test_pictures.decision_of(model)
    if decision is None:
        return None
    opening = test_pictures.opening_of(decision)
    version = decision.lock.version if decision.lock else None
    if opening is None:
        return TestPictures(False, False, None, "", None, version, [], [], [], None)
    shown = test_pictures.pictures(opening)
    subjects = {one.subject for one in (*shown.worst, *shown.changed)}
    return TestPictures(
        opened=True,
        drawn=test_pictures.is_drawn(opening),
        at=opening.created_at,
        by=opening.actor.get_username(),
        look=opening.look,
        lock_version=version,
        subjects=sorted(subjects),
        worst=[_opened(one) for one in shown.worst],
        changed=[_opened(one) for one in shown.changed],
        pictures=shown,
    )


def _opened(picture: confirmations.Picture) -> OpenedCase:
    return OpenedCase(picture.subject, picture.dice, picture.current_dice)


def _shadow(found: Shadow | None) -> ShadowFacts | None:
    if found is None:
        return None
    return ShadowFacts(
        previous=found.comparison.previous.name,
        n_scans=found.n_scans,
        wanted=found.comparison.wanted,
        n_subjects=found.n_subjects,
        dice=found.dice,
        previous_dice=found.previous_dice,
        ci95=found.ci95,
        newest_at=found.newest_at,
    )
