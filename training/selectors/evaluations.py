"""Reading evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef

from annotation.models import Calibration, Image, MeasuredFrame
from annotation.selectors.labels import current_labels, former_names
from domain.names import identity
from training import summarising
from training.models import Evaluation
from training.scoring import SCORING_VERSION, UNION

if TYPE_CHECKING:
    from annotation.models import Lock, Site
    from inference.models import ModelVersion

VALIDATION, TEST, DEVELOPMENT = "validation", "test", "development"
OUT_OF_FOLD, DIRECT = "out of fold", "direct"
"""How a development evaluation came about, in its summary's `how`."""


def of_model(model: ModelVersion) -> list[Evaluation]:
    """All evaluations of a model, newest first."""
    return list(model.evaluations.select_related("lock", "actor", "model__site"))


def on_lock(model: ModelVersion, lock: Lock) -> Evaluation | None:
    """The newest evaluation of a model on this lock by the metrics of now."""
    return (
        Evaluation.objects.filter(model=model, lock=lock, metrics_version=SCORING_VERSION)
        .select_related("model__site", "lock")
        .first()
    )


def with_id(evaluation_id: int) -> Evaluation:
    """An evaluation by its key, with its model and site."""
    return Evaluation.objects.select_related("model__site__study").get(pk=evaluation_id)


def newest(model: ModelVersion, partition: str) -> Evaluation | None:
    """The model's newest evaluation on a partition."""
    found = Evaluation.objects.filter(model=model, partition=partition)
    return found.select_related("model__site__study", "lock").first()


def standing(model: ModelVersion, partition: str) -> Evaluation | None:
    """The model's newest evaluation on a partition, if it is by the metrics of now: another one
    decides nothing."""
    found = newest(model, partition)
    return found if found is not None and is_by_metrics_of_now(found) else None


def is_by_metrics_of_now(evaluation: Evaluation) -> bool:
    """Whether the numbers mean what those of a new evaluation do."""
    return evaluation.metrics_version == SCORING_VERSION


def newest_of_site(site: Site) -> dict[tuple[int, str], Evaluation]:
    """The newest evaluations of a site's models, by model id and partition."""
    found = Evaluation.objects.filter(model__site=site).order_by("id")
    return {(one.model_id, one.partition): one for one in found}


def changed_since(evaluation: Evaluation) -> list[int]:
    """The images of an evaluation that have another scale by now, whose take is not the selected
    one any more, or whose measured frame a person chose since: its numbers are of what was then,
    and decide nothing. Erased images are left out.
    """
    images = Image.objects.filter(
        pk__in=evaluation.rows.values("image"), erased_at__isnull=True
    ).select_related("calibration", "take__scan")
    choices = MeasuredFrame.objects.filter(
        take=OuterRef("take"), created_at__gt=evaluation.created_at
    )
    then = evaluation.scales or _scales_at(evaluation)
    return [
        image.pk
        for image in images.annotate(chosen_since=Exists(choices)).order_by("pk")
        if image.take.scan.selected_take_id != image.take_id
        or image.chosen_since
        or (str(image.pk) in then and then[str(image.pk)] != _spacing(image.calibration))
    ]


def _scales_at(evaluation: Evaluation) -> dict[str, list[float] | None]:
    """The spacings that the history of calibrations gives for the moment of an evaluation."""
    images = evaluation.rows.values_list("image", flat=True).distinct()
    found: dict[str, list[float] | None] = {str(image): None for image in images}
    rows = Calibration.objects.filter(
        image__in=evaluation.rows.values("image"), created_at__lte=evaluation.created_at
    )
    for row in rows.order_by("id"):
        found[str(row.image_id)] = _spacing(row)
    return found


def _spacing(calibration: Calibration | None) -> list[float] | None:
    return None if calibration is None else [calibration.x_mm, calibration.y_mm]


def rows_of(evaluation: Evaluation, *, union: bool = False) -> list[summarising.Row]:
    """The stored rows, one per image and label; `union`: in their place those of all labels taken
    together, one per image.

    Labels that were renamed since have their names of now.
    """
    names = former_names(evaluation.model.site)
    stored = evaluation.rows.filter(label=UNION) if union else evaluation.rows.exclude(label=UNION)
    return [
        summarising.Row(
            row.image_id,
            row.subject_code,
            names.get(identity(row.label), row.label),
            row.values,
            row.failure,
            tuple(row.cut),
            tuple(row.left_out),
        )
        for row in stored
    ]


def summary_of(evaluation: Evaluation) -> dict[str, Any]:
    """The stored summary, each label by its name of now; labels that were merged since have the
    summary of all their rows."""
    kept = evaluation.summary.get("labels")
    if not kept:
        return dict(evaluation.summary)
    names = current_labels(evaluation.model.site, tuple(kept))
    rows = rows_of(evaluation) if len(set(names)) < len(names) else []
    labels = {
        now: summary
        if names.count(now) == 1
        else summarising.quantities([row for row in rows if row.label == now])
        for now, summary in zip(names, kept.values(), strict=True)
    }
    return {**evaluation.summary, "labels": labels}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as `evaluate --json` prints it."""
    rows = rows_of(evaluation)
    return {
        "evaluation": evaluation.pk,
        "model": evaluation.model.name,
        "partition": evaluation.partition,
        "lock": evaluation.lock.digest if evaluation.lock else None,
        "rests_on_single_readings": bool(
            evaluation.lock and evaluation.lock.rests_on_single_readings
        ),
        "area_unit": evaluation.model.site.area_unit,
        "metrics_version": evaluation.metrics_version,
        "by_metrics_of_now": is_by_metrics_of_now(evaluation),
        "changed_since": changed_since(evaluation),
        "rows": [
            {
                "image": row.image_id,
                "subject": row.subject,
                "label": row.label,
                "failure": row.failure,
                "cut": list(row.cut),
                "left_out": list(row.left_out),
                **row.values,
            }
            for row in rows
        ],
        "subjects": summarising.by_subject(rows),
        "summary": summary_of(evaluation),
    }
