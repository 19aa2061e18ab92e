"""What a person has done today."""

from __future__ import annotations

from django.utils import timezone

from annotation.models import Study
from core.models import AuditEvent, User


def submitted_today(user: User, study: Study) -> int:
    """How many scans the person has submitted since midnight (server time)."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return AuditEvent.objects.filter(
        scope=study.name, verb="annotation submitted", actor=user.pk, at__gte=midnight
    ).count()
