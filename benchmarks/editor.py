"""The contour editor in Chromium: pointer moves, operations, opening a scan and the next one.

Six regions of 300 points, a window 1280 px wide, the real server on this machine.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from playwright.sync_api import CDPSession, Page

from annotation.models import Image, Study
from annotation.services import members, outlines, scans, sites, studies
from benchmarks._server import browsing, prepare, serving, session_of
from core.services import users

WINDOW = (1280, 900)
LABELS = ["A", "B", "C", "D", "E", "F"]
CENTRES = [(x, y) for y in (110, 290) for x in (70, 192, 314)]
EDITED = 1
"""The region that is edited, of those in `LABELS` and `CENTRES`."""
RADIUS, POINTS = 52, 300
MOVES, STROKES, OPENINGS, SUBMISSIONS = 80, 30, 12, 12
FRAME_SECONDS = 0.02
AT_WORK_SECONDS = 1.0
"""On each scan before it is submitted: a person needs longer."""
PLAIN_PAGE = "plain.html"
PATIENCE_MS = 10_000

READY = """
() => {
  const canvas = document.querySelector(".editor-stage canvas");
  const isDrawn = canvas && canvas.getContext("2d").getImageData(9, 9, 1, 1).data[3] > 0;
  return isDrawn && document.activeElement?.localName === "contour-editor";
}"""
WATCH = f"""
window.watch = (isDone) => new Promise((resolve, reject) => {{
  const begun = performance.now();
  const look = () => {{
    if (isDone()) resolve(performance.now());
    else if (performance.now() - begun > {PATIENCE_MS}) reject(new Error("not shown in time"));
    else requestAnimationFrame(look);
  }};
  look();
}});
window.isReady = {READY};
window.spent = [];
let up = 0;
addEventListener("pointerup", () => (up = performance.now()), true);
document.addEventListener("change", ({{ detail }}) => {{
  if (detail) spent.push(performance.now() - up);
}});
"""


def run() -> list[dict[str, Any]]:
    """Each of the editor's times against what the browser needs for the bare picture."""
    prepare()
    session, images = _prepare()
    _write_plain_page(images[0])
    with serving(workers=1) as port, browsing(port, session, WINDOW) as context:
        context.add_init_script(WATCH)
        return _measure(context.new_page(), images)


def _prepare() -> tuple[str, list[Image]]:
    """A logged-in annotator's session and their drafts."""
    study = studies.create("editor", actor=None)
    site = sites.create(study, "rectus-femoris", LABELS, actor=None)
    person = users.create("annotator", actor=None)
    members.add(study, person, "annotator", actor=None)
    images = [_draft(study, site, person, number) for number in range(SUBMISSIONS + 2)]
    return session_of(person), images


def _draft(study: Study, site: Any, person: Any, number: int) -> Image:
    pixels = np.random.default_rng(number).integers(30, 200, (400, 384)).astype(np.uint8)
    image, _ = scans.add_image(
        study, site=site, subject_code=f"S{number:03d}", pixels=pixels, actor=None
    )
    outlines.save(image, person, _regions(), base=0)
    return image


def _write_plain_page(image: Image) -> None:
    """A page that shows only the image, among the files that the server sends as they are."""
    html = f'<!doctype html><img src="/api/v1/images/{image.pk}/pixels" alt="">'
    Path(settings.STATIC_ROOT, PLAIN_PAGE).write_text(html, encoding="utf-8")


def _regions() -> list[dict[str, Any]]:
    turn = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    return [
        {
            "label": label,
            "cut": [],
            "parts": [[np.column_stack([x + RADIUS * np.cos(turn), y + RADIUS * np.sin(turn)])
                       .round(3).tolist()]],
        }
        for label, (x, y) in zip(LABELS, CENTRES, strict=True)
    ]  # fmt: skip


