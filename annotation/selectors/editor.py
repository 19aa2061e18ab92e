"""Everything that the editor's page shows: the scan, the work on it, and what may be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db.models import Q
from django.urls import reverse

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Issue,
    Membership,
    Revision,
    Site,
    Study,
    Suggestion,
)
from annotation.policies import (
    can_annotate_in,
    can_review,
    can_review_in,
    can_take_reading,
    role_of,
)
from annotation.selectors.annotations import (
    head_revision,
    last_review,
    own_annotation,
    visible_suggestion,
)
from annotation.selectors.certainty import Certainty, certainty_of
from annotation.selectors.comparisons import comparisons
from annotation.selectors.deciding import (
    Deciding,
    Figures,
    corrected,
    deciding,
    overlays,
    remarks_on,
)
from annotation.selectors.guideline import ShownExample, shown_examples
from annotation.selectors.images import spacing_of, why_no_mm
from annotation.selectors.locks import correction_to_draw
from annotation.selectors.queue import next_for, outstanding_readings, queue_length
from annotation.selectors.reservations import held_by_others
from annotation.selectors.review_lists import ReviewList
from annotation.selectors.starts import starts
from annotation.selectors.sweeps import frame_count, next_frame, next_review_frame
from core import palette
from core.models import User
from domain.short_names import short_names

COUNTED = 100
"""So far is counted what is left for a person."""
LISTED_REVISIONS = 30
SCHEMA = 1
"""The form of outlines that the editor reads and writes (`drawing.js`)."""
FINISHED = {Image.State.APPROVED, Image.State.UNUSABLE}


@dataclass(frozen=True)
class EditorPage:
    """What the template writes; `data` is the JSON that the contour editor starts from."""

    mode: str
    notice: str
    image: Image
    annotation: Annotation | None
    data: dict[str, Any]
    revisions: list[Revision]
    return_reason: str
    examples: list[ShownExample]
    certainty: Certainty | None
    remarks: list[Issue] = field(default_factory=list)
    deciding: Deciding | None = None
    correction: Figures | None = None
    can_decide_now: bool = False


def annotating_page(user: User, image: Image) -> EditorPage:
    """A person's own work on an image; to look at only, with the reason, where it is closed."""
    annotation = own_annotation(user, image)
    notice = _why_closed(user, image, annotation)
    mode = "read" if notice else "annotate"
    sweep = _sweep(image, reverse("api-frames", args=[image.pk]))
    frame = next_frame(user, image) if sweep and mode == "annotate" else None
    following = reverse("annotation:edit", args=[image.study.name, frame.pk]) if frame else ""
    page = _page(user, image, annotation, mode, notice, sweep, following)
    change = corrected(user, annotation) if annotation else None
    if change is None:
        return page
    figures, outline = change
    page.data.update(
        comparisons=[asdict(outline), *page.data["comparisons"]], compared_first=outline.name
    )
    corrected_by = "Corrected by an expert and approved: see what was changed."
    return replace(page, notice=corrected_by, correction=figures)


def review_page(
    user: User, annotation: Annotation, wanted: ReviewList | None, *, decide_now: bool = False
) -> EditorPage:
    """Another's work under review; to look at only, with the reason, where it is not for `user`.

    `wanted`: the list that the page was opened from and the next scan comes from; None: the next
    is what waits for the person. `decide_now`: a reading that is outstanding is
    not waited for.
    """
    notice = _why_no_review(user, annotation, decide_now)
    mode = "read" if notice else "review"
    image = annotation.image
    frame = next_review_frame(user, annotation) if mode == "review" else None
    asked = f"?{wanted.query}" if wanted else ""
    following = _next_of_list(annotation, wanted) if wanted else ""
    if frame:
        following = reverse("annotation:review", args=[image.study.name, frame.pk]) + asked
    frames = reverse("api-review-frames", args=[annotation.pk])
    sweep = _sweep(image, frames, author=annotation.author_id)
    page = _page(user, image, annotation, mode, notice, sweep, following)
    role = role_of(user, image.study)
    if role not in {Membership.Role.EXPERT, Membership.Role.ADMIN}:
        return page
    laid_over = overlays(annotation)
    names = {one.name for one in laid_over}
    others = [one for one in page.data["comparisons"] if one["name"] not in names]
    page.data.update(
        comparisons=[*map(asdict, laid_over), *others],
        compared_first=laid_over[0].name if laid_over else "pre-label",
        decide_now=decide_now,
    )
    return replace(
        page,
        deciding=deciding(user, annotation, asked, role),
        can_decide_now=mode == "read"
        and can_review(user, annotation)
        and outstanding_readings(annotation).exists(),
    )


