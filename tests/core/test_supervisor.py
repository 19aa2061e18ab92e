"""The supervisor, with real processes: restarts, stops, orphans, one per data directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.supervisor import sole_supervisor
from domain.errors import Refused

PATIENCE_SECONDS = 90.0
SUPERVISE = """
import signal
import sys
from pathlib import Path
from core.supervisor import Program, Supervisor, sole_supervisor
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup
data = Path(sys.argv[1])
programs = [
    Program(name, ["sh", "-c", f"echo $$ >> {data / name}.pids; exec sleep 600"])
    for name in ("web", "worker")
]
stubborn = "trap '' TERM; sleep 601 & echo $! >> stubborn-child.pids"
stubborn += "; echo $$ >> stubborn.pids; wait"
with sole_supervisor(data, "http://127.0.0.1:1/"):
    programs.append(Program("stubborn", ["sh", "-c", f"cd {data}; {stubborn}; wait"]))
    Supervisor(programs, data / "logs", lambda line: print(line, flush=True), 1.0).run()
"""
NAMES = ("web", "worker", "stubborn", "stubborn-child")


def _pids(data: Path, name: str) -> list[int]:
    path = data / f"{name}.pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def _started(data: Path) -> bool:
    return all(_pids(data, name) for name in NAMES)


def _all_gone(data: Path) -> bool:
    return not any(_alive(pid) for name in NAMES for pid in _pids(data, name))


def _kill(data: Path) -> None:
    """End what a test's supervisor started: each program leads a process group of its own."""
    for name in NAMES:
        for pid in _pids(data, name):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        _until(lambda: _started(tmp_path), "the programs did not start")
        yield process
    finally:
        process.kill()
        process.wait()
        _kill(tmp_path)


def test_a_killed_program_is_started_again(
    supervised: subprocess.Popen[str], tmp_path: Path
) -> None:
    first = _pids(tmp_path, "worker")[0]
    os.kill(first, signal.SIGKILL)
    _until(lambda: len(_pids(tmp_path, "worker")) == 2, "the worker was not started again")
    assert _alive(_pids(tmp_path, "worker")[1])
    assert len(_pids(tmp_path, "web")) == 1
    assert _alive(_pids(tmp_path, "web")[0])


def test_what_a_killed_program_left_behind_is_killed_before_it_starts_again(
    supervised: subprocess.Popen[str], tmp_path: Path
) -> None:
    leader, child = _pids(tmp_path, "stubborn")[0], _pids(tmp_path, "stubborn-child")[0]
    os.kill(leader, signal.SIGKILL)
    _until(lambda: len(_pids(tmp_path, "stubborn")) == 2, "it was not started again")
    assert not _alive(child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_everything_even_what_ignores_it(
    supervised: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    supervised.send_signal(number)
    assert supervised.wait(PATIENCE_SECONDS) == 0
    assert _all_gone(tmp_path)


def test_the_children_of_a_killed_supervisor_are_told_to_stop(
    supervised: subprocess.Popen[str], tmp_path: Path
) -> None:
    supervised.kill()
    supervised.wait()
    tame = [_pids(tmp_path, name)[0] for name in ("web", "worker")]
    _until(lambda: not any(map(_alive, tame)), "children outlived their supervisor")


def test_a_second_supervisor_on_one_data_directory_is_refused(
    supervised: subprocess.Popen[str], tmp_path: Path
) -> None:
    with (
        pytest.raises(Refused, match=rf"process {supervised.pid}, http://127.0.0.1:1/"),
        sole_supervisor(tmp_path, "http://127.0.0.1:2/"),
    ):
        pass
    assert json.loads((tmp_path / "serve.lock").read_text())["pid"] == supervised.pid


def test_a_lock_file_left_by_a_killed_supervisor_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "serve.lock").write_text('{"pid": 1, "boot": "x", "address": "y"}')
    with sole_supervisor(tmp_path, "http://127.0.0.1:2/"):
        assert json.loads((tmp_path / "serve.lock").read_text())["pid"] == os.getpid()


def test_sigint_stops_it_although_a_shell_started_it_in_the_background(tmp_path: Path) -> None:
    """A shell without job control starts `command &` with SIGINT ignored."""
    line = f'"{sys.executable}" -c "$PROGRAM" "{tmp_path}" & echo $!; wait'
    shell = subprocess.Popen(
        ["sh", "-c", line],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROGRAM": SUPERVISE},
        start_new_session=True,
    )
    try:
        assert shell.stdout is not None
        supervisor = int(shell.stdout.readline())
        _until(lambda: _started(tmp_path), "the programs did not start")
        os.kill(supervisor, signal.SIGINT)
        _until(lambda: not _alive(supervisor), "SIGINT did not stop it")
        assert _all_gone(tmp_path)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
        _kill(tmp_path)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A test run in a shell's background is started with SIGINT ignored, and hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_make_alone_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@{sys.executable} supervise.py {tmp_path}\n")
    (tmp_path / "supervise.py").write_text(SUPERVISE)
    make = subprocess.Popen(
        ["make", "-C", str(tmp_path), "run"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _until(lambda: _started(tmp_path), "the programs did not start")
        make.send_signal(number)
        make.wait(PATIENCE_SECONDS)
        _until(lambda: _all_gone(tmp_path), "make ended and left the programs running")
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGKILL)
        make.wait()
        _kill(tmp_path)
