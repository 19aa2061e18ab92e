"""Augmentation: known changes land where they must, and image and label map move together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.backends.unet.augmentation import Augmentation


def blob(height: int, width: int, row: int, column: int, radius: int = 3) -> torch.Tensor:
    """One scan, float32 (1, 1, H, W): a bright square around a pixel."""
    image = torch.zeros((1, 1, height, width))
    image[0, 0, row - radius : row + radius + 1, column - radius : column + radius + 1] = 1
    return image


def centre(mask: torch.Tensor) -> tuple[float, float]:
    """Row and column of the centre of gravity, pixel centres at +0.5."""
    rows, columns = torch.nonzero(mask.squeeze() > 0.5, as_tuple=True)
    return rows.float().mean().item() + 0.5, columns.float().mean().item() + 0.5


class Draws:
    """A generator's place holder: the draws of `Augmentation`, chosen by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, angle: float, zoom: float) -> None:
        answers = iter([(angle + 1) / 2, (zoom + 1) / 2, 0.9])
        monkeypatch.setattr(
            torch, "rand", lambda count, generator: torch.full((count,), next(answers))
        )


def test_without_limits_nothing_changes() -> None:
    generator = torch.Generator().manual_seed(3)
    images = torch.rand((2, 1, 64, 96), generator=generator)
    label_maps = (images[:, 0] > 0.5).to(torch.uint8)
    changed, maps = Augmentation(0, 0, 0)(images, label_maps, generator)
    assert torch.allclose(changed, images, atol=1e-4)
    assert torch.equal(maps, label_maps)


@pytest.mark.parametrize(("height", "width"), [(65, 65), (65, 129), (129, 65)])
def test_a_quarter_turn_is_a_quarter_turn_in_pixels(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    Draws(monkeypatch, angle=1, zoom=0)
    middle_row, middle_column = height // 2, width // 2
    image = blob(height, width, middle_row, middle_column + 20)
    turned, maps = Augmentation(90, 0, 0)(image, image[:, 0].to(torch.uint8), torch.Generator())
    expected = (middle_row + 0.5 - 20, middle_column + 0.5)
    assert centre(turned) == pytest.approx(expected, abs=0.1)
    assert centre(maps) == pytest.approx(expected, abs=0.1)


def test_scaling_up_makes_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    Draws(monkeypatch, angle=0, zoom=1)
    image = blob(65, 129, 32, 64, radius=8)
    scaled, maps = Augmentation(0, 0.5, 0)(image, image[:, 0].to(torch.uint8), torch.Generator())
    assert scaled.sum().item() == pytest.approx(17**2 * 1.5**2, rel=0.1)
    assert maps.sum().item() == pytest.approx(17**2 * 1.5**2, rel=0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_deep_stays_below_and_labels_follow_the_grey(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image = torch.zeros((1, 1, 96, 128))
    image[0, 0, 30:45, 40:90], image[0, 0, 55:70, 40:90] = 1.0, 2.0
    label_maps = image[:, 0].to(torch.uint8)
    changed, maps = Augmentation(15, 0.15, 0.02)(image, label_maps, generator)
    assert centre(maps == 1)[0] < centre(maps == 2)[0]
    agrees = (changed[:, 0].round() == maps.float()).float().mean().item()
    assert agrees > 0.97
    assert set(np.unique(maps.numpy())) <= {0, 1, 2}


def test_the_same_seed_gives_the_same_changes() -> None:
    images = torch.rand((3, 1, 64, 64), generator=torch.Generator().manual_seed(1))
    label_maps = torch.zeros((3, 64, 64), dtype=torch.uint8)
    augmentation = Augmentation(15, 0.15, 0.02)
    first, _ = augmentation(images, label_maps, torch.Generator().manual_seed(5))
    second, _ = augmentation(images, label_maps, torch.Generator().manual_seed(5))
    other, _ = augmentation(images, label_maps, torch.Generator().manual_seed(6))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_elastic_shift_has_the_stated_size() -> None:
    still = Augmentation(0, 0, 0).sampling_grid(1, 64, 64, torch.Generator())
    grid = Augmentation(0, 0, 0.02).sampling_grid(400, 64, 64, torch.Generator().manual_seed(2))
    corner_shift = (grid - still)[:, 0, 0, 0] / 2  # a control point lies in the corner
    assert corner_shift.std().item() == pytest.approx(0.02, rel=0.1)


def test_half_of_the_scans_are_mirrored_only_when_asked() -> None:
    images = torch.zeros((64, 1, 32, 32))
    images[..., :16] = 1
    label_maps = images[:, 0].to(torch.uint8)
    generator = torch.Generator().manual_seed(4)
    kept, _ = Augmentation(0, 0, 0)(images, label_maps, generator)
    flipped, _ = Augmentation(0, 0, 0, horizontal_flip=True)(images, label_maps, generator)
    assert torch.allclose(kept, images, atol=1e-4)
    mirrored = int((flipped[:, 0, 0, -1] > 0.5).sum())
    assert 20 <= mirrored <= 44
