"""What the pages of models show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from annotation.selectors import references, thumbnails
from annotation.selectors.labels import former_names, named_now
from inference.models import ModelVersion, PointerMove, Prediction
from inference.selectors import pointers, versions
from training.models import Evaluation
from training.selectors import evaluations
from training.selectors.evaluations import TEST, VALIDATION
from training.summarising import Row

if TYPE_CHECKING:
    from annotation.models import Site, Study

WORST = 6


@dataclass(frozen=True)
class ModelLine:
    """One line of the list: a model, what it serves for, and its Dice on both partitions."""

    model: ModelVersion
    serves: Sequence[str]
    validation: dict[str, Any] | None
    test: dict[str, Any] | None
    run_id: int | None


@dataclass(frozen=True)
class SiteModels:
    """A site's models, newest first."""

    site: Site
    lines: Sequence[ModelLine]


@dataclass(frozen=True)
class Case:
    """A validation scan with the reference and what the model drew on it."""

    image_id: int
    subject: str
    dice: float
    failure: bool
    thumbnail: thumbnails.Thumbnail
    sha256: str


def site_models(study: Study) -> list[SiteModels]:
    """The study's models site by site, in a constant number of queries."""
    models = versions.of_study(study).select_related("run").prefetch_related("pointers")
    dice = _dice_of(study)
    by_site: defaultdict[Site, list[ModelLine]] = defaultdict(list)
    for model in models:
        by_site[model.site].append(
            ModelLine(
                model,
                sorted(pointer.purpose for pointer in model.pointers.all()),
                dice.get((model.pk, VALIDATION)),
                dice.get((model.pk, TEST)),
                model.run.pk if hasattr(model, "run") else None,
            )
        )
    return [
        SiteModels(site, lines)
        for site, lines in sorted(by_site.items(), key=lambda pair: (pair[0].order, pair[0].slug))
    ]


def _dice_of(study: Study) -> dict[tuple[int, str], dict[str, Any] | None]:
    """The newest Dice figures by model and partition."""
    done = Evaluation.objects.filter(model__site__study=study).order_by("id")
    return {
        (model, partition): summary.get("dice")
        for model, partition, summary in done.values_list("model", "partition", "summary")
    }


def worst_cases(evaluation: Evaluation) -> list[Case]:
    """The validation scans that the model did worst on, worst first.

    Scans whose reference has been superseded or withdrawn since are left out. Test scans have no
    pictures here: raises ValueError for another partition than validation.
    """
    if evaluation.partition != VALIDATION:
        raise ValueError("Only validation scans are shown as pictures.")
    site = evaluation.model.site
    truth = {item.image_id: item for item in references.current(site, partition=VALIDATION)}
    ranked = sorted(_images(evaluations.rows_of(evaluation)), key=lambda found: found[1])
    worst = [found for found in ranked if found[0].image_id in truth][:WORST]
    drawn = dict(
        Prediction.objects.filter(
            model=evaluation.model, image__in=[row.image_id for row, _, _ in worst]
        ).values_list("image_id", "regions")
    )
    labels, names = list(site.labels.all()), former_names(site)
    return [
        Case(
            row.image_id,
            row.subject,
            dice,
            failure,
            thumbnails.Thumbnail(
                thumbnails.PIXELS.format(id=row.image_id),
                truth[row.image_id].width,
                truth[row.image_id].height,
                f"{row.subject}: reference and what {evaluation.model.name} drew",
                [
                    *thumbnails.outlines(truth[row.image_id].regions, labels),
                    *thumbnails.outlines(
                        named_now(drawn.get(row.image_id, []), names),
                        labels,
                        thumbnails.SUGGESTED,
                    ),
                ],
            ),
            truth[row.image_id].file_sha256,
        )
        for row, dice, failure in worst
    ]


def _images(rows: Sequence[Row]) -> list[tuple[Row, float, bool]]:
    """Each image's first row, its mean Dice over labels, and whether any label failed."""
    by_image: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_image[row.image_id].append(row)
    return [
        (
            group[0],
            fmean(row.values["dice"] or 0.0 for row in group),
            any(row.failure for row in group),
        )
        for group in by_image.values()
    ]


def mean_dice_of_images(rows: Sequence[Row]) -> dict[int, float]:
    """{image: mean Dice over its labels}."""
    return {row.image_id: dice for row, dice, _ in _images(rows)}


def images_by_subject(rows: Sequence[Row]) -> dict[str, list[tuple[int, float]]]:
    """{subject: its images with their mean Dice}, subjects sorted."""
    found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for row, dice, _ in _images(rows):
        found[row.subject].append((row.image_id, dice))
    return {subject: found[subject] for subject in sorted(found)}


def moves_with(model: ModelVersion) -> list[PointerMove]:
    """The site's pointer moves, newest first: the lineage that a model stands in."""
    return pointers.moves_of(model.site)
