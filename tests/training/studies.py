"""A site with approved scans of training, validation and test subjects, ready to train on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from annotation.models import Image, Partition, SubjectPartition
from core.models import User
from tests.annotation.references import approve
from tests.training.examples import ellipse_scan

SHAPE = (48, 64)


def scan_with_region(seed: int) -> tuple[np.ndarray, dict]:
    """A scan of a bright ellipse, uint8 (48, 64), and the region JSON that outlines it."""
    scan = ellipse_scan(np.random.default_rng(seed), "", *SHAPE)
    rows, columns = np.nonzero(scan.label_map == 1)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = columns.mean() + 0.5 + (np.ptp(columns) + 1) / 2 * np.cos(angles)
    y = rows.mean() + 0.5 + (np.ptp(rows) + 1) / 2 * np.sin(angles)
    ring = np.stack([x, y], axis=1).round(3).tolist()
    return scan.pixels, {"label": "RF", "cut": [], "parts": [[ring]]}


def approved_scan(
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    code: str,
    partition: str,
    seed: int,
) -> Image:
    """One approved scan of a subject of this partition; the seed decides its pixels."""
    pixels, region = scan_with_region(seed)
    image = make_image(code, pixels=pixels)
    SubjectPartition.objects.get_or_create(subject=image.subject, defaults={"partition": partition})
    approve(image, annotator, expert, region)
    return image


def approved_study(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> dict[str, Image]:
    """Six training, two validation and two test subjects with an approved scan each."""
    parts = {Partition.TRAIN: 6, Partition.VALIDATION: 2, Partition.TEST: 2}
    images = {}
    for partition, count in parts.items():
        for number in range(count):
            code = f"{partition[:2].upper()}{number}"
            images[code] = approved_scan(
                make_image, annotator, expert, code, partition, seed=len(images)
            )
    return images
