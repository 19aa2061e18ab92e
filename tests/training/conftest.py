"""Sites with bright-disc scans, models that find them, and a locked test set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotation.models import Image, Partition, Site, SubjectPartition
from annotation.services import lock, outlines, references
from core.models import User
from inference.models import ModelVersion
from inference.services import registry
from tests.inference.tiny_models import brightness_network, card_json, scan_with_bright_disc
from tests.training.studies import approved_study
from training import runner
from training.models import Confirmation, Evaluation
from training.scoring import SCORING_VERSION
from training.selectors import evaluations
from training.services import confirmations, evaluation, supervision

TEST_SUBJECTS = 8
BRIGHT, DIM = 1.5, 0.0
"""Thresholds of two models: one finds the disc, the other takes the grey ring around it too."""


def disc_region(radius: float) -> dict:
    """Region JSON of a disc in the middle of a 64x64 scan."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ring = [[32 + radius * np.cos(one), 32 + radius * np.sin(one)] for one in angles]
    return {"label": "RF", "cut": [], "parts": [[[[float(x), float(y)] for x, y in ring]]]}


def ringed_scan(radius: float, ring: float) -> np.ndarray:
    """A bright disc in a grey ring `ring` px wide, on dark."""
    _, disc = scan_with_bright_disc(radius=radius)
    _, whole = scan_with_bright_disc(radius=radius + ring)
    return np.where(disc, 220, np.where(whole, 90, 20)).astype(np.uint8)


@pytest.fixture
def make_model(site: Site) -> Callable[..., ModelVersion]:
    """`make_model(threshold)`: a registered model that outlines what is brighter than that."""

    def make(threshold: float = BRIGHT) -> ModelVersion:
        onnx = brightness_network((threshold,))
        return registry.register(site, onnx, card_json(onnx, site=site.slug), actor=None)

    return make


@pytest.fixture
def make_reference(
    make_image: Callable[..., Image], annotator: User, admin: User
) -> Callable[..., Image]:
    """`make_reference("S1", "test")`: a scan with an approved outline of its disc."""

    def make(
        code: str, partition: str, *, radius: float = 12.0, ring: float = 4.0, **fields: object
    ) -> Image:
        image = make_image(code, pixels=ringed_scan(radius, ring), **fields)
        SubjectPartition.objects.get_or_create(
            subject=image.subject, defaults={"partition": partition}
        )
        revision = outlines.save(image, annotator, [disc_region(radius)], base=0)
        references.accept_outside(revision, actor=admin)
        return image

    return make


@pytest.fixture
def test_references(make_reference: Callable[..., Image]) -> list[Image]:
    """Eight test subjects with a reference each: the fewest on which a model can win."""
    return [
        make_reference(f"T{number}", Partition.TEST, radius=9.0 + number)
        for number in range(TEST_SUBJECTS)
    ]


@pytest.fixture
def locked(site: Site, admin: User, test_references: list[Image]) -> Site:
    """The site with its test references sealed."""
    lock.seal(site, admin)
    return site


@pytest.fixture
def proving(locked: Site, make_reference: Callable[..., Image]) -> Site:
    """The locked site with validation scans to look at and eight development subjects."""
    for number in range(2):
        make_reference(f"V{number}", Partition.VALIDATION, radius=10.0 + number)
    for number in range(8):
        make_reference(f"D{number}", Partition.TRAIN, radius=9.5 + number)
    return locked


@pytest.fixture
def develop(proving: Site) -> Callable[[ModelVersion, float], Evaluation]:
    """`develop(model, 0.8)`: the model's cross-validated Dice on the development subjects."""

    def make(model: ModelVersion, dice: float) -> Evaluation:
        evaluation = Evaluation.objects.create(
            model=model,
            partition="development",
            metrics_version=SCORING_VERSION,
            summary={"how": "out of fold"},
        )
        images = Image.objects.filter(subject__partition__partition=Partition.TRAIN)
        for number, image in enumerate(images.order_by("id")):
            values = {"dice": dice + 0.001 * number, "hd95_px": 3.0}
            evaluation.rows.create(
                image=image, subject_code=image.subject.code, label="RF", values=values
            )
        return evaluation

    return make


@pytest.fixture
def confirm(proving: Site, admin: User, expert: User) -> Callable[[ModelVersion], Confirmation]:
    """`confirm(model)`: the expert has looked at the model's pictures from validation."""

    def make(model: ModelVersion) -> Confirmation:
        if evaluations.newest(model, "validation") is None:
            evaluation.evaluate(model, "validation", admin)
        return confirmations.confirm(model, expert)[0]

    return make


@pytest.fixture
def approved(make_image: Callable[..., Image], annotator: User, expert: User) -> dict[str, Image]:
    """Approved scans of six training (TR0..), two validation (VA0..) and two test subjects."""
    return approved_study(make_image, annotator, expert)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner works here instead of in a process of its own, which would not see the test's
    database; tests/training/test_faults.py runs the real processes."""
    monkeypatch.setattr(
        supervision,
        "run_process",
        lambda context: runner.run(str(context.job.pk), context.fence),
    )
