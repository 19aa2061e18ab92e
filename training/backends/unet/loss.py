"""Soft Dice plus cross-entropy, the paper's loss."""

from __future__ import annotations

import torch
from torch.nn import functional

SMOOTHING = 1.0  # px: an empty label that is predicted empty costs nothing


def dice_and_cross_entropy(
    logits: torch.Tensor,
    label_maps: torch.Tensor,
    dice_weight: float = 1.0,
    cross_entropy_weight: float = 1.0,
) -> torch.Tensor:
    """Logits (n, C, H, W) and label maps uint8 (n, H, W) -> the weighted sum of both parts.

    Cross-entropy is the mean over pixels. The Dice part is 1 - Dice of each label over the whole
    batch, averaged over the labels without the background (Milletari 2016 with plain sums, as
    Drozdzal 2016). In float32, whatever the network computed in.
    """
    logits = logits.float()
    target = label_maps.long()
    cross_entropy = functional.cross_entropy(logits, target)
    probabilities = torch.softmax(logits, dim=1)[:, 1:]
    truth = functional.one_hot(target, logits.shape[1]).permute(0, 3, 1, 2)[:, 1:]
    truth = truth.to(probabilities.dtype)
    overlap = (probabilities * truth).sum(dim=(0, 2, 3))
    total = (probabilities + truth).sum(dim=(0, 2, 3))
    dice = (2 * overlap + SMOOTHING) / (total + SMOOTHING)
    return cross_entropy_weight * cross_entropy + dice_weight * (1 - dice).mean()
