"""First weights from a file of this installation: no hub is ever asked, nothing is unpickled."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from core.data import weights_directory
from training.backends.contract import TrainingFailed

FIRST_LAYERS = 3  # channels of the pictures that most published encoders learnt from


def load_into(network: torch.nn.Module, name: str) -> str:
    """Fill the encoder from `weights/NAME` in the data directory; answers the file's SHA-256.

    A .safetensors file or one that torch saved, with the encoder's parameters under their own names
    or under `encoder.`. A first layer for three colours is summed up for one grey. Raises
    TrainingFailed where the file is missing, is none, or does not fit the encoder.
    """
    path = weights_directory() / name
    if not path.is_file():
        known = ", ".join(sorted(one.name for one in path.parent.iterdir())) or "none"
        raise TrainingFailed(
            f"There is no file {name!r} in {path.parent.name}/ of the data directory (there are:"
            f" {known}): put it there, then train again."
        )
    given = _read(path)
    encoder = network.get_submodule("encoder")
    own = encoder.state_dict()
    fitting = {}
    for key, value in given.items():
        found = key.removeprefix("encoder.")
        if found in own:
            fitting[found] = _one_channel(value, own[found])
    missing = sorted(set(own) - set(fitting))
    wrong = sorted(key for key, value in fitting.items() if value.shape != own[key].shape)
    if missing or wrong:
        raise TrainingFailed(
            f"The weights in {name} do not fit the encoder ({len(missing)} parameters missing,"
            f" {len(wrong)} of another shape, first {(missing + wrong)[0]}): choose the encoder"
            " that they were made for."
        )
    encoder.load_state_dict(fitting)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(str(path)))
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    # Whatever a reader raises on a file that is none is a refusal.
    except Exception as error:
        raise TrainingFailed(f"{path.name} holds no weights ({type(error).__name__}).") from error
    if not isinstance(loaded, dict):
        raise TrainingFailed(f"{path.name} holds no weights: a table of parameters is expected.")
    return {key: value for key, value in loaded.items() if isinstance(value, torch.Tensor)}


def _one_channel(value: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    if value.ndim == own.ndim == 4 and value.shape[1] == FIRST_LAYERS and own.shape[1] == 1:
        return value.sum(dim=1, keepdim=True)
    return value
