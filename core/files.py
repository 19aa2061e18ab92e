"""The file store: bytes named by their SHA-256, written before the row that names them."""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from domain.errors import MyotraceError


class DamagedFile(MyotraceError):
    """A stored file is missing or does not have its hash any more."""


def store(data: bytes) -> str:
    """Keep `data`; answer its SHA-256 in hex. Storing the same bytes twice keeps one copy."""
    digest = hashlib.sha256(data).hexdigest()
    storage = storages["blobs"]
    if not storage.exists(_name(digest)):
        storage.save(_name(digest), ContentFile(data))
    return digest


def read(digest: str) -> bytes:
    """The bytes named `digest`. Raises DamagedFile where they are missing or differ."""
    try:
        with storages["blobs"].open(_name(digest)) as file:
            data = bytes(file.read())
    except FileNotFoundError as error:
        raise DamagedFile(f"The stored file {digest[:12]} is missing.") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise DamagedFile(f"The stored file {digest[:12]} has changed on disk.")
    return data


def exists(digest: str) -> bool:
    """Whether bytes of this name are kept."""
    return storages["blobs"].exists(_name(digest))


def erase(digest: str) -> None:
    """Remove the bytes named `digest`, if they are there."""
    storages["blobs"].delete(_name(digest))


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"
