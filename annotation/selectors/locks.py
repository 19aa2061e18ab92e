"""Reading locks without looking into them: none of this shows a locked label, so it is no look."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.models import (
    Correction,
    Image,
    Lock,
    LockedImage,
    LockLook,
    Partition,
    Reference,
    Scan,
    SealedChange,
    Site,
    Study,
    Subject,
    Take,
)
from annotation.selectors.references import current_rows
from core.models import User

GROWTH = 0.3
"""How much a site's cohort grows before its lock may be rotated with looks left."""


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
        return self.lock.rests_on_single_readings


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


def sealed_images() -> QuerySet[LockedImage]:
    """What the newest lock of each site seals; what older versions sealed is released history."""
    newer = Lock.objects.filter(site=OuterRef("lock__site"), version__gt=OuterRef("lock__version"))
    return LockedImage.objects.exclude(Exists(newer))


def sealed(image: Image) -> LockedImage | None:
    """The sealed reference of an image in the newest lock of its site, or None."""
    return sealed_images().filter(image=image).select_related("lock__site", "revision").first()


def sealed_of_scan(scan: Scan) -> LockedImage | None:
    """A sealed reference on any take of a scan, in the newest lock of its site, or None."""
    return (
        sealed_images()
        .filter(image__take__scan=scan)
        .select_related("lock", "image__study")
        .order_by("id")
        .first()
    )


def sealed_of_take(take: Take) -> LockedImage | None:
    """A sealed reference on a frame of a take, in the newest lock of its site, or None."""
    frames = sealed_images().filter(image__take=take)
    return frames.select_related("lock", "image__study").order_by("id").first()


def references_to_seal(site: Site, generation: int) -> QuerySet[Reference]:
    """Current references of the site's test subjects whom no earlier generation of its lock holds:
    what the next version of this generation seals."""
    earlier = LockedImage.objects.filter(lock__site=site, lock__generation__lt=generation)
    return (
        current_rows(site)
        .filter(image__subject__partition__partition=Partition.TEST)
        .exclude(image__subject__in=earlier.values("subject"))
    )


def retired_subjects(study: Study) -> QuerySet[Subject]:
    """Test subjects whom a lock held once and no newest lock holds: they may be released."""
    return Subject.objects.filter(
        study=study,
        withdrawn_at__isnull=True,
        partition__partition=Partition.TEST,
        pk__in=LockedImage.objects.values("subject"),
    ).exclude(pk__in=sealed_images().values("subject"))


def reserve(site: Site) -> QuerySet[Subject]:
    """The subjects of the reserve with an approved reference at the site: a lock can be drawn of
    them."""
    ready = Reference.objects.filter(
        image__site=site, image__subject=OuterRef("pk"), superseded_at__isnull=True
    )
    return reserved(site.study).filter(Exists(ready))


def reserved(study: Study) -> QuerySet[Subject]:
    """All subjects of a study's reserve, by code."""
    return Subject.objects.filter(
        study=study, withdrawn_at__isnull=True, partition__partition=Partition.RESERVE
    ).order_by("code")


def growth(lock: Lock) -> float:
    """By which share of its size at the seal the site's cohort has grown since."""
    subjects = Subject.objects.filter(
        withdrawn_at__isnull=True, images__site=lock.site_id
    ).distinct()
    then = subjects.filter(created_at__lte=lock.sealed_at).count()
    return (subjects.count() - then) / then if then else 0.0


def grounds_to_rotate(lock: Lock) -> list[str]:
    """Why a lock may be replaced by one of fresh subjects, in words; empty: it may not yet."""
    grounds = []
    if looks_left(lock) == 0:
        grounds.append(f"all {lock.look_budget} looks are taken")
    grown = growth(lock)
    if grown >= GROWTH:
        grounds.append(f"the site has {100 * grown:.0f} % more subjects than at the seal")
    return grounds


def open_corrections(site: Site) -> QuerySet[Correction]:
    """Corrections of sealed references that nobody has decided on, the oldest first."""
    return Correction.objects.filter(
        locked__lock__site=site,
        locked__image__erased_at__isnull=True,
        state=Correction.State.PROPOSED,
    ).select_related("locked__image__subject", "locked__revision", "proposed_by", "revision")


def open_changes(site: Site) -> QuerySet[SealedChange]:
    """Changes of sealed scales and takes that nobody has decided on, the oldest first."""
    return SealedChange.objects.filter(
        locked__lock__site=site,
        locked__image__erased_at__isnull=True,
        state=SealedChange.State.PROPOSED,
    ).select_related(
        "locked__image__subject", "locked__lock", "proposed_by", "calibration", "take", "frame"
    )


def open_change(image: Image) -> SealedChange | None:
    """The change that is proposed of a sealed image, of its scan's take or of its sweep's measured
    frame, or None."""
    of_frame = Q(locked__image__take=image.take_id) & (Q(frame__isnull=False) | Q(by_rule=True))
    return SealedChange.objects.filter(
        Q(locked__image=image) | Q(take__scan=image.take.scan_id) | of_frame,
        state=SealedChange.State.PROPOSED,
    ).first()


def changes_of(study: Study) -> QuerySet[SealedChange]:
    """Every change of a sealed scan that was proposed in a study."""
    return SealedChange.objects.filter(locked__lock__site__study=study).select_related(
        "locked__image__study", "locked__lock", "calibration", "take", "frame"
    )


def corrections_of(study: Study) -> QuerySet[Correction]:
    """Every correction that was proposed in a study."""
    return Correction.objects.filter(locked__lock__site__study=study).select_related(
        "locked__image__study", "locked__lock"
    )


def correction_to_draw(user: User, image: Image) -> Correction | None:
    """The open correction of an image that the person proposed, or None."""
    correction = open_correction(image)
    return correction if correction and correction.proposed_by_id == user.pk else None


def open_correction(image: Image) -> Correction | None:
    """The correction of an image that nobody has decided on, or None."""
    return Correction.objects.filter(locked__image=image, state=Correction.State.PROPOSED).first()
