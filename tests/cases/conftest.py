"""One sandbox for all cases, as tests/annotation has it."""

from __future__ import annotations

from tests.annotation.conftest import _one_sandbox, sandbox, sandbox_pool

__all__ = ["_one_sandbox", "sandbox", "sandbox_pool"]
