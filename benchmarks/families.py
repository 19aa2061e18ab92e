"""Model families of ours against their own plain commands, on real scans with one split.

    python -m benchmarks.families DIR --partitions split.json --family unet --epochs 8 \
        --set image_size=128 --seeds 1 2 3 --out figures.json

Both sides read the same scans (made smaller once with --longest-side) and the same subjects,
train as many epochs, and are tested by the same code on the label maps they give at the size of
those scans: Dice, IoU and HD95 of each image, then means over labels, images and subjects. Ours is
the backend as a run trains it, then its ONNX file with the card's rule for islands and holes. The
plain side is a bare segmentation_models_pytorch loop (`bare_loop`), or nnU-Net's own command line
(`plain_nnunet`). A finished training is kept in --out and not repeated.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import bare_loop, plain_nnunet
from benchmarks.training import SilentReporter
from domain import labelme, raster
from domain.labelme_regions import labels_used, outlines
from training.backends.contract import TrainingData, TrainingImage

LabelMap = NDArray[np.uint8]
Predict = Callable[[Sequence[NDArray[np.uint8]]], list[LabelMap]]
SIDES = ("ours", "plain")
SHOWN = ("dice", "iou", "hd95_px")


def main(arguments: Sequence[str]) -> None:
    """Train what is not in --out yet, and print a table of both sides."""
    options = _parser().parse_args(arguments)
    data, tested = read(Path(options.directory), Path(options.partitions), options.longest_side)
    settings = dict(pair.split("=", 1) for pair in options.set)
    done = json.loads(options.out.read_text()) if options.out.exists() else []
    for seed in options.seeds:
        for side in options.sides:
            facts = _facts(options, settings, side, seed)
            if not any(facts.items() <= entry.items() for entry in done):
                done.append({**facts, **_one(side, options, settings, seed, data, tested)})
                options.out.write_text(json.dumps(done, indent=1) + "\n")
    print(table([entry for entry in done if _is_of(entry, options)]))


def read(
    directory: Path, partitions: Path, longest_side: int
) -> tuple[TrainingData, list[TrainingImage]]:
    """The training data and the test scans of a LabelMe set.

    `partitions` is what `manage.py split --json` printed. Of each test subject the first image is
    taken, as Myotrace takes the selected one. longest_side in px; 0 leaves the scans as they are.
    """
    said = json.loads(partitions.read_text(encoding="utf-8"))["partitions"]
    partition_of = {code: name for name, codes in said.items() for code in codes}
    with (directory / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    documents = [labelme.parse((directory / row["labelme"]).read_bytes()) for row in rows]
    labels = sorted({label for document in documents for label in labels_used(document)})
    parts: dict[str, list[TrainingImage]] = {"train": [], "validation": [], "test": []}
    for row, document in zip(rows, documents, strict=True):
        part = parts.get(partition_of.get(row["subject"], ""))
        tested_already = part is parts["test"] and any(s.subject == row["subject"] for s in part)
        if part is not None and not tested_already:
            part.append(_scan(directory / row["image"], row["subject"], document, labels))
    smaller = {name: [_shrink(scan, longest_side) for scan in part] for name, part in parts.items()}
    data = TrainingData(
        site=rows[0]["site"],
        labels=tuple(labels),
        train=smaller["train"],
        validation=smaller["validation"],
        digest=hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest(),
    )
    return data, smaller["test"]


def table(entries: Sequence[dict[str, Any]]) -> str:
    """A line for each training, then each side's mean over seeds and their difference."""
    lines = ["side   seed  dice   iou    hd95_px  seconds"]
    for entry in entries:
        figures = [entry["test"][name]["mean"] for name in SHOWN]
        lines.append(
            f"{entry['side']:6} {entry['seed']:4}  {figures[0]:.3f}  {figures[1]:.3f}"
            f"  {figures[2]:7.1f}  {entry['seconds']:7.0f}"
        )
    means = {side: _mean_dice(entries, side) for side in SIDES}
    lines += [f"{side}: mean Dice over seeds {mean:.4f}" for side, mean in means.items() if mean]
    if all(means.values()):
        lines.append(f"ours minus plain: {means['ours'] - means['plain']:+.4f}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--partitions", required=True)
    parser.add_argument("--family", choices=["unet", "nnunet"], required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--longest-side", type=int, default=0, metavar="PX")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def _facts(options: Any, settings: dict[str, str], side: str, seed: int) -> dict[str, Any]:
    return {
        "directory": Path(options.directory).name,
        "family": options.family,
        "epochs": options.epochs,
        "settings": settings,
        "longest_side": options.longest_side,
        "side": side,
        "seed": seed,
    }


def _is_of(entry: dict[str, Any], options: Any) -> bool:
    return bool(
        entry["directory"] == Path(options.directory).name and entry["family"] == options.family
    )


def _one(
    side: str,
    options: Any,
    settings: dict[str, str],
    seed: int,
    data: TrainingData,
    tested: Sequence[TrainingImage],
) -> dict[str, Any]:
    train = {
        ("ours", "unet"): _ours,
        ("ours", "nnunet"): _ours,
        ("plain", "unet"): _bare_unet,
        ("plain", "nnunet"): plain_nnunet.train,
    }[side, options.family]
    print(f"{options.family}, {side}, seed {seed} ...", file=sys.stderr, flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        given = {**settings, "max_epochs": options.epochs, "seed": seed}
        predict = train(options.family, data, given, Path(directory))
        seconds = time.monotonic() - started
        return {
            "seconds": seconds,
            "machine": f"{platform.machine()}, {platform.python_version()}",
            "subjects": {
                "train": len({scan.subject for scan in data.train}),
                "validation": len({scan.subject for scan in data.validation}),
                "test": len(tested),
            },
            "test": _test(predict, data.labels, tested),
        }


def _ours(family: str, data: TrainingData, given: dict[str, Any], directory: Path) -> Predict:
    from inference.card import FORMAT, Postprocessing, postprocessing_json, read_card
    from inference.postprocessing import outline
    from inference.runtime import load
    from training import backends

    backend = backends.get(family)
    trained = backend.train(data, backend.settings(given), SilentReporter(directory))
    card = read_card(
        {
            "format": FORMAT,
            "site": data.site,
            "labels": list(data.labels),
            "metrics_version": "benchmark",
            "sha256": hashlib.sha256(trained.onnx).hexdigest(),
            "postprocessing": postprocessing_json(Postprocessing()),
            **trained.card,
        }
    )
    predictor = load(trained.onnx, card, threads=1)
    return lambda scans: [outline(predictor.predict(one), card).label_map for one in scans]


def _bare_unet(family: str, data: TrainingData, given: dict[str, Any], directory: Path) -> Predict:
    options = argparse.Namespace(
        epochs=given["max_epochs"],
        size=int(given.get("image_size", 256)),
        encoder=given.get("encoder", "resnet18"),
        learning_rate=float(given.get("learning_rate", 1e-4)),
        batch_size=int(given.get("batch_size", 8)),
        seed=given["seed"],
        best=True,
    )
    cases = {
        name: [bare_loop.case(s.subject, s.pixels, s.label_map, options.size) for s in scans]
        for name, scans in (("train", data.train), ("validation", data.validation))
    }
    network, _ = bare_loop.train(cases, data.classes, options)
    network.eval()
    return lambda scans: [
        bare_loop.predict(network, bare_loop.squeezed(one, options.size), one.shape)
        for one in scans
    ]


def _test(
    predict: Predict, labels: Sequence[str], tested: Sequence[TrainingImage]
) -> dict[str, Any]:
    from training.scoring import overlap_values
    from training.summarising import Row, statistics, subject_means

    rows = []
    answers = predict([scan.pixels for scan in tested])
    for number, (scan, found) in enumerate(zip(tested, answers, strict=True)):
        for index, label in enumerate(labels, start=1):
            values = overlap_values(found == index, scan.label_map == index, None)
            rows.append(Row(number, scan.subject, label, values, False))
    return {name: statistics(list(subject_means(rows, name).values())) for name in SHOWN}


def _scan(
    path: Path, subject: str, document: labelme.LabelMeDocument, labels: Sequence[str]
) -> TrainingImage:
    pixels = np.asarray(Image.open(path).convert("L"))
    height, width = pixels.shape
    named = {label: label for label in labels}
    drawn = outlines(document, width=width, height=height, labels=named).regions
    return TrainingImage(pixels, raster.label_map(drawn, labels, height, width), subject)


def _shrink(scan: TrainingImage, longest_side: int) -> TrainingImage:
    scale = longest_side / max(scan.pixels.shape)
    if not longest_side or scale >= 1:
        return scan
    size = (round(scan.pixels.shape[1] * scale), round(scan.pixels.shape[0] * scale))
    pixels = Image.fromarray(scan.pixels).resize(size, Image.Resampling.BILINEAR)
    label_map = Image.fromarray(scan.label_map).resize(size, Image.Resampling.NEAREST)
    return TrainingImage(np.asarray(pixels), np.asarray(label_map), scan.subject)


def _mean_dice(entries: Sequence[dict[str, Any]], side: str) -> float | None:
    found = [entry["test"]["dice"]["mean"] for entry in entries if entry["side"] == side]
    return float(np.mean(found)) if found else None


if __name__ == "__main__":
    main(sys.argv[1:])
