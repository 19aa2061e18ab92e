"""Forms of this app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms

from domain.errors import InvalidInput
from training import backends

if TYPE_CHECKING:
    from annotation.models import Site


class Retraining(forms.Form):
    """When a site is trained again because there is more to learn from."""

    enabled = forms.BooleanField(required=False, label="Train again by itself")
    after_subjects = forms.IntegerField(
        min_value=1,
        max_value=1000,
        label="After newly approved subjects",
        help_text="Counted since the last run. Test subjects do not count.",
    )
    promotes = forms.BooleanField(
        required=False,
        label="A model that passes the development gate makes pre-labels by itself",
        help_text="Otherwise a person looks at pictures first. Measurement always needs a person.",
    )
    shadow_scans = forms.IntegerField(
        min_value=0,
        max_value=1000,
        label="Corrected scans on which the model before is compared",
        help_text="0: no comparison.",
    )


class Reason(forms.Form):
    """Why a model is promoted or rolled back; the trail keeps it."""

    reason = forms.CharField(max_length=500, required=False, label="Reason")


class GateRule(forms.Form):
    """What a site's gate decides by, for the models of later runs."""

    alpha = forms.FloatField(label="Error of all looks at one lock together")
    looks = forms.IntegerField(label="Looks that share it, at least")
    noninferiority_margin = forms.FloatField(label="Dice: not worse for pre-labels by")
    class_margin = forms.FloatField(label="Dice of a class: down by at most")
    p10_margin = forms.FloatField(label="10th percentile of Dice: down by at most")
    hd95_margin_mm = forms.FloatField(label="HD95: up by less than (mm)")
    hd95_margin_px = forms.FloatField(label="HD95 without calibration: up by less than (px)")
    csa_margin_mm2 = forms.FloatField(label="CSA: error up by less than (mm²)")
    csa_margin_percent = forms.FloatField(label="CSA without calibration: up by less than (%)")
    mt_margin_mm = forms.FloatField(label="Thickness: error up by less than (mm)")
    mt_margin_percent = forms.FloatField(label="Thickness without calibration: less than (%)")
    floor_slack = forms.FloatField(label="First model: interval so far below the floor")
    subgroup_minimum = forms.IntegerField(label="Subgroups count from so many subjects")
    subgroup_margin = forms.FloatField(label="Dice of a subgroup: down by at most")
    asks_for_confirmation = forms.BooleanField(
        required=False,
        label="A model that takes another's place is confirmed on pictures first",
        help_text="Without it, each promotion still says whether somebody has looked.",
    )
    reason = forms.CharField(max_length=500, label="Reason")

    def numbers(self) -> dict[str, Any]:
        """The values without the reason."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}


class Promote(forms.Form):
    """For what a model is promoted, why, and that somebody has looked at its pictures."""

    purposes = forms.MultipleChoiceField(
        choices=[("pre-label", "pre-labels"), ("measurement", "measurement")],
        initial=["pre-label", "measurement"],
        widget=forms.CheckboxSelectMultiple,
        label="For",
    )
    reason = forms.CharField(max_length=500, required=False, label="Reason")
    confirmed = forms.BooleanField(required=False, label="I have looked at these pictures")

    def __init__(self, *args: Any, asks: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks:
            del self.fields["confirmed"]


class Confirm(forms.Form):
    """What an expert says about a candidate's pictures; may be empty."""

    remark = forms.CharField(max_length=500, required=False, label="Remark")


