"""Phantom subjects: what stays the same in all scans of one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from domain.phantom.view import stream

OLD_AGE_YEARS = 60


@dataclass(frozen=True)
class PhantomSubject:
    """One phantom person.

    Args:
        number: from 1; `code` is made of it.
        seed: of the cohort.
        cohort: "young" (below 60 years) or "older".
        sex: "F" or "M".
        age: years.
        size: muscle size, 1.0 is the site's mean thickness.
        fat_mm: thickness of skin and subcutaneous fat over the thigh.
        echogenicity_db: muscle brightness against the mean muscle; rises with age.
        attenuation_db_per_cm: loss that the time gain compensation leaves.
        noise_db: electronic noise floor against the mean muscle.
        change: relative change of muscle thickness from one visit to the next.
    """

    number: int
    seed: int
    cohort: str
    sex: str
    age: int
    size: float
    fat_mm: float
    echogenicity_db: float
    attenuation_db_per_cm: float
    noise_db: float
    change: float

    @property
    def code(self) -> str:
        """The pseudonymous code, "P001" for the first."""
        return f"P{self.number:03d}"


def cohort(count: int, seed: int) -> list[PhantomSubject]:
    """`count` subjects. A longer cohort of the same seed begins with the same subjects."""
    return [_subject(number, seed) for number in range(1, count + 1)]


def _subject(number: int, seed: int) -> PhantomSubject:
    rng = stream(seed, "subject", number)
    older = number % 5 >= 2
    female = bool(rng.random() < 0.6)
    age = int(rng.integers(OLD_AGE_YEARS, 88) if older else rng.integers(20, OLD_AGE_YEARS))
    ageing = (age - 40) / 40
    size = 1.0 - 0.10 * female - 0.10 * ageing + 0.10 * rng.standard_normal()
    fat_mm = 5.0 + 2.5 * female + 1.6 * rng.standard_normal()
    return PhantomSubject(
        number=number,
        seed=seed,
        cohort="older" if older else "young",
        sex="F" if female else "M",
        age=age,
        size=float(np.clip(size, 0.65, 1.25)),
        fat_mm=float(np.clip(fat_mm, 3.0, 11.0)),
        echogenicity_db=float(1.0 + 2.5 * ageing + 1.2 * rng.standard_normal()),
        attenuation_db_per_cm=float(rng.uniform(1.0, 3.5)),
        noise_db=float(rng.uniform(-24.0, -15.0)),
        change=float(np.clip(0.01 + 0.04 * rng.standard_normal(), -0.08, 0.08)),
    )
