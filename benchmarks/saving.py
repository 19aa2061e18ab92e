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
                outlines.save(image, person, _regions(base), base=base)
                alone.append(time.perf_counter() - begun)
        else:
            tokens.append(credentials.make_token(person))
            images.append(image.pk)
    return tokens, images, alone


def _regions(number: int) -> list[dict[str, Any]]:
    """An outline of sixty points that differs with the number."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack([200 + (90 + number) * np.cos(turn), 190 + 60 * np.sin(turn)])
    return [{"label": "RF", "cut": [], "parts": [[ring.round(3).tolist()]]}]


def _draw_all(port: int, tokens: list[str], images: list[int]) -> list[float]:
    seconds: list[float] = []
    failures: list[BaseException] = []
    threads = [
        threading.Thread(target=_draw, args=(port, token, image, seconds, failures))
        for token, image in zip(tokens, images, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return seconds


def _draw(
    port: int, token: str, image: int, seconds: list[float], failures: list[BaseException]
) -> None:
    """One annotator: a save after each gesture, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for base in range(SAVES):
            body = json.dumps({"regions": _regions(base)})
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
            seconds.append(time.perf_counter() - begun)
            if answer.status not in (200, 201):
                raise RuntimeError(f"a save answered {answer.status}: {said[:300]!r}")
            time.sleep(PAUSE_SECONDS)
    except (OSError, RuntimeError) as error:
        failures.append(error)
    finally:
        connection.close()


def _percentile(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
