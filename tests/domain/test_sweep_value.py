"""docs/algorithms/measurement.md, the frame that a sweep's values are taken from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sweep_value import FrameSize, measured_frame


def frames(*sizes: float, first: int = 0) -> list[FrameSize]:
    return [FrameSize(first + number, size) for number, size in enumerate(sizes)]


class TestTheRule:
    def test_a_single_jump_is_not_the_value(self) -> None:
        assert measured_frame(frames(100, 110, 233, 112, 105)) == 3

    def test_the_top_of_a_smooth_sweep_is(self) -> None:
        assert measured_frame(frames(100, 120, 140, 139, 110)) == 3
        assert measured_frame(frames(100, 120, 140, 141, 139, 110)) == 2

    def test_a_jump_at_either_end_counts_no_more(self) -> None:
        assert measured_frame(frames(10, 20, 30, 20, 99)) == 3
        assert measured_frame(frames(99, 20, 30, 20, 10)) == 1

    @pytest.mark.parametrize("sizes", [(7.0,), (7.0, 9.0)])
    def test_fewer_than_three_in_a_row_are_left_as_they_are(self, sizes: tuple[float, ...]) -> None:
        assert measured_frame(frames(*sizes, first=4)) == 3 + len(sizes)

    def test_a_gap_is_not_bridged(self) -> None:
        """Frame 5 stands alone: 1 to 3 and 7 to 9 lend it no neighbour."""
        sizes = [*frames(10, 20, 10, first=1), FrameSize(5, 30), *frames(10, 20, 10, first=7)]
        assert measured_frame(sizes) == 5

    def test_scattered_frames_are_compared_as_they_are(self) -> None:
        assert measured_frame([FrameSize(3, 5), FrameSize(6, 9), FrameSize(12, 7)]) == 6

    def test_of_equals_the_earliest(self) -> None:
        assert measured_frame(frames(5, 5, 5, 5, 5)) == 1, "an end has no median of three"
        assert measured_frame([FrameSize(3, 5), FrameSize(6, 5)]) == 3

    def test_frames_that_the_view_cuts_count_only_where_it_cuts_all(self) -> None:
        cut = [FrameSize(0, 90, is_cut=True), FrameSize(1, 40), FrameSize(2, 95, is_cut=True)]
        assert measured_frame(cut) == 1
        assert measured_frame([one for one in cut if one.is_cut]) == 2

    def test_nothing_outlined(self) -> None:
        assert measured_frame([]) is None


SWEEPS = st.dictionaries(st.integers(0, 40), st.floats(1, 1e3), min_size=1)


@given(SWEEPS)
def test_the_order_and_the_unit_do_not_matter(found: dict[int, float]) -> None:
    sizes = [FrameSize(*one) for one in found.items()]
    measured = measured_frame(sizes)
    assert measured in found
    assert measured_frame(sizes[::-1]) == measured
    assert measured_frame([FrameSize(one.frame, one.size * 4) for one in sizes]) == measured
