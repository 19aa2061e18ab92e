"""Where a device shows tissue in its pictures."""

from __future__ import annotations

from typing import Any

from django import forms

from domain.calibration import area_from_text
from domain.errors import InvalidInput


class ConfirmArea(forms.Form):
    """The image area of a device's pictures of one size."""

    device = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    width = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    height = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    area = forms.CharField(
        max_length=60,
        label="Image area",
        help_text="x,y,width,height in px of the file, or full for the whole picture.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """With the area as a rectangle, under `rectangle`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            cleaned["rectangle"] = area_from_text(
                cleaned["area"], cleaned["width"], cleaned["height"]
            )
        except InvalidInput as error:
            self.add_error("area", str(error))
        return cleaned
