"""Which version of a site's gate judges which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.gate import GateConfiguration
from training.models import GateConfigurationVersion, Run

if TYPE_CHECKING:
    from annotation.models import Site
    from inference.models import ModelVersion


def newest(site: Site) -> GateConfigurationVersion | None:
    """The version that later runs will keep to; None stands for the defaults."""
    return GateConfigurationVersion.objects.filter(site=site).first()


def of_model(model: ModelVersion) -> GateConfigurationVersion | None:
    """The version in force when the model's run started or, without a run, when it came in.

    None stands for the defaults, which are a site's version 1.
    """
    run = Run.objects.filter(model=model).select_related("gate_configuration").first()
    if run is not None and run.gate_configuration is not None:
        return run.gate_configuration
    since = run.created_at if run else model.created_at
    return GateConfigurationVersion.objects.filter(
        site=model.site_id, created_at__lte=since
    ).first()


def values_of(version: GateConfigurationVersion | None) -> GateConfiguration:
    """The numbers of a version."""
    return GateConfiguration() if version is None else GateConfiguration.from_json(version.values)
