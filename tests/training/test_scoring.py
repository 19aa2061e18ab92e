from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calibration import PixelSpacing
from domain.geometry import Region
from domain.raster import label_map
from training.scoring import ERRORS, QUANTITIES, REFERENCE_SIZES, UNION, Protocol, score

HEIGHT, WIDTH = 60, 80
TRANSVERSE = Protocol(("RF",), has_csa=True, thickness_definition="max_vertical")
SPACING = PixelSpacing(0.1, 0.1, "phantom")


def box(x0: float, y0: float, x1: float, y1: float, label: str = "RF", *cut: str) -> Region:
    return Region(label, shapely.MultiPolygon([shapely.box(x0, y0, x1, y1)]), cut)


def scored(predicted, reference, spacing=SPACING, protocol=TRANSVERSE, known=None, measured=None):
    labels = known or protocol.labels
    drawn = label_map(predicted, labels, HEIGHT, WIDTH)
    on = protocol.labels if measured is None else measured
    return score(predicted, drawn, labels, reference, spacing, protocol, on)


def test_a_perfect_prediction():
    (one,) = scored([box(10, 10, 40, 30)], [box(10, 10, 40, 30)])
    assert one.values == {
        "dice": 1,
        "iou": 1,
        "hd95_px": 0,
        "hd95_mm": 0,
        "csa_error_mm2": 0,
        "csa_error_percent": 0,
        "mt_error_mm": 0,
        "mt_error_percent": 0,
        "reference_csa_mm2": pytest.approx(6),
        "reference_mt_mm": pytest.approx(2),
    }
    assert not one.failure


def test_errors_are_predicted_minus_reference():
    (one,) = scored([box(10, 10, 40, 32)], [box(10, 10, 40, 30)])
    assert one.values["csa_error_mm2"] == pytest.approx(30 * 2 * 0.01)
    assert one.values["csa_error_percent"] == pytest.approx(10)
    assert one.values["mt_error_mm"] == pytest.approx(0.2)
    assert one.values["mt_error_percent"] == pytest.approx(10)
    assert one.values["hd95_mm"] == pytest.approx(one.values["hd95_px"] * 0.1)
    assert one.values["reference_csa_mm2"] == pytest.approx(30 * 20 * 0.01)
    assert one.values["reference_mt_mm"] == pytest.approx(2)


def test_without_calibration_there_are_px_and_per_cent_only():
    (one,) = scored([box(10, 10, 40, 32)], [box(10, 10, 40, 30)], spacing=None)
    assert one.values["csa_error_mm2"] is None
    assert one.values["mt_error_mm"] is None
    assert one.values["hd95_mm"] is None
    assert one.values["reference_csa_mm2"] is one.values["reference_mt_mm"] is None
    assert one.values["csa_error_percent"] == pytest.approx(10)
    assert one.values["mt_error_percent"] == pytest.approx(10)


def test_a_longitudinal_site_has_no_csa():
    protocol = Protocol(("RF",), has_csa=False, thickness_definition="max_vertical")
    (one,) = scored([box(10, 10, 40, 32)], [box(10, 10, 40, 30)], protocol=protocol)
    assert one.values["csa_error_mm2"] is None
    assert one.values["csa_error_percent"] is None
    assert one.values["mt_error_percent"] == pytest.approx(10)


def test_finding_nothing_is_a_failure_that_costs():
    (one,) = scored([], [box(10, 10, 40, 30)])
    assert one.failure
    assert one.values["dice"] == one.values["iou"] == 0
    assert one.values["hd95_px"] == pytest.approx(math.hypot(HEIGHT, WIDTH))
    assert one.values["hd95_mm"] == pytest.approx(math.hypot(HEIGHT, WIDTH) * 0.1)
    assert one.values["csa_error_percent"] == -100
    assert one.values["mt_error_percent"] == -100


def test_finding_what_is_not_there_is_a_failure():
    (one,) = scored([box(10, 10, 40, 30)], [])
    assert one.failure
    assert one.values["dice"] == 0
    assert one.values["csa_error_percent"] is None
    assert one.values["csa_error_mm2"] == pytest.approx(6)


def test_both_empty_agree():
    (one,) = scored([], [])
    assert not one.failure
    assert (one.values["dice"], one.values["iou"], one.values["hd95_px"]) == (1, 1, 0)
    assert one.values["csa_error_mm2"] == 0


def test_a_label_that_the_model_does_not_know_counts_as_empty():
    protocol = Protocol(("PL", "PB"), has_csa=True, thickness_definition="max_vertical")
    reference = [box(10, 10, 40, 30, "PL"), box(10, 30, 40, 50, "PB")]
    known = [box(10, 10, 40, 30, "PL")]
    first, second, _ = scored(known, reference, protocol=protocol, known=("PL",))
    assert first.values["dice"] == 1
    assert second.failure


