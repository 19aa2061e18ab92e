"""Moments on pages, as core.moments writes them."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import moments

register = template.Library()


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """A moment as a `time` element, in full in its title; nothing for None."""
    if at is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        moments.in_full(at),
        moments.words(at),
    )
