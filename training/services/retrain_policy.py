"""When a site is trained again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotation.policies import require_admin
from core.services import audit
from domain.errors import InvalidInput
from training.models import RetrainPolicy

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User

MOST_SUBJECTS = 1000


def put(site: Site, *, enabled: bool, after_subjects: int, actor: User) -> RetrainPolicy:
    """Train `site` again after so many newly approved subjects, or not by itself.

    Raises InvalidInput unless 1 <= after_subjects <= 1000.
    """
    require_admin(actor, site.study)
    if not 1 <= after_subjects <= MOST_SUBJECTS:
        raise InvalidInput(f"Give a number of subjects from 1 to {MOST_SUBJECTS}.")
    with transaction.atomic():
        policy, _ = RetrainPolicy.objects.update_or_create(
            site=site, defaults={"enabled": enabled, "after_subjects": after_subjects}
        )
        audit.record(
            "retraining set",
            actor=actor,
            target=site,
            scope=site.study.name,
            site=site.slug,
            enabled=enabled,
            after_subjects=after_subjects,
        )
    return policy
