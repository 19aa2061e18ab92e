"""Spacing typed on a page is a method of its own, not one that an import gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotation.models import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from annotation.models import Image
    from core.models import User


def test_a_spacing_typed_on_the_page_says_so(
    image: Image, admin: User, client_of: Callable[[User], Client]
) -> None:
    page = f"/studies/{image.study.name}/images/{image.pk}/"
    answer = client_of(admin).post(
        page, {"act": "calibrate", "calibrate-x_mm": "0.1", "calibrate-y_mm": "0.12"}, follow=True
    )
    image.refresh_from_db()
    assert image.calibration.method == Calibration.Method.TYPED
    assert "spacing typed on a page" in answer.content.decode()
