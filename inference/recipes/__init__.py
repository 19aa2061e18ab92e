"""Pre- and post-processing by model family, without Django and without torch.

A recipe turns stored grey pixels into a network's input and the network's output back into
probabilities on the stored pixels. Training and prediction import the same functions.
"""

from __future__ import annotations

from types import ModuleType

from domain.errors import InvalidInput
from inference.recipes import nnunet, unet

RECIPES: dict[str, ModuleType] = {"unet": unet, "nnunet": nnunet}


def get(family: str) -> ModuleType:
    """The recipe of a model family; InvalidInput names the families there are."""
    try:
        return RECIPES[family]
    except KeyError:
        known = ", ".join(sorted(RECIPES))
        raise InvalidInput(f"Unknown model family {family!r}; this server runs: {known}.") from None
