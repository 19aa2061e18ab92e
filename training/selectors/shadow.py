"""How a promoted model and the one before do on the same corrected scans."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from domain.bootstrap import mean_interval
from inference.models import Purpose
from inference.selectors.pointers import current_model
from training.models import ShadowComparison

if TYPE_CHECKING:
    from annotation.models import Site
    from inference.models import ModelVersion

SEED = 0


@dataclass(frozen=True)
class Shadow:
    """Correction Dice of both models, means over subjects, with the interval of the difference.

    `newest_at`: when the newest scan was read; None before the first.
    """

    comparison: ShadowComparison
    n_scans: int
    n_subjects: int
    dice: float | None
    previous_dice: float | None
    ci95: tuple[float, float] | None
    newest_at: datetime | None

    @property
    def difference(self) -> float | None:
        """The model that serves minus the one before."""
        if self.dice is None or self.previous_dice is None:
            return None
        return self.dice - self.previous_dice

    @property
    def proposes_rollback(self) -> bool:
        """Whether the whole interval says that the model before did better; nothing is moved."""
        return self.ci95 is not None and self.ci95[1] < 0


def going_on(site: Site | int) -> ShadowComparison | None:
    """The comparison of the model that serves a site, while it wants more scans."""
    model = current_model(site, Purpose.PRE_LABEL)
    comparison = _newest(model) if model else None
    if comparison is None or comparison.readings.count() >= comparison.wanted:
        return None
    return comparison


def with_id(comparison_id: int) -> ShadowComparison:
    """A comparison by its key, with its models."""
    return ShadowComparison.objects.select_related(
        "site__study", "model__site", "previous__site"
    ).get(pk=comparison_id)


def of_model(model: ModelVersion) -> Shadow | None:
    """What the newest comparison of a model shows so far; None: it replaced no other."""
    comparison = _newest(model)
    if comparison is None:
        return None
    by_subject = defaultdict(list)
    readings = list(comparison.readings.all())
    for reading in readings:
        by_subject[reading.subject_code].append((reading.dice, reading.previous_dice))
    means = np.array([np.mean(pairs, axis=0) for pairs in by_subject.values()]).reshape(-1, 2)
    return Shadow(
        comparison,
        len(readings),
        len(means),
        fmean(means[:, 0]) if len(means) else None,
        fmean(means[:, 1]) if len(means) else None,
        mean_interval(np.sort(means[:, 0] - means[:, 1]), seed=SEED),
        readings[-1].created_at if readings else None,
    )


def _newest(model: ModelVersion) -> ShadowComparison | None:
    return ShadowComparison.objects.filter(model=model).select_related("previous__site").first()
