"""Job handlers of this app."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from annotation.selectors.imports import KIND
from annotation.services.imports import running, uploads
from core.jobs import JobContext, Work, register


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    register(KIND, run_import, says=import_in_words)


def import_in_words(params: dict[str, Any]) -> Work:
    """An import or its preview, by the name of the folder or archive."""
    what = "Preview" if params.get("dry_run") else "Import"
    name = PurePath(str(params["source"])).name
    of = "uploaded files" if params.get("upload") and name == uploads.FOLDER else name
    return Work(f"{what} of {of}", ("images",))


def run_import(context: JobContext) -> dict[str, Any]:
    """Import; what was uploaded for it goes when it is done, but not after a preview."""
    result = running.run(context)
    upload = context.params.get("upload")
    if upload and not context.params.get("dry_run"):
        uploads.remove(upload)
    return result
