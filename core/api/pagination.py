"""Lists answer `count` and `results`, page by page."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from core.pages import whole_number
from domain.errors import InvalidInput

PARAMETERS = ("page", "page_size")


class Pages(PageNumberPagination):
    """`?page=` and `?page_size=` (at most 500)."""

    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        size = whole_number(asked)
        if size is None or not 1 <= size <= self.max_page_size:
            raise InvalidInput(f"page_size is a whole number from 1 to {self.max_page_size}.")
        return size
