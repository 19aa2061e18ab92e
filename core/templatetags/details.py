"""Recorded details in words, where a page shows what an act kept."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def in_words(value: Any) -> str:
    """A value out of JSON: yes, no, not known, a list with commas, an object as `name: value`."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{_name(name)}: {in_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(in_words(one) for one in value)
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")
    return str(value)


@register.filter
def name_in_words(name: str) -> str:
    """`p_value` as `p value`."""
    return _name(name)


def _name(name: str) -> str:
    return name.replace("_", " ")
