"""Users, audit events, jobs and schedules."""

from __future__ import annotations

from core.models.audit import AuditEvent, AuditHead
from core.models.credentials import ApiToken, LoginLink
from core.models.job import Job
from core.models.schedule import Schedule
from core.models.user import User

__all__ = ["ApiToken", "AuditEvent", "AuditHead", "Job", "LoginLink", "Schedule", "User"]
