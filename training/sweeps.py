"""On which frame of a sweep a model's errors of CSA and MT are taken: the reference's own.

The frame is chosen by the reference alone, so that model and reference, and two models, are
compared on the same picture. What it would change that the model chooses another by the same rule
stands beside the errors: docs/algorithms/evaluation.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from annotation.selectors import measured_frames
from domain.geometry import Region, regions_from_json
from domain.sweep_value import FrameSize, measured_frame
from training import scoring
from training.scoring import (
    CSA,
    FRAME_CHOICE,
    MT,
    Values,
    cut_of,
    left_out_of,
    percent,
    shape_of,
    thickness_of,
)

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
    frames = _by_take(references)
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


def frame_choices(
    references: Iterable[Outlined],
    found: Mapping[int, Sequence[Region]],
    measured: Measured,
    protocol: scoring.Protocol,
) -> dict[tuple[int, str], Values]:
    """FRAME_CHOICE of each label of each sweep, under the image where its errors stand.

    found: {id of the image: what the model outlined there}. The model's frame is the rule's, of its
    own outlines on the same frames; none where it outlined nothing.
    """
    choices: dict[tuple[int, str], Values] = {}
    for of_take in _by_take(references).values():
        if len(of_take) == 1:
            continue
        for label in protocol.labels:
            here = [one for one in of_take.values() if (one.image_id, label) in measured]
            own = _own_frame(of_take, found, label, protocol)
            if here and own is not None:
                choices[here[0].image_id, label] = _choice(here[0], own, found, label, protocol)
    return choices


def _by_take(references: Iterable[Outlined]) -> dict[int, dict[int, Outlined]]:
    """{id of the take: {frame: its reference}}."""
    by_image = {one.image_id: one for one in references}
    frames: defaultdict[int, dict[int, Outlined]] = defaultdict(dict)
    for image, (take, frame) in measured_frames.places_of(by_image).items():
        frames[take][frame] = by_image[image]
    return frames


def _own_frame(
    of_take: dict[int, Outlined],
    found: Mapping[int, Sequence[Region]],
    label: str,
    protocol: scoring.Protocol,
) -> Outlined | None:
    """Where the rule measures what the model outlined; the view cuts what it cuts of the
    reference."""
    outlined = {
        frame: one
        for frame, one in of_take.items()
        if not shape_of(found[one.image_id], label).is_empty
    }
    in_mm = all(one.spacing is not None for one in outlined.values())
    frame = measured_frame(
        [
            _frame_size(
                frame,
                found[one.image_id],
                regions_from_json(one.regions),
                label,
                one.spacing if in_mm else None,
                protocol,
            )
            for frame, one in outlined.items()
        ]
    )
    return None if frame is None else outlined[frame]


def _choice(
    here: Outlined,
    own: Outlined,
    found: Mapping[int, Sequence[Region]],
    label: str,
    protocol: scoring.Protocol,
) -> Values:
    """What the model measures on its own frame, less what it measures on the reference's."""
    in_mm = here.spacing is not None and own.spacing is not None
    truth = _sizes(
        regions_from_json(here.regions), label, here.spacing if in_mm else None, protocol
    )
    there, at_own = (
        _sizes(found[one.image_id], label, one.spacing if in_mm else None, protocol)
        for one in (here, own)
    )
    left_out = {
        size
        for one in (here, own)
        for size in left_out_of(cut_of(regions_from_json(one.regions), label), protocol)
    }
    values: Values = dict.fromkeys(FRAME_CHOICE)
    for size, unit in ((CSA, "mm2"), (MT, "mm")):
        if size in truth and size not in left_out:
            change = at_own[size] - there[size]
            values[f"{size}_frame_choice_percent"] = percent(truth[size] + change, truth[size])
            values[f"{size}_frame_choice_{unit}"] = change if in_mm else None
    return values


def _sizes(
    regions: Sequence[Region],
    label: str,
    spacing: PixelSpacing | None,
    protocol: scoring.Protocol,
) -> dict[str, float]:
    """CSA, where the view has one, and MT of a label, in mm² and mm or in px."""
    shape = shape_of(regions, label)
    sizes = {MT: thickness_of(shape, protocol, spacing)}
    if protocol.has_csa:
        sizes[CSA] = shape.area * (spacing.x_mm * spacing.y_mm if spacing else 1.0)
    return sizes


def _frame_size(
    frame: int,
    drawn: Sequence[Region],
    reference: Sequence[Region],
    label: str,
    spacing: PixelSpacing | None,
    protocol: scoring.Protocol,
) -> FrameSize:
    """What frames are compared by: CSA where there is one, else MT; cut as the reference is."""
    size = CSA if protocol.has_csa else MT
    is_cut = size in left_out_of(cut_of(reference, label), protocol)
    return FrameSize(frame, _sizes(drawn, label, spacing, protocol)[size], is_cut)


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
            _frame_size(
                frame,
                drawn[frame],
                drawn[frame],
                label,
                of_take[frame].spacing if in_mm else None,
                protocol,
            )
            for frame in outlined
        ]
    )
    return min(of_take) if found is None else found
