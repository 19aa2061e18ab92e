"""What can be asked of the list of images."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Image, Study
from annotation.selectors.gallery import SORTS, Wanted

STATES = {
    Image.State.NEW: "not begun",
    Image.State.DRAFT: "being drawn",
    Image.State.SUBMITTED: "to review",
    Image.State.RETURNED: "returned",
    Image.State.APPROVED: "approved",
    Image.State.UNUSABLE: "unusable",
}


class GalleryFilter(forms.Form):
    """Filters of the list of images, from the address. What is not understood is left out."""

    site = forms.ChoiceField(required=False)
    state = forms.ChoiceField(
        required=False, choices=[("", "every state"), *((s.value, t) for s, t in STATES.items())]
    )
    subject = forms.CharField(required=False, max_length=64, label="Subject begins with")
    sort = forms.ChoiceField(
        required=False, choices=[(name, name) for name in SORTS], widget=forms.HiddenInput
    )
    view = forms.ChoiceField(
        required=False,
        choices=[("grid", "grid"), ("table", "table")],
        widget=forms.HiddenInput,
    )

    def __init__(self, study: Study, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(site.slug, site.name) for site in study.sites.all()]
        self.fields["site"].choices = [("", "every site"), *choices]  # type: ignore[attr-defined]

    @property
    def view_name(self) -> str:
        """How the list is shown: `grid` or `table`."""
        return self._value("view") or "grid"

    def wanted(self) -> Wanted:
        """The images asked for; a value that is not offered counts as not given."""
        return Wanted(
            site=self._value("site"),
            state=self._value("state"),
            subject=self._value("subject"),
            sort=self._value("sort") or "newest",
            after=self.data.get("after", ""),
            before=self.data.get("before", ""),
        )

    def _value(self, name: str) -> str:
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
