"""Reading studies."""

from __future__ import annotations

from annotation.models import Membership, Study
from core.models import User

SESSION_KEY = "study"


def studies_of(user: User) -> list[Study]:
    """The studies that exist for this person."""
    memberships = Membership.objects.filter(user_id=user.pk).select_related("study")
    roles = {one.study_id: one.role for one in memberships}
    everything = Study.objects.order_by("title", "name")
    if not user.is_superuser:
        everything = everything.filter(pk__in=roles)
    return [StudyRole(one, roles.get(one.pk, Membership.Role.ADMIN.value)) for one in everything]
