"""One sandbox for all tests of this folder: starting a child for each would cost more than they."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from annotation.services import exports
from annotation.services.imports import naming, running
from core.sandbox import Sandbox, SandboxPool


@pytest.fixture(scope="session")
def sandbox_pool() -> Iterator[SandboxPool]:
    with SandboxPool(1) as pool:
        yield pool


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


@pytest.fixture(autouse=True)
def _one_sandbox(
    monkeypatch: pytest.MonkeyPatch, sandbox_pool: SandboxPool, sandbox: Sandbox
) -> None:
    monkeypatch.setattr(running, "SandboxPool", lambda size: nullcontext(sandbox_pool))
    monkeypatch.setattr(exports, "Sandbox", lambda: nullcontext(sandbox))
    monkeypatch.setattr(naming, "Sandbox", lambda seconds: nullcontext(sandbox))
