"""The expert's board."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.forms.board import BoardFilter
from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.selectors import board as board_selector
from annotation.selectors import thumbnails


@require_GET
def board(request: StudyRequest, study: Study) -> HttpResponse:
    """Four columns of scans that wait for an expert, or waited; filters in the address."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    form = BoardFilter(study, request.GET)
    columns = board_selector.columns(request.user, study, form.filters())
    images = [card.image for column in columns for card in column.cards]
    pictures = thumbnails.of_images(images, request.user, request.role)
    context = {
        "form": form,
        "columns": [
            (column, [(card, _picture(card, pictures)) for card in column.cards])
            for column in columns
        ],
        "first": next((card for card in columns[0].cards), None),
    }
    return render(request, "annotation/board.html", context)


def _picture(
    card: board_selector.Card, pictures: dict[int, thumbnails.Thumbnail]
) -> thumbnails.Thumbnail:
    picture = pictures[card.image.pk]
    return thumbnails.with_readings(picture, card.readings) if card.readings else picture
