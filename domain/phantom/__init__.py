"""Ultrasound-like phantom scans with exact ground truth, seeded and reproducible.

Not a simulation of wave physics: a picture with the statistics that matter for outlining
(Rayleigh speckle, depth-dependent loss, log compression, bright fascia, fat, bone shadow) over an
anatomy that is known to the pixel. The demo study, tests and benchmarks stand on it. Every function
is a pure function of its arguments: the same seed gives the same bytes.

docs/algorithms/phantom.md explains the model and its numbers.
"""

from __future__ import annotations

from domain.phantom.readers import READERS, PreLabel, Reader, pre_label, read
from domain.phantom.scans import PhantomImage, clearer_take, scan, sweep
from domain.phantom.sites import SITES, PhantomSite
from domain.phantom.subjects import PhantomSubject, cohort
from domain.phantom.view import DEPTH_MM, HEIGHT, SPACING_MM, WIDTH

__all__ = [
    "DEPTH_MM",
    "HEIGHT",
    "READERS",
    "SITES",
    "SPACING_MM",
    "WIDTH",
    "PhantomImage",
    "PhantomSite",
    "PhantomSubject",
    "PreLabel",
    "Reader",
    "clearer_take",
    "cohort",
    "pre_label",
    "read",
    "scan",
    "sweep",
]