def _measure(page: Page, images: list[Image]) -> list[dict[str, Any]]:
    plain = _plain_moves(page)
    _open(page, images[0])
    page.keyboard.press(str(1 + EDITED))
    time.sleep(AT_WORK_SECONDS)
    [first] = _strokes(page, 1)
    page.keyboard.press("Control+z")
    moves = {key: [_moves(page, key), _moves(page, key)][1] for key in "vrbg"}
    intervals = _frame_intervals(page)
    operations = {key: _operations(page, key) for key in "rbg"}
    editor, picture = _openings(page, images[0])
    submissions = _submissions(page, images)
    return [
        _row("editor: dragging a point, ms a move", moves["v"], plain, "<= 6 median"),
        _row("editor: redrawing, ms a move", moves["r"], plain, "<= 10 median"),
        _row("editor: brush, ms a move", moves["b"], plain, "<= 10 median"),
        _row("editor: push, ms a move", moves["g"], plain, "<= 10 median"),
        {
            "name": "editor: between frames while drawing, p95",
            "value": _p95(intervals),
            "unit": "ms",
            "against": "60 frames a second",
            "target": "<= 16.7",
            "note": f"median {statistics.median(intervals):.1f} ms",
        },
        {
            "name": "editor: the first redraw of a page committed",
            "value": first,
            "unit": "ms",
            "against": "",
            "target": "",
            "note": "a second after it was shown",
        },
        _committed("a redraw", operations["r"]),
        _committed("a brush stroke", operations["b"]),
        _committed("a push", operations["g"]),
        {
            "name": "editor: open and ready",
            "value": statistics.median(editor) / statistics.median(picture),
            "unit": "ratio",
            "against": "a page that shows only the image",
            "target": "<= 1.3",
            "note": f"{statistics.median(editor):.0f} ms, {statistics.median(picture):.0f} ms",
        },
        {
            "name": "editor: next scan shown after Ctrl+Enter, median",
            "value": statistics.median(submissions),
            "unit": "ms",
            "against": "",
            "target": "<= 150",
            "note": f"p95 {_p95(submissions):.0f} ms, {len(submissions)} scans submitted",
        },
    ]


def _row(name: str, ours: list[float], plain: list[float], target: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": statistics.median(ours),
        "unit": "ms, median",
        "against": "the same regions as plain SVG",
        "target": target,
        "note": f"second gesture, p95 {_p95(ours):.1f}; plain SVG {statistics.median(plain):.1f}",
    }


def _committed(what: str, spent: list[float]) -> dict[str, Any]:
    return {
        "name": f"editor: {what} committed, p95",
        "value": _p95(spent),
        "unit": "ms",
        "against": "",
        "target": "<= 35",
        "note": f"median {statistics.median(spent):.1f} ms, {len(spent)} strokes",
    }


def _address(image: Image) -> str:
    return f"/studies/editor/images/{image.pk}/edit/"


def _open(page: Page, image: Image) -> float:
    page.goto(_address(image))
    ready: float = page.evaluate("watch(isReady)")
    return ready


def _plain_moves(page: Page) -> list[float]:
    """What the browser needs to redraw one of the outlines when one of its points moves."""
    paths = "".join(
        f'<path d="M{"L".join(f"{x} {y}" for x, y in region["parts"][0][0])}Z"/>'
        for region in _regions()
    )
    page.set_content(
        '<body style="margin:0"><svg viewBox="0 0 384 400" fill="none" stroke="#f00"'
        f' style="width:1280px;height:900px">{paths}</svg>'
    )
    page.evaluate(
        """() => {
          const path = document.querySelector("path");
          const rest = path.getAttribute("d").replace(/^M[^L]*/, "");
          document.addEventListener("pointermove", ({ clientX, clientY }) =>
            path.setAttribute("d", `M${clientX / 3} ${clientY / 3}${rest}`));
        }"""
    )
    session = page.context.new_cdp_session(page)
    return _timed_moves(page, session, [(300 + step, 300.0) for step in range(MOVES)])


