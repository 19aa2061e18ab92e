"""Folders that are one dynamic take each: which file is which frame, and which are taken."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from annotation.services.imports.report import ImportReport

HIGHEST_FRAME = 2_000_000_000
# Numbers further apart than so many times the files are times or dates, not frames.
SPARSEST = 1000


def frames_of_sweeps(
    names: Sequence[str], outlined: Collection[str], step: int, report: ImportReport
) -> dict[str, int]:
    """The frame number of each file of each folder.

    Every `step`-th frame is taken, and each that is outlined whatever the step; the others are
    put on the report's list of what is left out.
    """
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(str(PurePosixPath(name).parent), []).append(name)
    frames: dict[str, int] = {}
    for folder, files in folders.items():
        numbers = numbers_in(files)
        if numbers is None:
            numbers = {name: number for number, name in enumerate(files)}
            report.notes.append(
                f"The names of the files in {folder} hold no frame numbers that tell them apart; "
                "their frames are counted from 0 in the order of the names."
            )
        first = min(numbers.values())
        report.ignored.extend(
            name
            for name, number in numbers.items()
            if (number - first) % step and name not in outlined
        )
        frames |= numbers
    return frames


def numbers_in(names: Sequence[str]) -> dict[str, int] | None:
    """The frame number in the name of each file of one folder, None where names hold none.

    It is the number that differs from file to file, the last one where several do.
    """
    runs = [[int(run) for run in re.findall("[0-9]{1,18}", _stem(name))] for name in names]
    if len({len(found) for found in runs}) > 1:
        runs = [found[-1:] for found in runs]
    if not all(runs):
        return None
    columns = list(zip(*runs, strict=True))
    varying = [column for column in columns if len(set(column)) > 1] or columns[-1:]
    numbers = varying[-1]
    span = max(numbers) - min(numbers)
    if len(set(numbers)) < len({_stem(name) for name in names}) or max(numbers) > HIGHEST_FRAME:
        return None
    return dict(zip(names, numbers, strict=True)) if span <= SPARSEST * len(names) else None


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def in_sweep(frames: Mapping[str, int], name: str) -> dict[str, str]:
    """What a file's place in a sweep says of it: its frame, and the folder above as subject."""
    if name not in frames:
        return {}
    subject = PurePosixPath(name).parent.parent.name
    return {"frame": str(frames[name])} | ({"subject": subject} if subject else {})
