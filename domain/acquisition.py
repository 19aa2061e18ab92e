"""Query strategies: which scans to outline next, at most one per subject, each with its reason.

A strategy is a function registered by name in STRATEGIES. Whatever the strategy, a random share
of every batch is drawn first, by subject, so that there is always an unbiased sample to watch the
model on and the loop is never worse than a quarter of chance. docs/algorithms/acquisition.md
says what each one does and where it comes from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.ndimage import binary_dilation
from scipy.spatial.distance import cdist

from domain.errors import InvalidInput
from domain.uncertainty import entropy_map

RANDOM_SHARE = 0.25
NEIGHBOURS = 20
"""Neighbours over which typicality is taken, as in Hacohen, Dekel & Weinshall 2022."""

SHORTLIST = 5
"""Entropy keeps this many subjects per pick, then spreads its picks over them."""

THUMBNAIL = 16
"""Side of the block-mean picture that stands for a scan's appearance."""

HISTOGRAM_BINS = 16
ENTROPY_BAND_PX = 10
SMALLEST_SCORE = 1e-12

COLD_START_SUBJECTS = 15
"""Below so many outlined subjects the first uncertain picks are outliers: typical scans first."""

FRAME_DISTANCE = 0.1
"""Of a sweep's frames: a frame nearer than that to one that is outlined shows the same muscle."""

FIRST_SHARPNESS, LAST_SHARPNESS = 1.0, 100.0
"""The range of the power noise's beta over the rounds, as in ClaSP PE (arXiv 2601.13677)."""

RANDOM, STRATEGY = "random", "strategy"
"""The two shares of a batch."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An image that could be outlined next.

    key names the image for the caller; entropy is the model's mean predictive entropy on it
    (None without a model), entropies the same by label (`label_entropies`); features is a vector
    of appearance, shape (n_features,), of the same length for all candidates.
    """

    key: str
    subject: str
    features: NDArray[np.float64]
    entropy: float | None = None
    entropies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pick:
    """One chosen image: rank from 1, the score it was chosen by, why in one line, whose share."""

    candidate: Candidate
    rank: int
    score: float
    reason: str
    share: str


@dataclass(frozen=True)
class _Choice:
    candidate: Candidate
    score: float
    reason: str
    share: str = STRATEGY


Strategy = Callable[
    [Sequence[Candidate], int, NDArray[np.float64], np.random.Generator], list[_Choice]
]
"""(candidates, size, features already chosen (n, n_features), generator) -> at most size choices,
best first, no two of one subject."""


def rank(
    candidates: Sequence[Candidate],
    size: int,
    seed: int,
    *,
    strategy: str = "random",
    labelled: Sequence[NDArray[np.float64]] = (),
    random_share: float = RANDOM_SHARE,
    sharpness: float | None = None,
) -> list[Pick]:
    """The next batch: at most `size` picks, ranked from 1, no two of one subject.

    labelled: features of the images that are outlined already, to stay away from. The random
    share is rounded up to whole picks (a batch of one is a random pick with that probability) and
    spread over the ranks. sharpness: the beta of power noise on the entropies (`sharpness_of`), or
    None. Fewer subjects than size: one pick per subject; no candidate: []. The
    same candidates and seed give the same batch in any order of input. Raises InvalidInput for an
    unknown strategy, a size below 1, or a strategy whose scores are missing.
    """
    if strategy not in STRATEGIES:
        names = ", ".join(sorted(STRATEGIES))
        raise InvalidInput(f"There is no strategy {strategy!r}; choose one of {names}.")
    if size < 1:
        raise InvalidInput("Ask for at least one scan.")
    if not candidates:
        return []
    pool = sorted(candidates, key=lambda candidate: candidate.key)
    generator = np.random.default_rng(seed)
    size = min(size, len({candidate.subject for candidate in pool}))
    if strategy == "random":
        chance = _random(pool, size, _stack(labelled, pool), generator)
        return _numbered(chance)
    n_random = _random_picks(size, random_share, generator)
    chance = _random(pool, n_random, _stack(labelled, pool), generator)
    gone = {choice.candidate.subject for choice in chance}
    rest = [candidate for candidate in pool if candidate.subject not in gone]
    seen = _stack([*labelled, *(choice.candidate.features for choice in chance)], pool)
    noisy = rest if sharpness is None else _with_noise(rest, sharpness, generator)
    chosen = STRATEGIES[strategy](noisy, size - n_random, seen, generator) if rest else []
    given = {candidate.key: candidate for candidate in rest}
    return _numbered(
        _interleaved([replace(one, candidate=given[one.candidate.key]) for one in chosen], chance)
    )


