"""Folders and names that do not say by themselves who was scanned: then people are asked.

Without a manifest or a pattern the folder of a picture is its subject, else its stem. That is
wrong where folders are visits (`P01/v1`), where one name stands in several folders, and where
stems begin with the subject (`P01_v1.png`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from annotation.services.imports.placement import SIDES
from domain.names import identity

NOT_A_PERSON = re.compile(
    r"(v|t|visit|visite|session|sess|ses|scan|time|timepoint|take|exam|day|week|month|tag|woche"
    r"|monat|year|left|right|links|rechts|l|r|pre|post|baseline|base|bl|fu|followup|follow-up"
    r"|before|after|mri|us|dicom|images?|pictures?|frames?)[ _.-]?\d{0,3}"
    r"|(19|20)\d\d[-_.]?\d\d[-_.]?\d\d|\d{1,2}",
    re.IGNORECASE,
)
"""Folders that are called like a visit, a side or a take: none of them is somebody's code."""
DATE = re.compile(r"(19|20)\d\d-\d\d-\d\d")
NUMBERED = re.compile(r"(\D*)(\d{1,3})")
PREFIX = re.compile(r"([^_\s]*\d[^_\s]*?)[_\s-]+\S.*")
STEM_IS_SUBJECT = r"(?P<subject>[^/]+)\.[^./]+$"


@dataclass(frozen=True)
class Question:
    """Files of which it is not clear whose they are, why, and the pattern that may say it.

    `as_before` is the pattern that keeps the folder, or the stem, as the subject all the same.
    """

    paths: tuple[str, ...]
    why: str
    pattern: str
    as_before: str

    @property
    def reason(self) -> str:
        """What the report says beside each of the files."""
        undated = "(?P<take>" in self.pattern
        return (
            f"{self.why}. Say whose the scans are: by the pattern {self.pattern}"
            f"{' (visits without a date count as takes)' if undated else ''} or another, by a "
            f"manifest, or by the pattern {self.as_before}, by which {self.read_by(self.as_before)}"
        )

    def read_by(self, pattern: str) -> str:
        """Whose the first of the files is by a pattern, in words."""
        hit = re.search(pattern, self.paths[0])
        subject = repr(hit.group("subject")) if hit else "nobody"
        return f"{self.paths[0]} is of {subject}"


def questions(paths: Sequence[str], *, sweeps: bool = False) -> list[Question]:
    """What is to be asked of pictures at these paths; `sweeps`: their folders are takes."""
    in_folders: dict[PurePosixPath, list[str]] = defaultdict(list)
    loose = []
    for path in paths:
        folder = PurePosixPath(path).parent
        folder = folder.parent if sweeps and folder.parent.name else folder
        if folder.name:
            in_folders[folder].append(path)
        else:
            loose.append(path)
    return [*_of_folders(in_folders, "/[^/]+" if sweeps else ""), *_of_stems(loose)]


def _of_folders(in_folders: dict[PurePosixPath, list[str]], between: str) -> list[Question]:
    """Folders of one name in several places, and folders that are called like visits."""
    by_name: dict[str, list[PurePosixPath]] = defaultdict(list)
    for folder in in_folders:
        by_name[identity(folder.name)].append(folder)
    several = [found for found in by_name.values() if len(found) > 1]
    odd = [
        folder
        for folder in in_folders
        if folder.parent.name and NOT_A_PERSON.fullmatch(folder.name)
    ]
    asked = list(dict.fromkeys([*(one for found in several for one in found), *odd]))
    if not asked:
        return []
    as_before = f"(?P<subject>[^/]+){between}/[^/]+$"
    if several:
        places = ", ".join(str(folder) for folder in several[0][:3])
        why = f"{places} would be one subject, {several[0][0].name!r}"
    else:
        why = f"the folder {odd[0]} would be a subject {odd[0].name!r}, which no person is called"
    paths = tuple(path for folder in asked for path in in_folders[folder])
    return [Question(paths, why, _pattern(asked, between), as_before)]


def _pattern(folders: Sequence[PurePosixPath], between: str) -> str:
    """The pattern that fits folders in folders: the innermost that may be a person's is one."""
    depth = min(len(folder.parts) for folder in folders)
    levels = [{folder.parts[-1 - level] for folder in folders} for level in range(depth)]
    inner: list[str] = []
    while len(inner) < depth - 1 and _is_inner(levels[len(inner)], levels[len(inner) + 1]):
        inner.append(_group(levels[len(inner)]))
    return "/".join(["(?P<subject>[^/]+)", *reversed(inner)]) + f"{between}/[^/]+$"


def _is_inner(names: set[str], above: set[str]) -> bool:
    """Whether folders of these names are visits or takes of those in which they lie."""
    if all(name.isdigit() and not DATE.fullmatch(name) for name in names):
        return _has_digits(above)
    if all(NOT_A_PERSON.fullmatch(name) for name in names):
        return True
    return _has_digits(above) and not _has_digits(names)


def _group(names: set[str]) -> str:
    """What folders of these names say: the visit's date, the side, the number of the take."""
    if all(DATE.fullmatch(name) for name in names):
        return r"(?P<visit>\d{4}-\d\d-\d\d)"
    if {name.lower() for name in names} <= SIDES.keys():
        return "(?P<side>[^/]+)"
    found = [NUMBERED.fullmatch(name) for name in names]
    words = {hit.group(1) for hit in found if hit is not None and int(hit.group(2)) > 0}
    if len(words) == 1 and all(found):
        return rf"{re.escape(words.pop())}0*(?P<take>\d+)"
    return "[^/]+"


def _of_stems(paths: Sequence[str]) -> list[Question]:
    """Pictures in no folder whose names begin alike: `P01_v1.png` and `P01_v2.png`."""
    begun: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        hit = PREFIX.fullmatch(PurePosixPath(path).stem)
        if hit is not None:
            begun[identity(hit.group(1))].append(path)
    asked = [path for found in begun.values() if len(found) > 1 for path in found]
    if not asked:
        return []
    first, second = (PurePosixPath(path).stem for path in asked[:2])
    why = f"{first} and {second} would be two subjects, though their names begin alike"
    pattern = r"^(?P<subject>[^_\s/]*\d[^_\s/]*?)[_\s-]+[^/]+$"
    return [Question(tuple(asked), why, pattern, STEM_IS_SUBJECT)]


def _has_digits(names: Iterable[str]) -> bool:
    return any(any(letter.isdigit() for letter in name) for name in names)
