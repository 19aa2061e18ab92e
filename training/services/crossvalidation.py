"""Cross-validation by subject: what a model's recipe says of people it has not learnt from.

The recipe of the model's run (backend, settings, members) is repeated on the run's snapshot without
each fold of its training subjects in turn; the fold's model outlines the subjects left out. The
validation subjects choose the epoch in every fold and are scored in none. The rows are kept as an
ordinary evaluation on the partition `development`. A model without a run (uploaded) is evaluated
as it is on the development subjects: nobody knows what it has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from annotation.policies import require_admin
from annotation.selectors import pool, references
from core.jobs import JobContext
from core.services import jobs
from domain.errors import InvalidInput, Refused
from domain.splitting import folds, groups_by_shared_pixels
from inference.postprocessing import outline
from inference.selectors.pointers import current_model
from inference.selectors.versions import model_with_id
from training import sweeps
from training.backends.contract import TrainingFailed
from training.models import Evaluation, Run
from training.preparation import spacing_of
from training.selectors import evaluations
from training.selectors.evaluations import DEVELOPMENT, DIRECT, OUT_OF_FOLD
from training.services import evaluation, supervision
from training.summarising import Row

if TYPE_CHECKING:
    from core.models import Job, User
    from inference.models import ModelVersion
    from inference.runtime import Predictor
    from training.backends.contract import TrainingData
    from training.preparation import Prepared

KIND = "cross-validate"
FOLDS = 3


@dataclass(frozen=True)
class Plan:
    """What a job cross-validates: a model, the run that made it, and how many folds."""

    model: ModelVersion
    run: Run
    folds: int


@dataclass(frozen=True)
class Fold:
    """A training without some subjects, and the scans of those, with their references."""

    data: TrainingData
    items: Sequence[evaluation.Item]


def submit(model: ModelVersion, actor: User | None, *, count: int = FOLDS) -> Job:
    """Queue the cross-validation of a model.

    Raises NotAllowed for all but admins (None is the system itself), InvalidInput for fewer than
    two folds, Conflict while the same runs, Refused where there are too few subjects.
    """
    if actor is not None:
        require_admin(actor, model.site.study)
    if count < 2:
        raise InvalidInput("Cross-validation needs at least two folds.")
    run = Run.objects.select_related("snapshot").filter(model=model).first()
    if run is not None:
        _refuse_too_few(run, count)
    return jobs.submit(
        KIND,
        {"site": model.site_id, "model": model.pk, "folds": count},
        actor=actor,
        scope=model.site.study.name,
        exclusive=f"{KIND}:{model.pk}",
    )


def run_job(context: JobContext) -> dict[str, Any]:
    """The job: in a process of its own as a training, or at once for a model without a run."""
    if not Run.objects.filter(model=context.params["model"]).exists():
        return _evaluate_directly(context)
    supervision.supervise_process(context)
    model = model_with_id(context.params["model"])
    kept = evaluations.newest(model, DEVELOPMENT)
    return {"evaluation": kept.pk if kept else None, "model": model.name}


def prove_against_current(model: ModelVersion) -> list[Job]:
    """Queue what a candidate's proof on development subjects lacks: its own and the current's.

    A site's first model has nobody to be compared with and needs none.
    """
    current = current_model(model.site)
    if current is None or current == model:
        return []
    return [submit(one, None) for one in (model, current) if _lacks_proof(one)]


def prove_alone(model: ModelVersion) -> list[Job]:
    """Queue the model's own folds where it lacks them: its Dice gets an interval from them."""
    return [submit(model, None)] if _lacks_proof(model) else []


def _lacks_proof(model: ModelVersion) -> bool:
    """Whether a model has no figures on development subjects that another evaluation could give: a
    direct one is repeated where scans have another scale since, folds are those of their
    snapshot."""
    standing = evaluations.standing(model, DEVELOPMENT)
    if standing is None:
        return True
    return standing.summary.get("how") == DIRECT and bool(evaluations.changed_since(standing))


def plan_of(job: Job) -> Plan:
    """The plan of a job whose model has a run."""
    model = model_with_id(job.params["model"])
    run = Run.objects.select_related("snapshot", "site__study").get(model=model)
    return Plan(model, run, job.params["folds"])


