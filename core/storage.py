"""Storage backend of the file store on a local disk."""

from __future__ import annotations

from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from core.durable import write_file


class DurableFileStorage(FileSystemStorage):
    """A FileSystemStorage whose files appear whole or not at all."""

    def _save(self, name: str, content: File[bytes]) -> str:
        write_file(Path(self.path(name)), content.read())
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name
