"""`manage.py serve`, as `make run` calls it, with its real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.training
ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MYOTRACE_DATA": str(tmp_path / "data"),
        "MYOTRACE_PORT": str(port),
    }


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--no-demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _until(lambda: _answers(environment), "the web server does not answer")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.3)


def _answers(environment: dict[str, str]) -> bool:
    address = f"http://127.0.0.1:{environment['MYOTRACE_PORT']}/accounts/login/"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _processes(environment: dict[str, str], word: str = "") -> list[int]:
    """Processes of this data directory whose command has `word` in it."""
    found = []
    mark = f"MYOTRACE_DATA={environment['MYOTRACE_DATA']}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if mark in variables and word in command and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _ready(environment: dict[str, str], name: str) -> int:
    """How many times a worker has said that it is ready."""
    log = Path(environment["MYOTRACE_DATA"]) / "logs" / f"{name}.log"
    return log.read_text(errors="replace").count("ready.") if log.exists() else 0


def test_it_answers_restarts_what_is_killed_and_stops_without_a_trace(
    served: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    _until(lambda: _ready(environment, "worker-short") == 1, "the worker is not ready")
    for pid in _processes(environment, "gunicorn") + _processes(environment, "short@"):
        os.kill(pid, signal.SIGKILL)
    _until(lambda: _answers(environment), "the web server was not started again")
    _until(lambda: _ready(environment, "worker-short") == 2, "the worker was not started again")
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--no-demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert second.returncode == 1
    assert f"already runs on {environment['MYOTRACE_DATA']}" in second.stderr
    served.send_signal(signal.SIGINT)
    output, _ = served.communicate(timeout=PATIENCE_SECONDS)
    assert served.returncode == 0
    assert "Stopped." in output
    assert f":{environment['MYOTRACE_PORT']}/" in output
    _until(lambda: _processes(environment) == [], "processes are left")


def test_a_port_in_use_is_refused_with_what_to_do(environment: dict[str, str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(environment["MYOTRACE_PORT"])))
        holder.listen()
        refused = subprocess.run(
            [sys.executable, "manage.py", "serve", "--no-demo"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert refused.returncode == 1
    assert "Set MYOTRACE_PORT to a free one." in refused.stderr
