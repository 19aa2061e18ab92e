"""Which label of a site a label in a file means."""

from __future__ import annotations

from collections.abc import Mapping

from annotation.models import Site
from domain.names import identity, near, skeleton

LABEL_LENGTH = 60


def table_of(site: Site) -> dict[str, str]:
    """From each label and alias of a site, as it is spelled, to the label."""
    table = {alias.alias: alias.label.name for alias in site.aliases.select_related("label")}
    return table | {label.name: label.name for label in site.labels.all()}


def meant(written: str, table: Mapping[str, str]) -> str:
    """The label that a label in a file means, by its identity; empty: the site has none such."""
    if written in table:
        return table[written]
    wanted = identity(written)
    return next((name for known, name in table.items() if identity(known) == wanted), "")


def near_label(label: str, table: Mapping[str, str]) -> str:
    """The label that another spelling may mean, by its letters or its initials; empty: none."""
    for known, name in table.items():
        if near(label, known) or _abbreviates(label, known) or _abbreviates(known, label):
            return name
    return ""


def _abbreviates(short: str, long: str) -> bool:
    """Whether a label is the initials of one of several words, as RF is of rectus femoris."""
    words = skeleton(long)
    return len(words) > 1 and "".join(word[0] for word in words) == "".join(skeleton(short))
