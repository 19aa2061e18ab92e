"""nnU-Net's own predictor around a trainer's network: what the ONNX file is held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from numpy.typing import NDArray

from domain.calibration import PixelSpacing
from training.backends.contract import LabelMap

if TYPE_CHECKING:
    from training.backends.nnunet.trainer import SiteTrainer

STEP = 0.5
SLICE_DISTANCE = 999.0  # SimpleITKIO's factor for the axis that a 2-D picture does not have


def predictor_of(trainer: SiteTrainer, mirror_axes: Sequence[int]) -> nnUNetPredictor:
    """A predictor with the trainer's network as it is; nothing is read from disk."""
    predictor = nnUNetPredictor(
        tile_step_size=STEP,
        use_gaussian=True,
        use_mirroring=bool(mirror_axes),
        perform_everything_on_device=trainer.device.type == "cuda",
        device=trainer.device,
        verbose=False,
        allow_tqdm=False,
    )
    predictor.manual_initialization(
        trainer.network,
        trainer.plans_manager,
        trainer.configuration_manager,
        [trainer.network.state_dict()],
        trainer.dataset_json,
        type(trainer).__name__,
        tuple(mirror_axes) or None,
    )
    return predictor


class TrainedPredictor:
    """The trained network on stored pixels, by nnU-Net's own preprocessing and sliding window."""

    def __init__(self, trainer: SiteTrainer, *, in_mm: bool) -> None:
        trainer.network.cpu().float()
        trainer.device = torch.device("cpu")
        self._predictor = predictor_of(trainer, trainer.mirror_axes)
        self._target = trainer.configuration_manager.spacing
        self._in_mm = in_mm

    def __call__(self, pixels: NDArray[np.uint8], spacing: PixelSpacing | None) -> LabelMap:
        """Grey pixels uint8 (h, w) of that calibration -> the label of each, uint8 (h, w)."""
        if not self._in_mm:
            rows, columns = 1.0, 1.0
        elif spacing is None:
            rows, columns = self._target
        else:
            rows, columns = spacing.y_mm, spacing.x_mm
        properties = {"spacing": (SLICE_DISTANCE * max(rows, columns), rows, columns)}
        scan = pixels[np.newaxis, np.newaxis].astype(np.float32)
        found = self._predictor.predict_single_npy_array(scan, properties, None, None, False)
        return np.asarray(found[0], np.uint8)
