"""The limited process in which untrusted files are decoded; core.sandbox starts it and talks to it.

Started as a script with `python -I`, it imports no Django. It reads requests from standard input
and writes replies to what was standard output: each is a JSON header and a payload of bytes, each
with its length before it. It ends when its input ends.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

HEADER = struct.Struct(">IQ")
HEADER_LIMIT = 16 * 1024 * 1024


def main() -> None:
    root, address_space, file_size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path.insert(0, root)
    _limit(address_space, file_size)
    while request := read_message(sys.stdin.buffer):
        _answer(*request, replies)


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next header and payload, None at the end of the stream."""
    prefix = stream.read(HEADER.size)
    if len(prefix) < HEADER.size:
        return None
    header_size, payload_size = HEADER.unpack(prefix)
    return json.loads(stream.read(header_size)), stream.read(payload_size)


def message(header: dict[str, Any], payload: bytes) -> bytes:
    """The bytes of a header and a payload."""
    encoded = json.dumps(header).encode()
    return HEADER.pack(len(encoded), len(payload)) + encoded + payload


def _limit(address_space: int, file_size: int) -> None:
    for name, value in (
        ("RLIMIT_AS", address_space),
        ("RLIMIT_FSIZE", file_size),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_CORE", 0),
    ):
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, wanted))


def _limit_cpu(seconds: int) -> None:
    """Let this process use that many more seconds of processor time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _answer(request: dict[str, Any], payload: bytes, replies: BinaryIO) -> None:
    from domain.errors import InvalidInput

    _limit_cpu(request["seconds"])
    try:
        for result, data in _results(request, payload):
            replies.write(message({"result": result, "more": True}, data))
            replies.flush()
            _limit_cpu(request["seconds"])
        replies.write(message({"more": False}, b""))
    except InvalidInput as error:
        replies.write(message({"refused": error.message}, b""))
    except MemoryError:
        replies.write(message({"refused": "needs more memory to decode than allowed"}, b""))
    # The edge of the process: whatever a decoder raises on a broken file is a refusal.
    except Exception as error:
        replies.write(message({"refused": f"cannot be decoded ({type(error).__name__})"}, b""))
    replies.flush()


def _results(request: dict[str, Any], payload: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    module, _, name = request["function"].rpartition(".")
    function = getattr(importlib.import_module(module), name)
    yield from function(payload, **request["arguments"])


if __name__ == "__main__":
    main()
