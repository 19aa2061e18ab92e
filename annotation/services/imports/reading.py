"""Decoding the units of an import: pixels and regions, ready to be written. Writes no row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from annotation.services.imports import scales
from annotation.services.imports.labels import meant, near_label
from annotation.services.imports.listing import CLIP, ListedFile
from annotation.services.imports.pictures import Pictures
from annotation.services.imports.placement import Placement
from annotation.services.imports.planning import Document, Summary, Unit
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from annotation.services.imports.scales import SeenScale
from annotation.services.intake.batch import Outlines
from annotation.services.scans import StoredPixels, pixel_hash, store_pixels
from core import files, untrusted
from core.decoding import formats
from core.sandbox import Sandbox
from domain.errors import InvalidInput
from domain.lookalike import signature
from domain.pixels import MOST_ASPECT, Grey, as_list, blackened, cropped, fault_as_scan, is_blank

# A JPEG that LabelMe wrote again differs from its original by some grey levels, another picture
# by dozens.
EMBEDDED_DIFFERENCE = 10.0
# Typed spacings are rounded; a pixel aspect that they contradict by more is said.
ASPECT_DIFFERENCE = 0.01
SUFFIXES = {
    formats.PNG: (".png", ".apng"),
    formats.JPEG: (".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".mpo"),
    formats.BMP: (".bmp", ".dib"),
    formats.TIFF: (".tif", ".tiff"),
    formats.MP4: (".mp4", ".m4v", ".mov"),
    formats.AVI: (".avi",),
}
DICOM_SUFFIXES = frozenset((".dcm", ".dicom", ".ima"))


@dataclass
class ReadImage:
    """An image ready to be kept.

    Args:
        scale: what is known of its scale.
        aspect: x spacing / y spacing of its pixels by its file; None: not to be believed.
        grey_maximum: the value that became 255, where the file has more than 8 bits a pixel.
    """

    unit: Unit
    name: str
    frame: int
    stored: StoredPixels
    scale: SeenScale
    original_sha256: str
    aspect: float | None = 1.0
    grey_maximum: int | None = None
    outlines: list[Outlines] = field(default_factory=list)


class Reader:
    """Reads units of one import in one sandbox.

    `labels`: by site, from alias to label. `stored`: pixels that the study keeps, by their hash.
    `maxima`: by unit the value that becomes 255 (annotation.services.imports.greys).
    """

    def __init__(
        self,
        sandbox: Sandbox,
        request: ImportRequest,
        labels: Mapping[str, Mapping[str, str]],
        stored: Mapping[str, StoredPixels],
        maxima: Mapping[str, int],
        report: ImportReport,
        pictures: Pictures | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._pictures = pictures
        self._request = request
        self._labels = labels
        self._known_pixels = stored
        self._maxima = maxima
        self._report = report

    def read(self, unit: Unit) -> list[ReadImage]:
        """The images of a unit: one, or the frames of a clip. What is refused is reported."""
        try:
            return list(self._clip(unit)) if unit.file.kind == CLIP else [self._image(unit)]
        except InvalidInput as error:
            self._report.refuse(unit.name, error.message)
            for document in unit.documents:
                if document.file.name != unit.name:
                    self._report.refuse(document.file.name, f"its image {unit.name} was refused")
            return []

    def _clip(self, unit: Unit) -> Iterator[ReadImage]:
        """The frames of a clip; those that show nothing, as before the probe is on, are said."""
        digest = hashlib.sha256(unit.file.read()).hexdigest()
        self._check_suffix(unit.file, unit.file.format)
        scale = None
        blank: list[int] = []
        for frame in untrusted.clip_frames(self._sandbox, unit.file.path, self._request.step):
            self._report.warn(unit.name, *frame.notes)
            kept = self._hidden(frame.pixels)
            if is_blank(kept):
                blank.append(frame.number)
                continue
            _refuse_what_is_no_scan(kept)
            if scale is None:
                self._say_aspect(unit, frame.aspect)
                self._show(unit, frame.pixels, kept, [])
            scale = scale or scales.seen(frame.pixels, unit.placement, self._request, frame.aspect)
            stored = self._stored(kept)
            yield ReadImage(unit, unit.name, frame.number, stored, scale, digest, frame.aspect)
        if scale is None:
            raise InvalidInput("shows nothing: all its frames are of one grey")
        if blank:
            self._report.warn(
                unit.name,
                f"shows nothing in {len(blank)} of its frames, from frame {blank[0]}; they are "
                "left out",
            )

    def _say_aspect(self, unit: Unit, aspect: float | None) -> None:
        """Say that pixels are not square, and what that means for the scale."""
        place = unit.placement
        typed = place.spacing_x_mm is not None and place.spacing_y_mm is not None
        if aspect is None:
            scale = "the manifest's spacing is taken" if typed else "depth gives no mm"
            self._report.warn(
                unit.name,
                f"says that its pixels are more than {MOST_ASPECT:g} times as long one way as the "
                f"other, which is not believed; {scale}",
            )
        elif aspect != 1.0:
            self._report.warn(unit.name, f"{_elongated(aspect)}; {_scale_said(place, aspect)}")

    def _image(self, unit: Unit) -> ReadImage:
        data = unit.file.read()
        decoded = self._embedded(data) if unit.is_embedded else self._decoded(unit, data)
        pixels, aspect = self._upright(unit, decoded)
        kept = self._hidden(pixels)
        _refuse_what_is_no_scan(kept)
        self._report.file(unit.name)
        self._say_aspect(unit, aspect)
        image = ReadImage(
            unit,
            unit.name,
            unit.placement.frame or 0,
            self._stored(kept),
            scales.seen(pixels, unit.placement, self._request, aspect),
            hashlib.sha256(data).hexdigest(),
            aspect,
            decoded.maximum,
        )
        for document in unit.documents:
            try:
                image.outlines.append(self._outlines(document, unit, pixels))
            except InvalidInput as error:
                self._report.refuse(document.file.name, error.message)
        self._show(unit, pixels, kept, [one for file in image.outlines for one in file.regions])
        return image

    def _decoded(self, unit: Unit, data: bytes) -> untrusted.DecodedImage:
        if unit.file.format not in formats.PICTURES:
            raise InvalidInput(formats.refusal_of_picture(_named_format(unit.file)))
        decoded = untrusted.decode_image(self._sandbox, data, self._maximum(unit))
        self._report.warn(unit.name, *decoded.notes)
        self._check_suffix(unit.file, decoded.format)
        return decoded

    def _maximum(self, unit: Unit) -> int:
        return self._maxima.get(unit.name, 0)

    def _embedded(self, data: bytes, maximum: int = 0) -> untrusted.DecodedImage:
        """The embedded picture as LabelMe shows it: upright."""
        reply = self._sandbox.call(
            "annotation.decoding.embedded",
            data,
            encoding=self._request.encoding or None,
            maximum=maximum,
        )
        decoded = untrusted.image_of(reply)
        return replace(
            decoded, pixels=decoded.upright, aspect=decoded.upright_aspect, orientation=1
        )

    def _check_suffix(self, file: ListedFile, kind: str) -> None:
        suffix = PurePosixPath(file.name).suffix.lower()
        if kind in SUFFIXES and suffix not in SUFFIXES[kind]:
            what = "clip" if kind in formats.CLIPS else "image"
            self._report.warn(
                file.name, f"is a {kind} {what} by its content, not {suffix or 'by its name'}"
            )

    def _upright(self, unit: Unit, decoded: untrusted.DecodedImage) -> tuple[Grey, float | None]:
        """The frame that the outlines were drawn on, and the aspect of its pixels: upright, or as
        stored where they say so."""
        raw, upright = decoded.pixels, decoded.upright
        if decoded.orientation == 1:
            return upright, decoded.aspect
        declared = [_declared(document.summary) for document in unit.documents]
        as_stored = any(
            _fits(size, raw) and not _fits(size, upright) for size in declared if any(size)
        )
        how = "as stored, which its outlines fit" if as_stored else "upright"
        self._report.warn(unit.name, f"has the EXIF orientation {decoded.orientation}; taken {how}")
        return (raw, decoded.aspect) if as_stored else (upright, decoded.upright_aspect)

    def _show(
        self, unit: Unit, whole: Grey, kept: Grey, outlined: Sequence[dict[str, Any]]
    ) -> None:
        """Keep pictures for the page of a preview."""
        if self._pictures is None:
            return
        self._pictures.keep_small(unit.name, kept, outlined)
        if picture := self._pictures.keep_whole(unit.name, whole):
            self._report.pictures.append(picture)

    def _hidden(self, pixels: Grey) -> Grey:
        if self._request.masks:
            pixels = blackened(pixels, self._request.mask_rectangles)
        if self._request.crop_rectangle:
            pixels = cropped(pixels, self._request.crop_rectangle)
        return pixels

    def _stored(self, pixels: Grey) -> StoredPixels:
        known = self._known_pixels.get(pixel_hash(pixels))
        if known is not None:
            return known
        if self._request.dry_run:
            height, width = pixels.shape
            return StoredPixels(width, height, pixel_hash(pixels), "", signature(pixels))
        return store_pixels(pixels)

    def _outlines(self, document: Document, unit: Unit, pixels: Grey) -> Outlines:
        name = document.file.name
        data = document.file.read()
        encoding = self._request.encoding or None
        self._check_size(document, unit, pixels, data)
        if document.summary.has_image and self._request.hides_pixels:
            data = self._sandbox.call(
                "annotation.decoding.without_image", data, encoding=encoding
            ).payload
            encoding = None
            self._report.warn(
                name,
                "carries the image, which would show what is hidden; its embedded copy is not kept",
            )
        labels = self._known_labels(document, unit.placement.site)
        crop = self._request.crop_rectangle
        reply = self._sandbox.call(
            "annotation.decoding.outline",
            data,
            encoding=encoding,
            width=crop.width if crop else pixels.shape[1],
            height=crop.height if crop else pixels.shape[0],
            labels=labels,
            join_groups=self._request.join_groups,
            left=crop.x if crop else 0,
            top=crop.y if crop else 0,
        )
        self._report.warn(name, *(str(warning) for warning in reply.result["warnings"]))
        self._report.file(name)
        digest = hashlib.sha256(data).hexdigest() if self._request.dry_run else files.store(data)
        placement = {
            "labels": labels,
            "join_groups": self._request.join_groups,
            "encoding": encoding or "",
            "crop": as_list(crop),
        }
        return Outlines(
            name,
            digest,
            json.loads(reply.payload),
            document.reader,
            placement,
            tuple(labels[label] for label in document.summary.labels),
        )

    def _check_size(self, document: Document, unit: Unit, pixels: Grey, data: bytes) -> None:
        """Refuse outlines of an image of another size; warn where the embedded one differs."""
        size = _declared(document.summary)
        if not _fits(size, pixels):
            width, height = (value if value is not None else "?" for value in size)
            raise InvalidInput(
                f"declares an image of {width}x{height} px, but {unit.name} has "
                f"{pixels.shape[1]}x{pixels.shape[0]}; is it the outline of another image?"
            )
        if not document.summary.has_image or unit.is_embedded:
            return
        try:
            embedded = self._embedded(data, self._maximum(unit)).pixels
        except InvalidInput as error:
            self._report.warn(document.file.name, f"{error.message}; {unit.name} is taken")
            return
        if embedded.shape != pixels.shape:
            raise InvalidInput(
                f"embeds an image of {embedded.shape[1]}x{embedded.shape[0]} px, but {unit.name} "
                f"has {pixels.shape[1]}x{pixels.shape[0]}; is it the outline of another image?"
            )
        difference = np.abs(embedded.astype(np.int16) - pixels).mean()
        if difference > EMBEDDED_DIFFERENCE:
            self._report.warn(
                document.file.name, f"embeds another picture than {unit.name}, which is taken"
            )

    def _known_labels(self, document: Document, site: str) -> dict[str, str]:
        """The label table of the site; in a dry run what it lacks is a warning."""
        labels = dict(self._labels[site])
        for label in document.summary.labels:
            if label in labels:
                continue
            if known := meant(label, labels):
                labels[label] = known
                self._report.warn(document.file.name, f"its label {label!r} is read as {known!r}")
                continue
            near = near_label(label, labels)
            hint = f"; is it {near!r}?" if near else ""
            reason = f"the site {site} has no label or alias {label!r}{hint}; add an alias for it"
            if not self._request.dry_run:
                raise InvalidInput(reason)
            self._report.warn(document.file.name, reason)
            self._report.unknown_labels.setdefault(site, {})[label] = near
            labels[label] = label
        return labels


def _named_format(file: ListedFile) -> str:
    """The format by the content; DICOM may begin without saying so."""
    is_dicom = PurePosixPath(file.name).suffix.lower() in DICOM_SUFFIXES
    return file.format or ("DICOM" if is_dicom else "")


def _refuse_what_is_no_scan(pixels: Grey) -> None:
    if fault := fault_as_scan(pixels):
        raise InvalidInput(f"{fault}; it is no scan, so nothing of it is taken")


def _elongated(aspect: float) -> str:
    if aspect > 1:
        return f"says that its pixels are {aspect:.3f} times as wide as high"
    return f"says that its pixels are {1 / aspect:.3f} times as high as wide"


def _scale_said(place: Placement, aspect: float) -> str:
    """What becomes of the scale of pixels that are not square."""
    x_mm, y_mm = place.spacing_x_mm, place.spacing_y_mm
    if x_mm is None or y_mm is None:
        return f"the scale across is {aspect:.3f} times the scale down"
    if abs(x_mm / y_mm / aspect - 1) > ASPECT_DIFFERENCE:
        return (
            f"the manifest's spacing of {x_mm:g} x {y_mm:g} mm says otherwise and is taken: look "
            "at it"
        )
    return "so does the manifest's spacing"


def _declared(summary: Summary) -> tuple[int | None, int | None]:
    return summary.width, summary.height


def _fits(size: tuple[int | None, int | None], pixels: Grey) -> bool:
    width, height = size
    return width in (None, pixels.shape[1]) and height in (None, pixels.shape[0])
