"""Which file of an import a path means that a person or a program wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from annotation.services.imports.manifest import Manifest, ManifestRow
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


def resolved(manifest: Manifest, files: Collection[str]) -> Manifest:
    """A manifest whose rows name files of the import as these are spelled, where one fits."""
    names = FileNames(files)
    rows = tuple(_resolved(row, names) for row in manifest.rows)
    respelled = [
        (before, after)
        for old, new in zip(manifest.rows, rows, strict=True)
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
