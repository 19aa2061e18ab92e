"""The scans as tensors: prepared once by the recipe that also serves the model, then kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from inference.recipes.unet import prepare, prepare_label_map
from training.backends.contract import TrainingImage

KEPT_ON_DEVICE_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class Scans:
    """`images` float32 (n, 1, H, W), `label_maps` uint8 (n, H, W), `subjects` of length n."""

    images: torch.Tensor
    label_maps: torch.Tensor
    subjects: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.subjects)

    def to(self, device: torch.device) -> Scans:
        """On the device if they are few enough to stay there, else where they are."""
        if device.type == "cpu" or self.images.nbytes > KEPT_ON_DEVICE_BYTES:
            return self
        return Scans(self.images.to(device), self.label_maps.to(device), self.subjects)

    def batch(
        self, indices: torch.Tensor, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and label maps of these scans on the device; `indices` are on the CPU."""
        indices = indices.to(self.images.device)
        return self.images[indices].to(device), self.label_maps[indices].to(device)


def load(images: Sequence[TrainingImage], card_input: Mapping[str, Any]) -> Scans:
    """Decode and prepare every scan once."""
    count, height, width = len(images), card_input["height"], card_input["width"]
    tensors = torch.empty((count, 1, height, width), dtype=torch.float32)
    label_maps = torch.empty((count, height, width), dtype=torch.uint8)
    subjects = []
    for index, image in enumerate(images):
        tensors[index] = torch.from_numpy(prepare(image.pixels, card_input)[0][0])
        label_maps[index] = torch.from_numpy(prepare_label_map(image.label_map, card_input))
        subjects.append(image.subject)
    return Scans(tensors, label_maps, tuple(subjects))
