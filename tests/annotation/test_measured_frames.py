"""A sweep's value: one frame by one rule, or by an expert's choice, the same wherever it stands."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from annotation.models import MeasuredFrame, Partition, SubjectPartition
from annotation.reports.measurements import as_csv
from annotation.selectors import measured_frames, measurements
from annotation.selectors.locks import open_change
from annotation.selectors.subjects import scans_of
from annotation.services import lock, sealed_changes
from annotation.services import measured_frames as choosing
from core.models import AuditEvent
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from tests.annotation.references import approve
from tests.conftest import rectangle

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from annotation.models import Image, Study
    from core.models import User

DYNAMIC: dict[str, Any] = {"take": 1, "take_fields": {"kind": "dynamic"}}
WIDTHS = (10, 12, 40, 13, 11)
"""Of the outlines on frames 0 to 4, 20 px high; frame 2 is a jump, frame 3 the measured one."""


@pytest.fixture
def sweep(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> Callable[..., list[Image]]:
    def make(widths: tuple[int, ...] = WIDTHS, **of_region: Any) -> list[Image]:
        frames = [make_image("S1", frame=number, **DYNAMIC) for number in range(len(widths))]
        for frame, width in zip(frames, widths, strict=True):
            approve(frame, annotator, expert, rectangle(5, 10, 5 + width, 30, **of_region))
        return frames

    return make


def value(study: Study) -> measurements.Measurement:
    (found,) = [one for one in measurements.of_study(study) if one.of_scan]
    return found


def test_the_rule_finds_one_frame_and_its_own_values_stand(
    study: Study, sweep: Callable[..., list[Image]]
) -> None:
    frames = sweep()
    found = value(study)
    assert (found.image_id, found.frame_by, found.frame_reason) == (frames[3].pk, "rule", "")
    assert found.csa_mm2 == pytest.approx(13 * 20 * 0.01)
    assert found.mt_mm == pytest.approx(2.0)


def test_every_place_says_the_same_value(
    study: Study, sweep: Callable[..., list[Image]], expert: User, client_of: Callable[..., Client]
) -> None:
    frames = sweep()
    (site,) = scans_of(frames[0].subject)
    assert [one.image_id for one in site.scans[0].measurements] == [frames[3].pk]
    assert site.scans[0].image == frames[3]
    assert measurements.of_subjects(measurements.of_study(study), "CSA") == {
        "S1": pytest.approx(2.6)
    }
    table = list(csv.DictReader(io.StringIO("".join(as_csv(measurements.of_study(study))))))
    assert [row["of_scan"] for row in table] == ["no", "no", "no", "yes", "no"]
    page = client_of(expert).get(reverse("annotation:subject", args=[study.name, "S1"]))
    assert "frame 3 of 5" in page.content.decode()


def test_what_an_annotator_sees_is_not_another_value(
    study: Study, sweep: Callable[..., list[Image]], annotator: User, other_annotator: User
) -> None:
    sweep()
    own = [one for one in measurements.of_study(study, drawn_by=annotator) if one.of_scan]
    assert [one.frame for one in own] == [3]
    assert list(measurements.of_study(study, drawn_by=other_annotator)) == []


def test_an_expert_chooses_another_frame_with_a_reason(
    study: Study, sweep: Callable[..., list[Image]], expert: User
) -> None:
    frames = sweep()
    choosing.choose(frames[1], expert, reason="the probe was level")
    found = value(study)
    assert (found.image_id, found.frame_by) == (frames[1].pk, "expert")
    assert found.frame_reason == "the probe was level"
    assert AuditEvent.objects.filter(verb="measured frame chosen").count() == 1
    choosing.follow_rule(frames[1].take, expert, reason="it was not")
    assert value(study).image_id == frames[3].pk
    assert MeasuredFrame.objects.count() == 2, "each choice stays"
    assert measured_frames.standing(frames[0].take) is None


def test_who_may_not_and_what_cannot_be_chosen(
    study: Study,
    sweep: Callable[..., list[Image]],
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
) -> None:
    frames = sweep()
    with pytest.raises(NotFound):
        choosing.choose(frames[1], annotator, reason="mine")
    with pytest.raises(InvalidInput, match="Say why"):
        choosing.choose(frames[1], expert, reason=" ")
    bare = make_image("S1", frame=9, **DYNAMIC)
    with pytest.raises(InvalidInput, match="approve an outline"):
        choosing.choose(bare, expert, reason="it is clear")


def test_a_choice_is_never_edited(
    study: Study, sweep: Callable[..., list[Image]], expert: User
) -> None:
    choosing.choose(sweep()[1], expert, reason="the probe was level")
    for change in (
        lambda: MeasuredFrame.objects.update(reason="another"),
        lambda: MeasuredFrame.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_sealed_sweep_keeps_its_frame(
    study: Study, sweep: Callable[..., list[Image]], expert: User, admin: User
) -> None:
    frames = sweep()
    SubjectPartition.objects.create(subject=frames[0].subject, partition=Partition.TEST)
    lock.seal(frames[0].site, admin)
    with pytest.raises(Conflict, match="locked test set"):
        choosing.choose(frames[1], expert, reason="clearer")
    with pytest.raises(DatabaseError, match="new version"), transaction.atomic():
        MeasuredFrame.objects.create(
            take=frames[0].take, image=frames[1], reason="clearer", author=expert
        )


def test_the_next_version_takes_another_frame_and_leaves_it_to_the_rule_again(
    study: Study,
    sweep: Callable[..., list[Image]],
    expert: User,
    admin: User,
    annotator: User,
) -> None:
    frames = sweep()
    take, site = frames[0].take, frames[0].site
    SubjectPartition.objects.create(subject=frames[0].subject, partition=Partition.TEST)
    with pytest.raises(Refused, match="not sealed"):
        sealed_changes.propose_frame(take, frames[1], actor=expert, reason="clearer")
    first = lock.seal(site, admin)
    with pytest.raises(NotAllowed):
        sealed_changes.propose_frame(take, frames[1], actor=annotator, reason="clearer")
    with pytest.raises(InvalidInput, match="as it is"):
        sealed_changes.propose_frame(take, None, actor=expert, reason="clearer")

    change = sealed_changes.propose_frame(take, frames[1], actor=expert, reason="clearer")
    assert measured_frames.standing(take) is None
    assert open_change(frames[4]) == change
    second = lock.seal(site, admin)
    chosen = measured_frames.standing(take)
    assert chosen is not None
    assert (chosen.image, chosen.reason, chosen.author) == (frames[1], "clearer", expert)
    assert second.digest != first.digest
    assert lock.verify_lock(second) == []

    sealed_changes.propose_frame(take, None, actor=expert, reason="the rule is right")
    lock.seal(site, admin)
    assert measured_frames.standing(take) is None


def test_an_expert_proposes_a_frame_of_a_sealed_sweep_on_its_page(
    sweep: Callable[..., list[Image]],
    expert: User,
    admin: User,
    client_of: Callable[[User], Client],
) -> None:
    frames = sweep()
    SubjectPartition.objects.create(subject=frames[0].subject, partition=Partition.TEST)
    lock.seal(frames[0].site, admin)
    page = reverse("annotation:image", args=["lab", frames[1].pk])
    said = {"act": "measure", "measure-frame": "here", "measure-reason": "the probe was level"}
    assert client_of(expert).post(page, said).status_code == 302
    shown = client_of(expert).get(page).content.decode()
    assert "proposes frame 1 as the measured one" in shown
    locks = client_of(admin).get(reverse("annotation:lock", args=["lab"])).content.decode()
    assert "frame 1 as the measured one" in locks


def test_frames_that_the_view_cuts_are_another_quantity(
    study: Study, make_image: Callable[..., Image], annotator: User, expert: User
) -> None:
    for number, (width, cut) in enumerate([(30, ("left",)), (12, ()), (40, ("deep",))]):
        frame = make_image("S1", frame=number, **DYNAMIC)
        approve(frame, annotator, expert, rectangle(5, 10, 5 + width, 30, cut=cut))
    found = value(study)
    assert (found.frame, found.csa_quantity, found.mt_quantity) == (1, "CSA", "thickness")
    rows = list(measurements.of_study(study))
    assert [one.cut for one in rows] == [("left",), (), ("deep",)]
    assert [one.mt_quantity for one in rows] == ["thickness", "thickness", "visible thickness"]
    table = list(csv.DictReader(io.StringIO("".join(as_csv(rows)))))
    assert [row["cut"] for row in table] == ["left", "", "deep"]


def test_where_the_view_cuts_every_frame_the_value_is_a_visible_one(
    study: Study, sweep: Callable[..., list[Image]]
) -> None:
    sweep(cut=("left",))
    found = value(study)
    assert (found.frame, found.csa_quantity) == (3, "visible CSA")
    rows = list(measurements.of_study(study))
    assert measurements.of_subjects(rows, "CSA") == {}
    assert measurements.of_subjects(rows, "visible CSA") == {"S1": pytest.approx(2.6)}


def test_without_a_calibration_the_frame_is_found_in_px_and_there_is_no_mm(
    study: Study, make_image: Callable[..., Image], annotator: User, expert: User
) -> None:
    for number, width in enumerate(WIDTHS):
        frame = make_image("S1", frame=number, **DYNAMIC, spacing=None)
        approve(frame, annotator, expert, rectangle(5, 10, 5 + width, 30))
    found = value(study)
    assert (found.frame, found.csa_mm2, found.why_no_csa) == (3, None, "not calibrated")


def test_visits_and_sides_are_chosen_and_not_averaged(
    study: Study, make_image: Callable[..., Image], annotator: User, expert: User
) -> None:
    for day, side, width in (
        (date(2026, 5, 1), "right", 40),
        (date(2026, 1, 1), "left", 20),
        (date(2026, 1, 1), "right", 10),
        (None, "right", 30),
    ):
        image = make_image("S1", visit=day, side=side, take=1)
        approve(image, annotator, expert, rectangle(5, 10, 5 + width, 30))
    assert measurements.of_subjects(measurements.of_study(study), "CSA") == {
        "S1": pytest.approx(2.0)
    }


def test_the_choice_is_made_and_shown_on_the_page(
    study: Study, sweep: Callable[..., list[Image]], expert: User, client_of: Callable[..., Client]
) -> None:
    frames = sweep()
    address = reverse("annotation:image", args=[study.name, frames[1].pk])
    client = client_of(expert)
    asked = {"act": "measure", "measure-frame": "here", "measure-reason": "the probe was level"}
    answer = client.post(address, asked, follow=True)
    assert "chosen by expert: the probe was level" in answer.content.decode()
    page = client.get(reverse("annotation:subject", args=[study.name, "S1"])).content.decode()
    assert "the probe was level" in page
    refused = client.post(address, {**asked, "measure-reason": ""})
    assert refused.status_code == 422
