"""Tags that draw plots and the ring of today's work."""

from __future__ import annotations

from typing import Any

from django import template

from core.plots import Figure

register = template.Library()


@register.inclusion_tag("core/plots/figure.svg.html", takes_context=True)
def plot(context: template.Context, figure: Figure) -> dict[str, Any]:
    """`{% plot figure %}`: the figure, with a download link if the page has a request.

    In a file of its own (`standalone`) no point leads anywhere.
    """
    request = context.get("request")
    if request is None:
        return {"figure": figure, "download": "", "standalone": bool(context.get("standalone"))}
    query = request.GET.copy()
    query["figure"] = figure.name
    return {"figure": figure, "download": f"{request.path}?{query.urlencode()}"}


@register.filter
def add_px(value: float, offset: float) -> float:
    """A coordinate moved by `offset` px."""
    return round(float(value) + float(offset), 2)


@register.simple_tag
def share(done: float, total: float) -> int:
    """`done` of `total` in whole per cent, between 0 and 100; 100 where nothing is asked."""
    if total <= 0:
        return 100
    return max(0, min(100, round(100 * done / total)))
