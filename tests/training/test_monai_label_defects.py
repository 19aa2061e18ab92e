"""What MONAI Label 0.8.5 does wrong, found in its source, and does not happen here.

Each test is named by the defect (docs/learning.md 1 of the shared material). The properties are
tested where they live, too; here they stand side by side, so that none is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotation.models import Image, Partition, Site, SubjectPartition
from core.models import Job, User
from core.services import jobs
from domain import acquisition
from domain.errors import Conflict, InvalidInput
from inference.models import ModelVersion, Pointer
from tests.annotation.references import approve
from tests.training.studies import scan_with_region
from training.models import Run, Snapshot
from training.scoring import Protocol, score
from training.services import queries, retraining, runs, snapshots

FAST = {"max_epochs": 2}


def test_the_size_of_a_batch_counts() -> None:
    """1. `k` is ignored: a batch degrades to the least recently served."""
    candidates = [
        acquisition.Candidate(f"{n:02}", f"s{n:02}", np.array([float(n)]), n / 40)
        for n in range(40)
    ]
    picks = acquisition.rank(candidates, 4, 1, strategy="entropy")
    by_entropy = [pick for pick in picks if pick.share == acquisition.STRATEGY]
    assert len(picks) == 4
    shortlisted = acquisition.SHORTLIST * len(by_entropy)
    assert all(pick.candidate.entropy > 1 - (shortlisted + 2) / 40 for pick in by_entropy)


def test_a_perfect_prediction_of_two_labels_has_dice_1() -> None:
    """2. Dice is computed on label numbers: a perfect prediction of two classes scores 1.75."""
    from domain.geometry import regions_from_json
    from tests.conftest import rectangle

    regions = regions_from_json([rectangle(4, 4, 20, 20, "PL"), rectangle(20, 4, 40, 20, "PB")])
    label_map = np.zeros((40, 48), np.uint8)
    label_map[4:20, 4:20], label_map[4:20, 20:40] = 1, 2
    protocol = Protocol(("PL", "PB"), has_csa=True, thickness_definition="max_vertical")
    scores = score(regions, label_map, ("PL", "PB"), regions, None, protocol, ("PL", "PB"))
    assert [one.values["dice"] for one in scores] == [1.0, 1.0, 1.0]


@pytest.mark.django_db
def test_asking_for_uncertainty_changes_no_network(make_model: Callable[..., ModelVersion]) -> None:
    """3. Epistemic uncertainty by train mode: batch normalisation follows the asked scans."""
    from inference.services import prediction

    model = make_model()
    first, other = (scan_with_region(seed)[0] for seed in (1, 2))
    before = prediction.probability_of(model, first, None)
    for _ in range(3):
        prediction.probability_of(model, other, None)
    assert np.array_equal(prediction.probability_of(model, first, None), before)


def test_a_larger_frame_around_the_same_muscle_is_no_more_uncertain() -> None:
    """4. Entropy summed over pixels depends on the size of the image (issue 478)."""

    def framed(side: int) -> np.ndarray:
        probability = np.zeros((2, side, side))
        probability[0], probability[1] = 0.95, 0.05
        middle = slice(side // 2 - 10, side // 2 + 10)
        probability[:, middle, middle] = np.array([0.3, 0.7])[:, None, None]
        return probability

    small, large = (acquisition.mean_entropy(framed(side)) for side in (64, 256))
    assert small == pytest.approx(large)


def test_a_scan_without_a_score_is_never_served_last_unseen() -> None:
    """5. Missing scores count as 0, and scores are keyed by a file's time of change."""
    scored = acquisition.Candidate("a", "a", np.zeros(1), 0.4)
    unscored = acquisition.Candidate("b", "b", np.zeros(1), None)
    with pytest.raises(InvalidInput, match="every scan"):
        acquisition.rank([scored, unscored], 2, 1, strategy="entropy", random_share=1e-9)


