"""A bare segmentation_models_pytorch loop on a LabelMe data set, for comparison with a run of ours.

It reads images and outlines from the folder itself and knows nothing of Myotrace but the partitions
that `manage.py split --json` printed, and the augmentation and the loss, so that both sides follow
one recipe. No early stopping, no best epoch: the last epoch is tested, unless --best is given. Of
each test subject the first image is tested, as Myotrace tests the selected take alone.

    python -m benchmarks.bare_loop DIR --partitions split.json --epochs 18 --size 192
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw


@dataclass(frozen=True)
class Case:
    """A scan with its subject, its label map and its size, all at the network's resolution."""

    subject: str
    pixels: np.ndarray
    label_map: np.ndarray
    native: np.ndarray


def main(arguments: Sequence[str]) -> None:
    """Train and test, then print one JSON object."""
    options = _parser().parse_args(arguments)
    said = json.loads(Path(options.partitions).read_text(encoding="utf-8"))["partitions"]
    partition_of = {code: name for name, codes in said.items() for code in codes}
    labels, cases = _read(Path(options.directory), partition_of, options.size)
    started = time.perf_counter()
    network, best = train(cases, len(labels) + 1, options)
    seconds = time.perf_counter() - started
    test = _test(network, cases["test"], labels)
    answer = {
        "epochs": options.epochs,
        "size": options.size,
        "encoder": options.encoder,
        "learning_rate": options.learning_rate,
        "seconds": round(seconds, 1),
        "best_validation_dice": best,
        "subjects": {name: len({one.subject for one in found}) for name, found in cases.items()},
        "test": test,
    }
    print(json.dumps(answer, indent=1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--partitions", required=True)
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--encoder", default="resnet18")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--best", action="store_true", help="test the best epoch on validation")
    return parser


def _read(
    directory: Path, partition_of: dict[str, str], size: int
) -> tuple[list[str], dict[str, list[Case]]]:
    with (directory / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    documents = {row["image"]: json.loads((directory / row["labelme"]).read_text()) for row in rows}
    shapes = [shape for document in documents.values() for shape in document["shapes"]]
    labels = sorted({shape["label"] for shape in shapes})
    cases: dict[str, list[Case]] = defaultdict(list)
    tested: set[str] = set()
    for row in rows:
        partition = partition_of.get(row["subject"])
        if partition is None or (partition == "test" and row["subject"] in tested):
            continue
        if partition == "test":
            tested.add(row["subject"])
        picture = Image.open(directory / row["image"]).convert("L")
        native = Image.new("L", picture.size)
        for shape in documents[row["image"]]["shapes"]:
            points = [tuple(point) for point in shape["points"]]
            ImageDraw.Draw(native).polygon(points, fill=labels.index(shape["label"]) + 1)
        pixels, label_map = np.asarray(picture), np.asarray(native)
        cases[partition].append(case(row["subject"], pixels, label_map, size))
    return labels, cases


def case(subject: str, pixels: np.ndarray, native: np.ndarray, size: int) -> Case:
    """A scan and its label map, both (h, w), squeezed into size x size px."""
    label_map = Image.fromarray(native).resize((size, size), Image.Resampling.NEAREST)
    return Case(subject, squeezed(pixels, size), np.asarray(label_map), native)


def train(cases: dict[str, list[Case]], classes: int, options: Any) -> tuple[Any, float | None]:
    """The network after the last epoch, or after the best on validation, and that Dice."""
    import copy

    import segmentation_models_pytorch as smp
    import torch

    from training.backends.unet.augmentation import Augmentation
    from training.backends.unet.loss import dice_and_cross_entropy
    from training.backends.unet.settings import UNetSettings

    torch.manual_seed(options.seed)
    defaults = UNetSettings()
    augment = Augmentation(defaults.rotation, defaults.scaling, defaults.elastic)
    generator = torch.Generator().manual_seed(options.seed)
    network = smp.Unet(options.encoder, encoder_weights=None, in_channels=1, classes=classes)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.learning_rate)
    images, label_maps = _tensors(cases["train"])
    best, best_state = None, None
    for epoch in range(options.epochs):
        network.train()
        for indices in torch.randperm(len(images), generator=generator).split(options.batch_size):
            batch, target = augment(images[indices], label_maps[indices], generator)
            optimizer.zero_grad()
            dice_and_cross_entropy(network(batch), target).backward()
            optimizer.step()
        if options.best:
            found = _test(network, cases["validation"], ["x"] * (classes - 1))["dice"]["mean"]
            if best is None or found > best:
                best, best_state = found, copy.deepcopy(network.state_dict())
        print(f"epoch {epoch + 1} of {options.epochs}", best or "", file=sys.stderr, flush=True)
    if best_state is not None:
        network.load_state_dict(best_state)
    return network, best


def predict(network: Any, squeezed: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The label map (h, w) that the network gives to a squeezed scan of that shape."""
    import torch

    with torch.no_grad():
        logits = network(_images([squeezed]))
    native = torch.nn.functional.interpolate(
        logits.softmax(1), size=shape, mode="bilinear", align_corners=False
    )
    return native.argmax(1)[0].numpy().astype(np.uint8)


def _test(network: Any, cases: Sequence[Case], labels: Sequence[str]) -> dict[str, Any]:
    network.eval()
    by_label: dict[int, dict[str, list[float]]] = {
        number: defaultdict(list) for number in range(1, len(labels) + 1)
    }
    for one in cases:
        predicted = predict(network, one.pixels, one.native.shape)
        for number, subjects in by_label.items():
            subjects[one.subject].append(_dice(predicted == number, one.native == number))
    per_label = [
        {subject: float(np.mean(values)) for subject, values in subjects.items()}
        for subjects in by_label.values()
    ]
    means = [float(np.mean([found[s] for found in per_label])) for s in per_label[0]]
    return {
        "n_images": len(cases),
        "n_subjects": len(means),
        "dice": {"mean": float(np.mean(means)), "sd": float(np.std(means, ddof=1))},
        "labels": {
            label: float(np.mean(list(found.values())))
            for label, found in zip(labels, per_label, strict=True)
        },
    }


def _dice(prediction: np.ndarray, reference: np.ndarray) -> float:
    total = int(prediction.sum() + reference.sum())
    return 2 * int((prediction & reference).sum()) / total if total else 1.0


def _tensors(cases: Sequence[Case]) -> tuple[Any, Any]:
    import torch

    label_maps = torch.from_numpy(np.stack([one.label_map for one in cases]))
    return _images([one.pixels for one in cases]), label_maps


def _images(squeezed: Sequence[np.ndarray]) -> Any:
    import torch

    grey = np.stack(squeezed).astype(np.float32)
    mean = grey.mean(axis=(1, 2), keepdims=True)
    deviation = grey.std(axis=(1, 2), keepdims=True) + 1e-6
    return torch.from_numpy((grey - mean) / deviation).unsqueeze(1)


def squeezed(pixels: np.ndarray, size: int) -> np.ndarray:
    """Grey pixels (h, w) at size x size px, whatever their shape."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


if __name__ == "__main__":
    main(sys.argv[1:])
