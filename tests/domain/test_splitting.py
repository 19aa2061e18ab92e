"""docs/algorithms/splitting.md, property by property."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput, Refused
from domain.splitting import (
    EXTERNAL,
    PARTITIONS,
    TEST,
    TRAIN,
    VALIDATION,
    Fractions,
    SplitSubject,
    age_group,
    assign,
    folds,
    groups_by_shared_pixels,
    targets,
)

TAGS = ("sex=F", "sex=M", "age=20-29", "age=60-69", "cohort=a", "cohort=b", "site=RF", "site=RA")


@st.composite
def studies(draw: st.DrawFn, groups: bool = False) -> list[SplitSubject]:
    n = draw(st.integers(12, 60))
    tags = st.lists(st.sampled_from(TAGS), max_size=4, unique=True).map(tuple)
    group = st.sampled_from(["", "", "", "g1", "g2"]) if groups else st.just("")
    return [SplitSubject(f"s{i:03}", draw(tags), draw(group)) for i in range(n)]


fractions = st.builds(
    Fractions, test=st.sampled_from([0.1, 0.2, 0.3]), validation=st.sampled_from([0.0, 0.1, 0.2])
)
seeds = st.integers(0, 2**31)


@given(studies(), fractions, seeds)
@settings(max_examples=30, deadline=None)
def test_everybody_gets_one_partition_and_the_shares_hold(
    subjects: list[SplitSubject], shares: Fractions, seed: int
) -> None:
    result = assign(subjects, shares, seed)
    assert set(result) == {subject.code for subject in subjects}
    counts = Counter(result.values())
    assert set(counts) <= set(PARTITIONS)
    for name, share in shares.shares.items():
        assert abs(counts[name] - share * len(subjects)) < 1 + 1e-6


@given(studies(groups=True), fractions, seeds)
@settings(max_examples=30, deadline=None)
def test_groups_stay_together_and_nothing_asked_for_is_empty(
    subjects: list[SplitSubject], shares: Fractions, seed: int
) -> None:
    try:
        result = assign(subjects, shares, seed)
    except Refused:
        independent = {subject.group or subject.code for subject in subjects}
        assert len(independent) < sum(share > 0 for share in shares.shares.values())
        return
    for name in ("g1", "g2"):
        assert len({result[s.code] for s in subjects if s.group == name}) <= 1
    for name, share in shares.shares.items():
        assert (share > 0) == (name in result.values())


@given(studies(groups=True), seeds, seeds)
@settings(max_examples=20, deadline=None)
def test_order_of_input_does_not_matter(
    subjects: list[SplitSubject], seed: int, shuffle: int
) -> None:
    shuffled = random.Random(shuffle).sample(subjects, len(subjects))
    assert assign(shuffled, Fractions(), seed) == assign(subjects, Fractions(), seed)


@given(studies(), seeds, st.integers(4, 11))
@settings(max_examples=20, deadline=None)
def test_assigning_again_touches_only_new_subjects(
    subjects: list[SplitSubject], seed: int, n_first: int
) -> None:
    first = assign(subjects[-n_first:], Fractions(), seed)
    second = assign(subjects, Fractions(), seed + 1, assigned=first)
    assert not set(first) & set(second)
    assert set(first) | set(second) == {subject.code for subject in subjects}
    assert assign(subjects, Fractions(), seed, assigned=first | second) == {}


@given(studies(), seeds)
@settings(max_examples=30, deadline=None)
def test_shares_hold_over_all_subjects_after_a_second_wave(
    subjects: list[SplitSubject], seed: int
) -> None:
    first = assign(subjects[:10], Fractions(), seed)
    result = first | assign(subjects, Fractions(), seed, assigned=first)
    counts = Counter(result.values())
    for name, share in Fractions().shares.items():
        assert abs(counts[name] - share * len(subjects)) < 2


def test_another_seed_gives_another_split() -> None:
    subjects = [SplitSubject(f"s{i}") for i in range(40)]
    splits = {tuple(sorted(assign(subjects, Fractions(), seed).items())) for seed in range(8)}
    assert len(splits) == 8


def paper_like_study() -> list[SplitSubject]:
    """94 subjects as in the paper, with strata of unequal size that overlap."""
    generator = random.Random(7)
    return [
        SplitSubject(
            f"s{i:03}",
            (
                f"sex={'F' if generator.random() < 0.7 else 'M'}",
                f"age={generator.choice(['50-59', '60-69', '70-79'])}",
                *(f"site={s}" for s in ("RF", "RA", "PLPB") if generator.random() < 0.6),
            ),
        )
        for i in range(94)
    ]


def worst_stratum(subjects: list[SplitSubject], result: dict[str, str]) -> float:
    """Largest distance, in subjects, between a stratum's size in a partition and its share."""
    worst = 0.0
    for tag in {tag for subject in subjects for tag in subject.strata}:
        having = [subject.code for subject in subjects if tag in subject.strata]
        for name, share in Fractions().shares.items():
            count = sum(result[code] == name for code in having)
            worst = max(worst, abs(count - share * len(having)))
    return worst


def test_strata_are_shared_out_more_evenly_than_by_chance() -> None:
    subjects = paper_like_study()
    stratified = [worst_stratum(subjects, assign(subjects, Fractions(), s)) for s in range(15)]
    bare = [SplitSubject(subject.code) for subject in subjects]
    by_chance = [worst_stratum(subjects, assign(bare, Fractions(), s)) for s in range(15)]
    assert max(stratified) <= 3
    assert sum(stratified) < 0.5 * sum(by_chance)


