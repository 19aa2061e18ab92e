"""Withdrawn consent: pixels and contours are erased, a tombstone stays."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.models import (
    Alignment,
    Assignment,
    Example,
    Image,
    KeptOutline,
    Reference,
    RevisionContent,
    Signature,
    SourceFile,
    Subject,
    Suggestion,
)
from annotation.policies import require_admin
from annotation.services.stored_files import erase_unnamed
from core import events
from core.models import User
from core.services import audit
from domain.errors import InvalidInput


def withdraw(subject: Subject, *, actor: User, reason: str) -> None:
    """Erase a subject's pixels, contours and imported files. Revisions keep number and digest.

    Files go after the commit; `verify` finds one that a crash left behind, `withdraw` again
    removes it.
    """
    require_admin(actor, subject.study)
    if not reason.strip():
        raise InvalidInput("Give the reason, for example the date of the withdrawal.")
    with transaction.atomic():
        # An intake that has the subject in hand ends first; what comes after it is refused.
        Subject.objects.select_for_update().get(pk=subject.pk)
        images = Image.objects.filter(subject=subject)
        doomed = set(images.values_list("file_sha256", flat=True))
        doomed |= set(SourceFile.objects.filter(image__in=images).values_list("sha256", flat=True))
        now = timezone.now()
        Subject.objects.filter(pk=subject.pk).update(
            withdrawn_at=now, cohort="", sex="", age=None, centre=None
        )
        Example.objects.filter(revision__annotation__image__in=images).delete()
        RevisionContent.objects.filter(revision__annotation__image__in=images).delete()
        KeptOutline.objects.filter(image__in=images).delete()
        Suggestion.objects.filter(image__in=images).delete()
        Signature.objects.filter(image__in=images).delete()
        Alignment.objects.filter(Q(crop__in=images) | Q(original__in=images)).delete()
        Assignment.objects.filter(image__in=images, done_at__isnull=True).delete()
        Reference.objects.filter(image__in=images, superseded_at__isnull=True).update(
            superseded_at=now
        )
        images.update(erased_at=now, original_name="")
        audit.record(
            "consent withdrawn",
            actor=actor,
            target=f"subject {subject.code}",
            scope=subject.study.name,
            images=images.count(),
            reason=reason,
        )
        events.publish("subject_withdrawn", subject_id=subject.pk)
        transaction.on_commit(lambda: erase_unnamed(doomed))
