"""The images of a study: pictures first, a table one click away; and one image's own page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from annotation.forms.gallery import GalleryFilter
from annotation.forms.image import (
    Calibrate,
    DecideOnKept,
    MeasureFrame,
    Move,
    ProposeCorrection,
    ProposeFrame,
    ProposeScale,
    ProposeTake,
    ReplaceReference,
    SelectTake,
    ShowExample,
    UndoApproval,
)
from annotation.middleware import StudyRequest
from annotation.models import Image, Study
from annotation.policies import Role, require_role
from annotation.selectors import gallery, guideline, measured_frames, sweeps, thumbnails, work
from annotation.selectors.annotations import own_annotation
from annotation.selectors.deciding import Figures, corrected
from annotation.selectors.images import AREA_UNKNOWN, CONTRADICTED, visible_image, why_no_mm
from annotation.selectors.locks import (
    open_change,
    open_correction,
    sealed,
    sealed_of_scan,
    sealed_of_take,
)
from annotation.services import calibrations, corrections, review, scans, sealed_changes
from annotation.services import guideline as guideline_services
from annotation.services import measured_frames as choosing
from annotation.services.intake import kept as kept_outlines
from annotation.views.jobs import awaited
from core.pages import Empty, Pages
from core.spreadsheets import excel_lines
from domain.errors import MyotraceError, NotFound


@require_GET
def images(request: StudyRequest, study: Study) -> HttpResponse:
    """Thumbnails with contours, or a table; filters, order and place stand in the address."""
    form = GalleryFilter(study, request.GET)
    wanted = form.wanted()
    page = gallery.page(study, wanted)
    pictures = thumbnails.of_images(page.images, request.user, request.role)
    context = {
        **awaited(study, "images"),
        "form": form,
        "view": form.view_name,
        "rows": [(image, pictures[image.pk]) for image in page.images],
        "count_text": page.count_text,
        "pages": Pages(
            "",
            _address(request, before=page.before) if page.before else "",
            _address(request, after=page.after) if page.after else "",
        ),
        "grid_href": _address(request, view=""),
        "table_href": _address(request, view="table"),
        "columns": [_sort_link(request, wanted.sort, *column) for column in COLUMNS],
        "can_export": request.role != Role.ANNOTATOR,
        "export_query": urlencode(_filters(request)),
        "filtered": bool(wanted.site or wanted.state or wanted.subject),
        "empty": _empty(study, request.role),
    }
    return render(request, "annotation/images.html", context)


COLUMNS = (("Subject", "subject", "-subject"), ("Site", "site", "-site"))


def _sort_link(
    request: StudyRequest, current: str, title: str, up: str, down: str
) -> dict[str, str]:
    direction = {up: "ascending", down: "descending"}.get(current, "none")
    href = _address(request, sort=down if current == up else up)
    return {"title": title, "href": href, "direction": direction}


def _filters(request: StudyRequest) -> dict[str, str]:
    names = ("site", "state", "subject", "sort", "view")
    return {name: request.GET[name] for name in names if request.GET.get(name)}


def _address(request: StudyRequest, **changes: str) -> str:
    """This list with other filters, from its first page unless a mark is given."""
    query = {name: value for name, value in {**_filters(request), **changes}.items() if value}
    return f"{request.path}?{urlencode(query)}"


def _empty(study: Study, role: str) -> Empty:
    if role == Role.ADMIN:
        text = "Import a folder or a zip of scans to begin."
        href = reverse("annotation:imports", args=[study.name])
        return Empty("No scan is here yet", text, button="Import scans", href=href)
    return Empty("No scan is here yet", "An admin of the study imports scans.")


@require_GET
def export(request: StudyRequest, study: Study) -> StreamingHttpResponse:
    """The list as CSV: what is known about each image, no outlines."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    rows = gallery.rows_for_export(study, GalleryFilter(study, request.GET).wanted())
    return StreamingHttpResponse(
        _csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{study.name}-images.csv"'},
    )


