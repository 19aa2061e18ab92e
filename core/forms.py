"""Forms that several apps use."""

from __future__ import annotations

from django import forms

DAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("0", "Sunday"),
]


class WeeklySchedule(forms.Form):
    """When something happens by itself: days and a time of day (UTC)."""

    enabled = forms.BooleanField(required=False, label="Do it by itself")
    days = forms.MultipleChoiceField(
        choices=DAYS, widget=forms.CheckboxSelectMultiple, required=False, label="On"
    )
    at = forms.TimeField(
        initial="03:00",
        label="At (UTC)",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def cron_days(self) -> str:
        """The days as the scheduler wants them: all or none chosen means every day."""
        chosen = sorted(self.cleaned_data["days"])
        return "*" if len(chosen) in {0, 7} else ",".join(chosen)