def sharpness_of(round_number: int, n_rounds: int = 10) -> float:
    """The power noise's beta in a round from 1: much chance at first, hardly any from n_rounds on.

    Geometric from 1 to 100. Raises InvalidInput for a round or a number of rounds below 1.
    """
    if round_number < 1 or n_rounds < 1:
        raise InvalidInput("Rounds are counted from 1.")
    done = min(1.0, (round_number - 1) / max(1, n_rounds - 1))
    return float(FIRST_SHARPNESS * (LAST_SHARPNESS / FIRST_SHARPNESS) ** done)


def is_apart(frame: int, taken: Sequence[int], n_frames: int) -> bool:
    """Whether a sweep's frame lies far enough in time from all frames that are taken already."""
    return all(abs(frame - other) >= FRAME_DISTANCE * n_frames for other in taken)


def appearance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Label-free features of a scan: a 16x16 block-mean picture of log grey and a histogram.

    pixels: (height, width) uint8, at least 16 px each way. Returns shape (272,), the picture
    scaled to 0..1 and the 16 histogram shares, so that neither outweighs the other by its unit.
    Raises InvalidInput for a smaller or non-grey picture.
    """
    if pixels.ndim != 2 or min(pixels.shape) < THUMBNAIL:
        raise InvalidInput(f"Appearance needs a grey picture of at least {THUMBNAIL} px a side.")
    logged = np.log1p(pixels.astype(np.float64)) / math.log(256)
    rows = np.linspace(0, pixels.shape[0], THUMBNAIL + 1).astype(int)
    columns = np.linspace(0, pixels.shape[1], THUMBNAIL + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(logged, rows[:-1], axis=0), columns[:-1], axis=1)
    thumbnail = sums / np.outer(np.diff(rows), np.diff(columns))
    histogram = np.bincount(pixels.ravel() // (256 // HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)
    return np.concatenate([thumbnail.ravel(), histogram / pixels.size])


def mean_entropy(probability: NDArray[np.floating], band_px: int = ENTROPY_BAND_PX) -> float:
    """Mean predictive entropy in and around the predicted foreground, 0 to 1.

    probability: (classes, height, width), background first, summing to 1 over classes. The mean
    runs over the predicted foreground dilated by band_px, so that neither the size of the image
    nor that of the muscle changes it; in units of log(classes). Nothing predicted: over the whole
    image, since then nobody knows where to look.
    """
    entropy = entropy_map(probability)
    foreground = probability.argmax(axis=0) > 0
    if not foreground.any():
        return float(entropy.mean())
    return float(entropy[binary_dilation(foreground, iterations=band_px)].mean())


def label_entropies(
    probability: NDArray[np.floating], labels: Sequence[str], band_px: int = ENTROPY_BAND_PX
) -> dict[str, float]:
    """Mean predictive entropy in and around each predicted label, 0 to 1.

    probability: (1 + labels, height, width), background first. A label that is predicted nowhere
    counts 1, the most uncertain there is: every label of a site is expected on every scan.
    """
    entropy = entropy_map(probability)
    predicted = probability.argmax(axis=0)
    found = {}
    for number, label in enumerate(labels, start=1):
        inside = predicted == number
        band = binary_dilation(inside, iterations=band_px)
        found[label] = float(entropy[band].mean()) if inside.any() else 1.0
    return found


def _with_noise(
    candidates: Sequence[Candidate], sharpness: float, generator: np.random.Generator
) -> list[Candidate]:
    """Entropies as log(score) + Gumbel(1 / beta): sampling with weights score ** beta.

    Power noise of Kirsch et al. 2023 (stochastic batch acquisition), as nnActive uses it. One draw
    an image, so that its labels keep their order.
    """
    if not sharpness > 0:
        raise InvalidInput("The power noise's sharpness is above 0.")
    draws = generator.gumbel(0.0, 1.0 / sharpness, len(candidates))

    def noisy(value: float, draw: float) -> float:
        return math.log(max(value, SMALLEST_SCORE)) + float(draw)

    return [
        replace(
            one,
            entropy=None if one.entropy is None else noisy(one.entropy, draw),
            entropies={label: noisy(value, draw) for label, value in one.entropies.items()},
        )
        for one, draw in zip(candidates, draws, strict=True)
    ]


def _random(
    candidates: Sequence[Candidate],
    size: int,
    chosen: NDArray[np.float64],
    generator: np.random.Generator,
) -> list[_Choice]:
    """Subjects by chance, then one image of each by chance."""
    by_subject = _by_subject(candidates)
    names = sorted(by_subject)
    reason = f"random share: drawn by chance from {len(names)} subjects"
    return [
        _Choice(
            by_subject[names[i]][generator.integers(len(by_subject[names[i]]))], 0.0, reason, RANDOM
        )
        for i in generator.permutation(len(names))[:size]
    ]


def _typicality(
    candidates: Sequence[Candidate],
    size: int,
    chosen: NDArray[np.float64],
    generator: np.random.Generator,
) -> list[_Choice]:
    """TypiClust: the most typical image of each of the largest clusters not covered yet.

    Clusters come from k-means on chosen and candidates together, as many as images chosen and to
    choose; typicality is the inverse mean distance to the nearest neighbours of the cluster.
    """
    features = np.stack([candidate.features for candidate in candidates])
    everything = np.concatenate([features, chosen])
    n_clusters = min(len(chosen) + size, len(np.unique(everything, axis=0)))
    cluster = kmeans2(everything, n_clusters, minit="++", rng=generator)[1]
    covered = np.bincount(cluster[len(features) :], minlength=n_clusters)
    own = cluster[: len(features)]
    score = np.array([_typical(features, own == own[i], i) for i in range(len(features))])
    choices: list[_Choice] = []
    left = np.ones(len(features), dtype=bool)
    while len(choices) < size and left.any():
        sizes = np.bincount(own[left], minlength=n_clusters)
        best = min(np.flatnonzero(sizes), key=lambda c: (covered[c], -sizes[c], c))
        inside = np.flatnonzero(left & (own == best))
        index = int(inside[score[inside].argmax()])
        reason = f"typical: the most central of {len(inside)} similar scans"
        choices.append(_Choice(candidates[index], float(score[index]), reason))
        covered[best] += 1
        left &= np.array([c.subject != candidates[index].subject for c in candidates])
    return choices


def _entropy(
    candidates: Sequence[Candidate],
    size: int,
    chosen: NDArray[np.float64],
    generator: np.random.Generator,
) -> list[_Choice]:
    """The most uncertain image of each subject, shortlisted, then spread out greedily."""
    scores = [candidate.entropy for candidate in candidates]
    if any(score is None or not math.isfinite(score) for score in scores):
        raise InvalidInput("Entropy needs a model's probabilities on every scan: train one first.")
    values = np.array(scores, dtype=np.float64)
    return _most_uncertain_apart(candidates, values, size, chosen, "entropy")


def _stratified(
    candidates: Sequence[Candidate],
    size: int,
    chosen: NDArray[np.float64],
    generator: np.random.Generator,
) -> list[_Choice]:
    """Each label in turn gets the scan on which it is most uncertain, so that none is forgotten.

    Class-stratified as ClaSP PE: a large, easy muscle would otherwise decide for a small one.
    """
    labels = sorted({label for candidate in candidates for label in candidate.entropies})
    if not labels or any(set(candidate.entropies) != set(labels) for candidate in candidates):
        raise InvalidInput("Entropy needs a model's probabilities on every scan: train one first.")
    choices: list[_Choice] = []
    left, centres = list(candidates), chosen
    while left and len(choices) < size:
        label = labels[len(choices) % len(labels)]
        values = np.array([candidate.entropies[label] for candidate in left], dtype=np.float64)
        (best,) = _most_uncertain_apart(left, values, 1, centres, f"entropy of {label}")
        choices.append(best)
        left = [one for one in left if one.subject != best.candidate.subject]
        centres = np.concatenate([centres, best.candidate.features[None]])
    return choices


def _most_uncertain_apart(
    candidates: Sequence[Candidate],
    values: NDArray[np.float64],
    size: int,
    chosen: NDArray[np.float64],
    what: str,
) -> list[_Choice]:
    """Greedy k-centre (Sener & Savarese 2018) on a shortlist of the subjects with high values.

    Each pick is the one farthest from all that is chosen; with nothing chosen yet, the one of the
    highest value.
    """
    order = np.argsort(-values, kind="stable")
    shortlist: dict[str, int] = {}
    for index in order:
        if len(shortlist) < SHORTLIST * size:
            shortlist.setdefault(candidates[index].subject, int(index))
    left = list(shortlist.values())
    centres = chosen
    choices: list[_Choice] = []
    while left and len(choices) < size:
        features = np.stack([candidates[index].features for index in left])
        distance = cdist(features, centres).min(axis=1) if len(centres) else values[left]
        index = left.pop(int(distance.argmax()))
        top = 100.0 * float((values > values[index]).mean())
        reason = f"{what} in the top {max(1, math.ceil(top))} %"
        reason += "; farthest from what is chosen" if len(centres) else ""
        choices.append(_Choice(candidates[index], float(values[index]), reason))
        centres = np.concatenate([centres, candidates[index].features[None]])
    return choices


STRATEGIES: dict[str, Strategy] = {
    "random": _random,
    "typicality": _typicality,
    "entropy": _entropy,
    "stratified": _stratified,
}

NEEDS_MODEL = frozenset({"entropy", "stratified"})
"""Strategies that ask a model about every candidate."""


def _random_picks(size: int, share: float, generator: np.random.Generator) -> int:
    if not 0 < share <= 1:
        raise InvalidInput("The random share lies above 0 and at most at 1.")
    if size == 1:
        return int(generator.random() < share)
    return math.ceil(share * size - 1e-9)


def _typical(features: NDArray[np.float64], inside: NDArray[np.bool_], index: int) -> float:
    distances = np.sort(cdist(features[index][None], features[inside])[0])[1 : NEIGHBOURS + 1]
    return 1.0 / (1e-9 + float(distances.mean())) if distances.size else 0.0


def _by_subject(candidates: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    by_subject: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_subject.setdefault(candidate.subject, []).append(candidate)
    return by_subject


def _stack(
    features: Sequence[NDArray[np.float64]], pool: Sequence[Candidate]
) -> NDArray[np.float64]:
    return np.reshape(np.array(features, dtype=np.float64), (-1, pool[0].features.size))


def _interleaved(chosen: Sequence[_Choice], chance: Sequence[_Choice]) -> list[_Choice]:
    """Both lists in their own order, the random share spread evenly over the batch."""
    places = [(i + 0.5) / len(chosen) for i in range(len(chosen))]
    places += [(i + 0.5) / len(chance) for i in range(len(chance))]
    order = np.argsort(np.array(places), kind="stable")
    both = [*chosen, *chance]
    return [both[index] for index in order]


def _numbered(choices: Sequence[_Choice]) -> list[Pick]:
    return [
        Pick(choice.candidate, number, choice.score, choice.reason, choice.share)
        for number, choice in enumerate(choices, start=1)
    ]
