"""The names that labels have now, for what was drawn, modelled or measured under earlier ones."""

from __future__ import annotations

from annotation.models import LabelAlias, Site
from annotation.models.annotation import named_now
from domain.names import identity

__all__ = ["current_labels", "former_names", "named_now"]


def former_names(site: Site) -> dict[str, str]:
    """From the identity of each name that a label of the site had before, to its name now."""
    aliases = LabelAlias.objects.filter(site=site, was_label=True)
    return dict(aliases.values_list("identity", "label__name"))


def current_labels(site: Site, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels that a model, a snapshot or an evaluation names, as the site calls them now."""
    names = former_names(site)
    return tuple(names.get(identity(label), label) for label in labels)
