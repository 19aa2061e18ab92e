"""A pen and fingers, by the browser's own input events."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession

from tests.e2e.editor_window import EditorWindow, Point


class Hand:
    """A pen and fingers on the glass, in image px."""

    def __init__(self, window: EditorWindow) -> None:
        self.window = window
        self.session: CDPSession = window.page.context.new_cdp_session(window.page)

    def pen(self, points: list[Point]) -> None:
        self._pen("mouseMoved", points[0], buttons=0)
        self._pen("mousePressed", points[0], buttons=1)
        for point in points[1:]:
            self._pen("mouseMoved", point, buttons=1)
        self._pen("mouseReleased", points[-1], buttons=0)

    def _pen(self, kind: str, point: Point, *, buttons: int) -> None:
        x, y = self.window.client(point)
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        self.session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "button": button,
                "buttons": buttons,
                "clickCount": 1,
                "pointerType": "pen",
                "force": 0.5,
            },
        )

    def fingers(self, *ways: list[Point]) -> None:
        """Each finger goes its way, step by step together, in window px."""
        self._touch("touchStart", [way[0] for way in ways])
        for step in range(1, len(ways[0])):
            self._touch("touchMove", [way[step] for way in ways])
        self._touch("touchEnd", [])

    def finger(self, points: list[Point]) -> None:
        self.fingers([self.window.client(point) for point in points])

    def _touch(self, kind: str, points: list[Point]) -> None:
        touches: list[Any] = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
