"""Sealing, rotating, correcting and releasing what is locked."""

from __future__ import annotations

from django import forms

from annotation.models import LOOK_BUDGET
from annotation.services.lock import MAX_BUDGET


class Seal(forms.Form):
    """The word that seals or rotates a test set: typed, since it cannot be taken back."""

    site = forms.SlugField(widget=forms.HiddenInput)
    confirmation = forms.CharField(
        label="Type the site's name to confirm", max_length=100, strip=True
    )
    look_budget = forms.IntegerField(
        min_value=1,
        max_value=MAX_BUDGET,
        initial=LOOK_BUDGET,
        label="Looks that this version allows",
        help_text="Each evaluation on it is a look. More looks ask a model for a clearer win in "
        "each; a sealed budget is never raised.",
    )


class Decline(forms.Form):
    """Why a proposed correction or change is not taken."""

    proposal = forms.IntegerField(widget=forms.HiddenInput)
    note = forms.CharField(max_length=500, label="Why it is declined", strip=True)


class Release(forms.Form):
    """Why retired test subjects go to training."""

    reason = forms.CharField(max_length=500, label="Why they may train now", strip=True)
