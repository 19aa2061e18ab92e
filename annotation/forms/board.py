"""What the board can be narrowed to."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Membership, Study
from annotation.selectors.board import LISTS
from annotation.selectors.review_lists import TO_REVIEW, ReviewList
from annotation.selectors.work import authors_of


class BoardFilter(forms.Form):
    """Site and author, from the address; what is not offered is told on the board, and counts as
    not given."""

    site = forms.ChoiceField(required=False)
    author = forms.ChoiceField(required=False)
    list = forms.ChoiceField(
        required=False, choices=[(name, name) for name in LISTS], widget=forms.HiddenInput
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = [(site.slug, site.name) for site in study.sites.all()]
        members = study.memberships.exclude(role=Membership.Role.ADMIN).select_related("user")
        names = {member.user.get_username() for member in members} | authors_of(study)
        self.fields["site"].choices = [("", "every site"), *sites]  # type: ignore[attr-defined]
        authors = [("", "everybody"), *((name, name) for name in sorted(names))]
        self.fields["author"].choices = authors  # type: ignore[attr-defined]

    def wanted(self) -> ReviewList:
        """The list as the selectors take it; the first one, where none is named."""
        self.is_valid()
        said = {name: self.cleaned_data.get(name, "") for name in ("site", "author")}
        return ReviewList(self.cleaned_data.get("list") or TO_REVIEW, **said)

    @property
    def is_of_one_list(self) -> bool:
        """Whether one list was asked for, not the board of all."""
        self.is_valid()
        return bool(self.cleaned_data.get("list"))
