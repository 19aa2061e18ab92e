"""One split of a study's subjects into train, validation and test.

Greedy deficit on groups of subjects: the rarest stratum is shared out first, as in the iterative
stratification of Sechidis, Tsoumakas & Vlahavas 2011 ("On the stratification of multi-label
data", ECML PKDD); each group goes where its strata together fall furthest short of their share.
Groups are never divided, subjects that have a partition keep it, and the result does not depend
on the order of the input.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.errors import InvalidInput, Refused

TRAIN, VALIDATION, TEST, EXTERNAL = "train", "validation", "test", "external"
RESERVE = "reserve"
PARTITIONS = (TRAIN, VALIDATION, TEST, RESERVE)
CAUTION = (EXTERNAL, TEST, RESERVE, VALIDATION, TRAIN)
"""Which partition a new subject joins when those who share its pictures are in several."""

YEARS_PER_AGE_GROUP = 10


@dataclass(frozen=True)
class SplitSubject:
    """A subject to share out.

    strata: tags in whose shares the partitions should be alike, such as "sex=F" or "site=RF";
    a subject has any number. group: subjects with the same non-empty group stay together.
    """

    code: str
    strata: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Fractions:
    """Shares of all subjects that go to test, validation and the reserve of later test subjects;
    the rest trains.

    Raises InvalidInput where a share is not in 0 to 1 or nothing is left to train on.
    """

    test: float = 0.2
    validation: float = 0.1
    reserve: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.test, self.validation, self.reserve)
        if not all(0 <= share < 1 for share in shares) or sum(shares) >= 1:
            raise InvalidInput(
                f"Test {self.test:g}, validation {self.validation:g} and reserve "
                f"{self.reserve:g} must each be at least 0 and together below 1, so that subjects "
                "are left to train on."
            )

    @property
    def shares(self) -> dict[str, float]:
        """Share of each partition, summing to 1, in the order of PARTITIONS."""
        train = 1.0 - self.test - self.validation - self.reserve
        return {
            TRAIN: train,
            VALIDATION: self.validation,
            TEST: self.test,
            RESERVE: self.reserve,
        }


@dataclass
class _Group:
    key: str
    codes: list[str] = field(default_factory=list)
    strata: Counter[str] = field(default_factory=Counter)


def assign(
    subjects: Iterable[SplitSubject],
    fractions: Fractions,
    seed: int,
    assigned: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Partition of each subject that has none yet, as {code: partition}.

    subjects: all subjects of the study, those in `assigned` included, so that the fractions hold
    over all of them; `external` subjects are another centre's and count in no share. A new
    subject whose group already has a partition joins it (the most protected of several, CAUTION).
    The same subjects, fractions, seed and assigned give the same answer in any order of input.

    Without groups and earlier assignments each partition's size differs from its share by less
    than one subject, or by less than two where a share below one subject is rounded up to one;
    a group may exceed the room left in its partition by its own size less one. Raises
    Refused where there are fewer independent groups than partitions asked for, InvalidInput for a
    code given twice or an unknown partition in `assigned`.
    """
    ordered = sorted(subjects, key=lambda subject: subject.code)
    known = dict(assigned or {})
    _check(ordered, known)
    groups = _groups(ordered)
    result: dict[str, str] = {}
    for group in groups:
        taken = {known[code] for code in group.codes if code in known}
        if taken:
            home = next(partition for partition in CAUTION if partition in taken)
            result |= {code: home for code in group.codes if code not in known}
    settled = known | result
    new = [group for group in groups if not any(code in settled for code in group.codes)]
    if new:
        result |= _share_out(ordered, new, fractions, seed, settled)
    return result


