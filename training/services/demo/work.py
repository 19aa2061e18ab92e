"""What the demo's people have done so far: outlines in every stage, from offered to approved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import is_double_read, is_test_subject
from annotation.selectors import partitions
from annotation.selectors.annotations import current_suggestion, visible_suggestion
from annotation.services import guideline, outlines, review, suggestions, workflow
from domain import phantom
from domain.geometry import Region, normalise, region_to_json
from domain.phantom.view import stream
from training.services.demo.people import People
from training.services.demo.scans import TakenImage
from training.services.demo.sites import TRAINED_SITE

if TYPE_CHECKING:
    from annotation.models import Annotation, Study
    from core.models import User

GENERATOR, GENERATOR_VERSION = "generator", "generator-v1"
APPROVED_SHARE = 0.6
SUBMITTED_SUBJECTS = 4
CORRECTED_SHARE = 0.15
TOO_NARROW = "The outline stays inside the muscle: it has to reach the inner edge of the fascia."
WELL_DRAWN = "The outline follows the inner edge of the fascia all around."


def do(study: Study, taken: Sequence[TakenImage], team: People) -> None:
    """Bring every image to the stage that its subject is in; images with work stay as they are.

    Test and validation subjects and enough training subjects for 60 % of all are approved, four
    more wait for review but for one scan that is returned, the others have a pre-label.
    """
    stages = _stages(partitions.subjects_by_partition(study))
    to_return = _to_return(taken, stages)
    teaching = _teaching(taken, stages)
    for one in taken:
        if one.image.state != "new":
            continue
        stage = stages.get(one.subject.code, "offered")
        with transaction.atomic():
            _offer(one)
            if one.key == to_return:
                _returned(one, team)
            elif one.key in teaching:
                _taught(one, team)
            elif one.outlined and (one.selected or _is_wanted_for_training(one, stage)):
                _STAGES[stage](one, team)


def _to_return(taken: Sequence[TakenImage], stages: dict[str, str]) -> tuple[int | str, ...]:
    """The key of the one scan that the expert sent back: the first submitted, singly read one."""
    return next(
        (
            one.key
            for one in taken
            if stages.get(one.subject.code) == "submitted" and _is_read_once(one)
        ),
        (),
    )


def _teaching(taken: Sequence[TakenImage], stages: dict[str, str]) -> set[tuple[int | str, ...]]:
    """The keys of the scans that give the guideline's examples: at most one of each site.

    Of the last subject that can, whose other take nobody outlines soon: the example of a scan is
    not shown beside it.
    """
    last: dict[str, tuple[int | str, ...]] = {}
    for one in taken:
        is_approved = stages.get(one.subject.code) == "approved"
        if is_approved and _is_read_once(one) and not is_test_subject(one.image):
            last[one.image.site.slug] = one.key
    return set(last.values())


def _is_read_once(one: TakenImage) -> bool:
    """Whether the scan is of the selected take, is outlined, and by one person."""
    return one.outlined and one.selected and not is_double_read(one.image)


def _is_wanted_for_training(one: TakenImage, stage: str) -> bool:
    """Whether the take that nobody selected is outlined too: at the site that is trained first."""
    return stage == "approved" and one.image.site.slug == TRAINED_SITE


def _stages(codes: dict[str, list[str]]) -> dict[str, str]:
    """The stage of each subject, by code."""
    approved = codes.get("test", []) + codes.get("validation", [])
    train = codes.get("train", [])
    everybody = len(approved) + len(train)
    enough = max(1, round(APPROVED_SHARE * everybody) - len(approved))
    enough = min(enough, max(1, len(train) - SUBMITTED_SUBJECTS - 1))
    stages = dict.fromkeys(approved + train[:enough], "approved")
    return stages | dict.fromkeys(train[enough : enough + SUBMITTED_SUBJECTS], "submitted")


def _offer(one: TakenImage) -> None:
    """The generator's imperfect outline, where a pre-label may be shown at all."""
    image = one.image
    if is_test_subject(image) or is_double_read(image):
        return
    if current_suggestion(image) is not None:
        return
    offered = phantom.pre_label(one.truth, *one.key)
    suggestions.offer(
        image,
        _json(offered.regions),
        source=GENERATOR,
        version=GENERATOR_VERSION,
        probability=offered.probability,
    )


def _approved(one: TakenImage, team: People) -> None:
    first, *_ = [_submitted_reading(one, person, team) for person in _readers(one, team)]
    number = first.revision_count
    if stream("expert", *one.key).random() < CORRECTED_SHARE:
        review.correct_and_approve(first, number, team.expert, _json(one.truth), "edge redrawn")
    else:
        review.approve(first, number, team.expert)


def _submitted(one: TakenImage, team: People) -> None:
    for person in _readers(one, team):
        _submitted_reading(one, person, team)


def _returned(one: TakenImage, team: People) -> None:
    """Returned to the second annotator: the first one's next scan is one with a pre-label."""
    work = _submitted_reading(one, team.annotators[1], team)
    x0, y0, _, y1 = one.truth[0].shape.bounds
    pin = {"x": x0, "y": (y0 + y1) / 2, "text": "The muscle reaches further to this side."}
    reason = "The medial edge is missing."
    review.return_(work, work.revision_count, team.expert, reason, [pin])


def _taught(one: TakenImage, team: People) -> None:
    """Sent back once for its narrow outline; both outlines are examples of the site."""
    person, *_ = _readers(one, team)
    narrow = _submitted_outline(one, person, [_narrowed(region) for region in one.truth])
    returned = review.return_(narrow, narrow.revision_count, team.expert, TOO_NARROW).revision
    guideline.show_example(returned, "bad", TOO_NARROW, actor=team.expert)
    work = _submitted_outline(one, person, one.truth, base=narrow.revision_count)
    approved = review.approve(work, work.revision_count, team.expert).revision
    guideline.show_example(approved, "good", WELL_DRAWN, actor=team.expert)


def _narrowed(region: Region) -> Region:
    """The region without a rim, a twelfth as wide as a square of its area."""
    rim = math.sqrt(region.shape.area) / 12
    return replace(region, shape=normalise(region.shape.buffer(-rim)))


def _leave(one: TakenImage, team: People) -> None:
    """Nothing yet."""


_STAGES = {
    "approved": _approved,
    "submitted": _submitted,
    "offered": _leave,
}


def _readers(one: TakenImage, team: People) -> list[User]:
    """One annotator, in turn; two different ones where the scan is read twice."""
    first = int(stream("reader", *one.key).integers(len(team.annotators)))
    count = 2 if is_double_read(one.image) else 1
    return [team.annotators[(first + step) % len(team.annotators)] for step in range(count)]


def _submitted_reading(one: TakenImage, person: User, team: People) -> Annotation:
    """What this annotator, with their own way to err, drew and submitted."""
    reader = phantom.READERS[list(team.annotators).index(person)]
    return _submitted_outline(one, person, phantom.read(one.truth, reader, *one.key))


def _submitted_outline(
    one: TakenImage, person: User, regions: Sequence[Region], *, base: int = 0
) -> Annotation:
    offered = visible_suggestion(person, one.image)
    revision = outlines.save(
        one.image,
        person,
        _json(regions),
        base=base,
        origin="pre-label" if offered else "drawn",
        suggestion_version=offered.version if offered else "",
        seconds=float(stream("seconds", person.username, *one.key).uniform(40, 240)),
    )
    return workflow.submit(revision.annotation, person)


def _json(regions: Sequence[Region]) -> list[dict[str, Any]]:
    return [region_to_json(region) for region in regions]
