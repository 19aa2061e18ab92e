"""nnU-Net's settings. Everything else follows from the data: that is nnU-Net's idea."""

from __future__ import annotations

from dataclasses import dataclass

from training.backends.settings import choice, flag, integer, members, number

AUTOMATIC, DEFAULT, SMALL = "automatic", "default", "small"


@dataclass(frozen=True)
class NNUNetSettings:
    """Settings of one run; the help texts are shown in the start form and in the card."""

    plans: str = choice(
        AUTOMATIC,
        (AUTOMATIC, DEFAULT, SMALL),
        "How large the network is. Default: as nnU-Net plans it for 8 GB of GPU memory. Small: at"
        " most five stages of 16 to 128 features and a patch of at most 256 px, for a CPU."
        " Automatic: default on a GPU, else small.",
    )
    max_epochs: int = integer(
        100,
        1,
        10_000,
        "How many epochs. The learning rate falls to 0 over them, so that ending sooner is not the"
        " same as planning fewer (nnU-Net itself: 1000).",
    )
    iterations_per_epoch: int = integer(250, 1, 10_000, "Batches an epoch (nnU-Net: 250).")
    validation_iterations: int = integer(
        10,
        1,
        1000,
        "Batches for the validation loss. The Dice by which the best epoch is chosen is counted on"
        " every whole validation scan (nnU-Net: 50 batches for both).",
    )
    learning_rate: float = number(1e-2, 1e-6, 1.0, "SGD's first learning rate (nnU-Net: 0.01).")
    batch_size: int = integer(0, 0, 256, "Patches a step; 0: as planned.")
    patience: int = integer(
        1000, 1, 10_000, "Stop after so many epochs without a better validation Dice."
    )
    seed: int = integer(1, 0, 2**31 - 1, "Seed of the first weights, the patches and the changes.")
    members: int = members()
    rotation: float = number(
        15.0,
        0.0,
        180.0,
        "Random rotation, up to so many degrees each way. nnU-Net turns square patches by 180.",
    )
    horizontal_flip: bool = flag(
        False,
        "Mirror left to right, in training and when predicting. Off: it would teach that left and"
        " right limbs look alike. There is no vertical flip: deep is never up.",
    )
