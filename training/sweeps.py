"""On which frame of a sweep a model's errors of CSA and MT are taken: the reference's own.

The frame is chosen by the reference alone, so that model and reference, and two models, are
compared on the same picture: docs/algorithms/evaluation.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from annotation.selectors import measured_frames
from domain.geometry import Region, regions_from_json
from domain.measurement import is_cut_thickness, thickness
from domain.sweep_value import FrameSize, measured_frame
from training import scoring
from training.scoring import cut_of, shape_of

if TYPE_CHECKING:
    from domain.calibration import PixelSpacing

Measured = frozenset[tuple[int, str]]
"""(id of the image, label) of every CSA and MT of some references."""


class Outlined(Protocol):
    """An image with its reference."""

    @property
    def image_id(self) -> int: ...
    @property
    def regions(self) -> list[dict[str, Any]]: ...
    @property
    def spacing(self) -> PixelSpacing | None: ...


def measured_on(references: Iterable[Outlined], protocol: scoring.Protocol) -> Measured:
    """Where each label is measured: of a sweep one frame, by the rule or a person's choice.

    A single image is measured as it is. A label that is outlined on no frame of a sweep is
    measured on the earliest, where a model that finds it errs.
    """
    by_image = {one.image_id: one for one in references}
    frames: defaultdict[int, dict[int, Outlined]] = defaultdict(dict)
    for image, (take, frame) in measured_frames.places_of(by_image).items():
        frames[take][frame] = by_image[image]
    chosen = {
        take: choice.image.frame
        for take, choice in measured_frames.standing_of(list(frames)).items()
        if choice.image is not None
    }
    return frozenset(
        (of_take[_frame_of(of_take, label, chosen.get(take), protocol)].image_id, label)
        for take, of_take in frames.items()
        for label in protocol.labels
    )


def _frame_of(
    of_take: dict[int, Outlined], label: str, chosen: int | None, protocol: scoring.Protocol
) -> int:
    if len(of_take) == 1:
        return next(iter(of_take))
    drawn = {frame: regions_from_json(one.regions) for frame, one in of_take.items()}
    outlined = [frame for frame in drawn if not shape_of(drawn[frame], label).is_empty]
    if chosen is not None and chosen in outlined:
        return chosen
    in_mm = all(of_take[frame].spacing is not None for frame in outlined)
    found = measured_frame(
        [
            _size(frame, drawn[frame], label, of_take[frame].spacing if in_mm else None, protocol)
            for frame in outlined
        ]
    )
    return min(of_take) if found is None else found


def _size(
    frame: int,
    regions: Sequence[Region],
    label: str,
    spacing: PixelSpacing | None,
    protocol: scoring.Protocol,
) -> FrameSize:
    """What frames are compared by: CSA where there is one, else thickness."""
    shape, cut = shape_of(regions, label), cut_of(regions, label)
    if protocol.has_csa:
        scale = spacing.x_mm * spacing.y_mm if spacing else 1.0
        return FrameSize(frame, shape.area * scale, bool(cut))
    measured = thickness(shape, protocol.thickness_definition, spacing)
    size = measured.value_px if measured.value_mm is None else measured.value_mm
    return FrameSize(frame, size, is_cut_thickness(cut))
