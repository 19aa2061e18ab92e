"""Forms that several apps use."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms

if TYPE_CHECKING:
    from core.models import Schedule

DAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("0", "Sunday"),
]
CONTINENTS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)


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

    @staticmethod
    def values_of(schedule: Schedule | None) -> dict[str, Any]:
        """What the form begins with; nothing, where no schedule was ever set."""
        if schedule is None:
            return {}
        return {
            "enabled": schedule.enabled,
            "days": [] if schedule.days == "*" else schedule.days.split(","),
            "at": time(schedule.hour, schedule.minute),
        }

    def cron_days(self) -> str:
        """The days as the scheduler wants them: all or none chosen means every day."""
        chosen = sorted(self.cleaned_data["days"])
        return "*" if len(chosen) in {0, 7} else ",".join(chosen)


def zones() -> list[tuple[str, str]]:
    """The time zones that a person may choose, by continent and city; UTC first."""
    cities = sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in cities)]


class Profile(forms.Form):
    """What a person says about how pages speak to them."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        help_text="Every time on every page is shown in it. Reports are written in UTC and say so.",
    )
