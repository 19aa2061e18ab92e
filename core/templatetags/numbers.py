"""Numbers on pages, as core.numbers writes them."""

from __future__ import annotations

from django import template

from core import numbers

register = template.Library()


@register.filter
def number(value: float | None, places: int = 0) -> str:
    """`{{ 0.8312|number:2 }}` is 0.83; nothing for None."""
    return numbers.number(value, places)


@register.filter
def signed(value: float | None, places: int = 0) -> str:
    """The same, with a plus before what is above zero."""
    return numbers.number(value, places, sign=True)


@register.filter
def area(mm2: float | None, unit: str) -> str:
    """`{{ row.csa_mm2|area:site.area_unit }}`: the number in the site's unit, without its sign."""
    return numbers.area(mm2, unit)


@register.filter
def area_sign(unit: str) -> str:
    """`cm²` of `cm2`."""
    return numbers.AREA_UNITS[unit].sign


@register.filter
def named_in(words: str, unit: str) -> str:
    """`{{ reason|named_in:site.area_unit }}`: what a stored report calls a CSA in mm²."""
    return numbers.named_in(words, unit)
