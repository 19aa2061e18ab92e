"""Sealing a site's test references, and the only door to them afterwards."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from annotation.models import (
    HELD_OUT,
    LOOK_BUDGET,
    NEVER_TRAINED,
    Correction,
    Image,
    Lock,
    LockedImage,
    LockLook,
    MeasuredFrame,
    Partition,
    Reference,
    Site,
    Study,
    SubjectPartition,
)
from annotation.models.proposals import Proposal
from annotation.policies import require_admin, require_guide
from annotation.selectors import measured_frames
from annotation.selectors.duplicates import Lookalike, lookalikes_of
from annotation.selectors.images import spacing_of
from annotation.selectors.locks import (
    current_lock,
    grounds_to_rotate,
    growth,
    ledger,
    looks_at,
    looks_left,
    open_corrections,
    references_to_seal,
    reserve,
    reserved,
    retired_subjects,
)
from annotation.selectors.partitions import pixel_hashes_by_subject
from annotation.selectors.references import ReferenceItem, current_rows, items_of
from annotation.services import alignments, proposals, references, sealed_changes, signatures
from core import events
from core.models import User
from core.services import audit
from domain import splitting
from domain.errors import Conflict, InvalidInput, NotFound, Refused

FORMAT = 2
"""Since 2 the digest covers scale, selected take and measured frame, too."""
MAX_BUDGET = 100
HOW_IN_WORDS = {
    Reference.How.ADJUDICATED: "adjudicated between two readings",
    Reference.How.SINGLE_EXPERT: "single readings approved by an expert",
    Reference.How.CORRECTED: "single readings corrected by an expert",
    Reference.How.OUTSIDE: "approved outside",
}


@dataclass(frozen=True)
class OpenedLock:
    """What one counted look at a lock gave: the `number`-th of its budget."""

    lock: Lock
    look: LockLook
    number: int
    items: list[ReferenceItem]


def seal(site: Site, actor: User, look_budget: int = LOOK_BUDGET) -> Lock:
    """Seal the current references of a site's test subjects as the next version of its lock.

    The manifest names image, subject, pixel hash and revision digest of each; `basis` says what
    the references rest on. `look_budget` is how often they may be opened: it is sealed with them.
    Proposed corrections that were drawn take effect with it. From then on the database refuses to
    move these subjects, images and references. Raises Refused where there is nothing to seal,
    Conflict where the newest lock holds exactly these references, InvalidInput for a budget out of
    1 to 100.
    """
    newest = current_lock(site)
    return _sealed(site, actor, look_budget, newest.generation if newest else 1)


def rotate(site: Site, actor: User, look_budget: int = LOOK_BUDGET) -> Lock:
    """Draw fresh test subjects from the reserve and seal them as the next generation of a lock.

    As many as the lock had, or as the reserve has with an approved reference at the site; the draw
    is fixed by the old lock's digest, so that nobody chooses. They are test subjects of every site
    from then on; those of before test this site no more, and may be released to training once no
    site's newest lock holds them. Raises Refused unless the budget is spent or the cohort has grown
    by 30 %, and where the reserve has nobody to draw.
    """
    require_admin(actor, site.study)
    newest = current_lock(site)
    if newest is None:
        raise Refused(f"The test references of {site.slug} are not locked yet: lock them first.")
    if not grounds_to_rotate(newest):
        raise Refused(
            f"Version {newest.version} of {site.slug}'s lock still serves: {looks_left(newest)} of "
            f"{newest.look_budget} looks are left, and the site has {100 * growth(newest):.0f} % "
            "more subjects than at the seal. It is rotated when no look is left, or at 30 %."
        )
    return _sealed(site, actor, look_budget, newest.generation + 1)


def release(study: Study, actor: User, reason: str) -> list[str]:
    """Give the test subjects whom no newest lock holds any more to training; answers their codes.

    Raises Refused where there is none, or no reason is given.
    """
    require_admin(actor, study)
    if not reason.strip():
        raise Refused("Say why the retired test subjects go to training.")
    with transaction.atomic():
        codes = list(retired_subjects(study).values_list("code", flat=True))
        if not codes:
            raise Refused(
                "No test subject is retired: they are when every lock that held them was rotated."
            )
        SubjectPartition.objects.filter(subject__study=study, subject__code__in=codes).update(
            partition=Partition.TRAIN
        )
        audit.record(
            "retired test subjects released to training",
            actor=actor,
            target=study,
            scope=study.name,
            subjects=codes,
            reason=reason,
        )
        events.publish("subjects_split", study_id=study.pk)
    return codes


def _sealed(site: Site, actor: User, look_budget: int, generation: int) -> Lock:
    require_admin(actor, site.study)
    if not 1 <= look_budget <= MAX_BUDGET:
        raise InvalidInput(f"A look budget lies between 1 and {MAX_BUDGET}.")
    signatures.complete(site.study)
    alike = _alike_but_trained(site)
    try:
        with transaction.atomic():
            return _seal(site, actor, look_budget, generation, alike)
    except IntegrityError as error:
        raise Conflict(
            f"{site.slug} was sealed by somebody else at the same moment. Look at the result."
        ) from error


def open_references(site: Site, actor: User | None, purpose: str) -> OpenedLock:
    """Open the references of a site's newest lock for a stated purpose: audited and counted.

    The look is written, and committed, before anything is read. Images erased since (consent
    withdrawn) are left out and named in the look. Raises Refused without a lock or a purpose, where
    its look budget is spent, or where the lock no longer verifies.
    """
    if actor is not None:
        require_admin(actor, site.study)
    if not purpose.strip():
        raise Refused("Say what the locked references are opened for.")
    lock = current_lock(site)
    if lock is None:
        raise Refused(f"The test references of {site.slug} are not locked yet: lock them first.")
    look, number = _count_look(lock, actor, purpose)
    problems = verify_lock(lock)
    if problems:
        raise Refused(f"{problems[0]} Nothing is evaluated on a lock that does not verify.")
    return OpenedLock(lock, look, number, _items(lock))


def reopen_references(lock: Lock, actor: User | None, purpose: str) -> list[ReferenceItem]:
    """Open again what counted looks at a lock gave, to see that the same comes of it.

    Audited, but no look: it is for comparing with numbers that are kept already, and says only
    whether they are the same. Raises Refused without a purpose, where nobody has looked at this
    lock yet, or where it no longer verifies.
    """
    site = lock.site
    if actor is not None:
        require_admin(actor, site.study)
    if not purpose.strip():
        raise Refused("Say what the locked references are opened again for.")
    if not looks_at(lock):
        raise Refused(f"Nobody has looked at version {lock.version} of {site.slug}'s lock yet.")
    audit.record(
        "locked references opened again",
        actor=actor,
        target=lock,
        scope=site.study.name,
        site=site.slug,
        version=lock.version,
        digest=lock.digest,
        purpose=purpose,
    )
    problems = verify_lock(lock)
    if problems:
        raise Refused(f"{problems[0]} Nothing is decided on a lock that does not verify.")
    return _items(lock)


def open_pictures(lock: Lock, actor: User, purpose: str, images: Sequence[int]) -> int:
    """Open the references of some scans of a site's newest lock, for people to look at.

    An expert or an admin; audited and counted like every look, whose entry names the scans.
    Answers which look of the budget it is. Nothing is read here: `opened_pictures` gives what the
    entry names. Raises Refused where a newer version is sealed, the budget is spent, or the lock
    does not verify; InvalidInput for scans that it does not seal.
    """
    require_guide(actor, lock.site.study)
    if not _is_newest(lock):
        raise Refused(
            f"A newer version of {lock.site.slug}'s lock is sealed than version {lock.version}, on "
            "which this was decided: its pictures are not opened any more."
        )
    if not images or set(images) - set(lock.images.values_list("image_id", flat=True)):
        raise InvalidInput("Only scans that the lock seals are opened, at least one.")
    if problems := verify_lock(lock):
        raise Refused(f"{problems[0]} Nothing is opened of a lock that does not verify.")
    _, number = _count_look(lock, actor, purpose, {"pictures": sorted(images)})
    return number


def opened_pictures(lock: Lock, number: int) -> list[ReferenceItem]:
    """The references that the `number`-th look at a lock has opened as pictures.

    Scans erased, and references superseded since are left out. Raises NotFound for a look that
    opened no pictures.
    """
    look = next((one.look for one in ledger(lock) if one.number == number), None)
    images = look.details.get("pictures", []) if look else []
    if not images:
        raise NotFound("No pictures were opened by such a look.")
    return [item for item in _items(lock) if item.image_id in set(images)]


def verify_lock(lock: Lock) -> list[str]:
    """What is wrong with a lock, in sentences; empty: its manifest, rows and content agree."""
    return list(_problems(lock))


def damaged_locks() -> Iterator[str]:
    """What is wrong with any lock: a check of `verify`."""
    for lock in Lock.objects.select_related("site").order_by("id"):
        yield from _problems(lock)


def manifest_digest(items: Iterable[dict[str, Any]], written_as: int = FORMAT) -> str:
    """SHA-256 of the canonical JSON of what a manifest of that format seals, sorted by image.

    Format 1: image, pixel hash, revision digest. Format 2: besides these what its numbers follow
    from: spacing, selected take, measured frame.
    """
    names = ("image", "pixel_sha256", "revision_digest", *(VALUES if written_as > 1 else ()))
    by_image = sorted(items, key=lambda one: one["image"])
    sealed = [[one.get(name) for name in names] for one in by_image]
    return hashlib.sha256(json.dumps(sealed, separators=(",", ":")).encode()).hexdigest()


def _count_look(
    lock: Lock, actor: User | None, purpose: str, details: Mapping[str, Any] | None = None
) -> tuple[LockLook, int]:
    """Write a look into the ledger; answers it and which of the budget it is."""
    with transaction.atomic():
        Lock.objects.select_for_update().get(pk=lock.pk)
        number = looks_at(lock) + 1
        if number > lock.look_budget:
            raise Refused(
                f"The look budget of version {lock.version} of {lock.site.slug}'s lock is spent: "
                f"{lock.look_budget} of {lock.look_budget} looks were taken. Models go on serving, "
                "but nothing more can be claimed on these references: rotate the lock to fresh "
                "subjects of the reserve."
            )
        erased = list(
            lock.images.filter(image__erased_at__isnull=False).values_list("image_id", flat=True)
        )
        look = LockLook.objects.create(
            lock=lock,
            purpose=purpose[:200],
            actor=actor,
            details={**(details or {}), "erased": erased},
        )
        audit.record(
            "locked references opened",
            actor=actor,
            target=lock,
            scope=lock.site.study.name,
            site=lock.site.slug,
            version=lock.version,
            digest=lock.digest,
            purpose=purpose,
            look=number,
            budget=lock.look_budget,
            **(details or {}),
        )
    return look, number


def _draw(newest: Lock) -> None:
    """Make subjects of the reserve test subjects; those who share a picture go together."""
    site = newest.site
    ready = list(reserve(site).values_list("code", flat=True))
    if not ready:
        raise Refused(
            f"No subject of the reserve has an approved reference of {site.slug}: split new "
            "subjects with a share for the reserve, and have their scans read."
        )
    hashes = pixel_hashes_by_subject(site.study)
    groups = splitting.groups_by_shared_pixels(hashes)
    ready.sort(key=lambda code: hashlib.sha256(f"{newest.digest}\0{code}".encode()).hexdigest())
    wanted = len(set(newest.images.values_list("subject_id", flat=True)))
    drawn: set[str] = set()
    for code in ready:
        if len(drawn) < wanted:
            drawn |= {code} | {one for one in groups if groups[one] == groups.get(code)}
    SubjectPartition.objects.filter(subject__in=reserved(site.study).filter(code__in=drawn)).update(
        partition=Partition.TEST
    )


def _seal(
    site: Site, actor: User, look_budget: int, generation: int, alike: Mapping[int, Lookalike]
) -> Lock:
    newest = current_lock(site)
    if newest is not None and generation > newest.generation:
        _draw(newest)
    corrections = _take_corrections(site, actor)
    changes = sealed_changes.take_all(site)
    rows = list(references_to_seal(site, generation))
    _refuse_nothing(site, rows)
    frames = measured_frames.standing_in(site.study)
    entries = [_entry(row, frames) for row in rows]
    digest = manifest_digest(entries)
    if newest is not None and newest.digest == digest:
        raise Conflict(
            f"Version {newest.version} of the lock holds exactly these {len(rows)} references."
        )
    basis = _basis(rows)
    lock = Lock.objects.create(
        site=site,
        version=newest.version + 1 if newest else 1,
        digest=digest,
        manifest={
            "format": FORMAT,
            "site": site.slug,
            "items": entries,
            "lookalikes": [_copy(alike[row.image_id]) for row in rows if row.image_id in alike],
        },
        basis=basis,
        look_budget=look_budget,
        generation=generation,
        sealed_by=actor,
    )
    LockedImage.objects.bulk_create(
        LockedImage(
            lock=lock,
            image=row.image,
            subject=row.image.subject,
            revision=row.revision,
            pixel_sha256=row.image.pixel_sha256,
        )
        for row in rows
    )
    for proposal in (*corrections, *changes):
        in_version = f"in version {lock.version} of the lock"
        proposals.close(proposal, Proposal.State.TAKEN, actor, in_version)
    audit.record(
        "test references sealed",
        actor=actor,
        target=lock,
        scope=site.study.name,
        site=site.slug,
        version=lock.version,
        digest=digest,
        images=len(rows),
        subjects=len({row.image.subject_id for row in rows}),
        basis=basis,
        look_budget=look_budget,
        generation=generation,
        corrections=[correction.pk for correction in corrections],
        changes=[change.pk for change in changes],
    )
    return lock


def _take_corrections(site: Site, actor: User) -> list[Correction]:
    """Put the corrections that were drawn in place; one whose scan has another reference by now is
    declined."""
    taken = []
    for correction in open_corrections(site).filter(revision__isnull=False):
        if references.is_current(correction.locked.revision):
            references.correct_sealed(correction)
            taken.append(correction)
        else:
            proposals.decline(correction, actor, "Its scan has another reference by now.")
    return taken


def _alike_but_trained(site: Site) -> dict[int, Lookalike]:
    """Images that may be sealed and look like one of a subject whom models learn from, by image.

    Pairs that were never compared take seconds, so it is asked for before the transaction."""
    candidates = current_rows(site).filter(image__subject__partition__partition__in=HELD_OUT)
    images = Image.objects.filter(pk__in=candidates.values("image"))
    trained = Image.objects.filter(study=site.study).exclude(
        subject__partition__partition__in=NEVER_TRAINED
    )
    alignments.complete(images, trained)
    return lookalikes_of(images, trained)


def _copy(found: Lookalike) -> dict[str, Any]:
    return {"image": found.image_id, "like": found.like_image, "subject": found.like_subject}


def _refuse_nothing(site: Site, rows: Sequence[Reference]) -> None:
    if rows:
        return
    in_test = Image.objects.filter(site=site, subject__partition__partition=Partition.TEST)
    if in_test.exists():
        raise Refused(
            f"No scan of {site.slug}'s test subjects has an approved reference yet: have them "
            "outlined and approved, then lock."
        )
    raise Refused(f"{site.slug} has no test subjects: split the study first.")


VALUES = ("spacing_mm", "selected_take", "measured_frame")
"""What of an entry its numbers follow from, besides pixels and outline."""


def _values(image: Image, frames: Mapping[int, MeasuredFrame]) -> dict[str, Any]:
    """The spacing [x, y] of an image, the selected take of its scan, the frame that a person chose
    of its take: each None where there is none."""
    spacing = spacing_of(image)
    chosen = frames.get(image.take_id)
    return {
        "spacing_mm": [spacing.x_mm, spacing.y_mm] if spacing else None,
        "selected_take": image.take.scan.selected_take_id,
        "measured_frame": chosen.image_id if chosen else None,
    }


def _entry(row: Reference, frames: Mapping[int, MeasuredFrame]) -> dict[str, Any]:
    return {
        **_values(row.image, frames),
        "image": row.image_id,
        "subject": row.image.subject.code,
        "pixel_sha256": row.image.pixel_sha256,
        "revision": row.revision_id,
        "revision_digest": row.revision.digest,
        "how": row.how,
    }


def _basis(rows: Sequence[Reference]) -> str:
    """What the references rest on, most frequent first, and how many began with a pre-label."""
    counts = Counter(Reference.How(row.how) for row in rows)
    parts = [f"{n} {HOW_IN_WORDS[how]}" for how, n in counts.most_common()]
    begun = sum(bool(row.revision.suggestion_version) for row in rows)
    if begun:
        parts.append(f"{begun} of them begun from a pre-label")
    return "; ".join(parts)[:200]


def _items(lock: Lock) -> list[ReferenceItem]:
    revisions = lock.images.values("revision_id")
    return items_of(current_rows(lock.site).filter(revision__in=revisions))


def _problems(lock: Lock) -> Iterator[str]:
    entries = {one["image"]: one for one in lock.manifest["items"]}
    if manifest_digest(entries.values(), lock.manifest["format"]) != lock.digest:
        yield f"{lock}: its manifest does not match its digest."
    images = lock.images.select_related(
        "image__calibration", "image__take__scan", "image__study", "revision"
    )
    rows = {row.image_id: row for row in images.order_by("id")}
    if set(rows) != set(entries):
        yield f"{lock}: it seals other images than its manifest names."
    references = _current_revisions(rows.values())
    newest = _is_newest(lock)
    frames = measured_frames.standing_in(lock.site.study) if newest else {}
    for image_id in sorted(set(rows) & set(entries)):
        row, entry = rows[image_id], entries[image_id]
        yield from _row_problems(lock, row, entry)
        if newest and row.image.erased_at is None:
            yield from _changes_since(lock, row, entry, references.get(image_id), frames)


def _row_problems(lock: Lock, row: LockedImage, entry: dict[str, Any]) -> Iterator[str]:
    if {row.pixel_sha256, row.image.pixel_sha256} != {entry["pixel_sha256"]}:
        yield f"{lock}: image {row.image_id} does not have the pixels that were sealed."
    if row.revision.digest != entry["revision_digest"]:
        yield f"{lock}: image {row.image_id} does not have the outline that was sealed."


def _changes_since(
    lock: Lock,
    row: LockedImage,
    entry: dict[str, Any],
    reference: int | None,
    frames: Mapping[int, MeasuredFrame],
) -> Iterator[str]:
    """What of a sealed image is in force no more; of a manifest of format 1, by when it was set."""
    image, named = row.image, f"{lock}: "
    if reference != row.revision_id:
        yield f"{named}the reference of image {image.pk} is not the sealed one any more."
    if lock.manifest["format"] == 1:
        calibration, scan = image.calibration, image.take.scan
        changed = {
            "spacing_mm": calibration is not None and calibration.created_at > lock.sealed_at,
            "selected_take": scan.selected_at is not None and scan.selected_at > lock.sealed_at,
        }
    else:
        now = _values(image, frames)
        changed = {name: now[name] != entry[name] for name in VALUES}
    for name in (name for name in VALUES if changed.get(name)):
        yield (
            f"{named}{IN_WORDS[name]} of image {image.pk} is not the sealed one any more: put it "
            "back, or seal the next version."
        )


IN_WORDS = {
    "spacing_mm": "the scale",
    "selected_take": "the selected take",
    "measured_frame": "the measured frame",
}


def _current_revisions(rows: Iterable[LockedImage]) -> dict[int, int]:
    images = [row.image_id for row in rows]
    current = Reference.objects.filter(image__in=images, superseded_at__isnull=True)
    return dict(current.values_list("image_id", "revision_id"))


def _is_newest(lock: Lock) -> bool:
    return not Lock.objects.filter(site=lock.site_id, version__gt=lock.version).exists()
