"""From rows per image and label to what the gate compares."""

from __future__ import annotations

import pytest

from annotation.selectors.subgroups import groupings
from training.comparing import figures_of, on_same_images
from training.summarising import Row


def row(image: int, subject: str, label: str = "PL", *, failure: bool = False, **values) -> Row:
    return Row(image, subject, label, {"dice": 0.9, **values}, failure)


def test_absolute_errors_are_taken_image_by_image():
    rows = [
        row(1, "A", csa_error_percent=10.0, csa_error_mm2=None),
        row(2, "A", csa_error_percent=-10.0, csa_error_mm2=None),
    ]
    figures = figures_of(rows)
    assert figures.errors["csa_error_percent"] == {"A": 0.0}
    assert figures.absolute_errors["csa_error_percent"] == {"A": 10.0}
    assert figures.errors["csa_error_mm2"] == {}, "not calibrated"


def test_classes_and_failures_by_subject():
    rows = [row(1, "A"), row(1, "A", "PB", dice=0.5, failure=True), row(2, "B"), row(2, "B", "PB")]
    figures = figures_of(rows)
    assert figures.dice == pytest.approx({"A": 0.7, "B": 0.9})
    assert figures.labels["PB"] == {"A": 0.5, "B": 0.9}
    assert figures.failures == {"A": 1}


def test_only_images_that_both_have_are_compared():
    first, second = on_same_images([row(1, "A"), row(2, "A")], [row(2, "A"), row(3, "B")])
    assert [one.image_id for one in first] == [one.image_id for one in second] == [2]


@pytest.mark.django_db
def test_groups_are_those_of_subjects_and_takes(make_image):
    one, other = make_image("A"), make_image("B")
    one.subject.age, one.subject.sex = 64, "female"
    one.subject.save()
    one.take.device = "E-CUBE"
    one.take.save()
    found = groupings([one.pk, other.pk])
    assert found["age"] == {"A": "60-69", "B": ""}
    assert found["sex"]["A"] == "female"
    assert found["device"] == {"A": "E-CUBE", "B": other.take.device}
