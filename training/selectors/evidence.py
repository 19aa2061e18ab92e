"""What a site's pre-labels do to people's work, and what each model's data brought: live figures.

docs/algorithms/evidence.md says of each figure what it means and what it cannot say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from annotation.selectors import effort
from annotation.selectors.effort import Kept, Worked
from domain.anchoring import Anchoring, anchoring
from domain.effort import mean_of, median_of, share_of
from training.models import Evaluation, Snapshot
from training.selectors import drift_reports
from training.selectors.evaluations import TEST, VALIDATION

if TYPE_CHECKING:
    from annotation.models import Site
    from domain.estimate import Estimate

WEEKS_FOR = timedelta(days=120)
"""Work of up to four months is shown by week, longer work by month."""

Row = TypeVar("Row", Worked, Kept)


@dataclass(frozen=True)
class Figure:
    """An estimate with how many images of how many subjects stand behind it."""

    n_images: int
    n_subjects: int
    estimate: Estimate


@dataclass(frozen=True)
class Period:
    """The work handed in during the week or month that begins on a day."""

    begins: date
    with_pre_label: Figure
    without: Figure


@dataclass(frozen=True)
class PeriodKept:
    """The pre-labels approved during the week or month that begins on a day."""

    begins: date
    dice: Figure
    unchanged: Figure


@dataclass(frozen=True)
class Times:
    """Seconds per image, medians over subjects, with a pre-label and without."""

    with_pre_label: Figure
    without: Figure
    periods: list[Period]


@dataclass(frozen=True)
class Corrections:
    """What was approved of pre-labels. share: `random` where query rounds drew by chance, or `all`
    where none has."""

    share: str
    dice: Figure
    unchanged: Figure
    periods: list[PeriodKept]


@dataclass(frozen=True)
class Learnt:
    """How well a model did that learnt from so many subjects. curve: `validation`, or `locked test`
    with the version of the lock."""

    model_id: int
    model: str
    curve: str
    n_subjects: int
    dice: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Evidence:
    """All live figures of a site. subjects_learnt_from: training subjects by model id."""

    site: Site
    times: Times
    corrections: Corrections
    anchoring: Anchoring
    learning: list[Learnt]
    subjects_learnt_from: Mapping[int, int]


def of_site(site: Site) -> Evidence:
    """The figures as they are now."""
    subjects = _subjects_learnt_from(site)
    return Evidence(
        site=site,
        times=_times(effort.worked(site)),
        corrections=_corrections(site),
        anchoring=anchoring(effort.paired_readings(site)),
        learning=_learning(site, subjects),
        subjects_learnt_from=subjects,
    )


def as_json(found: Evidence) -> dict[str, Any]:
    """The figures as the API gives them."""
    figures = asdict(found.anchoring)
    return {
        "site": found.site.slug,
        "seconds": {
            "with_pre_label": _figure_json(found.times.with_pre_label),
            "without": _figure_json(found.times.without),
            "periods": [
                {
                    "begins": one.begins.isoformat(),
                    "with_pre_label": _figure_json(one.with_pre_label),
                    "without": _figure_json(one.without),
                }
                for one in found.times.periods
            ],
        },
        "corrections": {
            "share": found.corrections.share,
            "dice": _figure_json(found.corrections.dice),
            "unchanged": _figure_json(found.corrections.unchanged),
            "periods": [
                {
                    "begins": one.begins.isoformat(),
                    "dice": _figure_json(one.dice),
                    "unchanged": _figure_json(one.unchanged),
                }
                for one in found.corrections.periods
            ],
        },
        "anchoring": figures,
        "learning": [asdict(one) for one in found.learning],
    }


def _times(rows: Sequence[Worked]) -> Times:
    return Times(
        _seconds([one for one in rows if one.with_pre_label]),
        _seconds([one for one in rows if not one.with_pre_label]),
        [
            Period(
                begins,
                _seconds([one for one in own if one.with_pre_label]),
                _seconds([one for one in own if not one.with_pre_label]),
            )
            for begins, own in _by_period(rows).items()
        ],
    )


def _corrections(site: Site) -> Corrections:
    drawn = drift_reports.random_share(site)
    rows = effort.kept(site, drawn or None)
    return Corrections(
        "random" if drawn else "all",
        _dice(rows),
        _unchanged(rows),
        [
            PeriodKept(begins, _dice(own), _unchanged(own))
            for begins, own in _by_period(rows).items()
        ],
    )


def _seconds(rows: Sequence[Worked]) -> Figure:
    return _figure(rows, median_of([one.seconds for one in rows], _subjects(rows)))


def _dice(rows: Sequence[Kept]) -> Figure:
    return _figure(rows, mean_of([one.dice for one in rows], _subjects(rows)))


def _unchanged(rows: Sequence[Kept]) -> Figure:
    return _figure(rows, share_of([one.is_unchanged for one in rows], _subjects(rows)))


def _figure(rows: Sequence[Worked] | Sequence[Kept], estimate: Estimate) -> Figure:
    return Figure(len({one.image_id for one in rows}), len(set(_subjects(rows))), estimate)


def _subjects(rows: Sequence[Worked] | Sequence[Kept]) -> list[str]:
    return [one.subject_code for one in rows]


def _by_period(rows: Sequence[Row]) -> dict[date, list[Row]]:
    """The rows, oldest first, by the Monday of their week, or the first day of their month."""
    if not rows:
        return {}
    by_week = rows[-1].at - rows[0].at <= WEEKS_FOR
    periods: defaultdict[date, list[Row]] = defaultdict(list)
    for one in rows:
        periods[_begin(one.at, by_week=by_week)].append(one)
    return dict(periods)


def _begin(at: datetime, *, by_week: bool) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday()) if by_week else day.replace(day=1)


def _learning(site: Site, subjects: Mapping[int, int]) -> list[Learnt]:
    """The newest evaluation of each model of this platform, in the order of the models."""
    newest: dict[tuple[int, str], Learnt] = {}
    evaluations = Evaluation.objects.filter(
        model__site=site, partition__in=(VALIDATION, TEST), model__run__reproduces__isnull=True
    ).select_related("model__site", "model__run", "lock")
    for one in evaluations.order_by("model__number", "id"):
        dice = one.summary.get("dice")
        if dice is None or one.model_id not in subjects:
            continue
        newest[one.model_id, _curve(one)] = Learnt(
            one.model_id,
            one.model.name,
            _curve(one),
            subjects[one.model_id],
            dice["mean"],
            tuple(dice["ci95"]) if dice.get("ci95") else None,
        )
    return list(newest.values())


def _subjects_learnt_from(site: Site) -> dict[int, int]:
    """How many training subjects each model's snapshot holds."""
    snapshots = Snapshot.objects.filter(site=site, runs__model__isnull=False)
    return {
        model_id: len({item["subject"] for item in manifest["items"] if _is_train(item)})
        for model_id, manifest in snapshots.values_list("runs__model", "manifest")
    }


def _is_train(item: dict[str, Any]) -> bool:
    return bool(item["partition"] == "train")


def _curve(evaluation: Evaluation) -> str:
    lock = evaluation.lock
    return evaluation.partition if lock is None else f"locked test, version {lock.version}"


def _figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "n_images": figure.n_images,
        "n_subjects": figure.n_subjects,
        **asdict(figure.estimate),
    }
