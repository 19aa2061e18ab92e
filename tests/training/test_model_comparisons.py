from __future__ import annotations

import pytest

from training.model_comparisons import reference_size


@pytest.mark.parametrize(
    ("error", "percent", "size"),
    [(-5.0, -10.0, 50.0), (5.0, 10.0, 50.0), (7.0, None, 0.0), (0.0, 0.0, None)],
)
def test_the_reference_s_size_from_its_error(error, percent, size):
    found = reference_size(error, percent)
    assert found == (None if size is None else pytest.approx(size))
