"""The five sites of the seed paper as the generator knows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhantomSite:
    """A site: its slug, its labels from shallow to deep, and whether it is swept."""

    slug: str
    labels: tuple[str, ...]
    dynamic: bool = False


SITES = {
    site.slug: site
    for site in (
        PhantomSite("rectus-femoris", ("RF",)),
        PhantomSite("rectus-abdominis", ("RA",)),
        PhantomSite("biceps", ("biceps",)),
        PhantomSite("triceps", ("triceps",)),
        PhantomSite("peroneus", ("PL", "PB"), dynamic=True),
    )
}