def test_labels_are_matched_by_name_and_not_by_number():
    protocol = Protocol(("PL", "PB"), has_csa=True, thickness_definition="max_vertical")
    regions = [box(10, 10, 40, 30, "PL"), box(10, 30, 40, 50, "PB")]
    scores = scored(regions, regions, protocol=protocol, known=("PB", "PL"))
    assert [(one.label, one.values["dice"]) for one in scores] == [
        ("PL", 1),
        ("PB", 1),
        (UNION, 1),
    ]


def test_mixed_up_labels_cost_their_dice_and_not_the_union_s():
    protocol = Protocol(("PL", "PB"), has_csa=True, thickness_definition="max_vertical")
    reference = [box(10, 10, 40, 30, "PL"), box(10, 30, 40, 50, "PB")]
    mixed_up = [box(10, 10, 40, 30, "PB"), box(10, 30, 40, 50, "PL")]
    first, second, union = scored(mixed_up, reference, protocol=protocol)
    assert first.values["dice"] == second.values["dice"] == 0
    assert (union.label, union.values["dice"], union.values["hd95_mm"]) == (UNION, 1, 0)
    assert union.values["csa_error_mm2"] is None


def test_several_regions_of_a_label_are_one_shape():
    parts = [box(10, 10, 20, 30), box(30, 10, 40, 30)]
    (one,) = scored(parts, list(reversed(parts)))
    assert one.values["dice"] == 1
    assert one.values["csa_error_mm2"] == 0


def test_unequal_pixels_are_measured_along_their_axes():
    wide = PixelSpacing(0.2, 0.1, "phantom")
    (one,) = scored([box(10, 10, 40, 30)], [box(10, 10, 36, 30)], spacing=wide)
    assert one.values["hd95_px"] == pytest.approx(4)
    assert one.values["hd95_mm"] == pytest.approx(0.8)


def test_a_reference_cut_at_its_side_has_a_thickness_error_and_none_of_csa():
    (one,) = scored([box(10, 10, 40, 32)], [box(10, 10, 40, 30, "RF", "left")])
    assert (one.cut, one.left_out) == (("left",), ("csa",))
    assert one.values["csa_error_mm2"] is one.values["csa_error_percent"] is None
    assert one.values["reference_csa_mm2"] is None
    assert one.values["mt_error_mm"] == pytest.approx(0.2)
    assert one.values["dice"] == pytest.approx(20 / 21)
    assert one.values["hd95_mm"] > 0


def test_a_reference_cut_deep_has_no_error_of_either():
    regions = [box(10, 10, 20, 30, "RF", "deep"), box(30, 10, 40, 30, "RF", "left")]
    (one,) = scored([box(10, 10, 40, 32)], regions)
    assert (one.cut, one.left_out) == (("left", "deep"), ("csa", "mt"))
    assert all(one.values[name] is None for name in (*ERRORS, *REFERENCE_SIZES))


def test_on_a_longitudinal_site_only_a_thickness_is_left_out():
    protocol = Protocol(("RF",), has_csa=False, thickness_definition="max_vertical")
    for side, left_out in (("left", ()), ("deep", ("mt",))):
        (one,) = scored([], [box(10, 10, 40, 30, "RF", side)], protocol=protocol)
        assert (one.cut, one.left_out) == ((side,), left_out)


def test_a_frame_that_is_not_measured_keeps_overlap_and_has_no_error():
    (one,) = scored([box(10, 10, 40, 32)], [box(10, 10, 40, 30, "RF", "left")], measured=())
    assert one.values["dice"] == pytest.approx(20 / 21)
    assert all(one.values[name] is None for name in (*ERRORS, *REFERENCE_SIZES))
    assert (one.cut, one.left_out) == (("left",), ()), "nothing is measured here to be left out"


boxes = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h),
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(1, 20),
    st.integers(1, 20),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(boxes, max_size=2), st.lists(boxes, max_size=2))
def test_every_quantity_is_a_finite_number_or_absent(predicted, reference):
    (one,) = scored(predicted, reference)
    assert set(one.values) == {*QUANTITIES, *REFERENCE_SIZES}
    assert all(value is None or math.isfinite(value) for value in one.values.values())
    dice, iou = one.values["dice"], one.values["iou"]
    assert iou == pytest.approx(dice / (2 - dice))
    error_mm2, area_px = (
        one.values["csa_error_mm2"],
        predicted_minus_reference(predicted, reference),
    )
    assert error_mm2 == pytest.approx(area_px * 0.01)


def predicted_minus_reference(predicted, reference) -> float:
    areas = [
        shapely.union_all([region.shape for region in regions]).area
        for regions in (predicted, reference)
    ]
    return areas[0] - areas[1]
