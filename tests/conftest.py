"""Fixtures that every test may use: a small study and its people, made through the services."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from annotation.models import Image, Membership, Site, Study
from annotation.services import members, scans, sites, studies
from core import triggers
from core.models import User
from core.services import users
from domain.calibration import PixelSpacing

# A timing is never a test: a busy machine must not fail a property.
settings.register_profile("myotrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("myotrace")

PASSWORD = "correct horse battery"
_codes = itertools.count(1)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, request: pytest.FixtureRequest
) -> None:
    """For Chromium a file: in memory, the test server's threads would share one connection."""
    browses = any(item.get_closest_marker("browser") for item in request.session.items)
    if browses and connection.vendor == "sqlite":
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        name = Path(os.environ["MYOTRACE_DATA"]) / f"test-{worker}.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(name)


@pytest.fixture(autouse=True)
def _triggers_off_before_a_flush(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests with real transactions empty the tables afterwards, which the triggers would refuse.

    Emptying ends with post_migrate, which puts them back.
    """
    marker = request.node.get_closest_marker("django_db")
    flushes = bool(marker and marker.kwargs.get("transaction")) or bool(
        {"transactional_db", "live_server"} & set(request.fixturenames)
    )
    if flushes:
        request.getfixturevalue("_django_db_helper")
    yield
    if flushes:
        triggers.remove()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """`make_user(name, role, study)`: a user, member of the study if one is given."""

    def make(name: str, role: str = "", study: Study | None = None) -> User:
        user = users.create(name, actor=None, password=PASSWORD)
        if study is not None:
            members.add(study, user, role, actor=None)
        return user

    return make


@pytest.fixture
def study(db: None) -> Study:
    """An empty study, `lab`."""
    return studies.create("lab", "Laboratory", actor=None)


@pytest.fixture
def site(study: Study) -> Site:
    """A transverse site with one label, RF."""
    return sites.create(study, "rectus-femoris", ["RF"], actor=None)


@pytest.fixture
def annotator(study: Study, make_user: Callable[..., User]) -> User:
    return make_user("annotator", Membership.Role.ANNOTATOR, study)


@pytest.fixture
def other_annotator(study: Study, make_user: Callable[..., User]) -> User:
    return make_user("other-annotator", Membership.Role.ANNOTATOR, study)


@pytest.fixture
def expert(study: Study, make_user: Callable[..., User]) -> User:
    return make_user("expert", Membership.Role.EXPERT, study)


@pytest.fixture
def admin(study: Study, make_user: Callable[..., User]) -> User:
    return make_user("admin", Membership.Role.ADMIN, study)


@pytest.fixture
def stranger(db: None, make_user: Callable[..., User]) -> User:
    """An admin of another study."""
    elsewhere = studies.create("elsewhere", actor=None)
    return make_user("stranger", Membership.Role.ADMIN, elsewhere)


def noise(seed: int, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """Grey noise of (height, width)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.fixture
def make_image(study: Study, site: Site) -> Callable[..., Image]:
    """`make_image(subject_code="S1", **what scans.add_image takes)`: a new image of its own."""

    def make(subject_code: str = "", **fields: Any) -> Image:
        number = next(_codes)
        values: dict[str, Any] = {
            "site": site,
            "subject_code": subject_code or f"S{number:03d}",
            "pixels": noise(number),
            "take": number,
            "spacing": PixelSpacing(0.1, 0.1, "phantom"),
            "actor": None,
        }
        image, _ = scans.add_image(study, **{**values, **fields})
        return image

    return make


@pytest.fixture
def image(make_image: Callable[..., Image]) -> Image:
    return make_image("S001")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """`client_of(user)`: a browser in which the user is logged in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


def rectangle(
    x0: float, y0: float, x1: float, y1: float, label: str = "RF", cut: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Region JSON of a rectangle in px."""
    ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    return {"label": label, "cut": list(cut), "parts": [[ring]]}
