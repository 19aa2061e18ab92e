"""Copies of pictures across subjects: crops, re-encodings and resized exports of the same scan.

Exact copies are found by the pixel hash (`selectors.pool`); here are those whose pixels differ.
Asking is no look: signatures hold nothing of an outline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from annotation.models import Alignment, Image, Signature, Study
from annotation.selectors.partitions import UNASSIGNED, never_trained_images
from domain import lookalike

PAIRS_AT_ONCE = 500


@dataclass(frozen=True)
class Lookalike:
    """An image that looks like another subject's, and how well the two agree (at most 1)."""

    image_id: int
    like_image: int
    like_subject: str
    like_partition: str
    correlation: float

    @property
    def reason(self) -> str:
        """Why the image is left out, in words."""
        return (
            f"it looks like image {self.like_image} of {self.like_partition} subject "
            f"{self.like_subject}: a crop, copy or re-encoding of it"
        )


def held_out_lookalikes(study: Study, image_ids: Collection[int]) -> dict[int, Lookalike]:
    """Those of the images that look like one that is never trained on, of any site and visit, by
    image; each with the picture that it resembles most."""
    wanted = _pictures(Image.objects.filter(pk__in=image_ids))
    return _most_alike(wanted, _pictures(never_trained_images(study)))


def held_out_lookalikes_of(
    study: Study, signatures: Mapping[int, lookalike.Signature], subjects: Mapping[int, str]
) -> dict[int, Lookalike]:
    """The same for pictures as they were decoded, whatever the rows say: signature and subject
    code by image."""
    ids = list(signatures)
    if not ids:
        return {}
    given = _Pictures(
        ids,
        [subjects[one] for one in ids],
        [""] * len(ids),
        np.array([signatures[one].hashes for one in ids]),
        kept={one: signatures[one].thumbnail for one in ids},
    )
    return _most_alike(given, _pictures(never_trained_images(study)))


@dataclass(frozen=True)
class Resemblance:
    """What a picture that is not kept yet looks most like: an image, or another of its kind by its
    `place` among them; and whose that is."""

    image_id: int | None
    place: int | None
    subject: str
    correlation: float


def lookalikes_of_new(
    signatures: Sequence[lookalike.Signature], subjects: Sequence[str], others: QuerySet[Image]
) -> dict[int, Resemblance]:
    """Those of some pictures that are not kept yet, by their place, that look like one of `others`
    or like each other, of another subject."""
    if not signatures:
        return {}
    ids = [-1 - place for place in range(len(signatures))]
    new = _Pictures(
        ids,
        list(subjects),
        [""] * len(ids),
        np.array([one.hashes for one in signatures]),
        kept={pk: one.thumbnail for pk, one in zip(ids, signatures, strict=True)},
    )
    best = _most_alike(new, _pictures(others))
    for pk, one in _most_alike(new, new).items():
        if pk not in best or one.correlation > best[pk].correlation:
            best[pk] = one
    return {
        -1 - pk: Resemblance(
            one.like_image if one.like_image > 0 else None,
            -1 - one.like_image if one.like_image < 0 else None,
            one.like_subject,
            one.correlation,
        )
        for pk, one in best.items()
    }


def lookalikes_of(images: QuerySet[Image], others: QuerySet[Image]) -> dict[int, Lookalike]:
    """Those of `images` that look like one of `others` of another subject, by image."""
    return _most_alike(_pictures(images), _pictures(others))


def missing_alignments(
    images: QuerySet[Image], others: QuerySet[Image]
) -> Iterator[list[tuple[int, int, float]]]:
    """(crop, original, correlation) of the pairs that are near and not kept yet, in chunks."""
    first, second = _pictures(images), _pictures(others)
    for crops, originals in ((first, second), (second, first)):
        i, j, window = _near(crops, originals)
        known = _kept_alignments(crops, originals)
        missing = np.array(
            [
                (crops.images[a], originals.images[b]) not in known
                for a, b in zip(i, j, strict=True)
            ],
            np.bool_,
        )
        for chosen, correlations in _aligned(
            crops, originals, i[missing], j[missing], window[missing]
        ):
            yield [
                (crops.images[a], originals.images[b], float(correlation))
                for (a, b), correlation in zip(chosen, correlations, strict=True)
            ]


@dataclass(frozen=True)
class _Pictures:
    """Signatures side by side: hashes (n, N_WINDOWS). `rows`: the images they are of; None for
    pictures that were decoded now, whose thumbnails are `kept` in memory."""

    images: list[int]
    subjects: list[str]
    partitions: list[str]
    hashes: NDArray[np.uint64]
    rows: QuerySet[Image] | None = None
    kept: Mapping[int, lookalike.Grey] | None = None

    def thumbnails(self, places: NDArray[np.intp]) -> lookalike.Grey:
        """(len(places), SIDE, SIDE)."""
        ids = [self.images[place] for place in places]
        kept = self.kept if self.kept is not None else _thumbnails(set(ids))
        return np.array([kept[one] for one in ids])