@pytest.mark.django_db
def test_a_new_scan_is_scored_by_the_model_that_serves_now(
    site: Site,
    admin: User,
    make_image: Callable[..., Image],
    make_model: Callable[..., ModelVersion],
) -> None:
    """5. The same, through a round: what arrived since the last one has a score of its own."""
    make_image("N0", pixels=scan_with_region(31)[0])
    old, new = make_model(1.5), make_model(0.5)
    scores = {}
    for model in (old, new):
        Pointer.objects.update_or_create(site=site, purpose="pre-label", defaults={"model": model})
        late = make_image(f"N{model.number}", pixels=scan_with_region(40 + model.number)[0])
        chosen = queries.next_round(site, strategy="entropy", size=9, actor=admin)
        assert chosen.model == model
        picks = {pick.image_id: pick for pick in chosen.picks.all()}
        assert late.pk in picks
        by_entropy = [p.score for p in picks.values() if p.share == "strategy"]
        assert all(one > 0 for one in by_entropy)
        scores[model.pk] = by_entropy
    assert scores[old.pk] != scores[new.pk]


@pytest.mark.django_db
def test_new_subjects_move_nobody_from_training_to_validation(
    site: Site,
    study: Any,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    """6. Training again splits again: last run's training images become validation (1752)."""
    from annotation.services import split

    before = snapshots.freeze(site, admin)
    parts = {item["subject"]: item["partition"] for item in before.manifest["items"]}
    for number in range(6):
        pixels, region = scan_with_region(300 + number)
        image = make_image(f"NEW{number}", pixels=pixels)
        approve(image, annotator, expert, region)
    split.assign(study, test=0.2, validation=0.2, seed=99, actor=admin)
    after = snapshots.freeze(site, admin)
    for item in after.manifest["items"]:
        assert parts.get(item["subject"], item["partition"]) == item["partition"]
    assert Snapshot.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("approved")
def test_a_restarted_server_knows_its_jobs(site: Site, admin: User) -> None:
    """7. The state of tasks lives in globals of a process: a restart forgets them."""
    run = runs.start(site, "prior", FAST, admin)
    claimed = jobs.claim(str(run.job.pk))
    assert claimed is not None
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.reconcile()["lost"] == 1
    run.refresh_from_db()
    assert run.job.state == Job.State.LOST
    again = jobs.claim(str(run.job.pk))
    assert again is not None
    assert again.attempts == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("approved", "in_this_process")
def test_a_trained_model_serves_nobody_before_it_is_promoted(site: Site, admin: User) -> None:
    """Every epoch is published where the key metric's file differs, never compared."""
    job = jobs.run_inline(runs.start(site, "prior", FAST, admin).job)
    assert job.state == Job.State.DONE
    assert ModelVersion.objects.count() == 1
    assert not Pointer.objects.exists()


@pytest.mark.django_db
def test_an_approval_never_ends_a_running_training(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    """Slicer's module stops and restarts the training on every submitted label."""
    run = runs.start(site, "prior", FAST, admin)
    claimed = jobs.claim(str(run.job.pk))
    assert claimed is not None
    retraining.put_policy(
        site, admin, enabled=True, after_subjects=1, backend="prior", settings=FAST
    )
    assert retraining.consider(site.pk) is None
    with pytest.raises(Conflict):
        runs.start(site, "prior", FAST, admin)
    run.refresh_from_db()
    assert (run.job.state, run.job.cancel_requested) == (Job.State.RUNNING, False)
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_only_what_an_expert_approved_is_learnt(
    site: Site,
    admin: User,
    annotator: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    """`datalist()` takes every 'final' label, whatever a reviewer has said of it."""
    from annotation.services import outlines, workflow

    pixels, region = scan_with_region(77)
    image = make_image("SUBMITTED", pixels=pixels)
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TRAIN)
    revision = outlines.save(image, annotator, [region], base=0)
    workflow.submit(revision.annotation, annotator)
    frozen = snapshots.freeze(site, admin)
    assert "SUBMITTED" not in {item["subject"] for item in frozen.manifest["items"]}
