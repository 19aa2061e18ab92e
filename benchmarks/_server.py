"""The real web server and a real browser, for the benchmarks that need them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.test import Client
from playwright.sync_api import BrowserContext, sync_playwright

from core.models import User

ROOT = Path(__file__).parents[1]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SESSION = "myotrace_session"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def prepare() -> None:
    """An empty database and the static files."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


@contextmanager
def serving(workers: int) -> Iterator[int]:
    """The port on which gunicorn serves what is in the database now and later."""
    port = _free_port()
    server = subprocess.Popen(
        [
            sys.executable, "-m", "gunicorn", "config.wsgi:application",
            "--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", "8",
            "--log-level", "error", "--no-control-socket",
        ],
        cwd=ROOT,
        env={**os.environ, "MYOTRACE_PORT": str(port)},
    )  # fmt: skip
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def browsing(port: int, session: str, viewport: tuple[int, int]) -> Iterator[BrowserContext]:
    """A window of Chromium, px, in which somebody is logged in."""
    address = f"http://127.0.0.1:{port}"
    width, height = viewport
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = browser.new_context(base_url=address, viewport={"width": width, "height": height})
        context.add_cookies([{"name": SESSION, "value": session, "url": address}])
        yield context
        browser.close()


def session_of(user: User) -> str:
    """The cookie of a new session."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.cookies[SESSION].value


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the web server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
