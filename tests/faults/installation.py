"""A throw-away installation with real processes: its own data directory, server and port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Installation:
    """Runs commands and a web server on one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        return {
            **kept,
            "MYOTRACE_DATA": str(self.data),
            "MYOTRACE_PORT": str(self.port),
            "OMP_NUM_THREADS": "1",
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` with these arguments to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_python(self, program: str) -> str:
        """Run a program inside Django; answers what it printed."""
        begin = (
            "import os, django\n"
            "os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
            "django.setup()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", begin + program],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def prepare(self, program: str) -> Path:
        """Make the database and run a program on it; answers the data directory, to be copied."""
        migrated = self.manage("migrate")
        assert migrated.returncode == 0, migrated.stderr
        self.run_python(program)
        return self.data

    @contextmanager
    def process(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """A process in a session of its own, killed at the end with all its children."""
        running = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield running
        finally:
            kill_group(running)

    @contextmanager
    def web(self) -> Iterator[subprocess.Popen[bytes]]:
        """The web server, answering."""
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi:application",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            "2",
            "--threads",
            "4",
        ]
        with self.process(command) as server:
            self.wait_until_it_answers()
            yield server

    def wait_until_it_answers(self, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.call("GET", "/api/v1/images/", token="none")
                return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError("the web server does not answer")

    def call(
        self, method: str, path: str, *, token: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """One request to this installation; answers status and JSON. Raises OSError if cut off."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Token {token}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a process and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
