"""The expert's board, and the way from scan to scan through one of its lists."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.forms.board import BoardFilter
from annotation.middleware import StudyRequest
from annotation.models import Annotation, Study
from annotation.policies import Role, require_role
from annotation.selectors import board as board_selector
from annotation.selectors import review_lists, thumbnails, work
from annotation.selectors.annotations import visible_annotation
from annotation.selectors.review_lists import PAIRS, TO_REVIEW, ReviewList
from core.models import User
from core.pages import Pages, whole_number
from domain.errors import NotFound


@require_GET
def board(request: StudyRequest, study: Study) -> HttpResponse:
    """Four columns of scans that wait for an expert, or waited; filters in the address.

    `?list=` shows one of them alone, page by page to its end.
    """
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    form = BoardFilter(study, request.GET)
    wanted = form.wanted()
    if form.is_of_one_list:
        number = whole_number(request.GET.get("page", "")) or 1
        columns = [board_selector.column(request.user, study, wanted, number)]
    else:
        columns = board_selector.columns(request.user, study, wanted)
    images = [card.image for column in columns for card in column.cards]
    pictures = thumbnails.of_images(images, request.user, request.role)
    context = {
        "form": form,
        "columns": [
            (column, [(card, _picture(card, pictures)) for card in column.cards])
            for column in columns
        ],
        "alone": form.is_of_one_list,
        "pages": _pages(columns[0]) if form.is_of_one_list else None,
        "all_lists": f"?{urlencode({'site': wanted.site, 'author': wanted.author})}",
        "first": next((card for card in columns[0].cards), None),
    }
    return render(request, "annotation/board.html", context)


def _pages(column: board_selector.Column) -> Pages:
    query = column.wanted.query
    before, after = column.number - 1, column.number + 1
    return Pages(
        f"{column.first} to {column.last} of {column.count}",
        f"?{query}&page={before}" if before else "",
        f"?{query}&page={after}" if column.has_more else "",
    )


def _picture(
    card: board_selector.Card, pictures: dict[int, thumbnails.Thumbnail]
) -> thumbnails.Thumbnail:
    picture = pictures[card.image.pk]
    return thumbnails.with_readings(picture, card.readings) if card.readings else picture


@require_GET
def next_review(request: StudyRequest, study: Study) -> HttpResponse:
    """The list's next scan after the one that `?after=` names; at its end, that it is done."""
    require_role(request.role, Role.EXPERT)
    form = BoardFilter(study, request.GET)
    if not form.is_valid():
        raise NotFound("The list is of a site or person that is not here. Choose one on the board.")
    wanted, after = form.wanted(), _after(request)
    following = review_lists.following(request.user, study, wanted, after=after)
    if following is not None:
        address = reverse("annotation:review", args=[study.name, following.pk])
        return redirect(f"{address}?{wanted.query}")
    return render(request, "annotation/list_done.html", _done(request.user, study, wanted, after))


def _after(request: StudyRequest) -> Annotation | None:
    number = whole_number(request.GET.get("after", ""))
    return visible_annotation(request.user, number) if number else None


def _done(
    user: User, study: Study, wanted: ReviewList, after: Annotation | None
) -> dict[str, object]:
    last = work.current_reference(after.image) if after else None
    others = [
        (other, len(review_lists.entries(user, study, other)))
        for other in (ReviewList(name) for name in (TO_REVIEW, PAIRS))
        if other != wanted
    ]
    return {
        "wanted": wanted,
        "left": len(review_lists.entries(user, study, wanted)),
        "others": [(other, count) for other, count in others if count],
        "last": last if last and last.accepted_by_id == user.pk else None,
    }
