"""One grey scale for pictures of more than 8 bits: the same tissue is the same grey in all of them.

Pictures of one device share the value that becomes 255; those of unknown devices share one. What
the study took before from a device counts, and a file that was taken before keeps its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from annotation.models import Image, Study
from annotation.services.imports.planning import Unit
from annotation.services.imports.report import ImportReport
from core import untrusted
from core.decoding.formats import may_be_deep
from core.sandbox import Sandbox, SandboxPool
from domain.errors import InvalidInput
from domain.names import identity
from domain.pixels import nominal_maximum

# A picture that uses less than this share of its device's scale may be of another machine.
DARK_SHARE = 8


def grey_maxima(
    pool: SandboxPool, units: Sequence[Unit], study: Study | None, report: ImportReport
) -> dict[str, int]:
    """By unit the value that becomes 255, of those that may have more than 8 bits a pixel."""
    deep = [unit for unit in units if may_be_deep(unit.file.head)]
    brightest = {
        unit.name: highest
        for unit, highest in zip(deep, pool.map(_brightest, deep), strict=True)
        if highest
    }
    deep = [unit for unit in deep if unit.name in brightest]
    by_device, by_file = _taken_before(study) if deep else ({}, {})
    maxima: dict[str, int] = {}
    for device in sorted({_device(unit) for unit in deep}):
        series = [unit for unit in deep if _device(unit) == device]
        needed = nominal_maximum(max(brightest[unit.name] for unit in series))
        before = by_device.get(device, needed)
        if needed > before:
            report.notes.append(
                f"Scans of {_said(series[0])} were taken with 0 to {before} as black to white, and "
                f"these need 0 to {needed}: their grey levels cannot be compared with those."
            )
        for unit in series:
            maxima[unit.name] = by_file.get(_digest(unit), max(needed, before))
            _say_dark(unit, brightest[unit.name], maxima[unit.name], report)
    return maxima


def _brightest(sandbox: Sandbox, unit: Unit) -> int:
    try:
        return untrusted.brightest(sandbox, unit.file.read())
    # It is refused, with the reason, when it is read.
    except InvalidInput:
        return 0


def _say_dark(unit: Unit, highest: int, maximum: int, report: ImportReport) -> None:
    if highest * DARK_SHARE < maximum:
        report.warn(
            unit.name,
            f"has no pixel brighter than {highest} of 0 to {maximum}, the scale of "
            f"{_said(unit)}; if it is of another machine, say the machines in a manifest's column "
            "'device'",
        )


def _device(unit: Unit) -> str:
    return identity(unit.placement.device)


def _said(unit: Unit) -> str:
    device = unit.placement.device
    return f"the device {device}" if device else "this study's unnamed device"


def _digest(unit: Unit) -> str:
    return hashlib.sha256(unit.file.read()).hexdigest()


def _taken_before(study: Study | None) -> tuple[dict[str, int], dict[str, int]]:
    """The largest maximum of each device, and that of each file by its hash."""
    by_device: dict[str, int] = {}
    by_file: dict[str, int] = {}
    rows = Image.objects.filter(study=study, grey_maximum__isnull=False, erased_at__isnull=True)
    for digest, maximum, device in rows.values_list(
        "original_sha256", "grey_maximum", "take__device"
    ):
        assert maximum is not None
        known = identity(device)
        by_device[known] = max(maximum, by_device.get(known, 0))
        by_file[digest] = maximum
    return by_device, by_file
