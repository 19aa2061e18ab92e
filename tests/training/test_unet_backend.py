"""The U-Net: it learns, resumes to the same weights, and exports what it is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from domain.errors import InvalidInput
from tests.training.examples import RecordingReporter, ellipse_data, exported_predictor
from training import backends
from training.backends.contract import Stopped, TrainingFailed
from training.backends.equality import require_equal
from training.backends.unet import loop
from training.backends.unet.loss import dice_and_cross_entropy
from training.backends.unet.settings import UNetSettings, input_size

UNET = backends.get("unet")
FAST = {"image_size": 64, "encoder": "tu-mobilenetv3_small_100", "batch_size": 4}


def settings(**given: object) -> dict[str, object]:
    return UNET.settings({**FAST, **given})


@pytest.fixture(autouse=True, scope="module")
def one_thread():  # type: ignore[no-untyped-def]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def checkpoint_after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", math.inf)


@pytest.mark.training
def test_it_learns_and_its_exported_file_says_the_same(tmp_path: Path) -> None:
    data = ellipse_data(train=16)
    reporter = RecordingReporter(tmp_path)
    chosen = settings(encoder="resnet18", max_epochs=10, learning_rate=2e-3)
    trained = UNET.train(data, chosen, reporter)
    assert trained.best_validation_dice > 0.8
    assert trained.best_validation_dice == max(row.validation_dice for row in reporter.rows)
    assert reporter.rows[-1].train_loss < reporter.rows[0].train_loss
    assert all(row.learning_rate == 2e-3 and row.seconds > 0 for row in reporter.rows)
    exported = exported_predictor(trained, data.labels)
    share = require_equal(exported, trained.predict, data.validation)
    assert share <= 1e-4
    overlap = exported(data.validation[0].pixels) == data.validation[0].label_map
    assert overlap.mean() > 0.8


@pytest.mark.training
@pytest.mark.usefixtures("checkpoint_after_every_epoch")
def test_interrupted_in_the_middle_of_an_epoch_it_ends_with_the_same_weights(
    tmp_path: Path,
) -> None:
    data, chosen = ellipse_data(train=6, validation=2), settings(max_epochs=3)
    whole_reporter = RecordingReporter(tmp_path / "whole")
    whole = UNET.train(data, chosen, whole_reporter)
    questions_in_an_epoch = whole_reporter.questions // 3
    with pytest.raises(Stopped):
        UNET.train(
            data, chosen, RecordingReporter(tmp_path / "1", stop_at=questions_in_an_epoch + 2)
        )
    again = RecordingReporter(tmp_path / "2", earlier=(tmp_path / "1",))
    resumed = UNET.train(data, chosen, again)
    assert [row.number for row in again.rows] == [2, 3]
    assert [row.validation_dice for row in again.rows] == [
        row.validation_dice for row in whole_reporter.rows[1:]
    ]
    assert resumed.onnx == whole.onnx


@pytest.mark.training
@pytest.mark.usefixtures("checkpoint_after_every_epoch")
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path) -> None:
    data, chosen = ellipse_data(train=4, validation=2), settings(max_epochs=3)
    whole = UNET.train(data, chosen, RecordingReporter(tmp_path))
    newest = tmp_path / "checkpoint-00003"
    newest.write_bytes(newest.read_bytes()[:-100])
    again = RecordingReporter(tmp_path)
    assert UNET.train(data, chosen, again).onnx == whole.onnx
    assert [row.number for row in again.rows] == [3]


@pytest.mark.training
def test_a_stop_before_the_first_epoch_leaves_a_checkpoint(tmp_path: Path) -> None:
    reporter = RecordingReporter(tmp_path, stop_at=1)
    with pytest.raises(Stopped):
        UNET.train(ellipse_data(train=4, validation=2), settings(), reporter)
    assert [checkpoint.epoch for checkpoint in reporter.checkpoints.valid()] == [0]


@pytest.mark.training
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_the_fit_of_a_run_is_that_of_its_model(tmp_path: Path, fit: str) -> None:
    data = ellipse_data(train=4, validation=2)
    trained = UNET.train(data, settings(max_epochs=1, fit=fit), RecordingReporter(tmp_path))
    assert trained.card["input"]["mode"] == fit
    exported = exported_predictor(trained, data.labels)
    assert require_equal(exported, trained.predict, data.validation) <= 1e-4


@pytest.mark.training
def test_patience_ends_a_training_that_does_not_get_better(tmp_path: Path) -> None:
    reporter = RecordingReporter(tmp_path)
    chosen = settings(max_epochs=50, patience=2, learning_rate=1e-7)
    trained = UNET.train(ellipse_data(train=4, validation=2), chosen, reporter)
    assert trained.epochs == trained.best_epoch + 2 < 50


@pytest.mark.training
def test_a_loss_that_is_no_number_ends_the_run_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(logits: torch.Tensor, label_maps: torch.Tensor, *weights: float) -> torch.Tensor:
        return dice_and_cross_entropy(logits, label_maps) * (math.nan if logits.mean() else 1)

    monkeypatch.setattr(loop, "dice_and_cross_entropy", spoiled)
    reporter = RecordingReporter(tmp_path)
    with pytest.raises(TrainingFailed, match=r"epoch 1.*smaller learning_rate"):
        UNET.train(ellipse_data(train=4, validation=2), settings(), reporter)
    assert reporter.rows == []


def test_the_defaults_are_the_papers() -> None:
    defaults = UNET.settings({})
    assert defaults["learning_rate"] == 1e-4
    assert defaults["batch_size"] == 8
    assert defaults["patience"] == 20
    assert defaults["horizontal_flip"] is False
    assert min(defaults[name] for name in ("rotation", "scaling", "elastic")) > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encoder", "vgg"),
        ("image_size", 63),
        ("image_size", "256x100"),
        ("image_size", True),
        ("learning_rate", "fast"),
        ("learning_rate", float("inf")),
        ("batch_size", 0),
        ("patience", "-1"),
        ("max_epochs", None),
        ("members", 6),
        ("schedule", "warm"),
        ("initial_weights", "../secret.pt"),
        ("initial_weights", "a/b.pt"),
        ("rotation", 200),
        ("horizontal_flip", "maybe"),
        ("vertical_flip", True),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=name):
        UNET.settings({name: value})


def test_settings_come_as_text_from_the_command_line() -> None:
    given = {"image_size": "192", "learning_rate": "3e-4", "horizontal_flip": "yes", "seed": "4"}
    parsed = UNET.settings(given)
    assert parsed["image_size"] == 192
    assert parsed["learning_rate"] == 3e-4
    assert parsed["horizontal_flip"] is True
    assert UNET.settings(parsed) == parsed
    assert UNET.settings({"image_size": "192x256"})["image_size"] == "192x256"


def test_every_setting_is_described() -> None:
    described = {entry["name"]: entry for entry in UNET.describe()}
    assert set(described) == set(UNetSettings.__dataclass_fields__)
    assert all(entry["help"] for entry in described.values())


@pytest.mark.parametrize(
    ("image_size", "shapes", "expected"),
    [
        (256, [(384, 400)], (256, 256)),
        (192, [(600, 800), (600, 800), (688, 1234)], (160, 224)),
        (64, [(100, 1000)], (64, 128)),
        ("384x416", [(10, 10)], (384, 416)),
    ],
)
def test_the_input_takes_the_scans_shape(
    image_size: int | str, shapes: list[tuple[int, int]], expected: tuple[int, int]
) -> None:
    assert input_size(image_size, shapes) == expected


def test_the_loss_of_a_perfect_and_of_a_wrong_map() -> None:
    label_maps = torch.zeros((2, 8, 8), dtype=torch.uint8)
    label_maps[:, :4] = 1
    right = 40.0 * (torch.nn.functional.one_hot(label_maps.long(), 2).permute(0, 3, 1, 2) - 0.5)
    assert dice_and_cross_entropy(right, label_maps).item() == pytest.approx(0, abs=1e-6)
    # All wrong: cross-entropy 40; Dice 1 / (64 + 64 + 1) by the smoothing alone.
    wrong = dice_and_cross_entropy(-right, label_maps).item()
    assert wrong == pytest.approx(40 + 1 - 1 / 129, rel=1e-5)
    even = dice_and_cross_entropy(torch.zeros((2, 2, 8, 8)), label_maps).item()
    assert even == pytest.approx(math.log(2) + 1 - 65 / 129, rel=1e-5)
    assert np.isfinite(even)


def test_a_loss_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be above 0"):
        UNET.settings({"dice_weight": 0, "cross_entropy_weight": 0})
    assert UNET.settings({"dice_weight": 0})["cross_entropy_weight"] == 1


def rates(**changed: object) -> list[float]:
    """The learning rates of six epochs without any that is better than the first."""
    from training.backends.unet.loop import Progress
    from training.backends.unet.schedule import is_plateau, learning_rate
    from training.backends.unet.settings import UNetSettings

    settings = UNetSettings(max_epochs=6, learning_rate=1.0, **changed)  # type: ignore[arg-type]
    progress, found = Progress(best_epoch=1), []
    for epoch in range(6):
        progress.epoch = epoch
        if epoch and is_plateau(settings, progress):
            progress.halvings, progress.halved_at = progress.halvings + 1, epoch
        found.append(learning_rate(settings, progress))
    return found


def test_the_schedules() -> None:
    assert rates() == [1.0] * 6
    polynomial, cosine = rates(schedule="polynomial"), rates(schedule="cosine")
    assert polynomial == pytest.approx([(1 - n / 6) ** 0.9 for n in range(6)])
    assert cosine[0] == 1.0
    assert cosine[3] == pytest.approx(0.5)
    assert sorted(cosine, reverse=True) == cosine
    assert rates(schedule="plateau", patience=8) == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]


def test_the_weights_of_the_loss_count() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn((2, 3, 8, 8), generator=generator)
    label_maps = torch.randint(0, 3, (2, 8, 8), generator=generator, dtype=torch.uint8)
    both = dice_and_cross_entropy(logits, label_maps)
    dice = dice_and_cross_entropy(logits, label_maps, 1.0, 0.0)
    entropy = dice_and_cross_entropy(logits, label_maps, 0.0, 1.0)
    assert torch.allclose(both, dice + entropy)
    assert torch.allclose(
        dice_and_cross_entropy(logits, label_maps, 2.0, 3.0), 2 * dice + 3 * entropy
    )


@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_the_encoder_begins_from_a_local_file(kind: str) -> None:
    import hashlib

    import segmentation_models_pytorch as smp
    from safetensors.torch import save_file

    from core.data import weights_directory
    from training.backends.unet.initial_weights import load_into

    given = smp.Unet("tu-mobilenetv3_small_100", encoder_weights=None, in_channels=3, classes=2)
    state = {f"encoder.{key}": value for key, value in given.encoder.state_dict().items()}
    path = weights_directory() / f"encoder.{kind}"
    if kind == "safetensors":
        save_file({key: value.contiguous() for key, value in state.items()}, str(path))
    else:
        torch.save(state, path)
    own = smp.Unet("tu-mobilenetv3_small_100", encoder_weights=None, in_channels=1, classes=2)
    assert load_into(own, path.name) == hashlib.sha256(path.read_bytes()).hexdigest()
    for key, value in own.encoder.state_dict().items():
        theirs = given.encoder.state_dict()[key]
        expected = theirs if theirs.shape == value.shape else theirs.sum(1, keepdim=True)
        assert torch.equal(value, expected), key
    another = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=2)
    with pytest.raises(TrainingFailed, match="do not fit the encoder"):
        load_into(another, path.name)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "There is no file"), (b"no weights", "holds no weights")]
)
def test_weights_that_are_none_are_refused(content: bytes | None, words: str) -> None:
    import segmentation_models_pytorch as smp

    from core.data import weights_directory
    from training.backends.unet.initial_weights import load_into

    path = weights_directory() / f"broken-{bool(content)}.pt"
    if content is not None:
        path.write_bytes(content)
    network = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=2)
    with pytest.raises(TrainingFailed, match=words):
        load_into(network, path.name)


def test_pickled_code_in_weights_does_not_run(tmp_path: Path) -> None:
    import os

    import segmentation_models_pytorch as smp

    from core.data import weights_directory
    from training.backends.unet.initial_weights import load_into

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    path = weights_directory() / "evil.pt"
    torch.save({"conv1.weight": Evil()}, path)
    network = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=2)
    with pytest.raises(TrainingFailed, match="holds no weights"):
        load_into(network, path.name)
    assert not (tmp_path / "ran").exists()
