"""What became of each file of an import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from annotation.services.intake.batch import (
    IMPORTED,
    NEWER,
    REFUSED,
    UNCHANGED,
    WORKED_HERE,
    Outcome,
)

WARNING = "warning"
STATUSES = (IMPORTED, WARNING, NEWER, WORKED_HERE, UNCHANGED, REFUSED)
BY_WEIGHT = (UNCHANGED, IMPORTED, NEWER, WORKED_HERE, REFUSED)
"""Of a file with several frames the heaviest outcome counts."""


@dataclass
class FileReport:
    """One file: what became of it, and what is to be said about it."""

    outcome: str = ""
    reasons: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether nothing of it was taken."""
        return self.outcome == REFUSED

    @property
    def status(self) -> str:
        """One of STATUSES: a file that is taken with reasons is a warning."""
        outcome = self.outcome or IMPORTED
        return WARNING if outcome == IMPORTED and self.reasons else outcome

    def end(self, outcome: str) -> None:
        """Note an outcome; a heavier one stays."""
        if not self.outcome or BY_WEIGHT.index(outcome) > BY_WEIGHT.index(self.outcome):
            self.outcome = outcome


@dataclass
class ImportReport:
    """All files of an import by their path in it, and what concerns the whole.

    `unknown_labels`: by site, each label that a dry run did not know and the one it may mean.
    `taken`: how many images, outlines and references are new. `near`: by kind of name, each that
    is spelled almost like another, and that. `patterns`: where folders and names do not say whose
    scans they are, each pattern that may say it, and why it is asked. `scans`: a row for each take,
    see `imports.rows`. `pictures`: whole pictures of a preview, one of each size.
    """

    files: dict[str, FileReport] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unknown_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    near: dict[str, dict[str, str]] = field(default_factory=dict)
    patterns: list[dict[str, str]] = field(default_factory=list)
    scans: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def file(self, path: str) -> FileReport:
        """The entry of a file, begun if there is none."""
        return self.files.setdefault(path, FileReport())

    def warn(self, path: str, *reasons: str) -> None:
        """Add what is odd about a file that is taken all the same."""
        entry = self.file(path)
        entry.reasons.extend(reason for reason in reasons if reason not in entry.reasons)

    def refuse(self, path: str, reason: str) -> None:
        """Refuse a file; its first reasons stay."""
        self.warn(path, reason)
        self.file(path).end(REFUSED)

    def end(self, outcome: Outcome) -> None:
        """Note what became of a frame and of its files of outlines."""
        name = outcome.frame.name
        self.warn(name, *outcome.reasons)
        if outcome.error is not None:
            self.refuse(name, outcome.error.message)
            for one in outcome.frame.outlines:
                if one.name != name:
                    self.refuse(one.name, f"its image {name} was refused")
            return
        self.file(name).end(outcome.status)
        for ended in outcome.outlines:
            self.warn(ended.outlines.name, *ended.reasons)
            self.file(ended.outlines.name).end(ended.status)

    def ask(self, kind: str, name: str, other: str) -> None:
        """Note a name that may have been meant to be another."""
        self.near.setdefault(kind, {})[name] = other

    def is_refused(self, path: str) -> bool:
        """Whether the file was refused."""
        return path in self.files and self.files[path].refused

    def count(self, status: str) -> int:
        """How many files have a status."""
        return sum(entry.status == status for entry in self.files.values())

    def as_json(self) -> dict[str, Any]:
        """The report as the command and the API give it."""
        return {
            "files": [
                {"path": path, "status": entry.status, "reasons": entry.reasons}
                for path, entry in sorted(self.files.items())
            ],
            "counts": {status: self.count(status) for status in STATUSES},
            "notes": self.notes,
            "ignored": sorted(self.ignored),
            "unknown_labels": self.unknown_labels,
            "taken": self.taken,
            "near": self.near,
            "patterns": self.patterns,
            "scans": self.scans,
            "pictures": self.pictures,
        }