def groups_by_shared_pixels(hashes: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Group name of each subject that shares a pixel hash with another, directly or in a chain.

    hashes: the pixel hashes of each subject's images. A group is named by its first subject;
    subjects that share nothing are left out.
    """
    first_with: dict[str, str] = {}
    parent = {code: code for code in hashes}

    def root(code: str) -> str:
        while parent[code] != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    for code in sorted(hashes):
        for pixel_hash in hashes[code]:
            one, other = root(code), root(first_with.setdefault(pixel_hash, code))
            parent[max(one, other)] = min(one, other)
    sizes = Counter(root(code) for code in hashes)
    return {code: root(code) for code in hashes if sizes[root(code)] > 1}


def folds(groups: Mapping[str, str], count: int) -> list[frozenset[str]]:
    """Subjects dealt into `count` folds for cross-validation, those of one group together.

    groups: each subject's group, itself where it shares with nobody (`groups_by_shared_pixels`).
    Groups are ordered by the hash of their name and dealt in turn to the smallest fold, so that
    the same subjects give the same folds in any order and no seed can be chosen. Raises
    InvalidInput for fewer groups than folds, or fewer than two folds.
    """
    if count < 2:
        raise InvalidInput("Cross-validation needs at least two folds.")
    members: dict[str, list[str]] = {}
    for code in sorted(groups):
        members.setdefault(groups[code], []).append(code)
    if len(members) < count:
        raise InvalidInput(
            f"{len(members)} subjects (those that share a picture count once) are too few for"
            f" {count} folds: approve outlines of more training subjects."
        )
    dealt: list[list[str]] = [[] for _ in range(count)]
    for name in sorted(members, key=lambda name: hashlib.sha256(name.encode()).digest()):
        min(dealt, key=len).extend(members[name])
    return [frozenset(fold) for fold in dealt]


def age_group(age: float | None) -> str:
    """Ten-year stratum of an age in years, such as "60-69"; "unknown" where it is not given."""
    if age is None:
        return "unknown"
    start = int(age // YEARS_PER_AGE_GROUP) * YEARS_PER_AGE_GROUP
    return f"{start}-{start + YEARS_PER_AGE_GROUP - 1}"


def targets(n_subjects: int, fractions: Fractions) -> dict[str, int]:
    """Subjects wanted in each partition: largest remainders, at least one where asked for.

    The counts sum to n_subjects. A partition of share 0 gets none.
    """
    exact = {name: share * n_subjects for name, share in fractions.shares.items()}
    wanted = {name: int(value + 1e-9) for name, value in exact.items()}
    by_remainder = sorted(
        (name for name in PARTITIONS if fractions.shares[name] > 0),
        key=lambda name: (wanted[name] - exact[name], PARTITIONS.index(name)),
    )
    for name in by_remainder[: n_subjects - sum(wanted.values())]:
        wanted[name] += 1
    for name in by_remainder:
        largest = max(wanted, key=lambda other: wanted[other])
        if wanted[name] == 0 and wanted[largest] > 1:
            wanted[name], wanted[largest] = 1, wanted[largest] - 1
    return wanted


def _check(subjects: Sequence[SplitSubject], assigned: Mapping[str, str]) -> None:
    twice = [code for code, count in Counter(s.code for s in subjects).items() if count > 1]
    if twice:
        raise InvalidInput(f"Subject {twice[0]} stands twice in the list to split.")
    for code, partition in assigned.items():
        if partition not in CAUTION:
            raise InvalidInput(
                f"Subject {code} has the partition {partition!r}; use train, validation, test, "
                "reserve or external."
            )


def _groups(subjects: Sequence[SplitSubject]) -> list[_Group]:
    groups: dict[tuple[bool, str], _Group] = {}
    for subject in subjects:
        name = (bool(subject.group), subject.group or subject.code)
        group = groups.setdefault(name, _Group(key=subject.code))
        group.codes.append(subject.code)
        group.strata.update(set(subject.strata))
    return list(groups.values())


def _share_out(
    subjects: Sequence[SplitSubject],
    new: list[_Group],
    fractions: Fractions,
    seed: int,
    settled: Mapping[str, str],
) -> dict[str, str]:
    pooled = [subject for subject in subjects if settled.get(subject.code) != EXTERNAL]
    room = Counter(targets(len(pooled), fractions))
    shares = fractions.shares
    wanting = {
        (name, tag): share * count
        for tag, count in Counter(tag for s in pooled for tag in set(s.strata)).items()
        for name, share in shares.items()
    }
    empty = {name for name, share in shares.items() if share > 0}
    for subject in pooled:
        if subject.code in settled:
            home = settled[subject.code]
            empty.discard(home)
            room[home] -= 1
            for tag in set(subject.strata):
                wanting[home, tag] -= 1
    _refuse_too_few(len(new), empty)
    result: dict[str, str] = {}
    waiting = sorted(new, key=lambda group: _draw(seed, group.key))
    while waiting:
        rarest = _rarest(waiting)
        group = next(group for group in waiting if rarest is None or rarest in group.strata)
        home = _home(group, room, wanting, empty, len(waiting), seed, shares)
        waiting.remove(group)
        empty.discard(home)
        room[home] -= len(group.codes)
        for stratum, count in group.strata.items():
            wanting[home, stratum] -= count
        result |= dict.fromkeys(group.codes, home)
    return result


def _refuse_too_few(n_groups: int, empty: Collection[str]) -> None:
    if n_groups < len(empty):
        names = ", ".join(name for name in PARTITIONS if name in empty)
        raise Refused(
            f"Nobody is in {names} yet, and {n_groups} independent subjects cannot fill "
            f"{len(empty)} partitions: import more subjects first, or ask for a share of 0."
        )


def _rarest(waiting: Sequence[_Group]) -> str | None:
    """The stratum with the fewest groups waiting; None when no group has any left."""
    counts = Counter(tag for group in waiting for tag in group.strata)
    return min(counts, key=lambda tag: (counts[tag], tag), default=None)


def _home(
    group: _Group,
    room: Mapping[str, int],
    wanting: Mapping[tuple[str, str], float],
    empty: Collection[str],
    n_waiting: int,
    seed: int,
    shares: Mapping[str, float],
) -> str:
    """Where a group goes: the partition with room for it in which its strata fall shortest.

    Shortfalls are relative to the partition's share, so that all partitions fill alike. Ties go
    to the one with most room, then by the seed. When only as many groups wait as partitions are
    empty, the empty ones come first.
    """
    candidates = [name for name in PARTITIONS if room[name] >= len(group.codes)]
    if n_waiting <= len(empty):
        candidates = [name for name in PARTITIONS if name in empty]
    if not candidates:
        return max((name for name in PARTITIONS if shares[name] > 0), key=lambda name: room[name])

    def shortfall(name: str) -> tuple[float, float, str]:
        missing = sum(wanting[name, tag] * count for tag, count in group.strata.items())
        share = shares[name]
        draw = _draw(seed, f"{group.key}\0{name}")
        return round(missing / share, 9), round(room[name] / share, 9), draw

    return max(candidates, key=shortfall)


def _draw(seed: int, name: str) -> str:
    """A seeded random key that belongs to the name alone, so that input order cannot matter."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).hexdigest()
