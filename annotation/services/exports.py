"""Images and outlines to take away: LabelMe files, or masks. COCO and nnU-Net come later.

The same data give the same bytes: entries are sorted, and nothing depends on the clock.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from PIL import Image as PillowImage

from annotation.models import Site, Study
from annotation.policies import Role, require_role, role_of
from annotation.selectors import exports, scales
from annotation.selectors.exports import ExportItem
from core import files
from core.models import User
from core.sandbox import Sandbox
from core.services import audit
from core.spreadsheets import excel_lines
from domain import labelme
from domain.errors import InvalidInput, Refused
from domain.file_names import Taken, portable, portable_path
from domain.geometry import regions_from_json
from domain.labelme_export import new_document
from domain.names import identity, path_identity
from domain.raster import label_map

LABELME = "labelme"
MASKS = "masks"
FORMATS = (LABELME, MASKS)
SUMS = "SHA256SUMS"
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
MANIFEST = (
    *("image", "labelme", "subject", "site", "side", "visit", "take", "frame", "selected"),
    *("operator", "device", "preset", "depth_mm", "spacing_x_mm", "spacing_y_mm", "image_area"),
    *("centre", "cohort", "sex", "age", "partition", "reader"),
)


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export: its path in it, with `/`, and its bytes."""

    path: str
    data: bytes


@dataclass(frozen=True)
class ExportRequest:
    """What to export: the format, one site or all, approved outlines only or all.

    as_received: LabelMe files as they came, byte by byte, under their own names.
    """

    format: str
    site: Site | None = None
    state: str = exports.APPROVED
    as_received: bool = False

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InvalidInput(
                f"{self.format!r} is no format of an export; use {' or '.join(FORMATS)}."
            )
        if self.as_received and self.format != LABELME:
            raise InvalidInput("Only LabelMe files are given back as they were received.")


