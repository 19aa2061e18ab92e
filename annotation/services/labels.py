"""Correcting the labels of a site: renamed, merged into another, retired.

Revisions are never touched. They hold the name by which they were drawn; each annotation says under
which names its outlines are read now (`Annotation.label_names`), so that agreement, measurement,
exports, pre-labels and training see one label. A sealed lock keeps its digest, which is over what
was drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from annotation.models import (
    Annotation,
    Label,
    LabelAlias,
    LockedImage,
    RevisionContent,
    Site,
    Suggestion,
)
from annotation.policies import require_admin
from annotation.selectors.imports import is_under_way
from annotation.selectors.labels import former_names, named_now
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput, NotFound, Refused
from domain.names import identity, plain

CHUNK = 500
LONGEST = 60


def label_named(site: Site, name: str) -> Label:
    """A label of a site by its name. Raises NotFound."""
    label = site.labels.filter(identity=identity(name)).first()
    if label is None:
        raise NotFound(f"The site {site.slug} has no label {name!r}.")
    return label


def rename(label: Label, name: str, *, actor: User) -> Label:
    """Give a label another name; the old one becomes an alias, which its outlines are read by."""
    site, name = label.site, plain(name)
    require_admin(actor, site.study)
    if not name or len(name) > LONGEST or not name.isprintable():
        raise InvalidInput(f"A label has a name of 1 to {LONGEST} letters.")
    if name == label.name:
        return label
    with transaction.atomic():
        _check_free(label, name)
        _check_no_import(site)
        before = label.name
        facts = _where_it_stands(label)
        site.aliases.filter(label=label, identity=identity(name)).delete()
        if label.title == before:
            label.title = name
        label.name = name
        label.save(update_fields=["name", "identity", "title"])
        _keep_alias(site, before, label)
        _read_under_new_names(site)
        audit.record(
            "label renamed",
            actor=actor,
            target=label,
            scope=site.study.name,
            before=before,
            after=name,
            **facts,
        )
    return label


def merge(label: Label, into: Label, *, actor: User) -> Label:
    """Make a label an alias of another: what was drawn as either is read as the other."""
    site = label.site
    require_admin(actor, site.study)
    if into.pk == label.pk or into.site_id != site.pk:
        raise InvalidInput("Choose another label of the same site to merge into.")
    if into.retired:
        raise Refused(f"{into.name} is retired. Take it back first, or choose another label.")
    with transaction.atomic():
        _check_no_import(site)
        before = label.name
        facts = _where_it_stands(label)
        label.aliases.update(label=into)
        label.delete()
        _keep_alias(site, before, into)
        _read_under_new_names(site)
        audit.record(
            "label merged",
            actor=actor,
            target=into,
            scope=site.study.name,
            before=before,
            after=into.name,
            **facts,
        )
    return into


def retire(label: Label, *, actor: User) -> None:
    """Draw a label no more; its outlines stay, and are measured where they are."""
    _set_retired(label, True, actor)


def restore(label: Label, *, actor: User) -> None:
    """Take a retired label back."""
    _set_retired(label, False, actor)


def _set_retired(label: Label, retired: bool, actor: User) -> None:
    site = label.site
    require_admin(actor, site.study)
    others = site.labels.filter(retired=False).exclude(pk=label.pk)
    if retired and not others.exists():
        raise Refused("A site keeps at least one label. Add the other one first.")
    with transaction.atomic():
        label.retired = retired
        label.save(update_fields=["retired"])
        audit.record(
            "label retired" if retired else "label taken back",
            actor=actor,
            target=label,
            scope=site.study.name,
            **_where_it_stands(label),
        )


def _check_free(label: Label, name: str) -> None:
    """Raise Conflict where the name is another label's, or stands for another label."""
    site, wanted = label.site, identity(name)
    other = site.labels.filter(identity=wanted).exclude(pk=label.pk).first()
    if other is not None:
        raise Conflict(f"The site has a label {other.name!r} already. Merge the two instead.")
    alias = site.aliases.filter(identity=wanted).exclude(label=label).first()
    if alias is not None:
        raise Conflict(f"In files {alias.alias!r} stands for {alias.label.name}: choose another.")


def _check_no_import(site: Site) -> None:
    """Raise Conflict while an import writes outlines by the names that it began with."""
    if is_under_way(site.study):
        raise Conflict("An import into the study is under way. Wait until it is done.")


def _keep_alias(site: Site, name: str, label: Label) -> None:
    LabelAlias.objects.update_or_create(
        site=site,
        identity=identity(name),
        defaults={"alias": name, "label": label, "was_label": True},
    )


def _read_under_new_names(site: Site) -> None:
    """Let each annotation of the site, and each pre-label, be read by the names of now."""
    names = former_names(site)
    Annotation.objects.filter(image__site=site).update(label_names=names)
    changed = []
    for offered in Suggestion.objects.filter(image__site=site).iterator(chunk_size=CHUNK):
        if _renamed_in_place(offered, names):
            changed.append(offered)
    Suggestion.objects.bulk_update(changed, ["regions", "payload"], batch_size=CHUNK)


def _renamed_in_place(offered: Suggestion, names: dict[str, str]) -> bool:
    regions = named_now(offered.regions, names)
    members = offered.payload.get("member_outlines", [])
    renamed = [named_now(outlines, names) for outlines in members]
    if regions == offered.regions and renamed == members:
        return False
    offered.regions = regions
    if members:
        offered.payload = {**offered.payload, "member_outlines": renamed}
    return True


def _where_it_stands(label: Label) -> dict[str, Any]:
    """In how many revisions a label stands, and which they are (a digest over their digests)."""
    names = {label.identity, *_drawn_as(label)}
    contents = RevisionContent.objects.filter(revision__annotation__image__site=label.site)
    digests, images = [], set()
    for regions, digest, image in contents.values_list(
        "regions", "revision__digest", "revision__annotation__image"
    ).iterator(chunk_size=CHUNK):
        if any(identity(str(region.get("label", ""))) in names for region in regions):
            digests.append(digest)
            images.add(image)
    sealed = LockedImage.objects.filter(image__site=label.site).values_list("image", flat=True)
    return {
        "revisions": len(digests),
        "revisions_digest": hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(),
        "sealed_images": len(images & set(sealed)),
    }


def _drawn_as(label: Label) -> Iterable[str]:
    return label.aliases.filter(was_label=True).values_list("identity", flat=True)
