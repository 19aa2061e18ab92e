"""Evaluating a model on a partition: rows per image and label, summaries per subject and site.

Only selected takes count. Validation may be evaluated freely; the test partition is opened through
`annotation.services.lock`, which writes an audit event and counts the look before anything is
read, so that an evaluation that fails half-way is a look all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from annotation.policies import require_admin
from annotation.selectors import images, references
from annotation.services import lock as locks
from core import events, files
from core.jobs import JobContext
from core.services import audit, jobs
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput, Refused
from domain.geometry import Region, regions_from_json
from inference.selectors.versions import model_with_id
from inference.services import prediction
from training import summarising, sweeps
from training.models import Evaluation, EvaluationRow
from training.scoring import (
    SCORING_VERSION,
    LabelScore,
    Protocol,
    score,
    with_predicted_dice,
)
from training.selectors.evaluations import TEST, VALIDATION

if TYPE_CHECKING:
    from annotation.models import Lock, Site
    from core.models import Job, User
    from inference.models import ModelVersion
    from inference.postprocessing import Outlined

KIND = "evaluate"
PARTITIONS = (TEST, VALIDATION)
Progress = Callable[[float, str], None]
Scales = dict[str, list[float] | None]
Writing = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Item:
    """One image with the reference it is measured against."""

    image_id: int
    subject_code: str
    file_sha256: str
    regions: list[dict[str, Any]]
    spacing: PixelSpacing | None


def submit(model: ModelVersion, partition: str, actor: User | None) -> Job:
    """Queue an evaluation. Raises NotAllowed for all but admins, Conflict while the same runs."""
    if actor is not None:
        require_admin(actor, model.site.study)
    _check_partition(partition)
    return jobs.submit(
        KIND,
        {"model": model.pk, "partition": partition},
        actor=actor,
        scope=model.site.study.name,
        exclusive=f"{KIND}:{model.pk}:{partition}",
    )


def run(context: JobContext) -> dict[str, Any]:
    """The job: evaluate, and write the result only while this attempt holds the job."""

    def progress(fraction: float, message: str) -> None:
        context.raise_if_cancelled()
        context.progress(fraction, message)

    evaluation = evaluate(
        model_with_id(context.params["model"]),
        context.params["partition"],
        context.job.requested_by,
        progress=progress,
        writing=context.publish,
    )
    return {"evaluation": evaluation.pk, "model": evaluation.model.name}


def evaluate(
    model: ModelVersion,
    partition: str,
    actor: User | None,
    *,
    progress: Progress = lambda fraction, message: None,
    writing: Writing = transaction.atomic,
) -> Evaluation:
    """Evaluate `model` on the validation or test references of its site and keep the result.

    `progress` hears how far it is (0 to 1); `writing` is the transaction of the result. Raises
    InvalidInput for another partition, NotAllowed where the actor is no admin, Refused where the
    partition has no reference or, for the test, no lock.
    """
    if actor is not None:
        require_admin(actor, model.site.study)
    _check_partition(partition)
    if partition == TEST:
        lock, items = _test_items(model, actor)
    else:
        lock, items = None, _validation_items(model.site)
    if not items:
        raise Refused(
            f"The {partition} partition of {model.site.slug} has no approved reference on a"
            " selected take yet."
        )
    measured = sweeps.measured_on(items, protocol_of(model.site))
    keep = partition == VALIDATION
    rows = rows_of_model(model, items, measured, keep=keep, progress=progress)
    with writing():
        return store(model, partition, lock, rows, scales_of(items), actor)


def protocol_of(site: Site) -> Protocol:
    """What of the site decides how outlines are measured."""
    labels = site.labels.filter(retired=False).values_list("name", flat=True)
    return Protocol(
        labels=tuple(labels),
        has_csa=site.plane == site.Plane.TRANSVERSE,
        thickness_definition=site.thickness_definition,
    )


def _check_partition(partition: str) -> None:
    if partition not in PARTITIONS:
        raise InvalidInput(f"Evaluate on {' or '.join(PARTITIONS)}, not on {partition!r}.")


def _validation_items(site: Site) -> list[Item]:
    return selected(references.current(site, partition=VALIDATION))


def _test_items(model: ModelVersion, actor: User | None) -> tuple[Lock, list[Item]]:
    opened = locks.open_references(model.site, actor, f"evaluate {model.name}")
    return opened.lock, selected(opened.items)


def selected(items: Iterable[Any]) -> list[Item]:
    """Those references that lie on selected takes."""
    return [
        Item(item.image_id, item.subject_code, item.file_sha256, item.regions, item.spacing)
        for item in items
        if item.selected
    ]


def scales_of(items: Iterable[Item]) -> Scales:
    """The spacing that each item was measured under, as an evaluation keeps it."""
    return {
        str(item.image_id): [item.spacing.x_mm, item.spacing.y_mm] if item.spacing else None
        for item in items
    }


def pixels_of(item: Item) -> NDArray[np.uint8]:
    """The stored grey pixels (h, w) of an item."""
    return images.decode_stored_png(files.read(item.file_sha256))


def rows_of_model(
    model: ModelVersion,
    items: Sequence[Item],
    measured: sweeps.Measured,
    *,
    keep: bool,
    progress: Progress,
) -> list[summarising.Row]:
    """The rows of a registered model; `keep`: its outlines are kept for the pages."""
    done = 0

    def outlined(item: Item) -> Outlined:
        nonlocal done
        progress(done / len(items), f"{model.name}: scan {done + 1} of {len(items)}")
        done += 1
        found = prediction.predict(model, pixels_of(item), item.spacing)
        if keep:
            prediction.keep(model, item.image_id, found)
        return found

    labels = prediction.card_of(model).labels
    return rows_by(outlined, labels, items, measured, protocol_of(model.site))


def rows_by(
    outlined: Callable[[Item], Outlined],
    labels: Sequence[str],
    items: Sequence[Item],
    measured: sweeps.Measured,
    protocol: Protocol,
) -> list[summarising.Row]:
    """A row for each item and label of what is outlined on it; `labels` are the model's.

    `measured` is of all references that the items are among: a sweep's frame may not be an item.
    """
    found: dict[int, Sequence[Region]] = {}

    def scored(item: Item) -> list[LabelScore]:
        drawn = outlined(item)
        found[item.image_id] = drawn.regions
        return scores_of(drawn, labels, item, measured, protocol)

    rows = [
        summarising.Row(
            image_id=item.image_id,
            subject=item.subject_code,
            label=one.label,
            values=one.values,
            failure=one.failure,
            cut=one.cut,
            left_out=one.left_out,
        )
        for item in items
        for one in scored(item)
    ]
    choices = sweeps.frame_choices(items, found, measured, protocol)
    return [
        replace(row, values={**row.values, **choices.get((row.image_id, row.label), {})})
        for row in rows
    ]


def scores_of(
    outlined: Outlined,
    labels: Sequence[str],
    item: Item,
    measured: sweeps.Measured,
    protocol: Protocol,
) -> list[LabelScore]:
    """What was outlined against the item's reference, with the Dice that the model expected."""
    scores = score(
        outlined.regions,
        outlined.label_map,
        labels,
        regions_from_json(item.regions),
        item.spacing,
        protocol,
        {label for image, label in measured if image == item.image_id},
    )
    return with_predicted_dice(scores, labels, outlined.predicted_dice)


