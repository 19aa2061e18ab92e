"""Replaying how a site's development data could have been outlined: by a strategy, by chance.

Test subjects are not opened. Of the snapshot's training subjects a third, another one for each
seed, is held out to be measured on and never chosen; the validation subjects choose the epochs.
Every strategy begins with the same random subjects. docs/algorithms/acquisition.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction

from annotation.policies import require_admin
from core.jobs import JobContext
from core.services import audit, jobs
from domain import acquisition
from domain import replay as statistics
from domain.errors import InvalidInput, Refused
from training import backends
from training.backends.contract import TrainingFailed
from training.backends.selection import image_dice, mean_by_subject
from training.models import Replay
from training.selectors import replays
from training.services import snapshots, supervision

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User
    from inference.runtime import Predictor
    from training.backends.contract import TrainingData, TrainingImage

KIND = "replay"
HELD_OUT = 1 / 3
MOST_SEEDS = 100
Learn = Callable[["TrainingData", str], "Predictor"]
"""Trains on the data under a name of its own; what is finished is not repeated."""


@dataclass(frozen=True)
class Setting:
    """What stays the same in all traces of a replay."""

    start: int
    batch: int


def submit(
    site: Site,
    actor: User | None,
    *,
    strategies: Sequence[str] = (),
    seeds: int = statistics.LEAST_SEEDS,
    start: int = 3,
    batch: int = 3,
    backend: str = "unet",
    settings: Mapping[str, object] | None = None,
) -> Replay:
    """Queue a replay on what is approved now. Strategies: by default all that fit the site.

    Raises NotAllowed for all but admins (None is the system itself), InvalidInput for an unknown
    strategy or numbers out of range, Refused where there are too few training subjects, Conflict
    while another replay of the site is on.
    """
    if actor is not None:
        require_admin(actor, site.study)
    chosen = list(strategies) or _fitting(site)
    _check(chosen, seeds, start, batch)
    checked = backends.get(backend).settings(settings or {})
    with transaction.atomic():
        snapshot = snapshots.freeze(site, actor)
        _refuse_too_few(snapshot.manifest["items"], start, batch)
        job = jobs.submit(
            KIND,
            {"site": site.pk},
            actor=actor,
            scope=site.study.name,
            exclusive=f"{KIND}:{site.pk}",
        )
        made = Replay.objects.create(
            site=site,
            snapshot=snapshot,
            job=job,
            backend=backend,
            settings=checked,
            strategies=chosen,
            seeds=seeds,
            start=start,
            batch=batch,
        )
        audit.record(
            "replay started",
            actor=actor,
            target=made,
            scope=site.study.name,
            site=site.slug,
            strategies=chosen,
            seeds=seeds,
            backend=backend,
            snapshot=snapshot.digest,
        )
    return made


def run_job(context: JobContext) -> dict[str, Any]:
    """The job: in a process of its own, as a training."""
    supervision.supervise_process(context)
    done = replays.of_job(context.job)
    return {"replay": done.pk, "helps": done.helps}


def trace(
    data: TrainingData, strategy: str, seed: int, setting: Setting, learn: Learn
) -> statistics.Trace:
    """The learning curve of one strategy from one seed; the same seed begins alike for all."""
    held_out, pool = _shared_out(data, seed)
    order = np.random.default_rng(seed).permutation(sorted(pool))
    chosen = {str(code) for code in order[: setting.start]}
    points = []
    number = 0
    while True:
        number += 1
        labelled = [scan for scan in data.train if scan.subject in chosen]
        name = f"{strategy}-{seed}-{number}"
        predictor = learn(replace(data, train=labelled, digest=_digest(data, chosen)), name)
        points.append(statistics.Point(len(chosen), _dice(predictor, held_out, data)))
        left = [scan for scan in data.train if scan.subject in pool - chosen]
        if not left:
            return statistics.Trace(strategy, seed, tuple(points))
        chosen |= _next(left, labelled, predictor, strategy, seed + number, setting.batch)


def conclude(replayed: Replay, traces: Sequence[statistics.Trace]) -> None:
    """Keep the curves and what they say; call inside the fenced transaction of the attempt."""
    comparisons = [
        statistics.compare(traces, name)
        for name in replayed.strategies
        if name != statistics.BASELINE
    ]
    flattened = [statistics.has_flattened(one.points) for one in traces]
    replayed.result = {
        "traces": [statistics.trace_json(one) for one in traces],
        "comparisons": [one.as_json() for one in comparisons],
        "flattened_share": sum(flattened) / len(flattened),
    }
    replayed.helps = any(one.helps for one in comparisons)
    replayed.save(update_fields=["result", "helps"])
    audit.record(
        "replay concluded",
        actor=replayed.job.requested_by,
        target=replayed,
        scope=replayed.site.study.name,
        site=replayed.site.slug,
        helps=replayed.helps,
        comparisons=replayed.result["comparisons"],
    )


def plan_of(replayed: Replay) -> list[tuple[str, int]]:
    """Strategy and seed of every trace, chance first, seed by seed."""
    names = [
        statistics.BASELINE,
        *(name for name in replayed.strategies if name != statistics.BASELINE),
    ]
    return [(name, seed) for seed in range(1, replayed.seeds + 1) for name in names]


def _fitting(site: Site) -> list[str]:
    several = site.labels.filter(retired=False).count() > 1
    return ["stratified" if several else "entropy"]


def _check(strategies: Sequence[str], seeds: int, start: int, batch: int) -> None:
    unknown = sorted(set(strategies) - set(acquisition.STRATEGIES))
    if unknown:
        names = ", ".join(sorted(acquisition.STRATEGIES))
        raise InvalidInput(f"There is no strategy {unknown[0]!r}; choose one of {names}.")
    if set(strategies) == {statistics.BASELINE}:
        raise InvalidInput("Name a strategy to compare with random choice.")
    if not 2 <= seeds <= MOST_SEEDS:
        raise InvalidInput(f"A replay has 2 to {MOST_SEEDS} seeds; ten or more can decide.")
    if start < 1 or batch < 1:
        raise InvalidInput("A replay starts with one subject at least, and adds one at least.")


def _refuse_too_few(entries: Sequence[Mapping[str, Any]], start: int, batch: int) -> None:
    subjects = {entry["subject"] for entry in entries if entry["partition"] == "train"}
    pool = len(subjects) - max(1, round(HELD_OUT * len(subjects)))
    if pool < start + batch:
        raise Refused(
            f"{len(subjects)} training subjects are too few: a third is held out, and {pool} are"
            f" left to begin with {start} and to add {batch}. Approve more, or choose fewer."
        )


def _shared_out(data: TrainingData, seed: int) -> tuple[list[TrainingImage], frozenset[str]]:
    """The scans to measure on, and the subjects to choose from: disjoint, by the seed."""
    subjects = sorted({scan.subject for scan in data.train})
    if len(subjects) < 3:
        raise TrainingFailed("A replay needs at least three training subjects.")
    shuffled = np.random.default_rng([seed, 1]).permutation(subjects)
    held_out = {str(code) for code in shuffled[: max(1, round(HELD_OUT * len(subjects)))]}
    return (
        [scan for scan in data.train if scan.subject in held_out],
        frozenset(subjects) - held_out,
    )


def _next(
    left: Sequence[TrainingImage],
    labelled: Sequence[TrainingImage],
    predictor: Predictor,
    strategy: str,
    seed: int,
    size: int,
) -> set[str]:
    """The subjects of the next batch, by the same function as a query round."""
    candidates = [_candidate(n, scan, predictor, strategy) for n, scan in enumerate(left)]
    seen = [acquisition.appearance(scan.pixels) for scan in labelled]
    picks = acquisition.rank(candidates, size, seed, strategy=strategy, labelled=seen)
    return {pick.candidate.subject for pick in picks}


def _candidate(
    number: int, scan: TrainingImage, predictor: Predictor, strategy: str
) -> acquisition.Candidate:
    key, features = f"{number:06d}", acquisition.appearance(scan.pixels)
    if strategy not in acquisition.NEEDS_MODEL:
        return acquisition.Candidate(key, scan.subject, features)
    probability = predictor.predict(scan.pixels, scan.spacing).probability
    return acquisition.Candidate(
        key,
        scan.subject,
        features,
        acquisition.mean_entropy(probability),
        acquisition.label_entropies(probability, predictor.card.labels),
    )


def _dice(predictor: Predictor, held_out: Sequence[TrainingImage], data: TrainingData) -> float:
    values = [
        image_dice(
            predictor.predict(scan.pixels, scan.spacing).label_map, scan.label_map, data.classes
        )
        for scan in held_out
    ]
    return mean_by_subject(values, [scan.subject for scan in held_out])


def _digest(data: TrainingData, chosen: set[str]) -> str:
    text = f"{data.digest}:{','.join(sorted(chosen))}"
    return hashlib.sha256(text.encode()).hexdigest()
