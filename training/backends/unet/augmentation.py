"""Random rotation, scaling and elastic deformation of a whole batch in one resampling.

The three changes are added up as one field of sampling positions, so that a scan is interpolated
once. The random numbers are drawn on the CPU from one generator: the same seed gives the same
changes on any device. Never a vertical flip: deep is never up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

CONTROL_POINTS = 5  # along each side of the picture


@dataclass(frozen=True)
class Augmentation:
    """Limits: `rotation` in degrees, `scaling` and `elastic` as shares (see UNetSettings)."""

    rotation: float
    scaling: float
    elastic: float
    horizontal_flip: bool = False

    def __call__(
        self, images: torch.Tensor, label_maps: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Change a batch: float32 (n, 1, H, W) and uint8 (n, H, W) -> the same shapes.

        Images bilinearly, label maps by the nearest pixel, both at the same positions. What comes
        in from outside is 0: the scan's mean grey, and background.
        """
        height, width = images.shape[-2:]
        grid = self.sampling_grid(len(images), height, width, generator).to(images.device)
        changed = functional.grid_sample(
            images, grid, mode="bilinear", padding_mode="zeros", align_corners=False
        )
        maps = functional.grid_sample(
            label_maps[:, None].float(),
            grid,
            mode="nearest",
            padding_mode="zeros",
            align_corners=False,
        )
        return changed, maps[:, 0].to(torch.uint8)

    def sampling_grid(
        self, count: int, height: int, width: int, generator: torch.Generator
    ) -> torch.Tensor:
        """Where each pixel is taken from: float32 (count, H, W, 2) in grid_sample's -1 to 1.

        All draws are made whatever the limits are, so that changing one limit does not change the
        other draws of a seed.
        """
        angle = math.radians(self.rotation) * _uniform(count, generator)
        zoom = torch.exp(math.log1p(self.scaling) * _uniform(count, generator))
        mirror = torch.where(_uniform(count, generator) < 0, -1.0, 1.0)
        shifts = torch.randn((count, 2, CONTROL_POINTS, CONTROL_POINTS), generator=generator)
        if not self.horizontal_flip:
            mirror = torch.ones(count)
        grid = functional.affine_grid(
            _affine(angle, zoom, mirror, height / width),
            [count, 1, height, width],
            align_corners=False,
        )
        if self.elastic:
            grid = grid + _elastic_field(2 * self.elastic * shifts, height, width)
        return grid


def _uniform(count: int, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(count, generator=generator) * 2 - 1


def _affine(
    angle: torch.Tensor, zoom: torch.Tensor, mirror: torch.Tensor, aspect: float
) -> torch.Tensor:
    """Rotation about the centre in pixels, written in coordinates that run -1 to 1 on each side."""
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    zero = torch.zeros_like(angle)
    x_row = torch.stack([cosine * mirror, -sine * aspect, zero], dim=1)
    y_row = torch.stack([sine * mirror / aspect, cosine, zero], dim=1)
    return torch.stack([x_row, y_row], dim=1)


def _elastic_field(shifts: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Control-point shifts (n, 2, k, k) -> a smooth field (n, H, W, 2)."""
    field = functional.interpolate(shifts, size=(height, width), mode="bicubic", align_corners=True)
    return field.permute(0, 2, 3, 1)