def store(
    model: ModelVersion,
    partition: str,
    lock: Lock | None,
    rows: Sequence[summarising.Row],
    scales: Scales,
    actor: User | None,
    facts: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Keep an evaluation with its rows and the scales that they were measured under; `facts` stand
    beside the figures in its summary."""
    evaluation = Evaluation.objects.create(
        model=model,
        partition=partition,
        lock=lock,
        metrics_version=SCORING_VERSION,
        summary={**summarising.summarise(rows), **(facts or {})},
        scales=scales,
        actor=actor,
    )
    EvaluationRow.objects.bulk_create(
        EvaluationRow(
            evaluation=evaluation,
            image_id=row.image_id,
            subject_code=row.subject,
            label=row.label,
            values=row.values,
            failure=row.failure,
            cut=row.cut,
            left_out=row.left_out,
        )
        for row in rows
    )
    audit.record(
        "model evaluated",
        actor=actor,
        target=model,
        scope=model.site.study.name,
        model=model.name,
        partition=partition,
        lock=lock.digest if lock else None,
        metrics_version=SCORING_VERSION,
        n_images=evaluation.summary["n_images"],
        n_subjects=evaluation.summary["n_subjects"],
        dice=evaluation.summary["dice"],
    )
    events.publish("model_evaluated", evaluation_id=evaluation.pk)
    return evaluation
