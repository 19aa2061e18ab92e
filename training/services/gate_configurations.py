"""Fixing the numbers that a site's gate decides by, before the run that they judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotation.policies import require_admin
from core.services import audit
from domain.errors import InvalidInput
from domain.gate import GateConfiguration
from training.models import GateConfigurationVersion
from training.selectors import gate_configurations

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User


def in_force(site: Site) -> GateConfigurationVersion:
    """The site's newest version; the first time it is asked for, the defaults become version 1."""
    return gate_configurations.newest(site) or _append(site, GateConfiguration(), None, "defaults")


def change(
    site: Site, values: GateConfiguration, actor: User, reason: str
) -> GateConfigurationVersion:
    """Append a version that judges the models of later runs; earlier models keep theirs.

    Raises NotAllowed for all but admins, InvalidInput without a reason.
    """
    require_admin(actor, site.study)
    if not reason.strip():
        raise InvalidInput("Say why the gate is changed: its versions are kept with their reasons.")
    with transaction.atomic():
        before = in_force(site)
        return _append(site, values, actor, reason, before)


def _append(
    site: Site,
    values: GateConfiguration,
    actor: User | None,
    reason: str,
    before: GateConfigurationVersion | None = None,
) -> GateConfigurationVersion:
    version = GateConfigurationVersion.objects.create(
        site=site,
        number=before.number + 1 if before else 1,
        values=values.as_json(),
        actor=actor,
        reason=reason,
    )
    audit.record(
        "gate configured",
        actor=actor,
        target=site,
        scope=site.study.name,
        site=site.slug,
        version=version.number,
        before=before.values if before else None,
        after=version.values,
        reason=reason,
    )
    return version
