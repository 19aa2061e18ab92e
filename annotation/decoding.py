"""LabelMe files, in the child process of core.sandbox.

Outlines are checked and made valid there, too: a crafted polygon can cost minutes of geometry.
This module imports no Django.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.decoding import images
from domain import labelme, labelme_export, labelme_regions
from domain.errors import InvalidInput
from domain.geometry import region_to_json, regions_from_json

_DATA_ADDRESS = re.compile(r"^data:[^,]{0,100},", re.IGNORECASE)
_OF_ADDRESSES = str.maketrans("-_", "+/")

Answers = Iterator[tuple[dict[str, Any], bytes]]


def read(payload: bytes, *, encoding: str | None) -> Answers:
    """What a LabelMe file says about itself: its image, size, labels and what is odd."""
    document = labelme.parse(payload, encoding)
    yield (
        {
            "image_path": document.image_path,
            "width": document.width,
            "height": document.height,
            "has_image": document.image_data is not None,
            "labels": labelme_regions.labels_used(document),
            "warnings": list(document.warnings),
        },
        b"",
    )


def embedded(payload: bytes, *, encoding: str | None, maximum: int) -> Answers:
    """The image that a LabelMe file carries, as core.decoding.images.decode gives it."""
    document = labelme.parse(payload, encoding)
    data = _from_base64(document.image_data or "")
    if data is None:
        raise InvalidInput("'imageData' is no image; save the file again in LabelMe")
    try:
        yield from images.decode(data, maximum=maximum)
    except InvalidInput as error:
        raise InvalidInput(f"'imageData' {error.message}") from error


def without_image(payload: bytes, *, encoding: str | None) -> Answers:
    """The file again, its image left out."""
    document = labelme.parse(payload, encoding)
    document.document["imageData"] = None
    yield {}, labelme.serialise(document)


def outline(
    payload: bytes,
    *,
    encoding: str | None,
    width: int,
    height: int,
    labels: dict[str, str],
    join_groups: bool,
    left: int,
    top: int,
) -> Answers:
    """The regions of a file on an image of width x height px whose (0, 0) is at (left, top).

    The payload of the answer is the JSON of the regions.
    """
    document = labelme.parse(payload, encoding)
    if left or top:
        document = labelme_export.moved(document, -left, -top)
    found = labelme_regions.outlines(
        document, width=width, height=height, labels=labels, masks=_masks(document)
    )
    if join_groups:
        found = labelme_regions.joined_by_group(found)
    notes = list(found.warnings) + _notes(document, found, join_groups)
    regions = [region_to_json(region) for region in found.regions]
    yield {"warnings": notes}, json.dumps(regions, separators=(",", ":")).encode()


def _masks(document: labelme.LabelMeDocument) -> dict[int, NDArray[np.bool_]]:
    masks = {}
    for shape in document.shapes:
        if shape.mask is None:
            continue
        data = _from_base64(shape.mask)
        if data is None:
            raise InvalidInput(f"{shape.place}: its bitmap does not decode; draw it again")
        try:
            answer, values = next(iter(images.decode_mask(data)))
        except InvalidInput as error:
            raise InvalidInput(f"{shape.place}: {error.message}") from error
        bitmap = np.frombuffer(values, np.uint8).reshape(answer["height"], answer["width"])
        masks[shape.number] = bitmap.astype(np.bool_)
    return masks


def _from_base64(text: str) -> bytes | None:
    """The bytes of base64 text, as web tools and scripts write it, too: as a data: address, in the
    alphabet of addresses, without padding, over several lines."""
    plain = _DATA_ADDRESS.sub("", "".join(text.split())).translate(_OF_ADDRESSES).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _notes(
    document: labelme.LabelMeDocument, found: labelme_regions.Outlines, join_groups: bool
) -> list[str]:
    notes = [
        f"{document.shapes[number - 1].place}: a {document.shapes[number - 1].kind} gives no "
        "region; kept for export"
        for number in found.without_region
    ]
    if join_groups:
        return notes
    return notes + [
        f"shapes {', '.join(map(str, numbers))} share label and group; they can be taken as parts "
        "of one region"
        for numbers in found.groups
    ]


def updated(
    payload: bytes,
    *,
    encoding: str | None,
    width: int,
    height: int,
    labels: dict[str, str],
    join_groups: bool,
    left: int,
    top: int,
    regions: list[dict[str, Any]],
    image_path: str,
) -> Answers:
    """A received file with its shapes changed to what `regions` says now (see `outline`)."""
    document = labelme.parse(payload, encoding)
    if left or top:
        document = labelme_export.moved(document, -left, -top)
    found = labelme_regions.outlines(
        document, width=width, height=height, labels=labels, masks=_masks(document)
    )
    if join_groups:
        found = labelme_regions.joined_by_group(found)
    changed = labelme_export.updated_document(
        document,
        found,
        regions_from_json(regions),
        image_path=image_path,
        width=width,
        height=height,
    )
    yield {}, labelme.encode(changed)
