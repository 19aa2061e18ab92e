"""Job handlers of this app."""

from __future__ import annotations

from typing import Any

from annotation.services.imports import running, uploads
from core.jobs import JobContext, register


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    register(running.KIND, run_import)


def run_import(context: JobContext) -> dict[str, Any]:
    """Import; what was uploaded for it goes when it is done, but not after a preview."""
    result = running.run(context)
    upload = context.params.get("upload")
    if upload and not context.params.get("dry_run"):
        uploads.remove(upload)
    return result
