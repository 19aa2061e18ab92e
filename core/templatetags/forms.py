"""Filters that form templates need."""

from __future__ import annotations

from django import template
from django.forms import BoundField, CheckboxInput

register = template.Library()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """True for a single checkbox, whose label stands behind the box."""
    return isinstance(field.field.widget, CheckboxInput)