def to_folder(
    study: Study, request: ExportRequest, folder: Path, *, actor: User | None
) -> dict[str, Any]:
    """Write an export into a new or empty folder, all or nothing; answers how much that was."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not empty. Name a new folder to export into.")
    _check(study, actor)

    def write(file: ExportedFile) -> None:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _export(study, request, write, actor)
    except BaseException as error:
        _empty(folder)
        if isinstance(error, OSError):
            raise Refused(f"{folder} cannot be written: {error.strerror}.") from error
        raise


def _empty(folder: Path) -> None:
    """Remove what an export that failed has written: half of one would look like a whole."""
    for child in folder.iterdir() if folder.is_dir() else ():
        if child.is_dir():
            shutil.rmtree(child, ignore_errors=True)
        else:
            child.unlink(missing_ok=True)


def to_zip(study: Study, request: ExportRequest, *, actor: User | None) -> IO[bytes]:
    """An export as a zip archive in a temporary file, read from its start."""
    _check(study, actor)
    target = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:

        def write(file: ExportedFile) -> None:
            info = zipfile.ZipInfo(file.path, ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.data)

        _export(study, request, write, actor)
    target.seek(0)
    return target


def _check(study: Study, actor: User | None) -> None:
    if actor is not None:
        require_role(role_of(actor, study), Role.EXPERT, Role.ADMIN)


def _export(study: Study, request: ExportRequest, write: Any, actor: User | None) -> dict[str, Any]:
    sums: dict[str, str] = {}
    items = exports.items(study, site=request.site, state=request.state)
    found = _as_received(items) if request.as_received else _converted(items, request)
    for file in found:
        if file.path in sums:
            continue
        sums[file.path] = hashlib.sha256(file.data).hexdigest()
        write(file)
    listing = "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items())).encode()
    write(ExportedFile(SUMS, listing))
    answer = {
        "format": request.format,
        "files": len(sums) + 1,
        "images": sum(path.endswith(".png") and not path.startswith("masks/") for path in sums),
        "left_out": exports.left_out(study, site=request.site),
        "sha256": hashlib.sha256(listing).hexdigest(),
    }
    audit.record(
        "dataset exported",
        actor=actor,
        target=study,
        scope=study.name,
        site=request.site.slug if request.site else "",
        state=request.state,
        as_received=request.as_received,
        **answer,
    )
    return answer


def _as_received(items: Iterable[ExportItem]) -> Iterator[ExportedFile]:
    """The bytes of each imported file under the name it came with, and the images beside."""
    taken: dict[str, str] = {}
    for item in items:
        for source in exports.received_files(item.image):
            name = _safe(source.name)
            if taken.setdefault(path_identity(name), source.sha256) != source.sha256:
                name = f"image-{item.image.pk}/{PurePosixPath(name).name}"
            yield ExportedFile(name, files.read(source.sha256))
        original = PurePosixPath(_safe(item.image.original_name or f"image-{item.image.pk}"))
        picture = original.with_suffix(".png").as_posix()
        digest = item.image.file_sha256
        if taken.setdefault(path_identity(picture), digest) != digest:
            picture = f"image-{item.image.pk}/{original.stem}.png"
        yield ExportedFile(picture, files.read(item.image.file_sha256))


def _converted(items: Iterable[ExportItem], request: ExportRequest) -> Iterator[ExportedFile]:
    stems = Taken()
    rows: list[dict[str, Any]] = []
    labels: dict[str, list[str]] = {}
    with Sandbox() as sandbox:
        for item in items:
            stem = _stem(item, stems)
            slug = item.image.site.slug
            labels.setdefault(slug, [label.name for label in item.image.site.labels.all()])
            yield ExportedFile(f"images/{stem}.png", files.read(item.image.file_sha256))
            if request.format == LABELME:
                path = f"labelme/{stem}.json"
                yield ExportedFile(path, _labelme(item, stem, sandbox))
            else:
                path = f"masks/{slug}/{stem}.png"
                yield ExportedFile(path, _mask(item, labels[slug]))
            rows.append(_row(item, stem, path if request.format == LABELME else ""))
    if request.format == MASKS:
        numbers = {
            slug: {name: number for number, name in enumerate(names, 1)}
            for slug, names in sorted(labels.items())
        }
        yield ExportedFile(
            "labels.json", json.dumps(numbers, indent=2, ensure_ascii=False).encode()
        )
    yield ExportedFile("manifest.csv", _manifest(rows))


def _labelme(item: ExportItem, stem: str, sandbox: Sandbox) -> bytes:
    """The outlines as a LabelMe file: the received one, changed, or a new one."""
    image, image_path = item.image, f"../images/{stem}.png"
    if item.source is None:
        regions = regions_from_json(item.revision.regions)
        return labelme.encode(
            new_document(regions, image_path=image_path, width=image.width, height=image.height)
        )
    placement = item.source.placement
    names = item.revision.annotation.label_names
    crop = placement.get("crop") or [0, 0, 0, 0]
    return sandbox.call(
        "annotation.decoding.updated",
        files.read(item.source.sha256),
        encoding=placement.get("encoding") or None,
        width=image.width,
        height=image.height,
        labels={
            written: names.get(identity(label), label)
            for written, label in placement["labels"].items()
        },
        join_groups=placement["join_groups"],
        left=crop[0],
        top=crop[1],
        regions=item.revision.regions,
        image_path=image_path,
    ).payload


def _mask(item: ExportItem, labels: list[str]) -> bytes:
    """A PNG of the label map: 0 background, then the site's labels in their order."""
    regions = regions_from_json(item.revision.regions)
    pixels = label_map(regions, labels, item.image.height, item.image.width)
    buffer = io.BytesIO()
    PillowImage.fromarray(np.asarray(pixels, np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def _row(item: ExportItem, stem: str, labelme_path: str) -> dict[str, Any]:
    image, take, subject = item.image, item.image.take, item.image.subject
    partition = getattr(subject, "partition", None)
    return {
        "image": f"images/{stem}.png",
        "labelme": labelme_path,
        "subject": subject.code,
        "site": image.site.slug,
        "side": take.scan.side,
        "visit": take.scan.visit.date or "",
        "take": take.number,
        "frame": image.frame,
        "selected": "yes" if take.scan.selected_take_id == take.pk else "no",
        "operator": take.operator,
        "device": take.device,
        "preset": take.preset,
        **scales.manifest_fields(image),
        "centre": subject.centre.name if subject.centre else "",
        "cohort": subject.cohort,
        "sex": subject.sex,
        "age": subject.age if subject.age is not None else "",
        "partition": partition.partition if partition else "",
        "reader": item.revision.annotation.author.get_username(),
    }


def _manifest(rows: list[dict[str, Any]]) -> bytes:
    return "".join(excel_lines(MANIFEST, rows)).encode()


def _stem(item: ExportItem, taken: Taken) -> str:
    """A file name for an image, told apart by its key where two came with the same."""
    original = PurePosixPath(item.image.original_name).stem or "image"
    stem = portable(re.sub(r"[^\w.-]+", "_", original).strip("._") or "image")
    if item.image.frame:
        stem = f"{stem}_{item.image.frame:05d}"
    return taken.free(stem, item.image.pk)


def _safe(name: str) -> str:
    """A path of an import that stays below the folder it is written to, and fits every disk."""
    path = posixpath.normpath(name.replace("\\", "/")).lstrip("/")
    if path.startswith("..") or path[1:2] == ":":
        path = PurePosixPath(path).name
    return portable_path(path)