class Planning(forms.Form):
    """What is known about a site before its test set is sealed."""

    dice_sd = forms.FloatField(
        min_value=0.001, max_value=0.5, label="SD of the difference in Dice",
        help_text="Between two models, over subjects; 0.02 to 0.04 is usual.", initial=0.03,
    )  # fmt: skip
    hd95_sd = forms.FloatField(
        min_value=0.01, max_value=50, label="SD of the difference in HD95 (mm)", initial=0.6
    )
    csa_sd = forms.FloatField(
        min_value=0.1, max_value=100, label="SD of the CSA error (%)", initial=6.0
    )
    mt_sd = forms.FloatField(
        min_value=0.1, max_value=100, label="SD of the thickness error (%)", initial=5.0
    )
    labels = forms.IntegerField(min_value=1, max_value=20, label="Labels of the site", initial=1)
    label_sd = forms.FloatField(
        min_value=0, max_value=0.5, label="SD of a label's difference in Dice", initial=0.02,
        help_text="About the mean of all labels; of no account at a site with one.",
    )  # fmt: skip
    failures = forms.FloatField(
        min_value=0, max_value=100, label="Failures of one model alone", initial=1.0,
        help_text="In 100 subjects: it draws nothing where there is muscle, the other does.",
    )  # fmt: skip
    icc = forms.FloatField(min_value=0, max_value=1, label="ICC to expect", initial=0.9)
    looks = forms.IntegerField(min_value=1, max_value=100, label="Looks at the lock", initial=10)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The values that the form begins with."""
        return {name: field.initial for name, field in cls.base_fields.items()}


class EvaluationChoice(forms.Form):
    """Which partition a model is evaluated on."""

    partition = forms.ChoiceField(choices=[("validation", "validation"), ("test", "test")])


class StartRun(forms.Form):
    """A site and the settings of one model family, each as its backend declares it."""

    def __init__(self, *args: Any, sites: Iterable[Site], family: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(site.slug, site.name) for site in sites]
        self.family = family
        self.fields["site"] = forms.ChoiceField(label="Muscle site", choices=choices)
        self._described = backends.get(family).describe()
        for entry in self._described:
            self.fields[entry["name"]] = _setting_field(entry)

    def recipe_fields(self) -> Iterator[forms.BoundField]:
        """The settings that most people leave alone."""
        return (self[entry["name"]] for entry in self._described if entry["name"] != "max_epochs")

    def settings(self) -> dict[str, object]:
        """The settings that were given; empty ones keep their default."""
        given = {entry["name"]: self.cleaned_data[entry["name"]] for entry in self._described}
        return {name: value for name, value in given.items() if value not in {"", None}}


class NextScans(forms.Form):
    """A query round: which scans are asked for next."""

    strategy = forms.ChoiceField(
        required=False,
        label="Chosen by",
        choices=[
            ("", "what fits the site"),
            ("typicality", "typical scans"),
            ("entropy", "where the model is unsure"),
            ("stratified", "where the model is unsure, label by label"),
            ("random", "chance alone"),
        ],
    )
    size = forms.IntegerField(min_value=1, max_value=200, initial=10, label="How many scans")
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=1, label="Seed")
    noise = forms.BooleanField(
        required=False,
        label="Add chance to the model's uncertainty",
        help_text="Much in the first rounds, hardly any from the tenth on.",
    )


class PairedReadings(forms.Form):
    """The share of a site's scans that are read with the pre-label and without."""

    share = forms.FloatField(
        min_value=0,
        max_value=100,
        label="Scans read in pairs, in per cent",
        help_text="Drawn as they get their pre-labels; 5 to 10 are usual, 0 is none. Each costs a "
        "second reading, and the expert decides between the two.",
    )


class OwnModel(forms.Form):
    """An ONNX file and its card."""

    model = forms.FileField(label="ONNX file")
    card = forms.FileField(label="Card (JSON)")

    def __init__(self, *args: Any, sites: Iterable[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(site.slug, site.name) for site in sites]
        self.fields["site"] = forms.ChoiceField(label="Muscle site", choices=choices)
        self.order_fields(["site"])


class StartReplay(forms.Form):
    """A replay of the approved development data."""

    seeds = forms.IntegerField(
        min_value=2,
        max_value=100,
        initial=10,
        label="Seeds",
        help_text="Below ten, nothing is concluded.",
    )
    start = forms.IntegerField(min_value=1, initial=3, label="Subjects to begin with")
    batch = forms.IntegerField(min_value=1, initial=3, label="Subjects a batch")
    max_epochs = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=20,
        label="Epochs of each training",
        help_text="Two trainings a batch and seed: keep it small.",
    )


def _setting_field(entry: dict[str, Any]) -> forms.Field:
    shared: dict[str, Any] = {
        "required": False,
        "label": entry["name"].replace("_", " ").capitalize(),
        "help_text": entry["help"],
        "initial": entry["default"],
    }
    limits: dict[str, Any] = {"min_value": entry.get("minimum"), "max_value": entry.get("maximum")}
    match entry["kind"]:
        case "integer":
            return forms.IntegerField(**shared, **limits)
        case "number":
            return forms.FloatField(
                **shared, **limits, widget=forms.NumberInput(attrs={"step": "any"})
            )
        case "choice":
            return forms.ChoiceField(**shared, choices=[(word, word) for word in entry["choices"]])
        case "flag":
            return forms.BooleanField(**shared)
        case _:
            return forms.CharField(**shared, max_length=20)


def checked(form: forms.Form) -> dict[str, Any]:
    """The form's values. Raises InvalidInput with the first thing that is wrong."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InvalidInput(f"{field}: {errors[0]}")
    return form.cleaned_data
