"""Who may see and stop background jobs. Packages above name the scopes a person administers."""

from __future__ import annotations

from collections.abc import Callable

from core.models import Job, User

ScopeRule = Callable[[User, str], bool]
_admin_rules: list[ScopeRule] = []


def register_admin_rule(rule: ScopeRule) -> None:
    """Let a package above say who is admin of a scope (a study)."""
    if rule not in _admin_rules:
        _admin_rules.append(rule)


def is_scope_admin(user: User, scope: str) -> bool:
    """Whether `user` administers `scope`."""
    return user.is_superuser or any(rule(user, scope) for rule in _admin_rules)


def can_see_job(user: User, job: Job) -> bool:
    """Who asked for it, and the admins of its scope."""
    return job.requested_by_id == user.pk or is_scope_admin(user, job.scope)
