"""Reading locks without looking into them: none of this shows a locked label, so it is no look."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Lock, LockLook, Site


@dataclass(frozen=True)
class LockState:
    """A site's newest lock, what it covers, and how often it was opened."""

    lock: Lock
    n_images: int
    n_subjects: int
    n_looks: int


def current_lock(site: Site) -> Lock | None:
    """The newest lock of a site, or None."""
    return site.locks.select_related("sealed_by", "site").order_by("-version").first()


def lock_state(site: Site) -> LockState | None:
    """The newest lock of a site with its counts, or None."""
    lock = current_lock(site)
    if lock is None:
        return None
    subjects = lock.images.values_list("subject_id", flat=True)
    return LockState(lock, len(subjects), len(set(subjects)), looks_at(lock))


def looks_at(lock: Lock) -> int:
    """How often the references of a lock were opened."""
    return LockLook.objects.filter(lock=lock).count()
