"""nnU-Net's own fingerprint, plan and preprocessing, in a private root, and the small plans."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.backends.nnunet.dataset import DATASET, DATASET_ID, Cases

CONFIGURATION = "2d"
SMALL_STAGES = 5
SMALL_FEATURES = (16, 32, 64, 128, 128)
SMALL_PATCH = 256
SMALL_BATCH = 4
PROCESSES = 1


@dataclass(frozen=True)
class Root:
    """The three folders that nnU-Net works in, of one run alone."""

    raw: Path
    preprocessed: Path
    results: Path

    @classmethod
    def below(cls, directory: Path) -> Root:
        """The folders of a run below a directory of its own."""
        return cls(*(directory / name for name in ("raw", "preprocessed", "results")))

    @contextmanager
    def environment(self, *, augmentation_processes: int) -> Iterator[None]:
        """nnU-Net's variables for a while: it reads them when it works.

        Planning sets as many torch threads as processes augment, and 0 is refused there; training
        in this process needs 0 (docs/learning.md 3.3 of the shared material).
        """
        values = {
            "nnUNet_raw": str(self.raw),
            "nnUNet_preprocessed": str(self.preprocessed),
            "nnUNet_results": str(self.results),
            "nnUNet_n_proc_DA": str(augmentation_processes),
            "nnUNet_def_n_proc": str(PROCESSES),
            "nnUNet_compile": "f",
            "MPLBACKEND": "Agg",
        }
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def plan_and_preprocess(
    root: Root, cases: Cases, *, is_small: bool, batch_size: int
) -> dict[str, Any]:
    """Fingerprint, plan and preprocess the raw data set; answers the plans that were used.

    The split is written beside them. batch_size 0: as planned.
    """
    with root.environment(augmentation_processes=1):
        from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import (
            DatasetFingerprintExtractor,
        )
        from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (
            ExperimentPlanner,
        )
        from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor

        DatasetFingerprintExtractor(DATASET_ID, PROCESSES, verbose=False).run(
            overwrite_existing=True
        )
        planner = ExperimentPlanner(DATASET_ID)
        planner.plan_experiment()
        identifier = str(planner.plans_identifier)
        path = root.preprocessed / DATASET / f"{identifier}.json"
        plans: dict[str, Any] = json.loads(path.read_text())
        if is_small:
            plans = small(plans)
        if batch_size:
            plans["configurations"][CONFIGURATION]["batch_size"] = batch_size
        path.write_text(json.dumps(plans))
        (root.preprocessed / DATASET / "splits_final.json").write_text(json.dumps([cases.split]))
        preprocessor = DefaultPreprocessor(verbose=False)
        preprocessor.run(DATASET_ID, CONFIGURATION, identifier, num_processes=PROCESSES)
    return plans


def small(plans: dict[str, Any]) -> dict[str, Any]:
    """The plans with a network for a CPU: fewer stages, features and convolutions, a smaller patch.

    At most five stages of 16, 32, 64, 128, 128 features with one convolution each, a patch of at
    most 256 px a side, four patches a batch. Spacing and preprocessing stay as planned.
    """
    changed = copy.deepcopy(plans)
    configuration = changed["configurations"][CONFIGURATION]
    network = configuration["architecture"]["arch_kwargs"]
    stages = min(SMALL_STAGES, network["n_stages"])
    network["n_stages"] = stages
    network["features_per_stage"] = list(SMALL_FEATURES[:stages])
    network["kernel_sizes"] = network["kernel_sizes"][:stages]
    network["strides"] = network["strides"][:stages]
    network["n_conv_per_stage"] = [1] * stages
    network["n_conv_per_stage_decoder"] = [1] * (stages - 1)
    configuration["patch_size"] = [
        _patch_side(side, [stride[axis] for stride in network["strides"]])
        for axis, side in enumerate(configuration["patch_size"])
    ]
    configuration["batch_size"] = SMALL_BATCH
    return changed


def _patch_side(planned: int, strides: list[int]) -> int:
    """At most 256 px, and a multiple of what the strides divide by; the planned one is."""
    divisor = 1
    for stride in strides:
        divisor *= stride
    return max(divisor, min(planned, SMALL_PATCH) // divisor * divisor)
