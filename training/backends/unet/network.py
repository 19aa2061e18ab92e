"""The network: segmentation-models-pytorch's U-Net on one grey channel, from scratch."""

from __future__ import annotations

import segmentation_models_pytorch
import torch

from training.backends.unet.settings import UNetSettings


def build(settings: UNetSettings, classes: int) -> torch.nn.Module:
    """A U-Net with first weights drawn from the settings' seed; logits (n, classes, H, W).

    No weights are fetched: the library's default would ask a model hub on the network.
    """
    torch.manual_seed(settings.seed)
    return segmentation_models_pytorch.Unet(
        settings.encoder, encoder_weights=None, in_channels=1, classes=classes
    )


def device() -> torch.device:
    """The GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
