"""Reading locks without looking into them: none of this shows a locked label, so it is no look."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Lock, LockLook, Reference, Site


@dataclass(frozen=True)
class LockState:
    """A site's newest lock, what it covers, what it rests on, and how often it was opened."""

    lock: Lock
    n_images: int
    n_subjects: int
    n_looks: int

    @property
    def looks_left(self) -> int:
        """How often its references may still be opened."""
        return max(0, self.lock.look_budget - self.n_looks)

    @property
    def rests_on_single_readings(self) -> bool:
        """Whether any sealed reference is less than two readings that an expert decided between."""
        return rests_on_single_readings(self.lock)


@dataclass(frozen=True)
class LedgerEntry:
    """One look at a lock, the `number`-th of those that its budget allows."""

    number: int
    look: LockLook


def current_lock(site: Site) -> Lock | None:
    """The newest lock of a site, or None."""
    return site.locks.select_related("sealed_by", "site").order_by("-version").first()


def lock_state(site: Site) -> LockState | None:
    """The newest lock of a site with its counts, or None."""
    lock = current_lock(site)
    return None if lock is None else state_of(lock)


def state_of(lock: Lock) -> LockState:
    """One version of a lock with its counts."""
    subjects = lock.images.values_list("subject_id", flat=True)
    return LockState(lock, len(subjects), len(set(subjects)), looks_at(lock))


def looks_at(lock: Lock) -> int:
    """How often the references of a lock were opened."""
    return LockLook.objects.filter(lock=lock).count()


def looks_left(lock: Lock) -> int:
    """How often the references of a lock may still be opened."""
    return max(0, lock.look_budget - looks_at(lock))


def ledger(lock: Lock) -> list[LedgerEntry]:
    """Every look at a lock in its order, those of evaluations that failed included."""
    looks = LockLook.objects.filter(lock=lock).select_related("actor").order_by("id")
    return [LedgerEntry(number, look) for number, look in enumerate(looks, start=1)]


def rests_on_single_readings(lock: Lock) -> bool:
    """Whether any sealed reference is not adjudicated between two readings: a single reading,
    corrected or not, or one that was approved outside. Every report says so."""
    return any(one["how"] != Reference.How.ADJUDICATED for one in lock.manifest["items"])
