"""Files that came over HTTP: kept under the data directory until their import is over."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from annotation.models import Study
from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from core.data import uploads_directory
from core.models import Job, User
from domain.errors import InvalidInput, NotFound

TOTAL_LIMIT = 4 * 1024**3
FILE_COUNT_LIMIT = 5_000
KEPT_SECONDS = 24 * 3600
FOLDER = "files"
"""Where the files of an upload lie in its own folder."""


def keep(files: Sequence[UploadedFile[Any]]) -> str:
    """Write uploaded files into a new folder of the uploads; answers its name.

    One zip archive is kept as it is; other files lie side by side under their own names.

    Raises:
        InvalidInput: too many or too large, two of one name, a name that is none.
    """
    if len(files) > FILE_COUNT_LIMIT or sum(file.size or 0 for file in files) > TOTAL_LIMIT:
        raise InvalidInput(
            f"More than {FILE_COUNT_LIMIT} files or {TOTAL_LIMIT // 1024**3} GiB at once; upload "
            "them in parts."
        )
    remove_old()
    name = uuid.uuid4().hex
    folder = uploads_directory() / name / FOLDER
    folder.mkdir(parents=True)
    try:
        for file in files:
            _write(file, folder)
    except BaseException:
        remove(name)
        raise
    return name


def source_of(name: str) -> Path:
    """What an import reads of an upload: its one zip archive, else the folder.

    Raises NotFound where it is no longer there.
    """
    folder = _folder(name) / FOLDER
    if not folder.is_dir():
        raise NotFound("The uploaded files are no longer there. Upload them again.")
    files = list(folder.iterdir())
    if len(files) == 1 and files[0].suffix.lower() == ".zip":
        return files[0]
    return folder


def submit(
    files: Sequence[UploadedFile[Any]], settings: Mapping[str, Any], study: Study, *, actor: User
) -> Job:
    """Keep uploaded files and queue their import; the folder goes when the import is over."""
    upload = keep(files)
    try:
        return submit_kept(upload, settings, study, actor=actor)
    except BaseException:
        remove(upload)
        raise


def submit_kept(upload: str, settings: Mapping[str, Any], study: Study, *, actor: User) -> Job:
    """Queue the import of an upload that was kept."""
    request = ImportRequest(source=str(source_of(upload)), **settings)
    return running.submit(request, study.name, actor=actor, upload=upload)


def remove(name: str) -> None:
    """Remove an upload, if it is there."""
    shutil.rmtree(_folder(name), ignore_errors=True)


def remove_old() -> None:
    """Remove what was uploaded more than a day ago and never imported."""
    oldest = time.time() - KEPT_SECONDS
    for folder in uploads_directory().iterdir():
        if folder.is_dir() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _write(file: UploadedFile[Any], folder: Path) -> None:
    # Django reduces an upload's name to its last part; a name of dots or none stays refused.
    name = PurePosixPath((file.name or "").replace("\\", "/")).name
    if not name or name.startswith(".") or not name.isprintable() or len(name) > 200:
        raise InvalidInput(f"{name[:40]!r} is no file name; rename the file and upload it again.")
    target = folder / name
    if target.exists():
        raise InvalidInput(f"Two files are named {name}; pack the folders into a zip archive.")
    with target.open("xb") as written:
        for chunk in file.chunks():
            written.write(chunk)


def _folder(name: str) -> Path:
    if not (name.isalnum() and name.isascii() and len(name) == 32):
        raise NotFound("There is no such upload.")
    return uploads_directory() / name
