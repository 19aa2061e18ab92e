"""Forms of this app."""

from __future__ import annotations

from django import forms


class Retraining(forms.Form):
    """When a site is trained again because there is more to learn from."""

    enabled = forms.BooleanField(required=False, label="Train again by itself")
    after_subjects = forms.IntegerField(
        min_value=1,
        max_value=1000,
        label="After newly approved subjects",
        help_text="Counted since the last run. Test subjects do not count.",
    )


class Reason(forms.Form):
    """Why a model is promoted or rolled back; the trail keeps it."""

    reason = forms.CharField(max_length=500, required=False, label="Reason")


class EvaluationChoice(forms.Form):
    """Which partition a model is evaluated on."""

    partition = forms.ChoiceField(choices=[("validation", "validation"), ("test", "test")])
