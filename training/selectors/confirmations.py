"""Who has looked at a candidate's pictures, and which pictures there are to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotation.selectors import references, thumbnails
from annotation.selectors.labels import former_names, named_now
from inference.models import Prediction, Purpose
from inference.selectors.pointers import current_and_earlier
from training.models import Confirmation
from training.selectors import evaluations
from training.selectors.evaluations import VALIDATION
from training.selectors.model_pages import mean_dice_of_images

if TYPE_CHECKING:
    from annotation.models import Label, Site
    from annotation.selectors.references import ReferenceItem
    from inference.models import ModelVersion

SHOWN = 5
"""Pictures of either kind: the worst, and the most changed."""


@dataclass(frozen=True)
class Picture:
    """One validation scan side by side: current model, candidate, reference."""

    image_id: int
    subject: str
    dice: float
    current_dice: float | None
    current: thumbnails.Thumbnail | None
    candidate: thumbnails.Thumbnail
    reference: thumbnails.Thumbnail
    sha256: str

    @property
    def change(self) -> float | None:
        """Dice of the candidate minus that of the current model."""
        return None if self.current_dice is None else self.dice - self.current_dice


@dataclass(frozen=True)
class Pictures:
    """The worst scans of the candidate and those on which it differs most from the current.

    `current`: the model whose outlines stand beside the candidate's; None: there is none to show.
    """

    worst: Sequence[Picture]
    changed: Sequence[Picture]
    current: ModelVersion | None = None

    @property
    def image_ids(self) -> list[int]:
        """All that is shown, each once."""
        return sorted({one.image_id for one in (*self.worst, *self.changed)})


def rival_of(model: ModelVersion, purpose: str) -> ModelVersion | None:
    """What serves a purpose in the model's place: now or, where it serves itself, before it."""
    current, earlier = current_and_earlier(model.site, purpose)
    return earlier if current == model else current


def rivals_of(model: ModelVersion) -> list[ModelVersion | None]:
    """The models in whose place it would serve, each once; [None] where it is in nobody's way."""
    rivals = dict.fromkeys(rival_of(model, purpose) for purpose in Purpose)
    return [one for one in rivals if one is not None] or [None]


def newest(model: ModelVersion, purpose: str) -> Confirmation | None:
    """The newest confirmation of this model beside its rival, any where it has none."""
    found = Confirmation.objects.filter(model=model).select_related("actor")
    rival = rival_of(model, purpose)
    return (found.filter(current=rival) if rival else found).first()


def complete(model: ModelVersion) -> Confirmation | None:
    """The newest confirmation where each purpose has one; None where one is still missing."""
    found = [one for purpose in Purpose if (one := newest(model, purpose))]
    return max(found, key=lambda one: one.pk) if len(found) == len(Purpose) else None


def has_scans_to_show(site: Site) -> bool:
    """Whether there is any approved scan of a validation subject to look at a model on."""
    return any(one.selected for one in references.current(site, partition=VALIDATION))


def last(model: ModelVersion) -> Confirmation | None:
    """The newest confirmation of this model, whatever it was compared with."""
    found = Confirmation.objects.filter(model=model)
    return found.select_related("actor", "current__site").first()


def pictures(model: ModelVersion, current: ModelVersion | None) -> Pictures:
    """The pictures to confirm a candidate on beside a model in whose place it would serve.

    From validation only; none before it is evaluated. Scans whose reference has been superseded
    or withdrawn since are left out.
    """
    evaluation = evaluations.newest(model, VALIDATION)
    if evaluation is None:
        return Pictures((), ())
    before = evaluations.newest(current, VALIDATION) if current else None
    dice = mean_dice_of_images(evaluations.rows_of(evaluation))
    previous = mean_dice_of_images(evaluations.rows_of(before)) if before else {}
    truth = {one.image_id: one for one in references.current(model.site, partition=VALIDATION)}
    return beside(model, current if before else None, dice, previous, truth)


def worst_and_changed(
    dice: Mapping[int, float], previous: Mapping[int, float]
) -> tuple[list[int], list[int]]:
    """The scans with the lowest Dice, and those whose Dice differs most from that before."""
    worst = sorted(dice, key=lambda image: (dice[image], image))[:SHOWN]
    changed = sorted(
        (image for image in dice if image in previous),
        key=lambda image: (-abs(dice[image] - previous[image]), image),
    )[:SHOWN]
    return worst, changed


def beside(
    model: ModelVersion,
    current: ModelVersion | None,
    dice: Mapping[int, float],
    previous: Mapping[int, float],
    truth: Mapping[int, ReferenceItem],
) -> Pictures:
    """The worst and the most changed of the scans in `truth`, as the two models drew them."""
    known = {image: value for image, value in dice.items() if image in truth}
    worst, changed = worst_and_changed(known, previous)
    drawn = _drawn(model, worst + changed)
    drawn_before = _drawn(current, worst + changed) if current else {}
    labels = list(model.site.labels.all())

    def picture(image: int) -> Picture:
        item = truth[image]
        return Picture(
            image,
            item.subject_code,
            dice[image],
            previous.get(image),
            _shown(item, drawn_before.get(image, []), labels, "current model")
            if image in previous
            else None,
            _shown(item, drawn.get(image, []), labels, model.name),
            _shown(item, item.regions, labels, "reference", thumbnails.REFERENCE),
            item.file_sha256,
        )

    return Pictures([picture(one) for one in worst], [picture(one) for one in changed], current)


def _drawn(model: ModelVersion, images: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    kept = Prediction.objects.filter(model=model, image__in=images)
    names = former_names(model.site)
    return {pk: named_now(one, names) for pk, one in kept.values_list("image_id", "regions")}


def _shown(
    item: ReferenceItem,
    regions: list[dict[str, Any]],
    labels: list[Label],
    whose: str,
    kind: str = thumbnails.SUGGESTED,
) -> thumbnails.Thumbnail:
    return thumbnails.Thumbnail(
        thumbnails.PIXELS.format(id=item.image_id),
        item.width,
        item.height,
        f"{item.subject_code}: {whose}",
        thumbnails.outlines(regions, labels, kind),
    )
