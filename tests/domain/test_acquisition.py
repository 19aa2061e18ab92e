"""docs/algorithms/acquisition.md, promise by promise."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.acquisition import (
    STRATEGIES,
    Candidate,
    appearance,
    is_apart,
    label_entropies,
    mean_entropy,
    rank,
    sharpness_of,
)
from domain.errors import InvalidInput


def pool(n_subjects: int, images_each: int = 2, seed: int = 0) -> list[Candidate]:
    generator = np.random.default_rng(seed)
    return [
        Candidate(
            f"{subject:03}-{image}",
            f"s{subject:03}",
            generator.normal(subject % 3, 0.2, 5),
            float(generator.random()),
            {"PL": float(generator.random()), "PB": float(generator.random())},
        )
        for subject in range(n_subjects)
        for image in range(images_each)
    ]


def keys(picks: list) -> list[str]:
    return [pick.candidate.key for pick in picks]


@given(
    st.sampled_from(sorted(STRATEGIES)), st.integers(1, 25), st.integers(1, 15), st.integers(0, 999)
)
@settings(max_examples=40, deadline=None)
def test_a_batch_is_ranked_has_reasons_and_one_image_a_subject(
    strategy: str, n_subjects: int, size: int, seed: int
) -> None:
    candidates = pool(n_subjects, seed=seed)
    picks = rank(candidates, size, seed, strategy=strategy)
    assert [pick.rank for pick in picks] == list(range(1, min(size, n_subjects) + 1))
    assert len({pick.candidate.subject for pick in picks}) == len(picks)
    assert all(pick.reason for pick in picks)
    shuffled = random.Random(seed).sample(candidates, len(candidates))
    assert keys(rank(shuffled, size, seed, strategy=strategy)) == keys(picks)


@pytest.mark.parametrize("strategy", ["typicality", "entropy", "stratified"])
@pytest.mark.parametrize(("size", "expected"), [(2, 1), (4, 1), (8, 2), (9, 3)])
def test_a_quarter_of_every_batch_is_drawn_by_chance(
    strategy: str, size: int, expected: int
) -> None:
    picks = rank(pool(30), size, 4, strategy=strategy)
    assert sum(pick.reason.startswith("random share") for pick in picks) == expected


def test_a_batch_of_one_is_a_random_pick_in_a_quarter_of_the_seeds() -> None:
    by_chance = [
        rank(pool(6), 1, seed, strategy="entropy")[0].reason.startswith("random")
        for seed in range(400)
    ]
    assert 70 <= sum(by_chance) <= 130


def test_random_is_uniform_over_subjects_not_images() -> None:
    candidates = pool(1, images_each=30) + [
        Candidate(f"x{i}", f"x{i}", np.zeros(5), 0.5) for i in range(3)
    ]
    first = [rank(candidates, 1, seed)[0].candidate.subject for seed in range(800)]
    assert 150 <= first.count("s000") <= 250


def test_the_random_share_does_not_look_at_the_scores() -> None:
    sure = [Candidate(f"{i:02}", f"{i:02}", np.zeros(3), 0.0) for i in range(20)]
    unsure = [Candidate(f"{i:02}", f"{i:02}", np.zeros(3), 1.0 - i / 20) for i in range(20)]

    def by_chance(candidates: list[Candidate]) -> list[str]:
        picks = rank(candidates, 8, 3, strategy="entropy")
        return [pick.candidate.key for pick in picks if pick.reason.startswith("random")]

    assert by_chance(sure) == by_chance(unsure)


def test_entropy_takes_the_uncertain_subjects() -> None:
    candidates = [Candidate(f"{i:02}", f"{i:02}", np.zeros(3), i / 100) for i in range(100)]
    picks = rank(candidates, 4, 1, strategy="entropy")
    chosen = [pick for pick in picks if not pick.reason.startswith("random")]
    assert len(chosen) == 3
    assert all(pick.candidate.entropy >= 0.84 for pick in chosen)
    assert chosen[0].reason.startswith("entropy in the top")


def test_entropy_spreads_over_what_looks_different() -> None:
    """Ten equally uncertain subjects in two clumps: both clumps are asked for."""
    candidates = [
        Candidate(f"{i}", f"{i}", np.array([float(i >= 8), i / 1000]), 0.9) for i in range(10)
    ]
    for seed in range(10):
        picks = rank(candidates, 3, seed, strategy="entropy")
        assert len({pick.candidate.features[0] for pick in picks}) == 2


def test_entropy_stays_away_from_what_is_outlined() -> None:
    candidates = [Candidate(f"{i}", f"{i}", np.array([float(i)]), 0.9) for i in range(6)]
    picks = rank(candidates, 2, 2, strategy="entropy", labelled=[np.array([0.0])])
    chosen = [pick for pick in picks if not pick.reason.startswith("random")]
    others = [pick.candidate.features[0] for pick in picks if pick not in chosen]
    far = max(
        (c.features[0] for c in candidates if c.features[0] not in others),
        key=lambda x: min(abs(x - y) for y in [0.0, *others]),
    )
    assert [pick.candidate.features[0] for pick in chosen] == [far]


def test_typicality_avoids_outliers_and_covers_the_clusters() -> None:
    generator = np.random.default_rng(5)
    clumps = [generator.normal(centre, 0.1, (12, 2)) for centre in ((0, 0), (9, 0), (0, 9))]
    candidates = [
        Candidate(f"{c}-{i:02}", f"{c}-{i:02}", row)
        for c, clump in enumerate(clumps)
        for i, row in enumerate(clump)
    ]
    picks = rank(candidates, 4, 6, strategy="typicality")
    chosen = [pick for pick in picks if not pick.reason.startswith("random")]
    assert len({pick.candidate.key[0] for pick in chosen}) >= 2
    for pick in chosen:
        clump = clumps[int(pick.candidate.key[0])]
        distances = np.linalg.norm(clump - clump.mean(axis=0), axis=1)
        own = np.linalg.norm(pick.candidate.features - clump.mean(axis=0))
        assert own <= np.percentile(distances, 75)
        assert pick.reason.startswith("typical: the most central of")


def test_typicality_on_identical_scans() -> None:
    candidates = [Candidate(f"{i}", f"{i}", np.ones(4)) for i in range(6)]
    assert len(rank(candidates, 4, 1, strategy="typicality")) == 4


def test_nothing_to_choose_from() -> None:
    assert rank([], 5, 1, strategy="entropy") == []


def test_mistakes_are_named() -> None:
    with pytest.raises(InvalidInput, match="choose one of entropy, random, stratified, typicality"):
        rank(pool(3), 2, 1, strategy="bald")
    with pytest.raises(InvalidInput, match="at least one"):
        rank(pool(3), 0, 1)
    without = [Candidate("a", "a", np.zeros(2)), Candidate("b", "b", np.zeros(2))]
    with pytest.raises(InvalidInput, match="train one first"):
        rank(without, 2, 1, strategy="entropy")


def test_appearance_does_not_depend_on_size_but_on_content() -> None:
    generator = np.random.default_rng(1)
    small = generator.integers(0, 256, (48, 64)).astype(np.uint8)
    large = np.kron(small, np.ones((2, 2), dtype=np.uint8))
    assert appearance(small).shape == (272,)
    assert appearance(large) == pytest.approx(appearance(small))
    assert np.abs(appearance(255 - small) - appearance(small)).max() > 0.01
    with pytest.raises(InvalidInput):
        appearance(small[:10])


class TestMeanEntropy:
    def probability(self, foreground: float, height: int = 60, width: int = 80) -> np.ndarray:
        inside = np.zeros((height, width))
        inside[25:35, 35:45] = foreground
        return np.stack([1 - inside, inside])

    def test_sure_and_unsure(self) -> None:
        assert mean_entropy(self.probability(1.0)) == pytest.approx(0.0, abs=1e-6)
        assert mean_entropy(self.probability(0.55)) > mean_entropy(self.probability(0.9)) > 0

    def test_a_larger_image_around_the_same_muscle_changes_nothing(self) -> None:
        """MONAI Label issue 478: the sum depended on the size of the image."""
        small, large = self.probability(0.7), self.probability(0.7, 160, 200)
        assert mean_entropy(large) == pytest.approx(mean_entropy(small))

    def test_nothing_predicted_is_taken_over_the_whole_image(self) -> None:
        everywhere = np.full((2, 20, 20), 0.5)
        assert mean_entropy(everywhere) == pytest.approx(1.0)


def test_every_pick_says_whose_share_it_is() -> None:
    picks = rank(pool(30), 8, 4, strategy="entropy")
    shares = [pick.share for pick in picks]
    assert shares.count("random") == 2
    for pick in picks:
        assert (pick.share == "random") is pick.reason.startswith("random share")


def test_labels_take_turns() -> None:
    """A label that is always the less certain would else decide every pick."""
    candidates = [
        Candidate(f"{n:02}", f"s{n:02}", np.array([float(n)]), 0.5, {"PL": 0.9, "PB": n / 100})
        for n in range(40)
    ]
    picks = rank(candidates, 9, 1, strategy="stratified")
    reasons = [pick.reason for pick in picks if pick.share == "strategy"]
    assert sum(reason.startswith("entropy of PB") for reason in reasons) == 3
    assert sum(reason.startswith("entropy of PL") for reason in reasons) == 3


def test_a_label_that_is_not_found_is_the_most_uncertain() -> None:
    probability = np.zeros((3, 40, 40))
    probability[0] = 0.98
    probability[1:] = 0.01
    probability[:, 10:20, 10:20] = np.array([0.02, 0.97, 0.01])[:, None, None]
    found = label_entropies(probability, ["PL", "PB"])
    assert found["PB"] == 1.0
    assert 0 < found["PL"] < 0.2


def test_a_label_s_entropy_does_not_depend_on_the_frame_around_it() -> None:
    small = np.full((2, 60, 60), 0.5)
    small[0], small[1] = 0.9, 0.1
    small[:, 20:40, 20:40] = np.array([0.3, 0.7])[:, None, None]
    large = np.full((2, 200, 240), 0.5)
    large[0], large[1] = 0.9, 0.1
    large[:, 90:110, 90:110] = np.array([0.3, 0.7])[:, None, None]
    assert label_entropies(small, ["RF"]) == pytest.approx(label_entropies(large, ["RF"]))


def test_power_noise_draws_by_weights_of_the_scores() -> None:
    """One pick of two subjects: P(first) = a^b / (a^b + c^b), the Gumbel-max trick."""
    candidates = [
        Candidate("a", "a", np.zeros(1), 0.6, {}),
        Candidate("c", "c", np.zeros(1), 0.3, {}),
    ]
    first = 0
    for seed in range(600):
        (pick,) = rank(candidates, 1, seed, strategy="entropy", random_share=1e-9, sharpness=2.0)
        first += pick.candidate.key == "a"
    assert first / 600 == pytest.approx(0.6**2 / (0.6**2 + 0.3**2), abs=0.05)


def test_power_noise_fades_and_hands_back_the_candidates_as_they_were() -> None:
    assert sharpness_of(1) == 1
    assert sharpness_of(10) == sharpness_of(99) == 100
    values = [sharpness_of(n) for n in range(1, 11)]
    assert values == sorted(values)
    candidates = pool(20)
    noisy = rank(candidates, 6, 3, strategy="stratified", sharpness=1.0)
    assert all(pick.candidate in candidates for pick in noisy)
    with pytest.raises(InvalidInput, match="above 0"):
        rank(candidates, 6, 3, strategy="entropy", sharpness=0.0)
    with pytest.raises(InvalidInput, match="from 1"):
        sharpness_of(0)


@pytest.mark.parametrize(
    ("frame", "taken", "apart"),
    [(0, [], True), (5, [0], False), (10, [0], True), (50, [45, 80], False), (50, [40, 60], True)],
)
def test_a_frame_is_apart_from_a_tenth_of_its_sweep_on(
    frame: int, taken: list[int], apart: bool
) -> None:
    assert is_apart(frame, taken, 100) is apart
