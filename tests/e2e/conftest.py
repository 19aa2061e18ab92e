"""Chromium for the tests that drive a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.core.signals import request_finished, request_started
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
QUIET_SECONDS = 0.05


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module; Django's guard against calls beside its loop has to be told."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


class Requests:
    """Those that the test server, a thread of this process, is answering."""

    def __init__(self) -> None:
        self._open = 0
        self._lock = threading.Lock()
        request_started.connect(self._begin)
        request_finished.connect(self._end)

    def close(self) -> None:
        request_started.disconnect(self._begin)
        request_finished.disconnect(self._end)

    def wait_until_answered(self) -> None:
        """A page that is fetched ahead, say, must not read tables that the next test empties."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < QUIET_SECONDS:
            time.sleep(QUIET_SECONDS / 5)
            if self._open:
                quiet_since = time.monotonic()

    def _begin(self, **_: Any) -> None:
        with self._lock:
            self._open += 1

    def _end(self, **_: Any) -> None:
        with self._lock:
            self._open -= 1


class Contexts:
    """Windows of Chromium, emptied for the next test: what they have in their cache is kept."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._free: dict[str, list[BrowserContext]] = {}
        self._taken: list[tuple[str, BrowserContext]] = []

    def take(self, **options: Any) -> BrowserContext:
        """A context with these options that is in no other's hands."""
        kind = repr(sorted(options.items()))
        free = self._free.setdefault(kind, [])
        context = free.pop() if free else self._make(options)
        self._taken.append((kind, context))
        return context

    def _make(self, options: dict[str, Any]) -> BrowserContext:
        return self._browser.new_context(base_url=self._address, **options)

    def give_back(self) -> None:
        """All that were taken, when what they save has reached the server; one that never comes to
        its end is given to no other test."""
        taken, self._taken = self._taken, []
        for kind, context in taken:
            for page in context.pages:
                _let_saves_end(page)
            self._empty(context)
            self._free[kind].append(context)

    def _empty(self, context: BrowserContext) -> None:
        for page in context.pages:
            page.close()
        context.clear_cookies()
        blank = context.new_page()
        storage = {"origin": self._address, "storageTypes": "local_storage,indexeddb"}
        context.new_cdp_session(blank).send("Storage.clearDataForOrigin", storage)
        blank.close()


@pytest.fixture(scope="module")
def contexts(browser: Browser, live_server: Any) -> Contexts:
    return Contexts(browser, live_server.url)


@pytest.fixture
def requests() -> Iterator[Requests]:
    counted = Requests()
    yield counted
    counted.close()


@pytest.fixture
def window_of(
    live_server: Any, contexts: Contexts, client_of: Callable[[User], Client], requests: Requests
) -> Iterator[Callable[..., EditorWindow]]:
    """`window_of(user, **context options)`: a window logged in; its errors fail the test."""
    errors: list[str] = []

    def make(user: User, **options: Any) -> EditorWindow:
        context = contexts.take(**{"viewport": {"width": 1280, "height": 720}, **options})
        session = client_of(user).cookies["myotrace_session"].value
        context.add_cookies(
            [{"name": "myotrace_session", "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: _collect(errors, message.type, message.text))
        return EditorWindow(page)

    yield make
    contexts.give_back()
    requests.wait_until_answered()
    assert not errors


def _let_saves_end(page: Page) -> None:
    """What a closing window still saves would reach the server after the test."""
    state = page.locator("[data-piece=save-state]")
    if state.count():
        expect(state).not_to_have_attribute("data-kind", "saving")


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
