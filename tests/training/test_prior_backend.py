"""The backend without a network: it learns a place, resumes, and its ONNX file says the same."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from tests.training.examples import RecordingReporter, ellipse_data, exported_predictor
from training import backends
from training.backends.contract import Stopped, TrainingData, TrainingFailed, TrainingImage
from training.backends.equality import require_equal

PRIOR = backends.get("prior")


def settings(**given: object) -> dict[str, object]:
    return PRIOR.settings({"max_epochs": 3, **given})


def test_it_finds_what_it_was_shown(tmp_path: Path) -> None:
    data, reporter = ellipse_data(), RecordingReporter(tmp_path)
    trained = PRIOR.train(data, settings(), reporter)
    assert trained.best_validation_dice > 0.7
    assert trained.best_validation_dice == max(row.validation_dice for row in reporter.rows)
    assert [row.number for row in reporter.rows] == [1, 2, 3]
    assert trained.predict(data.train[0].pixels, None).shape == data.train[0].pixels.shape


def test_the_exported_file_says_the_same(tmp_path: Path) -> None:
    data = ellipse_data()
    trained = PRIOR.train(data, settings(), RecordingReporter(tmp_path))
    exported = exported_predictor(trained, data.labels)
    share = require_equal(exported, trained.predict, data.validation)
    assert share <= 1e-4
    assert exported(data.train[0].pixels).any()


def test_stopped_in_the_middle_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    data = ellipse_data()
    whole = PRIOR.train(data, settings(), RecordingReporter(tmp_path / "whole"))
    with pytest.raises(Stopped):
        PRIOR.train(data, settings(), RecordingReporter(tmp_path / "1", stop_at=3))
    again = RecordingReporter(tmp_path / "2", earlier=(tmp_path / "1",))
    resumed = PRIOR.train(data, settings(), again)
    assert [row.number for row in again.rows] == [3]
    assert resumed.onnx == whole.onnx
    assert resumed.best_validation_dice == whole.best_validation_dice


def test_a_checkpoint_of_another_snapshot_is_not_taken_up(tmp_path: Path) -> None:
    PRIOR.train(ellipse_data(seed=1), settings(), RecordingReporter(tmp_path / "1"))
    reporter = RecordingReporter(tmp_path / "2", earlier=(tmp_path / "1",))
    PRIOR.train(ellipse_data(seed=2), settings(), reporter)
    assert [row.number for row in reporter.rows] == [1, 2, 3]


@pytest.mark.parametrize("missing", ["train", "validation"])
def test_without_scans_it_says_what_to_do(tmp_path: Path, missing: str) -> None:
    data = ellipse_data()
    parts = {"train": data.train, "validation": data.validation, missing: []}
    empty = TrainingData(data.site, data.labels, parts["train"], parts["validation"], "x")
    with pytest.raises(TrainingFailed, match="approve some"):
        PRIOR.train(empty, settings(), RecordingReporter(tmp_path))


@pytest.mark.parametrize(
    ("name", "value"),
    [("image_size", 31), ("max_epochs", "0"), ("seed", 1.5), ("seconds_per_epoch", "nan")],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=name):
        PRIOR.settings({name: value})


def test_a_difference_is_refused() -> None:
    blank = np.zeros((100, 100), np.uint8)
    scan = TrainingImage(blank, blank, "S1", PixelSpacing(0.1, 0.1, "phantom"))
    heard = []

    def trained(pixels: np.ndarray, spacing: PixelSpacing | None) -> np.ndarray:
        heard.append(spacing)
        return np.zeros_like(pixels)

    def off_by(count: int):  # type: ignore[no-untyped-def]
        return lambda *_: (np.arange(10_000).reshape(100, 100) < count).astype(np.uint8)

    assert require_equal(off_by(1), trained, [scan]) == 1e-4
    assert heard == [scan.spacing]
    with pytest.raises(TrainingFailed, match="not registered"):
        require_equal(off_by(2), trained, [scan, scan])


def test_neither_the_registry_nor_the_prior_loads_torch() -> None:
    import subprocess

    program = (
        "import sys, training.backends; training.backends.get('unet').settings({});"
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'timm')])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_an_unknown_backend_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="prior, unet"):
        backends.get("magic")


@pytest.mark.parametrize("name", ["prior", "unet", "nnunet"])
def test_a_label_that_no_training_scan_shows_is_told_before_anything_is_trained(
    name: str, tmp_path: Path
) -> None:
    data = ellipse_data(train=4, validation=2)
    without_fat = [
        dataclasses.replace(scan, label_map=np.where(scan.label_map == 2, 0, scan.label_map))
        for scan in data.train
    ]
    backend = backends.get(name)
    with pytest.raises(TrainingFailed, match="No training scan of rectus-femoris shows fat"):
        backend.train(
            dataclasses.replace(data, train=without_fat),
            backend.settings({}),
            RecordingReporter(tmp_path),
        )


def test_an_empty_reference_is_learnt_as_nothing(tmp_path: Path) -> None:
    data = ellipse_data(train=6, validation=2)
    empty = dataclasses.replace(data.train[0], label_map=np.zeros_like(data.train[0].label_map))
    nothing = dataclasses.replace(
        data.validation[0], label_map=np.zeros_like(data.validation[0].label_map)
    )
    mixed = dataclasses.replace(
        data, train=[empty, *data.train[1:]], validation=[nothing, *data.validation[1:]]
    )
    reporter = RecordingReporter(tmp_path)
    trained = PRIOR.train(mixed, PRIOR.settings({"max_epochs": 2, "image_size": 32}), reporter)
    assert 0 < trained.best_validation_dice < 1
    assert len(reporter.rows) == 2
