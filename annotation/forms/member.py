"""Inviting people, and changing what they are."""

from __future__ import annotations

from django import forms

from annotation.models import Membership

ROLES = [
    (Membership.Role.ANNOTATOR.value, "annotator: outlines scans"),
    (Membership.Role.EXPERT.value, "expert: reviews, corrects, approves"),
    (Membership.Role.ADMIN.value, "admin: imports, invites, trains, locks"),
]


class Invite(forms.Form):
    """Somebody new in the study."""

    name = forms.CharField(
        max_length=150,
        label="User name",
        help_text="Letters, digits and . _ - @ +; no full names of people are needed.",
    )
    role = forms.ChoiceField(choices=ROLES, widget=forms.RadioSelect, initial=ROLES[0][0])


class ChangeRole(forms.Form):
    """Another role for a member, or none."""

    user = forms.IntegerField(widget=forms.HiddenInput)
    role = forms.ChoiceField(choices=Membership.Role.choices, required=False)
