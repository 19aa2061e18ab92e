"""nnU-Net trained by its own command line, for comparison with a run of ours.

The same scans, subjects, small plans, epochs and iterations; everything else is nnU-Net's own:
its trainer (both axes mirrored, any rotation), its last epoch, its prediction with mirroring. It
seeds nothing, so a seed here is only one more repetition.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.backends.contract import TrainingData, TrainingImage

DATASET = "Dataset001_Bench"
PLANS = "nnUNetPlans"
SMALL = "nnUNetSmall"
TRAINED_ON_ONE_CORE = """
import multiprocessing
multiprocessing.cpu_count = lambda: 1
from nnunetv2.run.run_training import run_training_entry
run_training_entry()
"""
"""What nnUNetv2_train calls. On a CPU it takes a thread for every core; one, as our side has."""


def train(
    family: str, data: TrainingData, given: Mapping[str, Any], directory: Path
) -> Callable[[Sequence[NDArray[np.uint8]]], list[NDArray[np.uint8]]]:
    """Plan, preprocess and train; answers what predicts scans by one call of nnUNetv2_predict."""
    epochs = given["max_epochs"]
    environment = _environment(directory)
    _write(data, directory / "raw" / DATASET)
    _call(environment, "plan_and_preprocess", "-d", "1", "-c", "2d", "-np", "1", "-npfp", "1")
    prepared = directory / "preprocessed" / DATASET
    plans = _small_plans(prepared) if given.get("plans") == "small" else PLANS
    _write_split(data, prepared)
    trainer = "nnUNetTrainer" if epochs == 1000 else f"nnUNetTrainer_{epochs}epochs"
    chosen = ("-p", plans, "-tr", trainer, "-device", "cpu")
    _run(environment, [sys.executable, "-c", TRAINED_ON_ONE_CORE, "1", "2d", "0", *chosen])

    def predict(scans: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        asked, answered = directory / "asked", directory / "answered"
        asked.mkdir()
        names = [f"scan{number:04d}" for number in range(len(scans))]
        for name, pixels in zip(names, scans, strict=True):
            _write_image(pixels, asked / f"{name}_0000.mha")
        single = ("-npp", "1", "-nps", "1", "-f", "0", "-d", "1", "-c", "2d")
        _call(environment, "predict", "-i", str(asked), "-o", str(answered), *single, *chosen)
        return [_read_image(answered / f"{name}.mha") for name in names]

    return predict


def _environment(directory: Path) -> dict[str, str]:
    roots = {f"nnUNet_{name}": str(directory / name) for name in ("raw", "preprocessed", "results")}
    for path in roots.values():
        Path(path).mkdir(parents=True, exist_ok=True)
    fixed = {"nnUNet_compile": "f", "nnUNet_n_proc_DA": "1", "MPLBACKEND": "Agg"}
    return {**os.environ, **roots, **fixed}


def _write(data: TrainingData, folder: Path) -> None:
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for name, scan in _cases(data).items():
        _write_image(scan.pixels, folder / "imagesTr" / f"{name}_0000.mha")
        _write_image(scan.label_map, folder / "labelsTr" / f"{name}.mha")
    names = {"background": 0, **{label: n for n, label in enumerate(data.labels, start=1)}}
    described = {
        "channel_names": {"0": "ultrasound"},
        "labels": names,
        "numTraining": len(data.train) + len(data.validation),
        "file_ending": ".mha",
        "overwrite_image_reader_writer": "SimpleITKIO",
    }
    (folder / "dataset.json").write_text(json.dumps(described))


def _cases(data: TrainingData) -> dict[str, TrainingImage]:
    return {
        f"{part}{number:04d}": scan
        for part, scans in (("train", data.train), ("val", data.validation))
        for number, scan in enumerate(scans)
    }


def _write_split(data: TrainingData, prepared: Path) -> None:
    names: Sequence[str] = list(_cases(data))
    fold = {
        "train": [name for name in names if name.startswith("train")],
        "val": [name for name in names if name.startswith("val")],
    }
    (prepared / "splits_final.json").write_text(json.dumps([fold]))


def _small_plans(prepared: Path) -> str:
    from training.backends.nnunet.plans import small

    plans = small(json.loads((prepared / f"{PLANS}.json").read_text()))
    plans["plans_name"] = SMALL
    (prepared / f"{SMALL}.json").write_text(json.dumps(plans))
    return SMALL


def _write_image(pixels: NDArray[np.uint8], path: Path) -> None:
    import SimpleITK

    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(pixels), str(path))


def _read_image(path: Path) -> NDArray[np.uint8]:
    import SimpleITK

    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).astype(np.uint8)


def _call(environment: Mapping[str, str], command: str, *arguments: str) -> None:
    program = Path(sys.executable).with_name(f"nnUNetv2_{command}")
    _run(environment, [str(program), *arguments])


def _run(environment: Mapping[str, str], command: Sequence[str]) -> None:
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)