def _next_of_list(annotation: Annotation, wanted: ReviewList) -> str:
    address = reverse("annotation:next_review", args=[annotation.image.study.name])
    return f"{address}?after={annotation.pk}&{wanted.query}"


def next_to_outline(user: User, study: Study, *, after: int | None = None) -> Image | None:
    """The scan to outline next, but not image `after`; an expert's only if they have taken it."""
    item = next_for(user, study, after=after)
    if item is None or not can_review_in(user, study):
        return item.image if item else None
    taken = Assignment.objects.filter(image=item.image, person_id=user.pk)
    return item.image if taken.exists() else None


def what_is_left(user: User, study: Study) -> str:
    """How many scans wait for the person, in words; the page asks for it once it is shown."""
    length = queue_length(user, study, most=COUNTED)
    return f"{COUNTED} or more left" if length == COUNTED else f"{length} left"


def scan_title(image: Image) -> str:
    """Subject, site, side and date of a scan in one line."""
    scan = image.take.scan
    date = scan.visit.date.isoformat() if scan.visit.date else ""
    return " · ".join(filter(None, [image.subject.code, image.site.name, scan.side, date]))


def _page(
    user: User,
    image: Image,
    annotation: Annotation | None,
    mode: str,
    notice: str,
    sweep: dict[str, Any] | None,
    following: str,
) -> EditorPage:
    """`following`: the frame with which the sweep goes on; at its end, the queue does."""
    issues = remarks_on(annotation) if annotation else []
    suggestion = visible_suggestion(user, image)
    certainty = certainty_of(suggestion, image) if suggestion else None
    return EditorPage(
        mode=mode,
        notice=notice,
        image=image,
        annotation=annotation,
        data={
            "schema": SCHEMA,
            "title": scan_title(image),
            "mode": mode,
            "user": user.pk,
            "image": {
                "id": image.pk,
                "width": image.width,
                "height": image.height,
                "pixels": reverse("api-pixels", args=[image.pk]),
            },
            "plane": image.site.plane,
            "thickness_definition": image.site.thickness_definition,
            "area_unit": image.site.area_unit,
            "time_zone": user.time_zone,
            "spacing": _spacing(image),
            "why_no_mm": _why_no_mm(image),
            "labels": _labels(image.site),
            "annotation": _work(annotation) if annotation else None,
            "suggestion": _suggestion(suggestion) if suggestion else None,
            "uncertainty": _uncertainty(certainty) if certainty else None,
            "comparisons": [asdict(one) for one in comparisons(user, image, annotation)],
            "starts": [asdict(one) for one in starts(user, image)] if mode == "annotate" else [],
            "correction": correction_to_draw(user, image) is not None,
            "issues": [
                {"id": one.pk, "x": one.x, "y": one.y, "text": one.text, "answer": one.answer}
                for one in issues
            ],
            "sweep": sweep,
            "urls": {**_urls(user, image, annotation), "next": following or _next(image)},
        },
        revisions=_revisions(annotation) if annotation else [],
        return_reason=_return_reason(annotation),
        examples=shown_examples(user, image.site, beside=image),
        certainty=certainty,
        remarks=issues,
    )


def _why_closed(user: User, image: Image, annotation: Annotation | None) -> str:
    if not can_annotate_in(user, image.study):
        return "You look on: annotators and experts outline scans."
    if annotation is not None:
        return {
            Annotation.State.SUBMITTED.value: "Submitted: it waits for an expert.",
            Annotation.State.APPROVED.value: "Approved: an expert can return it to you.",
            Annotation.State.SETTLED.value: "Decided: your reading is kept and counts.",
        }.get(annotation.state, "")
    assignments = list(Assignment.objects.filter(image=image))
    if any(one.person_id == user.pk for one in assignments):
        return ""
    if image.state in FINISHED:
        return "This scan is finished."
    if assignments and all(one.person_id for one in assignments):
        return "Somebody else reads this scan."
    if not can_take_reading(user, image):
        return "Two annotators read this scan. Review it when both have submitted."
    if held_by_others(user, Q(image=image)):
        return "Somebody else has this scan open just now."
    return ""


