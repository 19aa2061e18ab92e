"""Which image an outline file belongs to: by `imagePath`, then by name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from annotation.services.imports.finding import FileNames
from domain.names import identity, path_identity, unescaped


@dataclass(frozen=True)
class Pair:
    """The image found for a file (None: none) and what is odd about how."""

    image: str | None
    warnings: tuple[str, ...] = ()
    problem: str = ""


class ImageIndex:
    """The images of an import by path, by name and by stem, compared by their identity.

    `outlines`: the names of the files that belong to images, by which folders of labels are told
    from folders of pictures.
    """

    def __init__(self, names: Iterable[str], outlines: Iterable[str]) -> None:
        known = set(names)
        self._names = FileNames(known)
        self._with_images = {posixpath.dirname(name) for name in known}
        self._with_outlines = {posixpath.dirname(name) for name in outlines}
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(known):
            path = PurePosixPath(name)
            self._by_name.setdefault(identity(path.name), []).append(name)
            self._by_stem.setdefault(identity(path.stem), []).append(name)

    def pair(self, outlines: str, image_path: str | None) -> Pair:
        """The image of the file `outlines` whose `imagePath` is `image_path`.

        As given, relative to the file; by its last part beside the file; by the file's stem in its
        folder; by its last part, then by the stem, in a folder that lies beside, above or below.
        Where the file's own stem names another image there, it is refused: somebody renamed one
        of the three. A path outside the import is never opened.
        """
        folder, stem = posixpath.dirname(outlines), PurePosixPath(outlines).stem
        warnings = []
        slashed = ""
        if image_path is not None:
            slashed = image_path.replace("\\", "/")
            given = self._given(folder, image_path)
            if given is None and "\\" in image_path:
                warnings.append(f"'imagePath' {image_path!r} has backslashes; read as a path")
                given = self._given(folder, slashed)
            if given is not None:
                return self._checked(given, outlines, warnings)
        for found in self._beside(folder, posixpath.basename(slashed), stem):
            if found:
                return self._only(found, outlines, image_path, warnings)
        for found in self._anywhere(posixpath.basename(slashed), stem):
            if not found:
                continue
            fitting = self._by_end(found, slashed) or self._nearest(folder, found)
            if not fitting:
                return Pair(
                    None,
                    (),
                    f"the pictures of its name lie in other folders ({', '.join(found[:3])}); mend "
                    "'imagePath'",
                )
            return self._only(fitting, outlines, image_path, warnings)
        return Pair(None)

    def _only(
        self, found: list[str], outlines: str, image_path: str | None, warnings: list[str]
    ) -> Pair:
        """The one image that was found by its name or stem."""
        if len(found) > 1:
            return Pair(
                None, (), f"several images fit it: {', '.join(found[:3])}; mend 'imagePath'"
            )
        if image_path is not None:
            warnings = [
                *warnings,
                f"'imagePath' {image_path!r} is not in the import; paired with {found[0]}",
            ]
        return self._checked(found[0], outlines, warnings)

    def _checked(self, image: str, outlines: str, warnings: list[str]) -> Pair:
        """The pair, unless the file's own stem names another image."""
        stem = PurePosixPath(outlines).stem
        if identity(PurePosixPath(image).stem) == identity(stem):
            return Pair(image, tuple(warnings))
        places = {posixpath.dirname(outlines), posixpath.dirname(image)}
        rivals = [
            name
            for name in self._by_stem.get(identity(stem), [])
            if posixpath.dirname(name) in places
        ]
        if rivals:
            return Pair(
                None,
                (),
                f"by 'imagePath' it belongs to {image}, by its own name to {rivals[0]}, and both "
                "are there, as after renaming; mend 'imagePath', or name it as its image",
            )
        said = f"its name differs from its image's, {posixpath.basename(image)}"
        return Pair(image, (*warnings, said))

    def _beside(self, folder: str, basename: str, stem: str) -> list[list[str]]:
        return [
            [name for name in names if posixpath.dirname(name) == folder]
            for names in self._anywhere(basename, stem)
        ]

    def _anywhere(self, basename: str, stem: str) -> list[list[str]]:
        named = self._by_name.get(identity(unescaped(basename)), []) if basename else []
        return [named, self._by_stem.get(identity(stem), [])]

    @staticmethod
    def _by_end(found: list[str], image_path: str) -> list[str]:
        """The one image whose folder and name are the end of `imagePath`, else none."""
        end = _end(image_path)
        alike = [name for name in found if end and _end(name) == end]
        return alike if len(alike) == 1 else []

    def _nearest(self, folder: str, found: list[str]) -> list[str]:
        """The images that outlines in `folder` may belong to: those in a folder above or below;
        else those where labels and pictures have folders of their own that differ in one step."""
        steps = {
            name: _without_common_ends(
                PurePosixPath(folder).parts, PurePosixPath(posixpath.dirname(name)).parts
            )
            for name in found
        }
        within = [name for name, (mine, theirs) in steps.items() if not mine or not theirs]
        if within or folder in self._with_images:
            return within
        apart = {
            name: max(len(mine), len(theirs))
            for name, (mine, theirs) in steps.items()
            if min(len(mine), len(theirs)) == 1
            and posixpath.dirname(name) not in self._with_outlines
        }
        return [name for name, length in apart.items() if length == min(apart.values())]

    def _given(self, folder: str, image_path: str) -> str | None:
        """The one image that a path relative to a folder names."""
        found = self._names.fitting(posixpath.normpath(posixpath.join(folder, image_path)))
        return found[0] if len(found) == 1 else None


def _end(path: str) -> str:
    """The folder and name at the end of a path, by their identity; empty: it has no folder."""
    parts = PurePosixPath(path).parts[-2:]
    return path_identity("/".join(parts)) if len(parts) == 2 else ""


def _without_common_ends(
    left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Two paths without the steps that they begin and end with alike."""
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    return left, right


def doubled_images(pairs: Mapping[str, str]) -> dict[str, list[str]]:
    """Images that several files belong to, with the files; `pairs` maps file to image."""
    files: dict[str, list[str]] = {}
    for outlines, image in pairs.items():
        files.setdefault(image, []).append(outlines)
    return {image: names for image, names in files.items() if len(names) > 1}
