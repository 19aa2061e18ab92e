"""The split of a study's subjects: given once, touched again only for new subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from annotation.models import (
    HELD_OUT,
    Image,
    Partition,
    Split,
    Study,
    Subject,
    SubjectPartition,
    Suggestion,
)
from annotation.policies import require_admin
from annotation.selectors.partitions import pixel_hashes_by_subject
from annotation.services import double_reading
from core import events
from core.models import User
from core.services import audit
from domain import splitting
from domain.errors import Conflict, InvalidInput, Refused


def assign(
    study: Study,
    *,
    test: float = 0.2,
    validation: float = 0.1,
    reserve: float = 0.0,
    seed: int = 1,
    actor: User | None,
) -> Split:
    """Give every subject without a partition one; answers the split that was made.

    Subjects that share pictures stay together. `reserve` is the share of subjects that no model
    learns from, of whom alone a later lock is drawn. Pre-labels of new test subjects and of the
    reserve are withdrawn, and what nobody has begun of theirs is read blind by two. With nobody to
    assign, the newest split is answered and nothing changes. `actor` None: the command line.
    Raises Refused where there are too few subjects, InvalidInput for impossible fractions.
    """
    if actor is not None:
        require_admin(actor, study)
    fractions = splitting.Fractions(test=test, validation=validation, reserve=reserve)
    with _one_at_a_time(study):
        subjects = {subject.code: subject for subject in _subjects(study)}
        known = {
            code: subject.partition.partition
            for code, subject in subjects.items()
            if hasattr(subject, "partition")
        }
        new = splitting.assign(_to_split(study, subjects), fractions, seed, assigned=known)
        if not new:
            return _newest(study, subjects)
        split = Split.objects.create(
            study=study,
            seed=seed,
            test=test,
            validation=validation,
            reserve=reserve,
            created_by=actor,
        )
        _place(subjects, new, split)
        audit.record(
            "subjects split",
            actor=actor,
            target=split,
            scope=study.name,
            seed=seed,
            test=test,
            validation=validation,
            reserve=reserve,
            assigned=dict(sorted(new.items())),
        )
        events.publish("subjects_split", study_id=study.pk)
    return split


def honour(study: Study, partitions: Mapping[str, str], *, actor: User | None) -> int:
    """Take the partitions that a manifest gives, by subject code; answers how many are new.

    A subject that has the same one already is left alone. Raises InvalidInput for an unknown
    partition or subject, Refused where a subject has another one: nothing is changed then.
    """
    if actor is not None:
        require_admin(actor, study)
    with _one_at_a_time(study):
        named = Subject.objects.filter(study=study, code__in=partitions)
        subjects = {subject.code: subject for subject in named.select_related("partition")}
        for code, partition in partitions.items():
            _check_given(subjects, code, partition)
        new = {
            code: partition
            for code, partition in partitions.items()
            if not hasattr(subjects[code], "partition")
        }
        _place(subjects, new, None)
        if new:
            audit.record(
                "partitions taken from a manifest",
                actor=actor,
                target=study,
                scope=study.name,
                assigned=dict(sorted(new.items())),
            )
    return len(new)


@contextmanager
def _one_at_a_time(study: Study) -> Iterator[None]:
    """A transaction in which a second split at the same time is a Conflict."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(
            f"Subjects of {study} were split by somebody else at the same moment. Look at the "
            "result and split again if subjects are left."
        ) from error


def _subjects(study: Study) -> list[Subject]:
    subjects = Subject.objects.filter(study=study, withdrawn_at__isnull=True)
    return list(subjects.select_related("partition").order_by("code"))


def _to_split(study: Study, subjects: Mapping[str, Subject]) -> list[splitting.SplitSubject]:
    hashes = pixel_hashes_by_subject(study)
    groups = splitting.groups_by_shared_pixels({code: hashes.get(code, set()) for code in subjects})
    sites: dict[str, set[str]] = {}
    seen = Image.objects.filter(study=study).values_list("subject__code", "site__slug").distinct()
    for code, slug in seen.order_by("subject__code", "site__slug"):
        sites.setdefault(code, set()).add(slug)
    return [
        splitting.SplitSubject(code, _strata(subject, sites.get(code, set())), groups.get(code, ""))
        for code, subject in subjects.items()
    ]


def _strata(subject: Subject, sites: set[str]) -> tuple[str, ...]:
    return (
        f"cohort={subject.cohort or 'unknown'}",
        f"age={splitting.age_group(subject.age)}",
        f"sex={subject.sex or 'unknown'}",
        *(f"site={slug}" for slug in sorted(sites)),
    )


def _newest(study: Study, subjects: Mapping[str, Subject]) -> Split:
    if not subjects:
        raise Refused("The study has no subjects yet: import scans, then split.")
    newest = study.splits.order_by("-id").first()
    if newest is None:
        raise Refused("Every subject has its partition from a manifest: nobody is left to split.")
    return newest


def _check_given(subjects: Mapping[str, Subject], code: str, partition: str) -> None:
    if partition not in Partition.values:
        raise InvalidInput(
            f"Subject {code}: {partition!r} is no partition. Use "
            f"{', '.join(Partition.values)} or leave it empty."
        )
    if code not in subjects:
        raise InvalidInput(f"There is no subject {code} in the study.")
    present = getattr(subjects[code], "partition", None)
    if present is not None and present.partition != partition:
        raise Refused(
            f"Subject {code} is in the {present.partition} partition already and stays there; the "
            f"manifest says {partition}. Correct the manifest."
        )


def _place(subjects: Mapping[str, Subject], new: Mapping[str, str], split: Split | None) -> None:
    SubjectPartition.objects.bulk_create(
        SubjectPartition(subject=subjects[code], partition=partition, split=split)
        for code, partition in sorted(new.items())
    )
    held_out = [subjects[code].pk for code, partition in new.items() if partition in HELD_OUT]
    Suggestion.objects.filter(
        image__subject__in=held_out, state=Suggestion.State.CURRENT, hidden=False
    ).update(state=Suggestion.State.WITHDRAWN)
    double_reading.plan_subjects(held_out)
    double_reading.plan_pairs([subjects[code].pk for code in new])
