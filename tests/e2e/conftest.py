"""Chromium for the tests that drive a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from annotation.models import Image
from core.models import User
from tests.e2e.editor_window import EditorWindow

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module; Django's guard against calls beside its loop has to be told."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def window_of(
    live_server: Any, browser: Browser, client_of: Callable[[User], Client]
) -> Iterator[Callable[..., EditorWindow]]:
    """`window_of(user, **context options)`: a window logged in; its errors fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(user: User, **options: Any) -> EditorWindow:
        options = {"viewport": {"width": 1280, "height": 720}, **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        session = client_of(user).cookies["myotrace_session"].value
        context.add_cookies(
            [{"name": "myotrace_session", "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: _collect(errors, message.type, message.text))
        return EditorWindow(page)

    yield make
    for context in contexts:
        for page in context.pages:
            _let_saves_end(page)
        context.close()
    assert not errors


def _let_saves_end(page: Page) -> None:
    """What a closing window saves or fetches ahead would reach the server after the test."""
    page.wait_for_load_state("networkidle")
    state = page.locator("[data-piece=save-state]")
    if state.count():
        expect(state).not_to_have_attribute("data-kind", "saving")
        page.wait_for_load_state("networkidle")


def _collect(errors: list[str], kind: str, text: str) -> None:
    """Refused and lost requests are part of some tests; anything else on the console is not."""
    if kind == "error" and not text.startswith("Failed to load resource"):
        errors.append(text)


@pytest.fixture
def make_scan(make_image: Callable[..., Image]) -> Callable[..., Image]:
    """A scan of 384 x 400 px, 0.1 mm per px."""

    def make(subject: str, **fields: Any) -> Image:
        rows = np.linspace(20, 160, 400, dtype=np.uint8)
        pixels = np.repeat(rows[:, None], 384, axis=1)
        return make_image(subject, **{"pixels": pixels, "side": "right", **fields})

    return make


@pytest.fixture
def scan(make_scan: Callable[..., Image]) -> Image:
    return make_scan("S-017")
