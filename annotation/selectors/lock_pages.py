"""What the lock's page shows of each site: nothing of an outline, so it is no look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import Correction, Lock, SealedChange, Site, Study
from annotation.selectors import locks


@dataclass(frozen=True)
class SiteLock:
    """A site's lock with its ledger, what could be sealed now, and what a rotation would draw.

    `new` of `to_seal` references are not in the newest version yet. `ready` subjects of the
    reserve have an approved reference at the site.
    """

    site: Site
    state: locks.LockState | None
    ledger: list[locks.LedgerEntry]
    earlier: list[locks.LockState]
    corrections: list[Correction]
    changes: list[SealedChange]
    to_seal: int
    subjects_to_seal: int
    new: int
    ready: int
    grounds: list[str]
    grown: float

    @property
    def drawn(self) -> list[Correction]:
        """The corrections that the next version takes."""
        return [one for one in self.corrections if one.revision_id is not None]

    @property
    def can_seal(self) -> bool:
        """Whether the next version would differ from the newest."""
        return bool(self.to_seal) and (
            self.state is None
            or self.seals_no_scales
            or bool(self.new or self.drawn or self.changes)
        )

    @property
    def seals_no_scales(self) -> bool:
        """Whether the newest version is from before scales and takes were sealed with outlines."""
        return self.state is not None and self.state.lock.manifest["format"] == 1

    @property
    def grown_percent(self) -> int:
        """How much the site's cohort grew since the seal, in whole per cent."""
        return round(100 * self.grown)

    @property
    def can_rotate(self) -> bool:
        """Whether a rotation would be made."""
        return bool(self.grounds) and self.ready > 0

    @property
    def to_draw(self) -> int:
        """How many subjects a rotation draws."""
        return min(self.ready, self.state.n_subjects) if self.state else 0


def site_locks(study: Study) -> list[SiteLock]:
    """The locks of a study's sites, in their order."""
    return [_of(site) for site in study.sites.order_by("order", "slug")]


def _of(site: Site) -> SiteLock:
    versions = [locks.state_of(one) for one in _versions(site)]
    state = versions[0] if versions else None
    references = list(
        locks.references_to_seal(site, state.lock.generation if state else 1).values_list(
            "revision_id", "image__subject_id"
        )
    )
    sealed = set(state.lock.images.values_list("revision_id", flat=True)) if state else set()
    return SiteLock(
        site=site,
        state=state,
        ledger=locks.ledger(state.lock) if state else [],
        earlier=versions[1:],
        corrections=list(locks.open_corrections(site)),
        changes=list(locks.open_changes(site)),
        to_seal=len(references),
        subjects_to_seal=len({subject for _, subject in references}),
        new=sum(revision not in sealed for revision, _ in references),
        ready=locks.reserve(site).count(),
        grounds=locks.grounds_to_rotate(state.lock) if state else [],
        grown=locks.growth(state.lock) if state else 0.0,
    )


def _versions(site: Site) -> Sequence[Lock]:
    return list(site.locks.select_related("sealed_by", "site").order_by("-version"))
