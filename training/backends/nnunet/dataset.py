"""A snapshot as nnU-Net's raw data set: 2-D .mha files with their spacing, and one split."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.backends.contract import TrainingData, TrainingFailed, TrainingImage

DATASET_ID = 1
DATASET = "Dataset001_Site"
CHANNEL = "ultrasound"


@dataclass(frozen=True)
class Cases:
    """The scans by the names that nnU-Net knows them by, each part in the snapshot's order."""

    train: Mapping[str, TrainingImage]
    validation: Mapping[str, TrainingImage]

    @property
    def split(self) -> dict[str, list[str]]:
        """The one fold of splits_final.json."""
        return {"train": list(self.train), "val": list(self.validation)}


def cases_of(data: TrainingData) -> Cases:
    """Name every scan. Raises TrainingFailed where a subject is in both parts."""
    both = {scan.subject for scan in data.train} & {scan.subject for scan in data.validation}
    if both:
        raise TrainingFailed(
            f"Subject {min(both)} is in training and in validation: assign the split again."
        )
    return Cases(_named("train", data.train), _named("validation", data.validation))


def is_calibrated(data: TrainingData) -> bool:
    """Whether every scan has a spacing. If one has none, all go without: 1 px for all."""
    return all(scan.spacing is not None for scan in (*data.train, *data.validation))


def write(data: TrainingData, cases: Cases, raw: Path) -> dict[str, object]:
    """Write the data set into nnU-Net's raw folder; answers its dataset.json."""
    folder = raw / DATASET
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    in_mm = is_calibrated(data)
    for name, scan in {**cases.train, **cases.validation}.items():
        spacing = spacing_of(scan) if in_mm else (1.0, 1.0)
        _write_mha(scan.pixels, spacing, folder / "imagesTr" / f"{name}_0000.mha")
        _write_mha(scan.label_map, spacing, folder / "labelsTr" / f"{name}.mha")
    described: dict[str, object] = {
        "channel_names": {"0": CHANNEL},
        "labels": {"background": 0, **{name: n for n, name in enumerate(data.labels, start=1)}},
        "numTraining": len(cases.train) + len(cases.validation),
        "file_ending": ".mha",
        "overwrite_image_reader_writer": "SimpleITKIO",
    }
    (folder / "dataset.json").write_text(json.dumps(described))
    return described


def spacing_of(scan: TrainingImage) -> tuple[float, float]:
    """Spacing in mm per px (x, y) of a calibrated scan."""
    assert scan.spacing is not None, "asked of calibrated sets only"
    return scan.spacing.x_mm, scan.spacing.y_mm


def _named(part: str, scans: Sequence[TrainingImage]) -> dict[str, TrainingImage]:
    return {f"{part}_{number:06d}": scan for number, scan in enumerate(scans)}


def _write_mha(pixels: NDArray[np.uint8], spacing: tuple[float, float], path: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(pixels))
    image.SetSpacing(spacing)
    SimpleITK.WriteImage(image, str(path))
