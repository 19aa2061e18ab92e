"""Which file of an import a path means that a person or a program wrote."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from annotation.services.imports.manifest import DEFAULT_NAME, Manifest, ManifestRow
from domain.errors import InvalidInput
from domain.names import path_identity, unescaped


class FileNames:
    """The files of an import by their paths, compared by their identity."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = frozenset(names)
        self._alike: dict[str, list[str]] = {}
        for name in sorted(self._exact):
            self._alike.setdefault(path_identity(name), []).append(name)

    def fitting(self, path: str) -> list[str]:
        """The files that a path may mean: as it is written, by its identity, read as an address."""
        if path in self._exact:
            return [path]
        literal = self._alike.get(path_identity(path))
        return literal or self._alike.get(path_identity(unescaped(path)), [])


def own_manifest(files: Collection[str]) -> str:
    """The manifest that an import brings, at its root or in the folder around everything; empty:
    none. Raises InvalidInput where several folders bring one each."""
    found = [name for name in files if path_identity(PurePosixPath(name).name) == DEFAULT_NAME]
    at_root = [name for name in found if "/" not in name]
    if len(at_root or found) > 1:
        raise InvalidInput(
            f"It holds several manifests ({', '.join(sorted(found)[:3])}): name the one that "
            "counts, or import each folder by itself."
        )
    return (at_root or found or [""])[0]


def root_of(manifest: str, files: Collection[str]) -> str:
    """The folder that a manifest's paths begin in: its own, or the one around all files."""
    if manifest:
        return posixpath.dirname(manifest)
    tops = {name.partition("/")[0] if "/" in name else "" for name in files}
    return tops.pop() if len(tops) == 1 else ""


def resolved(manifest: Manifest, files: Collection[str], folder: str = "") -> Manifest:
    """A manifest whose rows name files of the import as these are spelled, where one fits.

    `folder`: where the paths of the manifest begin; those that fit from the root may, too.
    """
    names = FileNames(files)
    begun = [_begun_in(folder, row, names) for row in manifest.rows]
    rows = tuple(_resolved(row, names) for row in begun)
    respelled = [
        (before, after)
        for old, new in zip(begun, rows, strict=True)
        for before, after in ((old.image, new.image), (old.labelme, new.labelme))
        if before != after
    ]
    if not respelled:
        return replace(manifest, rows=rows)
    before, after = respelled[0]
    note = (
        f"{len(respelled)} names of the manifest are spelled otherwise than their files, such as "
        f"{before} for {after}; they are taken for the same."
    )
    return replace(manifest, rows=rows, warnings=(*manifest.warnings, note))


def _begun_in(folder: str, row: ManifestRow, names: FileNames) -> ManifestRow:
    if not folder or row.problem:
        return row
    image, labelme = (
        below if path and names.fitting(below := f"{folder}/{path}") else path
        for path in (row.image, row.labelme)
    )
    return replace(row, image=image, labelme=labelme)


def _resolved(row: ManifestRow, names: FileNames) -> ManifestRow:
    if row.problem:
        return row
    images, outlines = names.fitting(row.image), names.fitting(row.labelme)
    for written, found in ((row.image, images), (row.labelme, outlines)):
        if len(found) > 1:
            several = ", ".join(found[:3])
            return replace(
                row, problem=f"names {written!r}, which {several} fit; write it as the file is"
            )
    return replace(row, image=(images or [row.image])[0], labelme=(outlines or [row.labelme])[0])
