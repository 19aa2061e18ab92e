"""Decoding of untrusted files in a child process with limits on time, memory and file size.

One child serves many files, since starting it costs more than decoding a scan; after a crash or a
time-out the next call starts a new one. What comes back is JSON and raw bytes, and is checked by
the caller (core.untrusted) like any other data from outside.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from core.sandbox_child import HEADER, HEADER_LIMIT, message
from domain.errors import InvalidInput

Item = TypeVar("Item")
Result = TypeVar("Result")

ROOT = Path(__file__).resolve().parent.parent
CHILD = Path(__file__).with_name("sandbox_child.py")
MEMORY_LIMIT = 2 * 1024**3
FILE_LIMIT = 1024**3
PAYLOAD_LIMIT = 512 * 1024**2
SECONDS = 30
WALL_FACTOR = 10
CHUNK = 1 << 20

TOO_LONG = "takes longer than {} s to decode; it is damaged or far too complex"
TOO_MUCH = "cannot be decoded within the limits of memory; it is damaged or far too large"


@dataclass(frozen=True)
class Reply:
    """One answer of a decoder: plain values and bytes."""

    result: dict[str, Any]
    payload: bytes


class Sandbox:
    """A child process that runs decoders, to be used in a `with` statement.

    One call, or one item of a stream, may take `seconds` of processor time, and `wall` seconds on
    the clock: many times that, for a machine that has more to do.
    """

    def __init__(
        self, *, seconds: int = SECONDS, wall: float | None = None, memory: int = MEMORY_LIMIT
    ) -> None:
        self._seconds = seconds
        self._wall = WALL_FACTOR * seconds if wall is None else wall
        self._memory = memory
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, function: str, payload: bytes = b"", **arguments: Any) -> Reply:
        """The one answer of `function`, named with its module.

        Raises:
            InvalidInput: the decoder refused the file, used more than its limits, or ended.
        """
        replies = list(self.stream(function, payload, **arguments))
        return replies[0]

    def stream(self, function: str, payload: bytes = b"", **arguments: Any) -> Iterator[Reply]:
        """The answers of `function` as they come. Raises as `call`."""
        request = {"function": function, "arguments": arguments, "seconds": self._seconds}
        complete = False
        try:
            self._send(message(request, payload))
            while not complete:
                header, data = self._receive()
                complete = not header.get("more")
                if "refused" in header:
                    raise InvalidInput(str(header["refused"]))
                if not complete:
                    yield Reply(header["result"], data)
        finally:
            # What was not read to its end would be taken for the next call's answer.
            if not complete:
                self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, data: bytes) -> None:
        pipe = self._running().stdin
        assert pipe is not None
        deadline = time.monotonic() + self._wall
        view = memoryview(data)
        while view:
            self._wait([], [pipe.fileno()], deadline)
            try:
                view = view[os.write(pipe.fileno(), view[:CHUNK]) :]
            except BrokenPipeError as error:
                raise self._ended() from error

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + self._wall
        header_size, payload_size = HEADER.unpack(self._read(HEADER.size, deadline))
        if header_size > HEADER_LIMIT or payload_size > PAYLOAD_LIMIT:
            raise InvalidInput(TOO_MUCH)
        header = json.loads(self._read(header_size, deadline))
        return header, self._read(payload_size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        pipe = self._running().stdout
        assert pipe is not None
        data = bytearray()
        while len(data) < size:
            self._wait([pipe.fileno()], [], deadline)
            chunk = os.read(pipe.fileno(), min(CHUNK, size - len(data)))
            if not chunk:
                raise self._ended()
            data += chunk
        return bytes(data)

    def _wait(self, reading: list[int], writing: list[int], deadline: float) -> None:
        ready = select.select(reading, writing, [], max(0.0, deadline - time.monotonic()))
        if not any(ready):
            raise InvalidInput(TOO_LONG.format(self._seconds))

    def _ended(self) -> InvalidInput:
        assert self._child is not None
        if self._child.wait() in (-signal.SIGXCPU, -signal.SIGKILL):
            return InvalidInput(TOO_LONG.format(self._seconds))
        return InvalidInput(TOO_MUCH)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = self._started()
        return self._child

    def _started(self) -> subprocess.Popen[bytes]:
        limits = [str(self._memory), str(FILE_LIMIT)]
        child = subprocess.Popen(
            [sys.executable, "-I", str(CHILD), str(ROOT), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # Threads of the numeric libraries would reserve address space for nothing.
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
            bufsize=0,
        )
        assert child.stdin is not None
        os.set_blocking(child.stdin.fileno(), False)
        return child


class SandboxPool:
    """Some sandboxes that work side by side, to be used in a `with` statement."""

    def __init__(self, size: int) -> None:
        self._sandboxes = [Sandbox() for _ in range(size)]
        self._free: queue.LifoQueue[Sandbox] = queue.LifoQueue()
        for sandbox in self._sandboxes:
            self._free.put(sandbox)
        self._threads = ThreadPoolExecutor(size)

    def __enter__(self) -> SandboxPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        for sandbox in self._sandboxes:
            sandbox.close()

    def map(
        self, work: Callable[[Sandbox, Item], Result], items: Iterable[Item]
    ) -> Iterator[Result]:
        """`work(sandbox, item)` of each item, in the order of the items."""

        def one(item: Item) -> Result:
            sandbox = self._free.get()
            try:
                return work(sandbox, item)
            finally:
                self._free.put(sandbox)

        return self._threads.map(one, items)