def _csv_lines(rows: Iterator[dict[str, object]]) -> Iterator[str]:
    first = next(rows, None)
    return excel_lines(list(first), chain([first], rows)) if first else iter(())


@require_http_methods(["GET", "POST"])
def image(request: StudyRequest, study: Study, image_id: int) -> HttpResponse:
    """One image: its picture, what is known about it, the work on it, and putting things right."""
    shown = _image_of(request, study, image_id)
    act = request.POST.get("act", "")
    forms = _forms(request, shown, act)
    if act in forms and forms[act].is_valid():
        try:
            _do(act, forms[act], shown, request)
        except MyotraceError as error:
            forms[act].add_error(None, str(error))
        else:
            return _after(act, shown)
    shown.take.scan.refresh_from_db()
    context = {
        "image": shown,
        "why_no_mm": why_no_mm(shown),
        "change": open_change(shown) if request.role != Role.ANNOTATOR else None,
        "scale_waits": SCALE_WAITS.get(why_no_mm(shown), ""),
        "scan": shown.take.scan,
        "thumbnail": thumbnails.of_images([shown], request.user, request.role)[shown.pk],
        "annotations": work.annotations_on(shown, request.user, request.role),
        "reference": None if request.role == Role.ANNOTATOR else work.current_reference(shown),
        "measured_frame": measured_frames.standing(shown.take),
        "decisions": [] if request.role == Role.ANNOTATOR else work.decisions_on(shown),
        "correction": _correction(request, shown),
        "takes": shown.take.scan.takes.count(),
        "forms": forms,
        "can_draw": request.role != Role.ADMIN,
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "annotation/image.html", context, status=status)


PROPOSED = "Proposed: it takes effect when an admin seals the next version of the lock."
SCALE_WAITS = {AREA_UNKNOWN: "area", CONTRADICTED: "decision"}


def _correction(request: StudyRequest, shown: Image) -> Figures | None:
    """What an expert changed of the person's own work on the image."""
    own = own_annotation(request.user, shown)
    change = corrected(request.user, own) if own else None
    return change[0] if change else None


def _after(act: str, shown: Image) -> HttpResponse:
    """Where it goes on: a correction is drawn over the sealed outline."""
    locked = sealed(shown) if act == "correct" else None
    if locked is not None:
        return redirect("annotation:review", shown.study.name, locked.revision.annotation_id)
    return redirect("annotation:image", shown.study.name, shown.pk)


def _image_of(request: StudyRequest, study: Study, image_id: int) -> Image:
    found = visible_image(request.user, image_id)
    if found.study_id != study.pk:
        raise NotFound("There is no such image in this study.")
    return found


def _forms(request: StudyRequest, shown: Image, act: str) -> dict[str, Form]:
    if request.role == Role.ANNOTATOR:
        return {}
    data = {act: request.POST} if request.method == "POST" else {}
    is_sealed = sealed(shown) is not None
    choose = ProposeTake if sealed_of_scan(shown.take.scan) is not None else SelectTake
    forms: dict[str, Form] = {
        "calibrate": (ProposeScale if is_sealed else Calibrate)(
            shown, data.get("calibrate"), prefix="calibrate"
        ),
        "select": choose(shown.take.scan, data.get("select"), prefix="select"),
    }
    if sweeps.frame_count(shown) > 1:
        measure = ProposeFrame if sealed_of_take(shown.take) is not None else MeasureFrame
        forms["measure"] = measure(data.get("measure"), prefix="measure")
    kept = DecideOnKept(shown, data.get("kept"), prefix="kept")
    if kept.is_possible:
        forms = {"kept": kept, **forms}
    examples = guideline.examples_on(request.user, shown)
    example = ShowExample(
        shown, examples[0] if examples else None, data.get("example"), prefix="example"
    )
    if example.is_possible:
        forms["example"] = example
    if request.role == Role.EXPERT and is_sealed and not open_correction(shown):
        forms["correct"] = ProposeCorrection(data.get("correct"), prefix="correct")
    reference = work.current_reference(shown)
    if request.role == Role.EXPERT and reference and not is_sealed:
        forms["withdraw"] = UndoApproval(reference, data.get("withdraw"), prefix="withdraw")
        other = ReplaceReference(reference, request.user, data.get("replace"), prefix="replace")
        if other.is_possible:
            forms["replace"] = other
    if request.role == Role.ADMIN:
        forms["move"] = Move(shown, data.get("move"), prefix="move")
    return forms


