"""Pictures of an import that stand under another subject as well: the same pixels, or a copy.

Looked for before anything is taken, so that a preview says what the import will.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from annotation.models import Image, Study
from annotation.selectors.duplicates import lookalikes_of_new
from annotation.services import alignments
from annotation.services.imports.report import ImportReport
from annotation.services.intake.batch import Frame

CHUNK = 500
MOST_PAIRS = 20_000_000
"""So many pairs of scans are compared in an import: a minute or two."""


def warn_of_shared_pixels(
    study: Study | None, frames: Sequence[Frame], report: ImportReport
) -> None:
    """Name pictures whose pixels are another subject's, too."""
    subjects: dict[str, set[str]] = defaultdict(set)
    for frame in frames:
        subjects[frame.stored.pixel_sha256].add(frame.subject)
    hashes = sorted(subjects)
    for start in range(0, len(hashes) if study else 0, CHUNK):
        rows = Image.objects.filter(
            study=study, pixel_sha256__in=hashes[start : start + CHUNK]
        ).values_list("pixel_sha256", "subject__code")
        for digest, code in rows:
            subjects[digest].add(code)
    for frame in frames:
        others = subjects[frame.stored.pixel_sha256] - {frame.subject}
        if others:
            report.warn(
                frame.name,
                f"the same pixels are under subject {', '.join(sorted(others)[:3])}, too; the "
                "split keeps these subjects together",
            )


def warn_of_copies(study: Study | None, frames: Sequence[Frame], report: ImportReport) -> None:
    """Name pictures new to the study that look like another subject's, though not equal."""
    new = [frame for frame in frames if frame.stored.signature is not None]
    others = Image.objects.filter(study=study) if study else Image.objects.none()
    if len(new) * (len(new) + others.count()) > MOST_PAIRS:
        report.notes.append(
            "So many scans are not compared here for copies under other subjects: run `lookalikes` "
            "when it suits. Sealing and training compare what they touch in any case."
        )
        return
    signatures = [frame.stored.signature for frame in new if frame.stored.signature is not None]
    found = lookalikes_of_new(signatures, [frame.subject for frame in new], others)
    names = dict(
        Image.objects.filter(
            pk__in=[one.image_id for one in found.values() if one.image_id]
        ).values_list("pk", "original_name")
    )
    for place, one in found.items():
        if one.image_id is None:
            assert one.place is not None
            if new[one.place].stored.pixel_sha256 == new[place].stored.pixel_sha256:
                continue
            name = new[one.place].name
        else:
            name = names[one.image_id]
        report.warn(
            new[place].name,
            f"looks like image {name} of subject {one.subject}: a crop, copy or re-encoding of it? "
            "No model learns from it while that subject is held out",
        )


def keep_alignments(study: Study, images: Sequence[Image]) -> None:
    """Keep how well pictures that came in agree with all others, so that sealing and training find
    it made. Left to them where there are too many."""
    others = Image.objects.filter(study=study)
    if images and len(images) * others.count() <= MOST_PAIRS:
        new = Image.objects.filter(pk__in=[image.pk for image in images])
        alignments.complete(new, others)
