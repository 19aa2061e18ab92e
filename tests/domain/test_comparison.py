"""How two outlines of one image differ, on figures whose differences are known."""

from __future__ import annotations

import pytest
from shapely import MultiPolygon, box

from domain.calibration import PixelSpacing
from domain.comparison import OutlineChange, changed_near, changed_share, compare
from domain.geometry import Region

SPACING = PixelSpacing(0.1, 0.2, "phantom")


def region(x0: float, y0: float, x1: float, y1: float, label: str = "RF") -> Region:
    return Region(label, MultiPolygon([box(x0, y0, x1, y1)]), ())


def compared(
    first: list[Region], second: list[Region], spacing: PixelSpacing | None = SPACING
) -> list[OutlineChange]:
    return compare(
        first,
        second,
        height=60,
        width=80,
        spacing=spacing,
        plane="transverse",
        thickness_definition="max_vertical",
    )


def test_a_lower_edge_that_moves_is_measured_in_mm() -> None:
    (change,) = compared([region(10, 10, 50, 30)], [region(10, 10, 50, 40)])
    assert change.greatest == pytest.approx(10 * 0.2)
    assert 0 < (change.mean or 0) < 2
    assert change.dice == pytest.approx(2 * 800 / (800 + 1200))
    assert change.csa_mm2 == pytest.approx(400 * 0.02)
    assert change.csa_percent == pytest.approx(50)
    assert (change.mt_mm, change.mt_percent) == (pytest.approx(2), pytest.approx(50))


def test_without_calibration_distances_are_in_px_and_changes_in_per_cent() -> None:
    (change,) = compared([region(10, 10, 50, 30)], [region(10, 10, 50, 40)], None)
    assert change.greatest == pytest.approx(10)
    assert (change.csa_mm2, change.mt_mm) == (None, None)
    assert (change.csa_percent, change.mt_percent) == (pytest.approx(50), pytest.approx(50))


def test_a_label_that_one_left_out_is_said_and_has_no_distance() -> None:
    both = [region(10, 10, 50, 30)]
    gained, same = compared(both, [*both, region(60, 10, 70, 20, "ABC")])
    assert (gained.label, gained.missing_in, gained.greatest) == ("ABC", "first", None)
    assert (same.dice, same.greatest, same.csa_mm2) == (1, 0, 0)


def test_a_change_is_near_a_place_or_it_is_not() -> None:
    before, after = [region(10, 10, 50, 30)], [region(10, 10, 50, 40)]
    assert changed_near(before, after, (30, 45), 5)
    assert not changed_near(before, after, (30, 45), 4)
    assert not changed_near(before, before, (30, 30), 50)


def test_the_changed_share_is_of_the_area_that_either_covers() -> None:
    assert changed_share([region(0, 0, 10, 10)], [region(0, 0, 10, 20)]) == pytest.approx(0.5)
    assert (changed_share([], []), changed_share([], [region(0, 0, 1, 1)])) == (0, 1)
