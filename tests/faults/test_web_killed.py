"""kill -9 of the web server during saves: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest

from tests.faults.installation import Installation, kill_group

PREPARE = """
import json
import numpy as np
from annotation.services import members, scans, sites, studies
from core.services import credentials, users
study = studies.create("lab", actor=None)
site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
user = users.create("annotator", actor=None)
members.add(study, user, "annotator", actor=None)
pixels = np.random.default_rng(1).integers(0, 255, (400, 384), dtype=np.uint8)
image, _ = scans.add_image(study, site=site, subject_code="S1", pixels=pixels, actor=None)
print(json.dumps({"token": credentials.make_token(user), "image": image.pk}))
"""
READ = """
from annotation.models import Annotation
annotation = Annotation.objects.first()
print(annotation.revision_count if annotation else 0)
"""


class Annotator(threading.Thread):
    """Saves one revision after the other until the server is gone; counts what was acknowledged."""

    def __init__(self, here: Installation, token: str, image: int, start_from: int) -> None:
        super().__init__(daemon=True)
        self.here, self.token, self.image = here, token, image
        self.acknowledged = start_from
        self.refused: list[int] = []

    def wait_for(self, revision: int, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while self.acknowledged < revision:
            assert time.monotonic() < end, f"stuck at revision {self.acknowledged}"
            time.sleep(0.005)

    def run(self) -> None:
        while True:
            right = 50 + (self.acknowledged % 200)
            ring = [[10, 10], [right, 10], [right, 90], [10, 90]]
            body = {"regions": [{"label": "RF", "cut": [], "parts": [[ring]]}]}
            try:
                status, answer = self.here.call(
                    "PUT",
                    f"/api/v1/images/{self.image}/annotation",
                    token=self.token,
                    body=body,
                    If_Match=f'"{self.acknowledged}"',
                )
            except OSError:
                return
            if status != 200:
                self.refused.append(status)
                return
            self.acknowledged = answer["revision"]


@pytest.mark.training
def test_no_acknowledged_save_is_lost_when_the_web_server_is_killed(tmp_path: Path) -> None:
    here = Installation(tmp_path)
    assert here.manage("migrate").returncode == 0
    prepared = json.loads(here.run_python(PREPARE))
    wait = random.Random(20260302)
    kept = 0
    for _ in range(4):
        with here.web() as server:
            annotator = Annotator(here, prepared["token"], prepared["image"], kept)
            annotator.start()
            annotator.wait_for(kept + wait.randint(3, 30))
            time.sleep(wait.random() / 50)
            kill_group(server)
            annotator.join(timeout=40)
        assert annotator.refused == []
        kept = int(here.run_python(READ))
        assert annotator.acknowledged <= kept <= annotator.acknowledged + 1
    verified = here.manage("verify", "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["ok"]