def _pictures(images: QuerySet[Image]) -> _Pictures:
    rows = list(
        images.filter(signature__version=lookalike.VERSION, erased_at__isnull=True)
        .order_by("pk")
        .values_list("pk", "subject__code", "subject__partition__partition", "signature__hashes")
    )
    joined = b"".join(bytes(row[3]) for row in rows)
    return _Pictures(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] or UNASSIGNED for row in rows],
        np.frombuffer(joined, np.uint64).reshape(-1, lookalike.N_WINDOWS),
        images,
    )


def _thumbnails(ids: Collection[int]) -> dict[int, lookalike.Grey]:
    rows = Signature.objects.filter(pk__in=ids).values_list("pk", "thumbnail")
    shape = (lookalike.SIDE, lookalike.SIDE)
    return {pk: np.frombuffer(bytes(data), np.uint8).reshape(shape) for pk, data in rows}


def _most_alike(first: _Pictures, second: _Pictures) -> dict[int, Lookalike]:
    """The look-alike of each picture of `first` among `second` that it agrees with best."""
    best: dict[int, Lookalike] = {}
    for match in _matches(first, second):
        known = best.get(match.image_id)
        if known is None or match.correlation > known.correlation:
            best[match.image_id] = match
    return best


def _matches(first: _Pictures, second: _Pictures) -> Iterator[Lookalike]:
    """Either picture may be the one that the other was cut from."""
    yield from (
        _named(first, second, here, there, correlation)
        for here, there, correlation in _crops(first, second)
    )
    yield from (
        _named(first, second, here, there, correlation)
        for there, here, correlation in _crops(second, first)
    )


def _named(
    first: _Pictures, second: _Pictures, here: int, there: int, correlation: float
) -> Lookalike:
    return Lookalike(
        first.images[here],
        second.images[there],
        second.subjects[there],
        second.partitions[there],
        round(correlation, 3),
    )


def _crops(crops: _Pictures, originals: _Pictures) -> Iterator[tuple[int, int, float]]:
    """(i, j, correlation) of each picture of `crops` that is a copy of a window of another
    subject's picture of `originals`; alignments that are kept are not made again."""
    i, j, window = _near(crops, originals)
    known = _kept_alignments(crops, originals)
    found = np.array(
        [
            known.get((crops.images[a], originals.images[b]), np.nan)
            for a, b in zip(i, j, strict=True)
        ]
    )
    new = np.isnan(found)
    for pairs, correlations in _aligned(crops, originals, i[new], j[new], window[new]):
        yield from _copies(pairs, correlations)
    yield from _copies(np.stack([i[~new], j[~new]], axis=1), found[~new])


def _copies(
    pairs: NDArray[np.intp], correlations: NDArray[np.float64]
) -> Iterator[tuple[int, int, float]]:
    for (a, b), correlation in zip(pairs, correlations, strict=True):
        if correlation >= lookalike.MIN_CORRELATION:
            yield int(a), int(b), float(correlation)


def _near(
    crops: _Pictures, originals: _Pictures
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """(i, j, window) of the pairs of different subjects whose hashes are near."""
    i, j, window = lookalike.near_hashes(crops.hashes[:, 0], originals.hashes)
    names, others = np.array(crops.subjects, object)[i], np.array(originals.subjects, object)[j]
    differ = np.flatnonzero(names != others)
    return i[differ], j[differ], window[differ]


def _aligned(
    crops: _Pictures,
    originals: _Pictures,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    window: NDArray[np.intp],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Pairs (n, 2) and their correlations (n,), some at a time."""
    for start in range(0, len(i), PAIRS_AT_ONCE):
        chosen = slice(start, start + PAIRS_AT_ONCE)
        correlations = lookalike.correlations(
            crops.thumbnails(i[chosen]), originals.thumbnails(j[chosen]), window[chosen]
        )
        yield np.stack([i[chosen], j[chosen]], axis=1), correlations.astype(np.float64)


def _kept_alignments(crops: _Pictures, originals: _Pictures) -> dict[tuple[int, int], float]:
    """Correlation of (crop, original); empty where either is not of a row."""
    if crops.rows is None or originals.rows is None:
        return {}
    kept = Alignment.objects.filter(
        version=lookalike.VERSION,
        crop__in=crops.rows.order_by().values("pk"),
        original__in=originals.rows.order_by().values("pk"),
    )
    return {(crop, original): value for crop, original, value in
            kept.values_list("crop_id", "original_id", "correlation")}  # fmt: skip
