"""A sweep has one error of CSA and MT, on the reference's measured frame; what is cut has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from annotation.models import Partition, Site, SubjectPartition
from annotation.services import lock, measured_frames, outlines, references
from core.models import AuditEvent
from domain import gate
from domain.errors import Refused
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM, disc_region, ringed_scan
from training import evaluation_pages
from training.comparing import figures_of
from training.models import Evaluation
from training.scoring import ERRORS
from training.selectors import evaluations
from training.services import evaluation, judging, promotion, repeating

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotation.models import Image
    from core.models import User
    from inference.models import ModelVersion
    from training.summarising import Row

pytestmark = pytest.mark.django_db
RADII = (8.0, 9.0, 14.0, 10.0, 8.5)
"""Of the discs on frames 0 to 4: frame 2 is a jump, frame 3 the measured one."""
MEASURED = 3


@pytest.fixture
def make_sweep(
    make_image: Callable[..., Image], annotator: User, admin: User
) -> Callable[..., list[Image]]:
    """`make_sweep("V1", cut={3: ["left"]})`: five frames of one take, with references."""

    def make(
        code: str,
        partition: str = Partition.VALIDATION,
        *,
        cut: dict[int, list[str]] | None = None,
        radii: tuple[float, ...] = RADII,
    ) -> list[Image]:
        dynamic: dict[str, Any] = {"take": 1, "take_fields": {"kind": "dynamic"}}
        frames = [
            make_image(code, frame=number, pixels=ringed_scan(radius, 4.0), **dynamic)
            for number, radius in enumerate(radii)
        ]
        SubjectPartition.objects.get_or_create(
            subject=frames[0].subject, defaults={"partition": partition}
        )
        for number, (frame, radius) in enumerate(zip(frames, radii, strict=True)):
            region = {**disc_region(radius), "cut": (cut or {}).get(number, [])}
            revision = outlines.save(frame, annotator, [region], base=0)
            references.accept_outside(revision, actor=admin)
        return frames

    return make


def with_errors(done: Evaluation) -> list[Row]:
    return [
        row
        for row in evaluations.rows_of(done)
        if any(row.values[name] is not None for name in ERRORS)
    ]


def test_the_error_of_a_sweep_is_that_of_the_reference_s_measured_frame(
    admin: User, make_model: Callable[..., ModelVersion], make_sweep: Callable[..., list[Image]]
) -> None:
    frames = make_sweep("V1")
    done = evaluation.evaluate(make_model(DIM), "validation", admin)
    (row,) = with_errors(done)
    assert row.image_id == frames[MEASURED].pk
    assert row.values["reference_mt_mm"] == pytest.approx(2 * RADII[MEASURED] * 0.1, abs=0.02)
    for name in ERRORS:
        assert done.summary[name]["mean"] == row.values[name], "no other frame is in the mean"
    assert len(evaluations.rows_of(done)) == len(frames)
    assert all(one.values["dice"] and one.values["hd95_mm"] for one in evaluations.rows_of(done))


def test_the_frame_that_an_expert_chose_is_measured_and_an_older_evaluation_decides_nothing(
    site: Site,
    admin: User,
    expert: User,
    make_model: Callable[..., ModelVersion],
    make_sweep: Callable[..., list[Image]],
) -> None:
    frames = make_sweep("V1")
    model = make_model(BRIGHT)
    before = evaluation.evaluate(model, "validation", admin)
    measured_frames.choose(frames[1], expert, reason="the probe was level")
    assert evaluations.changed_since(before) == [one.pk for one in frames]
    after = evaluation.evaluate(model, "validation", admin)
    assert [row.image_id for row in with_errors(after)] == [frames[1].pk]
    assert evaluations.changed_since(after) == []


def test_frames_that_the_view_cuts_are_not_measured_where_others_are_whole(
    admin: User, make_model: Callable[..., ModelVersion], make_sweep: Callable[..., list[Image]]
) -> None:
    frames = make_sweep("V1", cut={2: ["left"], 3: ["left"], 4: ["left"]})
    done = evaluation.evaluate(make_model(BRIGHT), "validation", admin)
    assert [row.image_id for row in with_errors(done)] == [frames[1].pk]
    assert done.summary["n_cut"] == {"csa": 0, "mt": 0}, "what is measured is whole"


def test_a_sweep_that_is_cut_throughout_is_counted_once_and_has_no_csa_error(
    admin: User, make_model: Callable[..., ModelVersion], make_sweep: Callable[..., list[Image]]
) -> None:
    frames = make_sweep("V1", cut={number: ["left"] for number in range(len(RADII))})
    model = make_model(BRIGHT)
    done = evaluation.evaluate(model, "validation", admin)
    (row,) = with_errors(done)
    assert (row.image_id, row.cut, row.left_out) == (frames[MEASURED].pk, ("left",), ("csa",))
    assert row.values["mt_error_mm"] is not None
    assert done.summary["n_cut"] == {"csa": 1, "mt": 0}
    assert done.summary["csa_error_mm2"] is done.summary["csa_error_percent"] is None
    (shown,) = evaluation_pages.shown_of(model)
    assert shown.left_out == "Errors of CSA: left out 1 that the view cuts."
    assert all(set(one["cut"]) == {"left"} for one in evaluations.as_json(done)["rows"])


def test_a_muscle_that_is_outlined_on_no_frame_is_measured_on_the_first(
    admin: User,
    annotator: User,
    make_model: Callable[..., ModelVersion],
    make_image: Callable[..., Image],
) -> None:
    dynamic: dict[str, Any] = {"take": 1, "take_fields": {"kind": "dynamic"}}
    frames = [
        make_image("V1", frame=number, pixels=ringed_scan(9.0, 4.0), **dynamic)
        for number in range(3)
    ]
    SubjectPartition.objects.create(subject=frames[0].subject, partition=Partition.VALIDATION)
    for frame in frames:
        revision = outlines.save(frame, annotator, [], base=0)
        references.accept_outside(revision, actor=admin)
    done = evaluation.evaluate(make_model(BRIGHT), "validation", admin)
    (row,) = with_errors(done)
    assert row.image_id == frames[0].pk
    assert row.values["csa_error_mm2"] > 0
    assert done.summary["failures"] == len(frames)


def test_what_the_model_s_own_choice_of_frame_changes_stands_beside_the_error(
    admin: User,
    annotator: User,
    make_model: Callable[..., ModelVersion],
    make_image: Callable[..., Image],
) -> None:
    """The reference measures frame 1, the model frame 3, where it takes a wide ring for muscle."""
    dynamic: dict[str, Any] = {"take": 1, "take_fields": {"kind": "dynamic"}}
    discs = ((8.0, 2.0), (12.0, 2.0), (12.0, 2.0), (10.0, 12.0), (10.0, 12.0), (8.0, 2.0))
    frames = [
        make_image("V1", frame=number, pixels=ringed_scan(*disc), **dynamic)
        for number, disc in enumerate(discs)
    ]
    SubjectPartition.objects.create(subject=frames[0].subject, partition=Partition.VALIDATION)
    for frame, (radius, _) in zip(frames, discs, strict=True):
        revision = outlines.save(frame, annotator, [disc_region(radius)], base=0)
        references.accept_outside(revision, actor=admin)
    done = evaluation.evaluate(make_model(DIM), "validation", admin)
    (row,) = with_errors(done)
    assert row.image_id == frames[1].pk
    assert row.values["mt_error_mm"] == pytest.approx(2 * 2 * 0.1, abs=0.15)
    assert row.values["mt_frame_choice_mm"] == pytest.approx(2 * (22 - 14) * 0.1, abs=0.15)
    assert row.values["mt_frame_choice_percent"] == pytest.approx(100 * 16 / 24, abs=6)
    assert done.summary["csa_frame_choice_mm2"]["mean"] == row.values["csa_frame_choice_mm2"]
    (shown,) = evaluation_pages.shown_of(done.model)
    assert "Thickness, choice of frame (mm)" in [line.title for line in shown.lines]


def test_a_single_image_has_no_choice_of_frame(
    admin: User, make_model: Callable[..., ModelVersion], make_reference: Callable[..., Image]
) -> None:
    make_reference("V1", "validation")
    model = make_model(BRIGHT)
    done = evaluation.evaluate(model, "validation", admin)
    assert done.summary["csa_frame_choice_mm2"] is None
    (shown,) = evaluation_pages.shown_of(model)
    assert not [line.title for line in shown.lines if "choice of frame" in line.title]


def test_one_frame_of_a_sweep_is_read_again_as_it_was_kept(
    site: Site, admin: User, make_model: Callable[..., ModelVersion], make_sweep: Any
) -> None:
    """Which frame is measured is told by all references, though one frame is read."""
    for number in range(5):
        make_sweep(f"V{number}")
    site.dice_floor = 0.5
    site.save(update_fields=["dice_floor"])
    model = make_model(BRIGHT)
    evaluation.evaluate(model, "validation", admin)
    (fact,) = repeating.facts_of(judging.decide_pre_label(model), admin)
    assert (fact.holds, fact.found) == (True, "5 scans")


def test_a_sweep_with_a_newer_reference_on_another_frame_is_not_read_again(
    site: Site,
    admin: User,
    annotator: User,
    make_model: Callable[..., ModelVersion],
    make_sweep: Any,
    make_image: Callable[..., Image],
) -> None:
    frames = make_sweep("V1")
    model = make_model(BRIGHT)
    evaluation.evaluate(model, "validation", admin)
    judgement = judging.decide_pre_label(model)
    pixels = ringed_scan(20.0, 4.0)
    newer = make_image("V1", frame=5, pixels=pixels, take=1, take_fields={"kind": "dynamic"})
    assert newer.take == frames[0].take
    revision = outlines.save(newer, annotator, [disc_region(20.0)], base=0)
    references.accept_outside(revision, actor=admin)
    (fact,) = repeating.facts_of(judgement, admin)
    assert fact.found == "none of its scans has the reference that it had then"


class TestFormerMetrics:
    """Evaluations that are kept from `metrics_v1` stay, are marked, and decide nothing."""

    @pytest.fixture
    def serving(
        self, proving: Site, admin: User, make_model: Callable[..., ModelVersion], develop: Any
    ) -> ModelVersion:
        Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
        proving.refresh_from_db()
        model = make_model(DIM)
        promotion.promote(model, admin)
        develop(model, 0.8)
        Evaluation.objects.update(metrics_version="metrics_v1")
        return model

    def test_a_model_s_page_says_so(self, serving: ModelVersion) -> None:
        shown = evaluation_pages.shown_of(serving)
        assert all("Measured by metrics_v1" in one.former for one in shown)
        (kept,) = serving.evaluations.filter(partition="test")
        assert evaluations.as_json(kept)["by_metrics_of_now"] is False

    def test_development_by_another_version_is_refused_in_words(
        self, serving: ModelVersion, admin: User, make_model: Any, develop: Any
    ) -> None:
        candidate = make_model(BRIGHT)
        develop(candidate, 0.9)
        said = r"has not been cross-validated .* by metrics_v2, only by metrics_v1, which decides"
        with pytest.raises(Refused, match=said):
            promotion.promote(candidate, admin, purposes=["pre-label"])

    def test_on_the_lock_both_are_looked_at_again(
        self, serving: ModelVersion, admin: User, make_model: Any, develop: Any, confirm: Any
    ) -> None:
        candidate = make_model(BRIGHT)
        develop(candidate, 0.9)
        develop(serving, 0.8)
        confirm(candidate)
        with pytest.raises(Refused, match="has not been evaluated on version 1"):
            judging.decide_measurement(candidate)
        promotion.promote(candidate, admin)
        assert current_model(candidate.site, "measurement") == candidate
        versions = serving.evaluations.filter(partition="test").values_list(
            "metrics_version", flat=True
        )
        assert sorted(versions) == ["metrics_v1", "metrics_v2"], "what was kept stays"
        assert AuditEvent.objects.filter(verb="locked references opened").count() == 3

    def test_out_of_fold_only_what_is_the_same_in_both_versions_is_read_again(
        self, serving: ModelVersion, admin: User, make_model: Any, develop: Any, confirm: Any
    ) -> None:
        candidate = make_model(BRIGHT)
        develop(candidate, 0.9)
        develop(serving, 0.8)
        confirm(candidate)
        facts = repeating.facts_of(judging.decide_pre_label(candidate), admin)
        assert all(one.holds for one in facts)
        assert facts[1].found == "2 scans; CSA and MT by metrics_v1 are not compared"

    def test_a_first_model_is_evaluated_again(
        self, proving: Site, admin: User, make_model: Callable[..., ModelVersion]
    ) -> None:
        Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
        proving.refresh_from_db()
        model = make_model(BRIGHT)
        evaluation.evaluate(model, "validation", admin)
        Evaluation.objects.update(metrics_version="metrics_v1")
        with pytest.raises(Refused, match="by metrics_v2, only by metrics_v1"):
            judging.decide_pre_label(model)
        promotion.promote(model, admin, purposes=["pre-label"])
        assert evaluations.standing(model, "validation") is not None


def test_the_gate_leaves_cut_references_out_of_csa_and_says_so(
    site: Site,
    admin: User,
    annotator: User,
    make_model: Callable[..., ModelVersion],
    make_reference: Callable[..., Image],
    make_image: Callable[..., Image],
) -> None:
    """Two of ten are cut: the checks rest on the eight others, in mm, and count the two."""
    for number in range(8):
        make_reference(f"T{number}", Partition.TEST, radius=9.0 + number)
    for number in range(8, 10):
        image = make_image(f"T{number}", pixels=ringed_scan(10.0, 4.0))
        SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)
        region = {**disc_region(10.0), "cut": ["left"]}
        revision = outlines.save(image, annotator, [region], base=0)
        references.accept_outside(revision, actor=admin)
    lock.seal(site, admin)
    serving, candidate = make_model(DIM), make_model(BRIGHT)
    for model in (serving, candidate):
        evaluation.evaluate(model, "test", admin)
    rows = [
        evaluations.rows_of(model.evaluations.get(partition="test"))
        for model in (candidate, serving)
    ]
    decision = gate.compare(*(figures_of(one) for one in rows))
    checks = {one.name: one for one in decision.checks}
    assert checks["csa error"].title == "CSA: absolute error (mm²)"
    assert (checks["csa error"].n_subjects, checks["csa error"].n_cut) == (8, 2)
    assert "left out 2 that the view cuts" in checks["csa error"].found
    assert (checks["mt error"].n_subjects, checks["mt error"].n_cut) == (10, 0)
