"""Decoders that behave badly, for tests/core/test_sandbox.py; they run in the child only."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

Answers = Iterator[tuple[dict[str, Any], bytes]]


def echo(payload: bytes) -> Answers:
    yield {}, payload


def sleep(payload: bytes) -> Answers:
    time.sleep(60)
    yield {}, b""


def spin(payload: bytes) -> Answers:
    while True:
        pass
    yield {}, b""


def die(payload: bytes) -> Answers:
    os.abort()
    yield {}, b""


def fail(payload: bytes) -> Answers:
    yield {"never": 1 // 0}, b""


def allocate(payload: bytes, *, size: int) -> Answers:
    yield {"length": len(bytearray(size))}, b""


def environment(payload: bytes) -> Answers:
    yield {"names": sorted(os.environ), "pid": os.getpid()}, b""


def chatter(payload: bytes) -> Answers:
    print("noise on standard output")
    os.write(1, b"more noise")
    sys.stdout.flush()
    yield {}, b"quiet"
