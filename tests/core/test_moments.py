"""Times in the person's own zone, with the day where it is not today; and no raw ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone

from core import moments
from core.models import AuditEvent
from core.services import users
from domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from core.models import User

AT = datetime(2026, 3, 2, 20, 47, 9, tzinfo=UTC)
TEMPLATES = Path(__file__).parents[2] / "templates"
BARE_TIME = re.compile(r'\|(?:date|time):"[^"]*[HisuG][^"]*"')


def test_today_is_a_time_and_another_day_is_said() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert moments.words(AT, now=datetime(2026, 3, 3, 1, 0, tzinfo=UTC)) == "05:47"
        assert moments.words(AT, now=datetime(2026, 3, 3, 20, 0, tzinfo=UTC)) == "2026-03-03 05:47"
        assert moments.in_full(AT) == "2026-03-03 05:47:09 JST"


def test_a_moment_on_a_page_has_its_zone_in_the_title() -> None:
    template = engines["django"].from_string("{% load moments %}{{ at|moment }}{{ none|moment }}")
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        shown = template.render({"at": AT, "none": None})
    assert shown == (
        '<time datetime="2026-03-02T20:47:09+00:00" title="2026-03-03 05:47:09 JST">'
        "2026-03-03 05:47</time>"
    )


def test_no_template_writes_a_time_in_a_way_of_its_own() -> None:
    for path in TEMPLATES.rglob("*.html"):
        assert not BARE_TIME.search(path.read_text()), f"{path.name}: use |moment"
        assert '|date:"c"' not in path.read_text(), f"{path.name}: use |moment"
        assert "(UTC)" not in path.read_text(), f"{path.name}: times are in the person's zone"


def test_a_person_chooses_the_zone_on_a_page_and_every_page_uses_it(
    annotator: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(annotator)
    assert "Asia/Tokyo" in client.get("/profile/").content.decode()
    answer = client.post("/profile/", {"time_zone": "Asia/Tokyo"}, follow=True)
    shown = f"{timezone.now().astimezone(ZoneInfo('Asia/Tokyo')):%H:}"
    assert shown in answer.content.decode()
    annotator.refresh_from_db()
    assert annotator.time_zone == "Asia/Tokyo"
    assert AuditEvent.objects.filter(verb="time zone chosen").exists()
    assert timezone.get_current_timezone_name() == "UTC", "the next request has its own"
    assert client.post("/profile/", {"time_zone": "Mars/Olympus"}).status_code == 422


def test_a_zone_that_does_not_exist_is_refused_and_one_that_is_gone_is_utc(annotator: User) -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        users.set_time_zone(annotator, "../etc/passwd")
    assert moments.zone_named("Gone/City").key == "UTC"
    assert moments.zone_named("../etc/passwd").key == "UTC"
