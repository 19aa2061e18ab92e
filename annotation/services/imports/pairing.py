"""Which image an outline file belongs to: by `imagePath`, then by name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from annotation.services.imports.finding import FileNames
from domain.names import identity, unescaped


@dataclass(frozen=True)
class Pair:
    """The image found for a file (None: none) and what is odd about how."""

    image: str | None
    warnings: tuple[str, ...] = ()
    problem: str = ""


class ImageIndex:
    """The images of an import by path, by name and by stem, compared by their identity."""

    def __init__(self, names: Iterable[str]) -> None:
        known = set(names)
        self._names = FileNames(known)
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(known):
            path = PurePosixPath(name)
            self._by_name.setdefault(identity(path.name), []).append(name)
            self._by_stem.setdefault(identity(path.stem), []).append(name)

    def pair(self, outlines: str, image_path: str | None) -> Pair:
        """The image of the file `outlines` whose `imagePath` is `image_path`.

        As given, relative to the file; by its last part beside the file; by the file's stem in its
        folder; by its last part, then by the stem, anywhere if only one fits. A path outside the
        import is never opened.
        """
        folder, stem = posixpath.dirname(outlines), PurePosixPath(outlines).stem
        warnings = []
        basename = ""
        if image_path is not None:
            if given := self._given(folder, image_path):
                return Pair(given, self._stem_warning(given, stem))
            if "\\" in image_path:
                warnings.append(f"'imagePath' {image_path!r} has backslashes; read as a path")
            slashed = image_path.replace("\\", "/")
            basename = posixpath.basename(slashed)
            if given := self._given(folder, slashed):
                warnings.extend(self._stem_warning(given, stem))
                return Pair(given, tuple(warnings))
        for found in self._by_names(folder, basename, stem):
            if len(found) > 1:
                return Pair(
                    None, (), f"several images fit it: {', '.join(found[:3])}; mend 'imagePath'"
                )
            if found:
                if image_path is not None:
                    warnings.append(
                        f"'imagePath' {image_path!r} is not in the import; paired with {found[0]}"
                    )
                return Pair(found[0], tuple(warnings))
        return Pair(None)

    def _by_names(self, folder: str, basename: str, stem: str) -> list[list[str]]:
        named = self._by_name.get(identity(unescaped(basename)), []) if basename else []
        stemmed = self._by_stem.get(identity(stem), [])
        beside = [name for name in named if posixpath.dirname(name) == folder]
        same_stem = [name for name in stemmed if posixpath.dirname(name) == folder]
        return [beside, same_stem, named, stemmed]

    def _given(self, folder: str, image_path: str) -> str | None:
        """The one image that a path relative to a folder names."""
        found = self._names.fitting(posixpath.normpath(posixpath.join(folder, image_path)))
        return found[0] if len(found) == 1 else None

    @staticmethod
    def _stem_warning(image_path: str, stem: str) -> tuple[str, ...]:
        if identity(PurePosixPath(image_path).stem) == identity(stem):
            return ()
        return (f"its name differs from its image's, {posixpath.basename(image_path)}",)


def doubled_images(pairs: Mapping[str, str]) -> dict[str, list[str]]:
    """Images that several files belong to, with the files; `pairs` maps file to image."""
    files: dict[str, list[str]] = {}
    for outlines, image in pairs.items():
        files.setdefault(image, []).append(outlines)
    return {image: names for image, names in files.items() if len(names) > 1}
