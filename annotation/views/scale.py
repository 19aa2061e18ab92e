"""The image areas of a study's devices: what the pixels propose, confirmed once."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from annotation.forms.scale import ConfirmArea
from annotation.middleware import StudyRequest
from annotation.models import Image, Study
from annotation.policies import Role, require_role
from annotation.selectors import scales
from annotation.services import calibrations
from core.pages import Empty
from domain.calibration import as_text
from domain.errors import MyotraceError
from domain.pixels import Rectangle


@dataclass(frozen=True)
class Shown:
    """A device and size on the page: a picture of it, where it lies in its file, and the area."""

    group: scales.AreaGroup
    image: Image
    src: str
    crop: Rectangle
    area: Rectangle | None
    is_proposed: bool
    form: ConfirmArea


@require_http_methods(["GET", "POST"])
def scale(request: StudyRequest, study: Study) -> HttpResponse:
    """Every device and size with a depth; confirm where it shows tissue."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    sent = ConfirmArea(request.POST) if request.method == "POST" else None
    if sent is not None and sent.is_valid():
        try:
            messages.success(request, _confirm(study, sent, request))
        except MyotraceError as error:
            sent.add_error("area", str(error))
        else:
            return redirect("annotation:scale", study.name)
    context = {
        "rows": [_shown(study, group, sent) for group in scales.groups(study)],
        "empty": Empty(
            "No scan has an imaging depth",
            "A depth gives mm once it is known where the machine shows tissue. Depths come with "
            "the manifest of an import, or are typed on a scan's page.",
        ),
    }
    status = 422 if sent is not None and sent.errors else 200
    return render(request, "annotation/scale.html", context, status=status)


def _shown(study: Study, group: scales.AreaGroup, sent: ConfirmArea | None) -> Shown:
    images = scales.images_of(study, group.device, group.width, group.height)
    image = images.get(pk=group.sample)
    confirmed = Rectangle(*group.confirmed.area) if group.confirmed else None
    area = confirmed or (scales.proposal(images) if group.waits else scales.area_in_force(image))
    mine = sent is not None and _is_of(sent, group)
    initial = {
        "device": group.device,
        "width": group.width,
        "height": group.height,
        "area": as_text(area) if area else "",
    }
    fresh = ConfirmArea(initial=initial, auto_id=f"id_{group.sample}_%s")
    return Shown(
        group,
        image,
        reverse("api-pixels", args=[image.pk]),
        scales.crop_of(image),
        area,
        confirmed is None and group.waits,
        sent if mine and sent is not None else fresh,
    )


def _is_of(sent: ConfirmArea, group: scales.AreaGroup) -> bool:
    said = (sent.data.get("device", ""), sent.data.get("width"), sent.data.get("height"))
    return said == (group.device, str(group.width), str(group.height))


def _confirm(study: Study, form: ConfirmArea, request: StudyRequest) -> str:
    values = form.cleaned_data
    done = calibrations.confirm_area(
        study,
        values["device"],
        values["width"],
        values["height"],
        values["rectangle"],
        actor=request.user,
    )
    parts = [f"Confirmed: {_scans(done.given)} measured by it now."]
    if done.unchanged:
        parts.append(f"{_scans(done.unchanged)} as before.")
    if done.blocked:
        parts.append(
            f"{_scans(done.blocked)} without mm, for the depth contradicts the spacing that was "
            "given: decide on each one's page."
        )
    if done.sealed:
        parts.append(
            f"{_scans(done.sealed)} sealed and unchanged: propose the scale on each one's page, "
            "and the next version of the lock takes it."
        )
    return " ".join(parts)


def _scans(count: int) -> str:
    return "1 scan is" if count == 1 else f"{count} scans are"
