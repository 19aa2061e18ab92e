"""What an import would take: one unit an image, frame or clip, with its place and its outlines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from annotation.services.imports.layout import questions
from annotation.services.imports.listing import CLIP, IMAGE, OTHER, OUTLINES, ListedFile
from annotation.services.imports.manifest import Manifest, ManifestRow
from annotation.services.imports.naming import default_subject, names_caught
from annotation.services.imports.pairing import ImageIndex, doubled_images
from annotation.services.imports.placement import Placement, placement_from_fields
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from annotation.services.imports.sweeps import frames_of_sweeps, in_sweep
from domain.errors import InvalidInput

SITE_NAME = re.compile(r"[-a-zA-Z0-9_]{1,60}")


@dataclass(frozen=True)
class Summary:
    """What a LabelMe file says about itself (annotation.decoding.read)."""

    image_path: str | None
    width: int | None
    height: int | None
    has_image: bool
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A file of outlines, and who drew them where a manifest says so."""

    file: ListedFile
    summary: Summary
    reader: str = ""


@dataclass
class Unit:
    """One image, clip or embedded image with its place. Units of one `group` share a take."""

    file: ListedFile
    placement: Placement
    group: str
    documents: list[Document] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def is_embedded(self) -> bool:
        """Whether the image is the one that its outline file carries."""
        return self.file.kind == OUTLINES


def planned(
    files: Mapping[str, ListedFile],
    summaries: Mapping[str, Summary],
    manifest: Manifest | None,
    request: ImportRequest,
    report: ImportReport,
) -> list[Unit]:
    """The units of an import in the order of the files; what is refused goes to the report.

    Raises:
        InvalidInput: nothing says which site it is, or the pattern is no pattern.
    """
    if manifest is None and not request.site and "(?P<site>" not in request.pattern:
        raise InvalidInput(
            "Say which site the images are of: name it, give a manifest, or catch it "
            "with the pattern."
        )
    pairs = _pairs(files, summaries, manifest, report)
    if manifest is None:
        units = _units_by_name(files, request, pairs, summaries, report)
    else:
        units = _units_of_manifest(files, manifest, summaries, report)
    _add_documents(units, pairs, summaries, files, manifest, report)
    _ignore_the_rest(files, units, report)
    return units


def _pairs(
    files: Mapping[str, ListedFile],
    summaries: Mapping[str, Summary],
    manifest: Manifest | None,
    report: ImportReport,
) -> dict[str, str]:
    """The image of each outline file by its names; an embedded image is its own.

    Empty where a manifest has a column for outlines: then it alone says what belongs together.
    """
    if manifest is not None and manifest.names_outlines:
        return {}
    index = ImageIndex(
        [name for name, file in files.items() if file.kind == IMAGE],
        [name for name, file in files.items() if file.kind == OUTLINES],
    )
    pairs: dict[str, str] = {}
    for name, summary in summaries.items():
        found = index.pair(name, summary.image_path)
        if found.image is not None:
            pairs[name] = found.image
            report.warn(name, *found.warnings)
        elif found.problem:
            report.refuse(name, found.problem)
        elif summary.has_image:
            pairs[name] = name
            report.warn(
                name,
                "its image is not in the import; the embedded copy is taken, possibly recompressed",
            )
        elif manifest is None:
            report.refuse(name, "no image found for it in the import; add the image")
    if manifest is None:
        for image, names in doubled_images(pairs).items():
            for name in names:
                others = ", ".join(other for other in names if other != name)
                report.warn(name, f"belongs to {image}, as does {others}; the last one counts")
    return pairs


def _units_by_name(
    files: Mapping[str, ListedFile],
    request: ImportRequest,
    pairs: Mapping[str, str],
    summaries: Mapping[str, Summary],
    report: ImportReport,
) -> list[Unit]:
    images = [file for file in files.values() if file.kind in (IMAGE, CLIP)]
    images += [files[name] for name, image in pairs.items() if name == image]
    frames: dict[str, int] = {}
    if request.sweeps:
        still = [file.name for file in images if file.kind != CLIP]
        frames = frames_of_sweeps(still, set(pairs.values()), request.step, report)
    images = [file for file in images if file.name not in report.ignored]
    caught: Sequence[Mapping[str, str] | None]
    if request.pattern:
        caught = names_caught(request.pattern, [file.name for file in images])
    else:
        images = _without_questions(images, request, report)
        caught = [{} for _ in images]
    units: list[Unit] = []
    for file, groups in zip(images, caught, strict=True):
        if groups is None:
            report.refuse(file.name, "the pattern does not fit its path; mend the pattern")
            continue
        defaults = {
            "subject": default_subject(file.name),
            "site": request.site,
            **in_sweep(frames, file.name),
        }
        _add_unit(units, file, defaults | dict(groups), report, "")
    return units


def _without_questions(
    images: Sequence[ListedFile], request: ImportRequest, report: ImportReport
) -> list[ListedFile]:
    """The images whose folders or names say whose they are; the others are refused, and asked."""
    for question in questions([file.name for file in images], sweeps=request.sweeps):
        report.patterns += [
            {"pattern": pattern, "why": question.why, "read": question.read_by(pattern)}
            for pattern in (question.pattern, question.as_before)
        ]
        for path in question.paths:
            report.refuse(path, question.reason)
    return [file for file in images if not report.is_refused(file.name)]


