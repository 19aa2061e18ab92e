"""A user's own model: received, tried in a limited process, registered. It serves nobody yet.

It stands before the same gate as every other model.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotation.policies import require_admin
from annotation.selectors.studies import site_with_id
from core.data import uploads_directory
from core.jobs import JobContext
from core.sandbox import Sandbox
from core.services import jobs
from domain.errors import InvalidInput, Refused
from inference.runtime import LARGEST_FILE
from inference.services import registry

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import Job, User
    from inference.models import ModelVersion

KIND = "register-model"
LARGEST_CARD = 1_000_000  # bytes
CHECK_SECONDS = 120
CHECK_MEMORY = 4 * 1024**3
MEMORY_PER_BYTE = 6  # of the file: read, parsed and held by ONNX Runtime with its own copies
CHECK = "inference.checking.check"
FILE = "model.onnx"


def submit(site: Site, chunks: Iterable[bytes], card: bytes, actor: User) -> Job:
    """Receive a model file and its card (JSON), and queue their check and registration.

    Raises NotAllowed for all but admins, InvalidInput for a card that is no JSON object and for a
    file that is empty or too large; nothing is kept then.
    """
    require_admin(actor, site.study)
    described = parse_card(card)
    path = _received(chunks)
    params = {"site": site.pk, "upload": path.parent.name, "card": described}
    return jobs.submit(KIND, params, actor=actor, scope=site.study.name)


def run(context: JobContext) -> dict[str, Any]:
    """The job: check and register, and keep the upload in neither case."""
    path = uploads_directory() / context.params["upload"] / FILE
    site = site_with_id(context.params["site"])
    if not path.exists():
        raise Refused("The uploaded file is gone: upload it again.")
    context.progress(0.1, "trying the model in a limited process")
    try:
        model = check_and_register(
            site, path.read_bytes(), context.params["card"], context.job.requested_by
        )
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
    return {"model": model.name, "id": model.pk}


def check_and_register(
    site: Site, onnx: bytes, card: dict[str, Any], actor: User | None
) -> ModelVersion:
    """Try a model from outside, then register it. Raises NotAllowed for all but admins,
    InvalidInput with the reason where the check refuses it."""
    if actor is not None:
        require_admin(actor, site.study)
    memory = CHECK_MEMORY + MEMORY_PER_BYTE * len(onnx)
    with Sandbox(seconds=CHECK_SECONDS, memory=memory) as sandbox:
        try:
            sandbox.call(CHECK, onnx, card=card)
        except InvalidInput as error:
            raise InvalidInput(f"The model was not registered: {error}") from error
    return registry.register(site, onnx, card, run_label="uploaded", actor=actor)


def parse_card(data: bytes) -> dict[str, Any]:
    """A card's JSON object. Raises InvalidInput for anything else."""
    if len(data) > LARGEST_CARD:
        raise InvalidInput(f"The card is larger than {LARGEST_CARD} bytes.")
    try:
        card = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The card is not JSON: save it as UTF-8 text.") from error
    if not isinstance(card, dict):
        raise InvalidInput("The card is a JSON object.")
    return card


def _received(chunks: Iterable[bytes]) -> Path:
    folder = uploads_directory() / uuid.uuid4().hex
    folder.mkdir()
    path, size = folder / FILE, 0
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_FILE:
                    raise InvalidInput(f"The model file is larger than {LARGEST_FILE} bytes.")
                file.write(chunk)
        if not size:
            raise InvalidInput("The model file is empty.")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path