def _moves(page: Page, key: str) -> list[float]:
    """Main-thread time of each pointer move of one gesture, which is given up in the end."""
    page.keyboard.press(key)
    way = _way(page)
    session = page.context.new_cdp_session(page)
    page.mouse.move(*way[0])
    page.mouse.down()
    spent = _timed_moves(page, session, way[1:])
    page.keyboard.press("Escape")
    page.mouse.up()
    return spent


def _way(page: Page, bulge: float = 6.0) -> list[tuple[float, float]]:
    """Window px along the right half of the edited region, from a point on it to another."""
    x, y = CENTRES[EDITED]
    turn = np.linspace(-1, 1, MOVES + 1)
    radius = RADIUS + bulge * np.sin(np.linspace(0, np.pi, MOVES + 1))
    points = np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)]).tolist()
    found = page.evaluate(
        "all => all.map(([x, y]) => [...document.querySelector('contour-editor').toClient(x, y)])",
        points,
    )
    return [(left, top) for left, top in found]


def _timed_moves(page: Page, session: CDPSession, points: list[tuple[float, float]]) -> list[float]:
    session.send("Performance.enable")
    spent = []
    for point in points:
        before = _task_seconds(session)
        page.mouse.move(*point)
        time.sleep(FRAME_SECONDS)
        spent.append(1e3 * (_task_seconds(session) - before))
    return spent


def _task_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def _frame_intervals(page: Page) -> list[float]:
    page.keyboard.press("r")
    way = _way(page)
    page.evaluate(
        """() => {
          window.frames_ = [];
          window.counting = true;
          const count = (at) => { frames_.push(at); if (counting) requestAnimationFrame(count); };
          requestAnimationFrame(count);
        }"""
    )
    page.mouse.move(*way[0])
    page.mouse.down()
    for point in way[1:]:
        page.mouse.move(*point)
        time.sleep(1 / 120)
    page.keyboard.press("Escape")
    page.mouse.up()
    times = page.evaluate("() => { counting = false; return frames_; }")
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def _operations(page: Page, key: str) -> list[float]:
    """From the pointer's going up to the changed outlines; the first ones warm up."""
    page.keyboard.press(key)
    return _strokes(page, STROKES + 5)[5:]


def _strokes(page: Page, count: int) -> list[float]:
    page.evaluate("spent = []")
    for number in range(count):
        way = _way(page, bulge=4.0 if number % 2 else -4.0)[::4]
        page.mouse.move(*way[0])
        page.mouse.down()
        for point in way[1:]:
            page.mouse.move(*point)
        page.mouse.up()
    page.evaluate("document.querySelector('contour-editor').saved")
    spent: list[float] = page.evaluate("spent")
    return spent


def _openings(page: Page, image: Image) -> tuple[list[float], list[float]]:
    """Each in turn, from the start of the navigation, with the files in the browser's cache."""
    editor, picture = [], []
    for _ in range(OPENINGS):
        page.goto(f"{settings.STATIC_URL}{PLAIN_PAGE}")
        picture.append(page.evaluate("watch(() => document.images[0]?.complete)"))
        editor.append(_open(page, image))
    return editor[2:], picture[2:]


def _submissions(page: Page, images: list[Image]) -> list[float]:
    _open(page, images[1])
    spent = []
    for _ in range(SUBMISSIONS):
        time.sleep(AT_WORK_SECONDS)
        spent.append(_until_next(page, lambda: page.keyboard.press("Control+Enter")))
    return spent


def _until_next(page: Page, submit: Callable[[], None]) -> float:
    page.evaluate(
        """() => {
          const here = location.pathname;
          window.next = new Promise((resolve, reject) =>
            addEventListener("keydown", () => {
              const begun = performance.now();
              const isNext = () => location.pathname !== here && isReady();
              watch(isNext).then((shown) => resolve(shown - begun), reject);
            }, { capture: true, once: true }));
        }"""
    )
    submit()
    spent: float = page.evaluate("window.next")
    return spent


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
