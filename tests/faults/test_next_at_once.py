"""Many annotators ask for the next scan at once, on SQLite in a file: each gets another."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.installation import Installation

ANNOTATORS = 8
PROGRAM = f"""
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
from django.db import connection

from annotation.models import Study
from annotation.services import assignments, members, scans, sites, studies
from core.services import users

study = studies.create("lab", actor=None)
site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
chance = np.random.default_rng(1)
for number in range({ANNOTATORS} + 2):
    pixels = chance.integers(0, 255, (40, 40), dtype=np.uint8)
    scans.add_image(study, site=site, subject_code=f"S{{number}}", pixels=pixels, actor=None)
people = [users.create(f"annotator-{{number}}", actor=None) for number in range({ANNOTATORS})]
for person in people:
    members.add(study, person, "annotator", actor=None)
together = Barrier({ANNOTATORS})

def ask(person):
    together.wait()
    try:
        return assignments.reserve_next(person, study).pk
    finally:
        connection.close()

with ThreadPoolExecutor({ANNOTATORS}) as pool:
    print(json.dumps(list(pool.map(ask, people))))
"""


def test_nobody_gets_the_scan_of_another(tmp_path: Path) -> None:
    here = Installation(tmp_path / "data")
    here.manage("migrate")
    shown = json.loads(here.run_python(PROGRAM))
    assert len(set(shown)) == ANNOTATORS
