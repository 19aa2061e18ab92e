"""Small made-up scans for the tests of the backends: a bright ellipse on dark speckle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.calibration import PixelSpacing
from training.backends.checkpoints import CheckpointStore
from training.backends.contract import EpochRow, TrainingData, TrainingImage


def ellipse_scan(
    generator: np.random.Generator, subject: str, height: int = 60, width: int = 80
) -> TrainingImage:
    """A scan whose label 1 is a bright ellipse near the middle and label 2 the band above it."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    centre_y = height * generator.uniform(0.55, 0.65)
    centre_x = width * generator.uniform(0.45, 0.55)
    radius_y, radius_x = height * generator.uniform(0.15, 0.2), width * generator.uniform(0.2, 0.3)
    inside = ((rows - centre_y) / radius_y) ** 2 + ((columns - centre_x) / radius_x) ** 2 <= 1
    label_map = np.where(inside, 1, np.where(rows < height * 0.2, 2, 0)).astype(np.uint8)
    brightness = np.array([40.0, 170.0, 100.0])[label_map]
    speckle = generator.rayleigh(0.8, (height, width))
    return TrainingImage(np.clip(brightness * speckle, 0, 255).astype(np.uint8), label_map, subject)


def ellipse_data(train: int = 12, validation: int = 4, seed: int = 7) -> TrainingData:
    """Two scans a subject."""
    generator = np.random.default_rng(seed)
    return TrainingData(
        site="rectus-femoris",
        labels=("RF", "fat"),
        train=[ellipse_scan(generator, f"T{i // 2}") for i in range(train)],
        validation=[ellipse_scan(generator, f"V{i // 2}") for i in range(validation)],
        digest=f"made-up-{seed}",
    )


class RecordingReporter:
    """Keeps what a backend reports; asks it to stop at the n-th question, if told to."""

    def __init__(
        self, directory: Path, earlier: tuple[Path, ...] = (), stop_at: int | None = None
    ) -> None:
        self.checkpoints = CheckpointStore(directory, earlier)
        self.rows: list[EpochRow] = []
        self.lines: list[str] = []
        self.questions = 0
        self.stop_at = stop_at

    def epoch(self, row: EpochRow) -> None:
        self.rows.append(row)

    def should_stop(self) -> bool:
        self.questions += 1
        return self.questions == self.stop_at

    def log(self, line: str) -> None:
        self.lines.append(line)


def exported_predictor(trained, labels: tuple[str, ...]):  # type: ignore[no-untyped-def]
    """The ONNX file of a result, run as it will be served: pixels, spacing -> uint8 (h, w)."""
    import hashlib

    from inference.card import read_card
    from inference.runtime import load

    card = {
        **trained.card,
        "format": 1,
        "site": "rectus-femoris",
        "labels": list(labels),
        "metrics_version": "metrics_v1",
        "sha256": hashlib.sha256(trained.onnx).hexdigest(),
    }
    predictor = load(trained.onnx, read_card(card), threads=1)

    def predict(
        pixels: NDArray[np.uint8], spacing: PixelSpacing | None = None
    ) -> NDArray[np.uint8]:
        return predictor.predict(pixels, spacing).label_map

    return predict