def _do(act: str, form: Form, shown: Image, request: StudyRequest) -> None:
    if isinstance(form, ProposeScale) and form.spacing is not None:
        sealed_changes.propose_scale(
            shown,
            form.spacing,
            actor=request.user,
            reason=form.cleaned_data["reason"],
            area=form.file_area,
            despite_depth=bool(form.cleaned_data.get("despite_depth")),
        )
        messages.success(request, PROPOSED)
    elif isinstance(form, ProposeTake):
        sealed_changes.propose_take(shown.take.scan, actor=request.user, **form.cleaned_data)
        messages.success(request, PROPOSED)
    elif isinstance(form, Calibrate) and form.spacing is not None:
        calibrations.calibrate(
            shown,
            form.spacing,
            actor=request.user,
            area=form.file_area,
            despite_depth=bool(form.cleaned_data.get("despite_depth")),
        )
        messages.success(request, "The scale is set. Measurements of this image are in mm now.")
    elif isinstance(form, SelectTake):
        chosen = form.cleaned_data["take"]
        reason = form.cleaned_data["reason"]
        scans.select_take(shown.take.scan, chosen, actor=request.user, reason=reason)
        messages.success(request, f"Take {chosen.number} is the selected one.")
    elif isinstance(form, DecideOnKept):
        decided, reason = form.cleaned_data["kept"], form.cleaned_data["reason"]
        if form.cleaned_data["decision"] == DecideOnKept.TAKE:
            kept_outlines.take(decided, actor=request.user, reason=reason)
            messages.success(request, "The file's outline is the newest revision, and in review.")
        else:
            kept_outlines.leave(decided, actor=request.user, reason=reason)
            messages.success(request, "The work here stays as it is.")
    elif isinstance(form, ProposeFrame):
        frame = shown if form.cleaned_data["frame"] == MeasureFrame.HERE else None
        reason = form.cleaned_data["reason"]
        sealed_changes.propose_frame(shown.take, frame, actor=request.user, reason=reason)
        messages.success(request, PROPOSED)
    elif isinstance(form, MeasureFrame):
        reason = form.cleaned_data["reason"]
        if form.cleaned_data["frame"] == MeasureFrame.HERE:
            choosing.choose(shown, request.user, reason=reason)
            messages.success(request, "The sweep's values are those of this frame.")
        else:
            choosing.follow_rule(shown.take, request.user, reason=reason)
            messages.success(request, "The rule finds the sweep's frame.")
    elif isinstance(form, ShowExample):
        guideline_services.show_example(**form.cleaned_data, actor=request.user)
        messages.success(request, f"The guideline of {shown.site.name} shows it from now on.")
    elif isinstance(form, ProposeCorrection):
        corrections.propose(shown, request.user, form.cleaned_data["reason"])
        messages.success(request, "Correct the outline with C; A proposes it.")
    elif isinstance(form, UndoApproval):
        reference = work.visible_reference(request.user, form.cleaned_data["reference"])
        review.withdraw(reference, request.user, form.cleaned_data["reason"])
        messages.success(request, "The approval is undone. The scan waits for a decision again.")
    elif isinstance(form, ReplaceReference):
        reading = form.cleaned_data["reading"]
        review.approve(
            reading,
            reading.revision_count,
            request.user,
            form.cleaned_data["reason"],
            replaces=form.cleaned_data["replaces"],
        )
        messages.success(request, "The reference is replaced. The one before stays listed.")
    elif isinstance(form, Move):
        scans.move_image(shown, actor=request.user, **form.cleaned_data)
        messages.success(request, "The image was moved. The audit trail keeps where it was.")