def _why_no_review(user: User, annotation: Annotation, decide_now: bool) -> str:
    if correction_to_draw(user, annotation.image) is not None:
        return ""
    if can_review(user, annotation):
        waits = outstanding_readings(annotation).exists() and not decide_now
        return "It is read twice: it waits for the second reader." if waits else ""
    if annotation.author_id == user.pk:
        return "Your own work: another expert has to review it."
    if not can_review_in(user, annotation.image.study):
        return "You look on: experts review."
    return {
        Annotation.State.DRAFT.value: "A draft: its author has not submitted it.",
        Annotation.State.RETURNED.value: "Returned: its author is at work on it.",
        Annotation.State.SETTLED.value: "Decided: another outline is the reference.",
    }.get(annotation.state, "Approved.")


def _spacing(image: Image) -> list[float] | None:
    spacing = spacing_of(image)
    return [spacing.x_mm, spacing.y_mm] if spacing else None


def _why_no_mm(image: Image) -> str:
    """A sentence that says why figures are in px; empty where they are in mm."""
    reason = why_no_mm(image)
    return f"No mm: {reason}." if reason else ""


def _labels(site: Site) -> list[dict[str, Any]]:
    labels = list(site.labels.filter(retired=False).order_by("order"))
    short = short_names([label.name for label in labels])
    return [
        {
            "name": label.name,
            "title": label.title or label.name,
            "short": short[number - 1],
            "colour": label.colour,
            "number": number,
            "dash": palette.dash(number),
        }
        for number, label in enumerate(labels, start=1)
    ]


def _work(annotation: Annotation) -> dict[str, Any]:
    head = head_revision(annotation)
    return {
        "id": annotation.pk,
        "revision": annotation.revision_count,
        "state": annotation.state,
        "regions": head.regions if head else [],
        "origin": head.origin if head else Revision.Origin.DRAWN,
        "suggestion_version": head.suggestion_version if head else "",
        "decision": head.decision if head else "",
        "reason": head.reason if head else "",
        "based_on": head.based_on_id if head else None,
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {
        "version": suggestion.version,
        "probability": suggestion.probability,
        "regions": suggestion.regions,
    }


def _uncertainty(certainty: Certainty) -> dict[str, Any]:
    """What can be laid over the scan."""
    return {"map": certainty.map, "members": certainty.members}


def _sweep(image: Image, frames: str, author: int | None = None) -> dict[str, Any] | None:
    """The take of several frames that an image is one of; `author`: whose work is reviewed."""
    if frame_count(image) < 2:
        return None
    return {"take": image.take_id, "author": author, "frames": frames}


def _urls(user: User, image: Image, annotation: Annotation | None) -> dict[str, str]:
    own_and_submitted = (
        annotation is not None
        and annotation.author_id == user.pk
        and annotation.state == Annotation.State.SUBMITTED
    )
    return {
        "save": reverse("api-own-annotation", args=[image.pk]),
        "left": reverse("annotation:left", args=[image.study.name]),
        "reservation": reverse("api-reservation", args=[image.pk]),
        "revision": reverse("api-revisions", args=[0]),
        "submit": reverse("api-submit", args=[0]),
        "taking_back": reverse("api-take-back", args=[0]),
        "take_back": reverse("api-take-back", args=[annotation.pk])
        if annotation and own_and_submitted
        else "",
        "review": reverse("api-review", args=[annotation.pk]) if annotation else "",
        "withdraw": reverse("api-withdraw", args=[0]),
        "answer": reverse("api-answer", args=[0]),
    }


def _next(image: Image) -> str:
    return f"{reverse('annotation:next')}?after={image.pk}"


def _revisions(annotation: Annotation) -> list[Revision]:
    newest: Iterable[Revision] = annotation.revisions.select_related("author").order_by("-number")[
        :LISTED_REVISIONS
    ]
    return list(newest)


def _return_reason(annotation: Annotation | None) -> str:
    if annotation is None or annotation.state != Annotation.State.RETURNED:
        return ""
    review = last_review(annotation)
    return review.reason if review else ""
