"""What the board can be narrowed to."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Membership, Study
from annotation.selectors.board import Filters


class BoardFilter(forms.Form):
    """Site and author, from the address; what is not offered counts as not given."""

    site = forms.ChoiceField(required=False)
    author = forms.ChoiceField(required=False)

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = [(site.slug, site.name) for site in study.sites.all()]
        members = study.memberships.exclude(role=Membership.Role.ADMIN).select_related("user")
        names = sorted(member.user.get_username() for member in members)
        self.fields["site"].choices = [("", "every site"), *sites]  # type: ignore[attr-defined]
        authors = [("", "everybody"), *((name, name) for name in names)]
        self.fields["author"].choices = authors  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        """The filters as the selector takes them."""
        self.is_valid()
        return Filters(**{name: self.cleaned_data.get(name, "") for name in self.fields})
