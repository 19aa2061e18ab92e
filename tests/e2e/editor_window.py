"""A browser window with the contour editor in it, as the tests drive it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, Route, expect

from annotation.models import Annotation, Image

Point = tuple[float, float]
FULL_DISK = """
  const refused = () => { throw new DOMException("full", "QuotaExceededError"); };
  IDBObjectStore.prototype.put = refused;
"""


class HeldRequest:
    """The first request to an address, which waits for the test; later ones go through."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._held: list[Route] = []
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if self._held:
            route.continue_()
        else:
            self._held.append(route)

    @property
    def route(self) -> Route:
        return self._held[0]

    def wait(self) -> None:
        """Until it has come: that the page has sent it does not say so."""
        for _ in range(1000):
            if self._held:
                return
            self._page.wait_for_timeout(10)
        raise AssertionError("the request was never sent")


class EditorWindow:
    """A browser window with the editor in it, driven by real pointer and key events."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> EditorWindow:
        self.page.goto(address)
        expect(self.page.locator(".editor-stage canvas")).to_be_visible()
        return self

    def seen(self) -> EditorWindow:
        """The scan is there and was looked at: from now on it may be decided on."""
        expect(self.page.locator(".editor-stage canvas")).to_be_visible()
        self.press("0")
        return self

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(f"document.querySelector('contour-editor').{expression}")

    @property
    def regions(self) -> list[dict[str, Any]]:
        return self.ask("regions")

    @property
    def outline(self) -> list[list[float]]:
        return self.regions[0]["parts"][0][0]

    @property
    def message(self) -> str:
        return self.page.inner_text("[data-piece=message]")

    def client(self, point: Point) -> Point:
        return self._clients([point])[0]

    def click(self, *points: Point) -> None:
        for point in points:
            self.page.mouse.click(*self.client(point))

    def drag(self, *points: Point, steps: int = 5) -> None:
        """Pointer moves by `steps` between two points of the image."""
        start, *others = self._clients(points)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        for point in others:
            self.page.mouse.move(*point, steps=steps)
        self.page.mouse.up()

    def _clients(self, points: Sequence[Point]) -> list[Point]:
        found = self.page.evaluate(
            "all => all.map((p) => [...document.querySelector('contour-editor').toClient(...p)])",
            points,
        )
        return [(x, y) for x, y in found]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self) -> None:
        self.ask("saved")

    def draw(self, points: list[Point]) -> None:
        self.press("d")
        self.click(*points, points[0])


def edit_address(image: Image) -> str:
    return f"/studies/{image.study.name}/images/{image.pk}/edit/"


def review_address(annotation: Annotation) -> str:
    return f"/studies/{annotation.image.study.name}/annotations/{annotation.pk}/review/"