def _units_of_manifest(
    files: Mapping[str, ListedFile],
    manifest: Manifest,
    summaries: Mapping[str, Summary],
    report: ImportReport,
) -> list[Unit]:
    units: list[Unit] = []
    by_name: dict[str, Unit] = {}
    for row in manifest.rows:
        place = f"manifest line {row.line}"
        file = files.get(row.image)
        if row.problem:
            report.refuse(row.image, f"{place} {row.problem}")
        elif file is None:
            report.refuse(
                row.image, f"{place} names it, but it is not in the import; mend the path"
            )
        elif file.kind not in (IMAGE, CLIP):
            report.refuse(row.image, f"{place} names it as an image, but it is none")
        elif row.image in by_name:
            _add_reading(by_name[row.image], row, place, report)
        else:
            _add_unit(units, file, row.fields, report, f"{place}: ")
            if units and units[-1].file is file:
                by_name[row.image] = units[-1]
        _add_named_document(by_name.get(row.image), row, place, files, summaries, report)
    return units


def _add_unit(
    units: list[Unit],
    file: ListedFile,
    fields: Mapping[str, str],
    report: ImportReport,
    place: str,
) -> None:
    try:
        placement = placement_from_fields(fields)
    except InvalidInput as error:
        report.refuse(file.name, f"{place}{error.message}")
        return
    if not SITE_NAME.fullmatch(placement.site):
        report.refuse(
            file.name,
            f"{place}the site {placement.site!r} is no site name; use letters, digits, hyphens "
            "and underscores",
        )
        return
    folder = str(PurePosixPath(file.name).parent)
    is_frame = placement.frame is not None and placement.take is None
    units.append(Unit(file, placement, folder if is_frame else file.name))


def _add_reading(unit: Unit, row: ManifestRow, place: str, report: ImportReport) -> None:
    """A further line for the same image: another reader's outlines, all else equal."""
    try:
        again = placement_from_fields(row.fields)
    except InvalidInput as error:
        report.warn(unit.name, f"{place}: {error.message}; the line is left out")
        return
    if replace(again, reader=unit.placement.reader) != unit.placement:
        report.refuse(unit.name, f"{place} gives it another place than an earlier line; keep one")


def _add_named_document(
    unit: Unit | None,
    row: ManifestRow,
    place: str,
    files: Mapping[str, ListedFile],
    summaries: Mapping[str, Summary],
    report: ImportReport,
) -> None:
    if not row.labelme or row.problem:
        return
    if row.labelme not in files:
        report.refuse(row.labelme, f"{place} names it, but it is not in the import; mend the path")
    elif row.labelme in summaries and unit is None:
        report.refuse(row.labelme, f"its image {row.image} was refused")
    elif row.labelme in summaries and unit is not None:
        summary = summaries[row.labelme]
        reader = row.fields.get("reader", "").strip()
        if any(document.file.name == row.labelme for document in unit.documents):
            report.warn(row.labelme, f"{place} names it again for {row.image}; taken once")
            return
        unit.documents.append(Document(files[row.labelme], summary, reader))
        given = PurePosixPath((summary.image_path or row.image).replace("\\", "/")).name
        if given != PurePosixPath(row.image).name:
            report.warn(
                row.labelme,
                f"'imagePath' {summary.image_path!r} names another image; the manifest's "
                f"{row.image} is taken",
            )


def _add_documents(
    units: Sequence[Unit],
    pairs: Mapping[str, str],
    summaries: Mapping[str, Summary],
    files: Mapping[str, ListedFile],
    manifest: Manifest | None,
    report: ImportReport,
) -> None:
    by_name = {unit.name: unit for unit in units}
    # The file with the image's own stem comes last: its outlines are the newest revision.
    for name, image in sorted(
        pairs.items(),
        key=lambda pair: (PurePosixPath(pair[0]).stem == PurePosixPath(pair[1]).stem, pair[0]),
    ):
        unit = by_name.get(image)
        if unit is None:
            if report.is_refused(image):
                report.refuse(name, f"its image {image} was refused")
            elif manifest is None and image not in report.ignored:
                report.refuse(name, "its image was not taken")
            continue
        unit.documents.append(Document(files[name], summaries[name], unit.placement.reader))


def _ignore_the_rest(
    files: Mapping[str, ListedFile], units: Sequence[Unit], report: ImportReport
) -> None:
    """List what the import does not use: other files, and what no line of a manifest names."""
    used = {unit.name for unit in units}
    used |= {document.file.name for unit in units for document in unit.documents}
    for name, file in files.items():
        if name in used or report.is_refused(name) or name in report.ignored:
            continue
        if file.kind == OUTLINES:
            report.refuse(name, "is of no image in the manifest; add a line for it")
            continue
        report.files.pop(name, None)
        report.ignored.append(name)
        if file.kind != OTHER and "not in the manifest" not in " ".join(report.notes):
            report.notes.append("Images that are not in the manifest are left out; see 'ignored'.")
