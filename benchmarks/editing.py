"""2,000 seeded random gestures through the real editor in Chromium, judged by shapely."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import sync_playwright

from annotation.models import Image
from annotation.services import members, outlines, scans, sites, studies
from core.models import User
from core.services import users
from tests.e2e.conftest import FLAGS
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.random_operations import FOUR, Verdict, judge

GESTURES = 2_000
SEED = 2


def run() -> list[dict[str, Any]]:
    """The worst overlap and difference of area, and how many gestures went wrong."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in this thread
    call_command("migrate", interactive=False, verbosity=0)
    person, image = _prepare()
    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    try:
        verdict, errors = _edit(f"http://127.0.0.1:{server.port}", person, image)
    finally:
        server.terminate()
    note = f"{verdict.gestures} gestures, {verdict.changes} changes, seed {SEED}"
    return [
        _row("exceptions in the page", len(errors), "", "0", note),
        _row("regions invalid after the server's normalisation", verdict.invalid, "", "0", note),
        _row("undo that does not bring the start back", verdict.bad_undo, "", "0", note),
        _row("largest overlap of two structures", verdict.overlap_px2, "px2", "<= 0.05", note),
        _row("largest difference of an area", 100 * verdict.area_error, "%", "<= 0.1", note),
    ]


def _row(name: str, value: float, unit: str, target: str, note: str) -> dict[str, Any]:
    return {
        "name": f"random gestures: {name}",
        "value": value,
        "unit": unit,
        "against": "shapely",
        "target": target,
        "note": note,
    }


def _prepare() -> tuple[User, Image]:
    study = studies.create("editing", actor=None)
    site = sites.create(study, "leg", ["A", "B", "C", "D"], actor=None)
    person = users.create("annotator", actor=None)
    members.add(study, person, "annotator", actor=None)
    pixels = np.full((400, 384), 90, np.uint8)
    image, _ = scans.add_image(study, site=site, subject_code="S1", pixels=pixels, actor=None)
    outlines.save(image, person, FOUR, base=0)
    return person, image


def _edit(address: str, person: User, image: Image) -> tuple[Verdict, list[str]]:
    errors: list[str] = []
    client = Client()
    client.force_login(person, settings.AUTHENTICATION_BACKENDS[0])
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": address}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 720})
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        verdict = judge(EditorWindow(page).open(edit_address(image)), SEED, GESTURES)
        chromium.close()
    return verdict, errors
