"""nnU-Net for real, on small plans: plan, preprocess, train, stop, resume, export, predict.

The scans are calibrated with pixels that are not square and of different spacing, so that each
step resamples. A whole training takes about 20 s, most of it the library's own start-up.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.urls import reverse

from annotation.models import Site
from core.models import User
from core.services import jobs
from domain.calibration import PixelSpacing
from inference.models import ModelVersion
from inference.selectors.pointers import current_model
from inference.services import pointers
from tests.training.examples import (
    RecordingReporter,
    ellipse_data,
    ellipse_scan,
    exported_predictor,
)
from training import backends
from training.backends.contract import Stopped, Trained, TrainingData, TrainingFailed
from training.backends.equality import LARGEST_SHARE, differing_share
from training.backends.nnunet import dataset, trainer
from training.backends.nnunet.plans import small
from training.services import runs

NNUNET = backends.get("nnunet")
SHORT: dict[str, Any] = {
    "plans": "small",
    "max_epochs": 3,
    "iterations_per_epoch": 8,
    "validation_iterations": 2,
}
QUESTIONS_AN_EPOCH = 8 + 2 + 4
"""A stop is asked before each training batch, each validation batch and each validation scan."""


def calibrated(data: TrainingData) -> TrainingData:
    """The same scans with pixels of 0.1 to 0.12 mm across and 0.08 mm down."""

    def spaced(scans: Any) -> list[Any]:
        return [
            dataclasses.replace(
                scan, spacing=PixelSpacing(0.1 + 0.02 * (number % 2), 0.08, "phantom")
            )
            for number, scan in enumerate(scans)
        ]

    return dataclasses.replace(data, train=spaced(data.train), validation=spaced(data.validation))


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return calibrated(ellipse_data(train=8, validation=4))


@pytest.fixture(scope="module")
def uninterrupted(
    data: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Trained, RecordingReporter]:
    reporter = RecordingReporter(tmp_path_factory.mktemp("whole"))
    return NNUNET.train(data, NNUNET.settings(SHORT), reporter), reporter


@pytest.mark.training
def test_a_training_reports_its_epochs_and_leaves_only_checkpoints(
    uninterrupted: tuple[Trained, RecordingReporter],
) -> None:
    trained, reporter = uninterrupted
    assert [row.number for row in reporter.rows] == [1, 2, 3]
    assert reporter.rows[-1].validation_dice > reporter.rows[0].validation_dice
    assert trained.best_validation_dice == max(row.validation_dice for row in reporter.rows)
    rates = [row.learning_rate for row in reporter.rows]
    assert rates == sorted(rates, reverse=True)
    left = {path.name.split("-")[0] for path in reporter.checkpoints.directory.iterdir()}
    assert left == {"checkpoint"}


@pytest.mark.training
def test_the_card_carries_the_plan(uninterrupted: tuple[Trained, RecordingReporter]) -> None:
    card = uninterrupted[0].card
    assert card["family"] == "nnunet"
    assert card["spacing"] == pytest.approx([0.11, 0.08], abs=0.011)
    assert card["input"]["mirror_axes"] == []
    assert card["input"]["step"] == 0.5
    assert card["libraries"]["nnunetv2"].startswith("2.8")


@pytest.mark.training
def test_the_onnx_file_says_what_nnu_net_s_own_predictor_says(
    data: TrainingData, uninterrupted: tuple[Trained, RecordingReporter]
) -> None:
    trained, _ = uninterrupted
    exported = exported_predictor(trained, data.labels)
    assert differing_share(exported, trained.predict, data.validation) <= LARGEST_SHARE
    generator = np.random.default_rng(3)
    for height, width, spacing in [
        (40, 30, PixelSpacing(0.1, 0.08, "smaller than a patch")),
        (150, 260, PixelSpacing(0.1, 0.08, "several tiles")),
        (97, 131, PixelSpacing(0.05, 0.2, "pixels four times as high as wide")),
        (120, 90, None),
    ]:
        scan = ellipse_scan(generator, "S", height, width)
        bordered = np.zeros((height + 9, width + 5), np.uint8)
        bordered[4:-5, 2:-3] = scan.pixels
        for pixels in (scan.pixels, bordered):
            ours, theirs = exported(pixels, spacing), trained.predict(pixels, spacing)
            assert ours.shape == pixels.shape
            for label in (1, 2):
                assert dice(ours == label, theirs == label) >= 0.999, (spacing, label)


@pytest.mark.training
def test_a_stopped_training_goes_on_as_if_it_had_not_been(
    data: TrainingData, uninterrupted: tuple[Trained, RecordingReporter], tmp_path: Path
) -> None:
    whole, before = uninterrupted
    stopped = RecordingReporter(tmp_path / "1", stop_at=QUESTIONS_AN_EPOCH + 5)
    with pytest.raises(Stopped):
        NNUNET.train(data, NNUNET.settings(SHORT), stopped)
    assert [row.number for row in stopped.rows] == [1]
    resumed = RecordingReporter(tmp_path / "2", earlier=(tmp_path / "1",))
    trained = NNUNET.train(data, NNUNET.settings(SHORT), resumed)
    assert "Resumed after epoch 1." in resumed.lines
    assert [row.number for row in resumed.rows] == [2, 3]
    for one, two in zip(before.rows, [*stopped.rows, *resumed.rows], strict=True):
        assert one.train_loss == pytest.approx(two.train_loss, rel=1e-5)
        assert one.validation_dice == pytest.approx(two.validation_dice, abs=1e-5)
    scan = data.validation[0]
    assert np.array_equal(
        trained.predict(scan.pixels, scan.spacing), whole.predict(scan.pixels, scan.spacing)
    )


@pytest.mark.training
@pytest.mark.django_db
@pytest.mark.usefixtures("approved", "in_this_process")
def test_a_loss_that_is_no_number_ends_the_run_in_words_and_the_current_model_serves_on(
    site: Site,
    admin: User,
    make_model: Callable[..., ModelVersion],
    client_of: Callable[[User], Any],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving = make_model()
    pointers.move(site, "pre-label", serving, actor=admin)
    build = trainer.SiteTrainer._build_loss

    def spoiled(self: Any) -> Any:
        loss = build(self)
        return lambda output, target: loss(output, target) * math.nan

    monkeypatch.setattr(trainer.SiteTrainer, "_build_loss", spoiled)
    settings.JOB_HEARTBEAT_SECONDS = 600  # a thread cannot share the test's database
    quick = {**SHORT, "iterations_per_epoch": 1, "validation_iterations": 1}
    run = runs.start(site, "nnunet", quick, admin)
    job = jobs.run_inline(run.job)
    assert job.state == "failed"
    run.refresh_from_db()
    assert (run.model, run.epochs.count()) == (None, 0)
    page = client_of(admin).get(reverse("training:run", args=["lab", run.pk])).content.decode()
    assert "The loss was no number any more in epoch 1" in page
    assert "a smaller learning_rate than 0.01" in page
    assert current_model(site) == serving


def dice(one: np.ndarray, other: np.ndarray) -> float:
    total = one.sum() + other.sum()
    return float(2 * (one & other).sum() / total) if total else 1.0


def test_a_subject_in_both_parts_is_refused() -> None:
    data = ellipse_data(train=4, validation=2)
    leaking = dataclasses.replace(
        data, validation=[dataclasses.replace(data.validation[0], subject="T0")]
    )
    with pytest.raises(TrainingFailed, match="T0 is in training and in validation"):
        dataset.cases_of(leaking)


def test_the_split_is_by_subject() -> None:
    data = ellipse_data(train=4, validation=2)
    cases = dataset.cases_of(data)
    split = cases.split
    assert [cases.train[name].subject for name in split["train"]] == ["T0", "T0", "T1", "T1"]
    assert [cases.validation[name].subject for name in split["val"]] == ["V0", "V0"]


def test_one_scan_without_a_calibration_takes_the_mm_from_all(tmp_path: Path) -> None:
    import SimpleITK

    data = calibrated(ellipse_data(train=2, validation=2))
    assert dataset.is_calibrated(data)
    mixed = dataclasses.replace(
        data, validation=[dataclasses.replace(data.validation[0], spacing=None)]
    )
    assert not dataset.is_calibrated(mixed)
    for name, given, expected in [("all", data, (0.1, 0.08)), ("mixed", mixed, (1.0, 1.0))]:
        dataset.write(given, dataset.cases_of(given), tmp_path / name)
        path = tmp_path / name / dataset.DATASET / "imagesTr" / "train_000000_0000.mha"
        assert SimpleITK.ReadImage(str(path)).GetSpacing() == pytest.approx(expected)


def test_the_small_plans_keep_spacing_and_preprocessing() -> None:
    planned = {
        "plans_name": "nnUNetPlans",
        "configurations": {
            "2d": {
                "patch_size": [512, 384],
                "batch_size": 12,
                "spacing": [0.08, 0.08],
                "architecture": {
                    "arch_kwargs": {
                        "n_stages": 8,
                        "features_per_stage": [32, 64, 128, 256, 512, 512, 512, 512],
                        "kernel_sizes": [[3, 3]] * 8,
                        "strides": [[1, 1]] + [[2, 2]] * 6 + [[2, 1]],
                        "n_conv_per_stage": [2] * 8,
                        "n_conv_per_stage_decoder": [2] * 7,
                    }
                },
            }
        },
    }
    before = str(planned)
    changed = small(planned)["configurations"]["2d"]
    network = changed["architecture"]["arch_kwargs"]
    assert str(planned) == before
    assert changed["spacing"] == [0.08, 0.08]
    assert network["features_per_stage"] == [16, 32, 64, 128, 128]
    assert len(network["strides"]) == network["n_stages"] == 5
    assert changed["patch_size"] == [256, 256]
    divisors = np.prod(network["strides"], axis=0)
    assert all(side % divisor == 0 for side, divisor in zip([256, 256], divisors, strict=True))


@pytest.mark.parametrize("flip", [False, True])
def test_depth_is_never_mirrored_and_the_blur_asks_no_stopwatch(flip: bool) -> None:
    from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
    from batchgeneratorsv2.transforms.utils.random import RandomTransform

    from training.backends.nnunet.settings import NNUNetSettings
    from training.backends.nnunet.trainer import SiteTrainer

    trainer = object.__new__(SiteTrainer)
    trainer.settings = NNUNetSettings(horizontal_flip=flip, rotation=10.0)
    trainer.configuration_manager = type("Plan", (), {"patch_size": [64, 64]})()
    trainer.print_to_log_file = lambda *_: None
    rotation, _, _, axes = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()
    assert rotation == pytest.approx((-math.radians(10), math.radians(10)))
    transforms = SiteTrainer.get_training_transforms(
        (64, 64), rotation, None, axes, False, use_mask_for_norm=[False]
    ).transforms
    mirrors = [one for one in transforms if isinstance(one, MirrorTransform)]
    assert [tuple(one.allowed_axes) for one in mirrors] == ([(1,)] if flip else [])
    blurs = [
        one.transform
        for one in transforms
        if isinstance(one, RandomTransform) and hasattr(one.transform, "benchmark")
    ]
    assert blurs
    assert not any(one.benchmark for one in blurs)


@pytest.mark.parametrize(
    ("name", "value"),
    [("plans", "large"), ("max_epochs", 0), ("rotation", 181), ("batch_size", -1)],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    from domain.errors import InvalidInput

    with pytest.raises(InvalidInput, match=name):
        NNUNET.settings({name: value})
