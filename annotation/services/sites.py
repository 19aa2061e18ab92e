"""Muscle sites, their labels and aliases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models import Max

from annotation.models import Label, LabelAlias, Site, Study
from annotation.policies import require_admin
from core import palette
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput, Refused
from domain.names import identity, plain

EDITABLE = (
    *("name", "plane", "thickness_definition", "area_unit", "protocol", "model_family"),
    "dice_floor",
)


def create(
    study: Study,
    slug: str,
    labels: Iterable[str],
    *,
    actor: User | None,
    titles: dict[str, str] | None = None,
    **fields: Any,
) -> Site:
    """A new site with its labels in order. `fields`: name, plane, protocol and so on."""
    if actor is not None:
        require_admin(actor, study)
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise InvalidInput(
            f"{slug!r} is no site name: use letters, digits, hyphens and underscores."
        ) from error
    order = (study.sites.aggregate(Max("order"))["order__max"] or 0) + 1
    fields.setdefault("name", slug.replace("-", " ").replace("_", " "))
    try:
        with transaction.atomic():
            site = Site.objects.create(study=study, slug=slug, order=order, **fields)
            audit.record("site added", actor=actor, target=site, scope=study.name, slug=slug)
            for name in labels:
                add_label(site, name, title=(titles or {}).get(name, name), actor=actor)
    except IntegrityError as error:
        raise Conflict(f"The study has a site {slug!r} already.") from error
    return site


def change(site: Site, *, actor: User, **fields: Any) -> Site:
    """Change a site's name, plane, thickness definition, protocol, family or Dice floor."""
    require_admin(actor, site.study)
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise InvalidInput(f"These cannot be changed on a site: {', '.join(sorted(unknown))}.")
    with transaction.atomic():
        before = {name: getattr(site, name) for name in fields}
        for name, value in fields.items():
            setattr(site, name, value)
        site.full_clean(exclude=["study"])
        site.save(update_fields=list(fields))
        audit.record(
            "site changed", actor=actor, target=site, scope=site.study.name, before=before, **fields
        )
    return site


def add_label(site: Site, name: str, *, title: str = "", actor: User | None) -> Label:
    """A new label at the end of a site's order, with the next colour of the palette."""
    if actor is not None:
        require_admin(actor, site.study)
    name = plain(name)
    alias = site.aliases.filter(identity=identity(name)).select_related("label").first()
    if alias is not None:
        raise Conflict(
            f"In files {alias.alias!r} stands for {alias.label.name}. Choose another name, or "
            "forget that spelling first."
        )
    order = (site.labels.aggregate(Max("order"))["order__max"] or 0) + 1
    try:
        with transaction.atomic():
            label = Label.objects.create(
                site=site,
                name=name,
                title=title or name,
                colour=palette.colour(order),
                order=order,
            )
            audit.record("label added", actor=actor, target=label, scope=site.study.name)
    except IntegrityError as error:
        raise Conflict(f"The site {site.slug} has a label {name!r} already.") from error
    return label


def add_alias(site: Site, alias: str, label_name: str, *, actor: User | None) -> LabelAlias:
    """Let `alias` in imported files stand for a label of the site."""
    if actor is not None:
        require_admin(actor, site.study)
    label = site.labels.filter(identity=identity(label_name)).first()
    if label is None:
        raise InvalidInput(f"The site {site.slug} has no label {label_name!r}.")
    alias = plain(alias)
    if not alias:
        raise InvalidInput("Give the other spelling of the label.")
    own = site.labels.filter(identity=identity(alias)).first()
    if own is not None and own != label:
        raise Conflict(f"{own.name} is a label itself. Merge it into {label.name} instead.")
    with transaction.atomic():
        before = site.aliases.filter(identity=identity(alias)).first()
        if before is not None and before.was_label and before.label_id != label.pk:
            raise Refused(f"Outlines were drawn as {before.alias!r}: merge {before.label.name}.")
        row, _ = LabelAlias.objects.update_or_create(
            site=site, identity=identity(alias), defaults={"alias": alias, "label": label}
        )
        audit.record(
            "alias added", actor=actor, target=alias, scope=site.study.name, label=label_name
        )
    return row


def remove_alias(site: Site, alias: str, *, actor: User) -> None:
    """Forget an alias."""
    require_admin(actor, site.study)
    with transaction.atomic():
        row = LabelAlias.objects.filter(site=site, identity=identity(alias)).first()
        if row is not None and row.was_label:
            raise Refused(
                f"Outlines were drawn as {row.alias!r} and are read by it. It cannot be forgotten."
            )
        LabelAlias.objects.filter(site=site, identity=identity(alias)).delete()
        audit.record("alias removed", actor=actor, target=alias, scope=site.study.name)
