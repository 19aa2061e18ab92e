"""Which outlines a site's guideline shows as good and bad examples."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.models import Example, Revision, Site
from annotation.models.guideline import LONGEST_REASON
from annotation.policies import require_guide
from annotation.selectors.guideline import showable_revisions
from core.models import User
from core.services import audit
from domain.errors import InvalidInput, Refused

MOST = 12
"""Examples that one site can have: a guideline is looked at between two strokes."""


def show_example(revision: Revision, verdict: str, reason: str, *, actor: User) -> Example:
    """Show a revision as an example of its site, or say anew what it is an example of.

    Raises NotAllowed for annotators, InvalidInput without a verdict and one sentence why, Refused
    for drafts, test subjects, erased scans, scans that somebody reads blind, and beyond `MOST`.
    """
    image = revision.annotation.image
    require_guide(actor, image.study)
    said = {"verdict": verdict, "reason": " ".join(reason.split())}
    _require_sense(**said)
    with transaction.atomic():
        site = Site.objects.select_for_update().get(pk=image.site_id)
        if not showable_revisions(image).filter(pk=revision.pk).exists():
            raise Refused(
                "Only finished or reviewed outlines can be examples: none of a test subject, and "
                "none of a scan that somebody is still to read blind."
            )
        others = Example.objects.filter(
            revision__annotation__image__site=site, withdrawn_at__isnull=True
        )
        if others.exclude(revision=revision).count() >= MOST:
            raise Refused(f"{site.name} has {MOST} examples already: withdraw one first.")
        example, _ = Example.objects.update_or_create(
            revision=revision, defaults={**said, "shown_by": actor, "withdrawn_at": None}
        )
        _record("example shown", example, actor)
    return example


def _require_sense(verdict: str, reason: str) -> None:
    if verdict not in Example.Verdict.values:
        raise InvalidInput("Say whether the example is good or bad.")
    if not reason:
        raise InvalidInput("Say in one sentence why it is a good or a bad example.")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say it shorter: at most {LONGEST_REASON} characters.")


def withdraw_example(example: Example, *, actor: User) -> None:
    """Show an example no more; nothing happens a second time. Raises NotAllowed for annotators."""
    require_guide(actor, example.revision.annotation.image.study)
    if example.withdrawn_at is not None:
        return
    with transaction.atomic():
        _record("example withdrawn", example, actor)
        example.withdrawn_at = timezone.now()
        example.save(update_fields=["withdrawn_at"])


def _record(verb: str, example: Example, actor: User) -> None:
    image = example.revision.annotation.image
    audit.record(
        verb,
        actor=actor,
        target=image,
        scope=image.study.name,
        revision=example.revision.number,
        verdict=example.verdict,
        reason=example.reason,
    )