def test_a_manifests_partition_is_kept_and_counted() -> None:
    subjects = [SplitSubject(f"s{i:02}") for i in range(20)]
    given_in_manifest = {f"s{i:02}": TEST for i in range(4)} | {"s04": EXTERNAL}
    result = assign(subjects, Fractions(0.2, 0.1), seed=1, assigned=given_in_manifest)
    assert set(result) == {f"s{i:02}" for i in range(5, 20)}
    assert TEST not in result.values(), "4 of 19 subjects are in test already"
    assert Counter(result.values())[VALIDATION] == 2


@pytest.mark.parametrize(
    ("already", "expected"),
    [
        ({"a": TRAIN}, TRAIN),
        ({"a": TRAIN, "b": TEST}, TEST),
        ({"a": VALIDATION, "b": TRAIN}, VALIDATION),
        ({"a": TEST, "b": EXTERNAL}, EXTERNAL),
    ],
)
def test_a_new_subject_joins_those_who_share_its_pictures(
    already: dict[str, str], expected: str
) -> None:
    subjects = [SplitSubject(code, group="same") for code in "abc"]
    result = assign(subjects, Fractions(), seed=3, assigned=already)
    assert result["c"] == expected


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_subjects_are_refused(n: int) -> None:
    with pytest.raises(Refused, match="import more subjects"):
        assign([SplitSubject(f"s{i}") for i in range(n)], Fractions(), seed=1)


def test_three_subjects_fill_three_partitions() -> None:
    result = assign([SplitSubject(f"s{i}") for i in range(3)], Fractions(), seed=1)
    assert sorted(result.values()) == ["test", "train", "validation"]


def test_one_subject_can_train_when_nothing_else_is_asked_for() -> None:
    assert assign([SplitSubject("s")], Fractions(0.0, 0.0), seed=1) == {"s": TRAIN}


def test_nobody_to_assign() -> None:
    assert assign([], Fractions(), seed=1) == {}


@given(st.integers(0, 300), fractions)
@settings(max_examples=80, deadline=None)
def test_targets_sum_to_the_subjects(n: int, shares: Fractions) -> None:
    wanted = targets(n, shares)
    assert sum(wanted.values()) == n
    assert all(count >= 0 for count in wanted.values())


@pytest.mark.parametrize(("test", "validation"), [(0.8, 0.2), (-0.1, 0.1), (1.0, 0.0)])
def test_impossible_fractions(test: float, validation: float) -> None:
    with pytest.raises(InvalidInput, match="left to train on"):
        Fractions(test, validation)


def test_a_code_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        assign([SplitSubject("s"), SplitSubject("s")], Fractions(), seed=1)


def test_an_unknown_partition_is_refused() -> None:
    with pytest.raises(InvalidInput, match="holdout"):
        assign([SplitSubject("s")], Fractions(), seed=1, assigned={"s": "holdout"})


def test_shared_pixels_join_subjects_in_chains() -> None:
    groups = groups_by_shared_pixels(
        {"d": ["1"], "b": ["1", "2"], "c": ["2"], "a": ["3"], "e": ["4"], "f": ["4"]}
    )
    assert groups == {"b": "b", "c": "b", "d": "b", "e": "e", "f": "e"}


@pytest.mark.parametrize(
    ("age", "expected"), [(None, "unknown"), (0, "0-9"), (59.9, "50-59"), (60, "60-69")]
)
def test_age_groups(age: float | None, expected: str) -> None:
    assert age_group(age) == expected


def test_a_share_for_the_reserve_is_a_partition_like_the_others() -> None:
    subjects = [SplitSubject(f"s{i}") for i in range(20)]
    counts = Counter(assign(subjects, Fractions(0.2, 0.1, 0.1), seed=1).values())
    assert counts == {"train": 12, "validation": 2, "test": 4, "reserve": 2}


def test_without_a_share_nobody_goes_to_the_reserve_even_where_groups_overflow() -> None:
    subjects = [SplitSubject(f"s{i}", group=f"g{i // 5}") for i in range(15)]
    assert "reserve" not in assign(subjects, Fractions(), seed=1).values()


def test_who_shares_pictures_with_the_reserve_joins_it() -> None:
    subjects = [
        SplitSubject("a", group="g"),
        SplitSubject("b", group="g"),
        SplitSubject("c", group="g"),
    ]
    known = {"a": "reserve", "b": "train"}
    assert assign(subjects, Fractions(), seed=1, assigned=known) == {"c": "reserve"}


@given(st.dictionaries(st.text("abc123", min_size=1, max_size=4), st.text("xyz", max_size=2)),
       st.integers(2, 5))  # fmt: skip
def test_folds_hold_every_subject_once_and_groups_together(
    groups: dict[str, str], count: int
) -> None:
    named = {code: group or code for code, group in groups.items()}
    if len(set(named.values())) < count:
        with pytest.raises(InvalidInput, match="too few"):
            folds(named, count)
        return
    dealt = folds(named, count)
    assert sorted(code for fold in dealt for code in fold) == sorted(named)
    for fold in dealt:
        assert fold
        for code in fold:
            assert {other for other in named if named[other] == named[code]} <= fold
    backwards = dict(reversed(named.items()))
    assert folds(backwards, count) == dealt


def test_folds_are_alike_in_size() -> None:
    dealt = folds({f"S{n}": f"S{n}" for n in range(20)}, 3)
    assert sorted(len(fold) for fold in dealt) == [6, 7, 7]
    with pytest.raises(InvalidInput, match="two folds"):
        folds({"S1": "S1"}, 1)
