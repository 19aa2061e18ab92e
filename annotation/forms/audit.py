"""What the audit trail can be narrowed to."""

from __future__ import annotations

from typing import Any

from django import forms

from core.selectors import audit


class AuditFilter(forms.Form):
    """Act, person and place in the trail, from the address."""

    verb = forms.ChoiceField(required=False, label="What")
    actor = forms.ChoiceField(required=False, label="Who")
    older = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    newer = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, scope: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verbs = [("", "everything"), *((verb, verb) for verb in audit.verbs(scope))]
        actors = [("", "everybody"), *((name, name) for name in audit.actors(scope))]
        self.fields["verb"].choices = verbs  # type: ignore[attr-defined]
        self.fields["actor"].choices = actors  # type: ignore[attr-defined]
        self.scope = scope

    def page(self) -> audit.AuditPage:
        """The page asked for; what is not offered counts as not given."""
        self.is_valid()
        given = self.cleaned_data
        return audit.page(
            self.scope,
            verb=given.get("verb", ""),
            actor_name=given.get("actor", ""),
            older_than=given.get("older") or 0,
            newer_than=given.get("newer") or 0,
        )
