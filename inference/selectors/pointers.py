"""Which model serves a site, and which did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.models import ModelVersion, Pointer, PointerMove, Purpose

if TYPE_CHECKING:
    from annotation.models import Site


def current_model(site: Site | int, purpose: str = Purpose.PRE_LABEL) -> ModelVersion | None:
    """The model version that serves the site for this purpose, if any does."""
    site_id = site if isinstance(site, int) else site.pk
    pointer = (
        Pointer.objects.filter(site_id=site_id, purpose=purpose)
        .select_related("model__site__study")
        .first()
    )
    return pointer.model if pointer else None


def current_and_earlier(
    site: Site, purpose: str
) -> tuple[ModelVersion | None, ModelVersion | None]:
    """The serving model and the one that a rollback goes back to.

    Each rollback takes back one promotion, so a second one goes further back and never returns to
    what was rolled back.
    """
    stood: list[ModelVersion] = []
    moves = PointerMove.objects.filter(site=site, purpose=purpose).select_related("model__site")
    for moved in moves.order_by("id"):
        if moved.kind == PointerMove.Kind.ROLLBACK:
            stood.pop()
        elif moved.model is not None:
            stood.append(moved.model)
    current = stood[-1] if stood else None
    return current, stood[-2] if len(stood) > 1 else None


def moves_of(site: Site) -> list[PointerMove]:
    """The site's pointer moves, newest first."""
    return list(
        PointerMove.objects.filter(site=site).select_related(
            "model__site", "previous__site", "actor"
        )
    )
