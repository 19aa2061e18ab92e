"""A snapshot as training data: decoded, checked against every hash, rasterised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotation.selectors import duplicates, pool
from annotation.selectors.images import decode_stored_png
from annotation.selectors.labels import current_labels
from annotation.services.scans import pixel_hash
from core import files
from domain import lookalike
from domain.calibration import PixelSpacing
from domain.geometry import regions_from_json
from domain.raster import label_map
from training.backends.contract import TrainingData, TrainingFailed, TrainingImage

if TYPE_CHECKING:
    from training.models import Snapshot

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Prepared:
    """The data, the manifest's entries in it, and what held-out pictures kept out."""

    data: TrainingData
    entries: list[dict[str, Any]]
    left_out: list[dict[str, Any]]


def prepare(snapshot: Snapshot, progress: Progress) -> Prepared:
    """Decode what the manifest names and nothing else.

    The held-out pixel hashes and signatures are read now and compared with the pixels as decoded,
    so that neither a stale snapshot nor a wrong row lets a test image or a copy of one in.
    `progress` hears (done, all). Raises TrainingFailed where an image or a revision is not what
    the manifest says.
    """
    manifest = snapshot.manifest
    labels = current_labels(snapshot.site, tuple(manifest["labels"]))
    if len(set(labels)) < len(labels):
        raise TrainingFailed(
            "Labels of this snapshot were merged since it was taken: start a new run."
        )
    held_out = pool.locked_pixel_hashes(snapshot.site.study)
    revisions = pool.regions_of([entry["revision"] for entry in manifest["items"]])
    images: dict[int, TrainingImage] = {}
    signatures: dict[int, lookalike.Signature] = {}
    left_out = []
    for number, entry in enumerate(manifest["items"]):
        progress(number, len(manifest["items"]))
        pixels = _pixels(entry)
        found = pixel_hash(pixels)
        if found in held_out:
            left_out.append({"image": entry["image"], "subject": entry["subject"]})
            continue
        _check(entry, found, revisions)
        regions = revisions[entry["revision"]][1]
        images[entry["image"]] = _image(entry, pixels, regions, labels)
        signatures[entry["image"]] = lookalike.signature(pixels)
    subjects = {entry["image"]: entry["subject"] for entry in manifest["items"]}
    for image_id in duplicates.held_out_lookalikes_of(snapshot.site.study, signatures, subjects):
        left_out.append({"image": image_id, "subject": subjects[image_id]})
        del images[image_id]
    partitions = {entry["image"]: entry["partition"] for entry in manifest["items"]}
    data = TrainingData(
        site=manifest["site"],
        labels=labels,
        train=[image for pk, image in images.items() if partitions[pk] == "train"],
        validation=[image for pk, image in images.items() if partitions[pk] == "validation"],
        digest=snapshot.digest,
    )
    return Prepared(data, [e for e in manifest["items"] if e["image"] in images], left_out)


def _pixels(entry: dict[str, Any]) -> NDArray[np.uint8]:
    try:
        return decode_stored_png(files.read(entry["file_sha256"]))
    except files.DamagedFile as error:
        raise TrainingFailed(
            f"Image {entry['image']} of {entry['subject']} cannot be read any more ({error})"
            " If its consent was withdrawn, start a new run; else run `manage.py verify`."
        ) from error


def _check(
    entry: dict[str, Any],
    found: str,
    revisions: dict[int, tuple[str, list[dict[str, Any]]]],
) -> None:
    digest, _ = revisions.get(entry["revision"], ("", []))
    if found != entry["pixel_sha256"] or digest != entry["revision_digest"]:
        raise TrainingFailed(
            f"Image {entry['image']} of {entry['subject']} is not what the snapshot says: run"
            " `manage.py verify`, then start a new run."
        )


def _image(
    entry: dict[str, Any],
    pixels: NDArray[np.uint8],
    regions: list[dict[str, Any]],
    labels: tuple[str, ...],
) -> TrainingImage:
    drawn = [region for region in regions_from_json(regions) if region.label in labels]
    drawn_map = label_map(drawn, labels, *pixels.shape)
    return TrainingImage(pixels, drawn_map, entry["subject"], spacing_of(entry))


def spacing_of(entry: dict[str, Any]) -> PixelSpacing | None:
    """The calibration when the snapshot was frozen; those of format 1 name none."""
    frozen = entry.get("spacing_mm")
    return PixelSpacing(frozen[0], frozen[1], "snapshot") if frozen else None