def is_done(plan: Plan, job: Job) -> bool:
    """Whether an earlier attempt of this job has kept the result."""
    return any(
        one.summary.get("job") == str(job.pk)
        for one in Evaluation.objects.filter(model=plan.model, partition=DEVELOPMENT)
    )


def folds_of(prepared: Prepared, plan: Plan) -> list[Fold]:
    """The folds of a prepared snapshot. Raises TrainingFailed where its subjects are too few."""
    data = prepared.data
    try:
        dealt = folds(_groups(prepared.entries), plan.folds)
    except InvalidInput as error:
        raise TrainingFailed(str(error)) from error
    items = _items(prepared.entries)
    return [
        Fold(
            replace(
                data,
                train=[scan for scan in data.train if scan.subject not in left_out],
                digest=f"{data.digest} without fold {number} of {plan.folds}",
            ),
            [item for item in items if item.subject_code in left_out],
        )
        for number, left_out in enumerate(dealt, start=1)
    ]


def rows_of(predictor: Predictor, fold: Fold, plan: Plan) -> list[Row]:
    """The rows of a fold's model on the subjects that it has not learnt from."""

    def outlined(item: evaluation.Item) -> Any:
        predicted = predictor.predict(evaluation.pixels_of(item), item.spacing)
        return outline(predicted, predictor.card)

    protocol = evaluation.protocol_of(plan.model.site)
    measured = sweeps.measured_on(fold.items, protocol)
    return evaluation.rows_by(outlined, predictor.card.labels, fold.items, measured, protocol)


def keep(plan: Plan, rows: Sequence[Row], job: Job) -> Evaluation:
    """Keep the rows as the model's evaluation on the development subjects."""
    facts = {"how": OUT_OF_FOLD, "folds": plan.folds, "job": str(job.pk)}
    scales = {
        str(entry["image"]): entry.get("spacing_mm")
        for entry in _on_selected_takes(plan.run.snapshot.manifest["items"])
    }
    return evaluation.store(plan.model, DEVELOPMENT, None, rows, scales, job.requested_by, facts)


def _evaluate_directly(context: JobContext) -> dict[str, Any]:
    """A model without a run on the development references as they are now."""
    model = model_with_id(context.params["model"])
    items = evaluation.selected(references.development(model.site))
    if not items:
        raise Refused(f"{model.site.slug} has no approved reference of a development subject yet.")
    measured = sweeps.measured_on(items, evaluation.protocol_of(model.site))
    rows = evaluation.rows_of_model(model, items, measured, keep=False, progress=context.progress)
    facts = {"how": DIRECT, "job": str(context.job.pk)}
    actor = context.job.requested_by
    with context.publish():
        kept = evaluation.store(
            model, DEVELOPMENT, None, rows, evaluation.scales_of(items), actor, facts
        )
    return {"evaluation": kept.pk, "model": model.name}


def _refuse_too_few(run: Run, count: int) -> None:
    entries = [e for e in run.snapshot.manifest["items"] if e["partition"] == "train"]
    try:
        folds(_groups(entries), count)
    except InvalidInput as error:
        raise Refused(str(error)) from error


def _groups(entries: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Each training subject's group: those who share a picture stay in one fold."""
    hashes: dict[str, set[str]] = {}
    for entry in entries:
        if entry["partition"] == "train":
            hashes.setdefault(entry["subject"], set()).add(entry["pixel_sha256"])
    shared = groups_by_shared_pixels(hashes)
    return {code: shared.get(code, code) for code in hashes}


def _items(entries: Sequence[dict[str, Any]]) -> list[evaluation.Item]:
    """The training scans of a snapshot on selected takes, with the references it froze."""
    chosen = _on_selected_takes(entries)
    revisions = pool.regions_of([entry["revision"] for entry in chosen])
    return [
        evaluation.Item(
            entry["image"],
            entry["subject"],
            entry["file_sha256"],
            revisions[entry["revision"]][1],
            spacing_of(entry),
        )
        for entry in chosen
    ]


def _on_selected_takes(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in entries if e["partition"] == "train" and e.get("selected", True)]
