"""Saving a revision through HTTP while ten annotators draw at once."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from typing import Any

import numpy as np

from annotation.services import members, outlines, scans, sites, studies
from benchmarks._server import prepare, serving
from core.services import credentials, users

ANNOTATORS = 10
SAVES = 30
PAUSE_SECONDS = 0.5  # a gesture every half second is fast drawing


def run() -> list[dict[str, Any]]:
    """The 95th percentile of a PUT's seconds, over that of the same save called in process."""
    prepare()
    tokens, images, alone = _prepare()
    with serving(workers=2) as port:
        seconds = _draw_all(port, tokens, images)
    ours, bare = _percentile(seconds), _percentile(alone)
    return [
        {
            "name": f"saving a revision, p95, {ANNOTATORS} annotators",
            "value": ours / bare,
            "unit": "ratio",
            "against": "the same save called in process, one at a time",
            "target": "",
            "note": f"{1e3 * ours:.0f} ms (median {1e3 * statistics.median(seconds):.0f} ms), "
            f"{1e3 * bare:.0f} ms in process, {len(seconds)} saves, none refused",
        }
    ]


def _prepare() -> tuple[list[str], list[int], list[float]]:
    """Tokens and images of the annotators; seconds of saves by one of them in process."""
    study = studies.create("saving", actor=None)
    site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
    tokens, images, alone = [], [], []
    for number in range(ANNOTATORS + 1):
        person = users.create(f"annotator{number}", actor=None)
        members.add(study, person, "annotator", actor=None)
        pixels = np.full((384, 400), number, np.uint8)
        image, _ = scans.add_image(
            study, site=site, subject_code=f"S{number}", pixels=pixels, actor=None
        )
        if number == ANNOTATORS:
            for base in range(SAVES):
                begun = time.perf_counter()
                outlines.save(image, person, regions(base), base=base)
                alone.append(time.perf_counter() - begun)
        else:
            tokens.append(credentials.make_token(person))
            images.append(image.pk)
    return tokens, images, alone


def regions(number: int) -> list[dict[str, Any]]:
    """An outline of sixty points that differs with the number."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack([200 + (90 + number) * np.cos(turn), 190 + 60 * np.sin(turn)])
    return [{"label": "RF", "cut": [], "parts": [[ring.round(3).tolist()]]}]


def _draw_all(port: int, tokens: list[str], images: list[int]) -> list[float]:
    with Drawing(port, tokens, images, saves=SAVES) as drawing:
        drawing.wait()
        return drawing.drain()


class Drawing:
    """Annotators who draw at once, each on an image of their own, over one connection each: a save
    after each gesture, until they made `saves` of them or the block ends. A refusal ends it."""

    def __init__(
        self, port: int, tokens: list[str], images: list[int], saves: int = 1_000_000
    ) -> None:
        self._port = port
        self._saves = saves
        self._seconds: list[float] = []
        self._failures: list[BaseException] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._draw, args=(token, image))
            for token, image in zip(tokens, images, strict=True)
        ]

    def __enter__(self) -> Drawing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.wait()

    def wait(self) -> None:
        """Wait until all have made their saves."""
        for thread in self._threads:
            thread.join()

    def drain(self) -> list[float]:
        """The seconds of each save since the last call. Raises what ended an annotator's work."""
        if self._failures:
            raise self._failures[0]
        taken, self._seconds = self._seconds, []
        return taken

    def _draw(self, token: str, image: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            for base in range(self._saves):
                self._save(connection, token, image, base)
                if self._over.wait(PAUSE_SECONDS):
                    return
        except (OSError, RuntimeError) as error:
            self._failures.append(error)
        finally:
            connection.close()

    def _save(
        self, connection: http.client.HTTPConnection, token: str, image: int, base: int
    ) -> None:
        body = json.dumps({"regions": regions(base % SAVES)})
        begun = time.perf_counter()
        connection.request(
            "PUT",
            f"/api/v1/images/{image}/annotation",
            body,
            {
                "Authorization": f"Token {token}",
                "Content-Type": "application/json",
                "If-Match": f'"{base}"',
            },
        )
        answer = connection.getresponse()
        said = answer.read()
        self._seconds.append(time.perf_counter() - begun)
        if answer.status not in (200, 201):
            raise RuntimeError(f"a save answered {answer.status}: {said[:300]!r}")


def _percentile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
