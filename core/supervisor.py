"""Keeps the processes of one installation running: starts them, restarts what dies, stops all.

A child dies with its supervisor: by signal on Linux (PR_SET_PDEATHSIG), and on a stop its whole
process group is killed after a grace period. One supervisor serves one data directory.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from domain.errors import Refused

POLL_SECONDS = 0.2
STOP_SECONDS = 10.0
SHORT_LIFE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 30.0
LOG_BYTES = 10 * 1024 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """One process to keep running; `stop_signal` asks it to end at once and cleanly."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals = signal.SIGTERM


@contextmanager
def sole_supervisor(data: Path, address: str) -> Iterator[None]:
    """Hold the data directory's lock, with who holds it written inside.

    Raises:
        Refused: another supervisor holds it.
    """
    path = data / "serve.lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(_held_by_another(path)) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "boot": _boot_id(), "address": address}))
        file.flush()
        yield
        file.truncate(0)


class Supervisor:
    """Runs programs until it is told to stop.

    Args:
        programs: what to run.
        logs: a directory; each program writes to NAME.log in it.
        say: takes a line for the person at the terminal.
        stop_seconds: how long a program may take to end before it is killed.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        logs: Path,
        say: Callable[[str], None] = print,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._children = [_Child(program, logs / f"{program.name}.log") for program in programs]
        self._say = say
        self._stop_seconds = stop_seconds
        self._stopping = False
        self._interrupted = watch_make()

    def stop(self, *_: object) -> None:
        """End `run` soon; safe to call from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Start everything and keep it running until a stop signal, then stop everything."""
        for number in STOP_SIGNALS:
            # Not for a hangup that `nohup` ignores; SIGINT is taken even where a shell's `&`
            # made it ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.stop)
        try:
            while not (self._stopping or self._interrupted()):
                for child in self._children:
                    self._tend(child)
                time.sleep(POLL_SECONDS)
        finally:
            self._say("Stopping ...")
            stop_all(self._children, self._stop_seconds)
            self._say("Stopped.")

    def _tend(self, child: _Child) -> None:
        ended = child.ended()
        if ended:
            self._say(f"{child.name} {ended}; starting it again")
        if child.is_due():
            child.start()


class _Child:
    """One program's process and when it may be started again."""

    def __init__(self, program: Program, log: Path) -> None:
        self.name = program.name
        self._program = program
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._due = 0.0

    def is_due(self) -> bool:
        return self._process is None and time.monotonic() >= self._due

    def start(self) -> None:
        with _log_file(self._log) as log:
            self._process = subprocess.Popen(
                self._program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid(), self._program.stop_signal),
            )
        self._started = time.monotonic()

    def ended(self) -> str:
        """How the process ended, in words, once; "" while it runs or is not started."""
        if self._process is None or self._process.poll() is None:
            return ""
        code = self._process.returncode
        self.kill_group()
        short = time.monotonic() - self._started < SHORT_LIFE_SECONDS
        self._pause = min(max(1.0, 2 * self._pause), LONGEST_PAUSE_SECONDS) if short else 0.0
        self._due = time.monotonic() + self._pause
        self._process = None
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        return f"{how}, see {self._log}" if code > 0 else how

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        if self._process is not None and self.is_alive():
            self._process.send_signal(self._program.stop_signal)

    def kill_group(self) -> None:
        """Kill what is left of the process and of the children that it did not take along."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def stop_all(children: Sequence[_Child], seconds: float) -> None:
    """Ask every child to end, and kill what has not after `seconds`."""
    for child in children:
        child.ask_to_stop()
    end = time.monotonic() + seconds
    while any(child.is_alive() for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    for child in children:
        child.kill_group()


def watch_make() -> Callable[[], bool]:
    """Whether the `make` that started this process has been told to stop.

    make passes a SIGTERM on but not a SIGINT that was sent to it alone: it takes its handler off
    and waits for its children, which shows in /proc as a signal that is no longer caught.
    """
    parent = os.getppid()
    if "MAKELEVEL" not in os.environ or not _catches_interrupt(parent):
        return lambda: False
    return lambda: os.getppid() != parent or not _catches_interrupt(parent)


def _catches_interrupt(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    for line in status.splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) & (1 << (signal.SIGINT - 1)))
    return False


def _die_with(parent: int, stop_signal: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes its program: die with its parent, hear Ctrl-C."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


@contextmanager
def _log_file(path: Path) -> Iterator[IO[bytes]]:
    """A log to append to; a long one is put aside first, one old one is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".old.log"))
    with path.open("ab") as file:
        yield file


def _held_by_another(path: Path) -> str:
    advice = "Stop it first, or set MYOTRACE_DATA to another directory."
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        here = "" if holder["boot"] == _boot_id() else " on another machine"
        who = f"process {holder['pid']}{here}, {holder['address']}"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return f"Myotrace already runs on {path.parent} ({who}). {advice}"


def _boot_id() -> str:
    """Names this boot of this machine: a process number alone means nothing after the next."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
