"""The five sites of the seed paper as data, with protocol texts in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotation.services import sites
from domain.phantom import SITES

if TYPE_CHECKING:
    from annotation.models import Site, Study
    from core.models import User

TRAINED_SITE = "rectus-femoris"
PROBE = (
    "Linear probe, 7.5 to 10 MHz, depth 40 mm, plenty of gel, no pressure: the muscle must not "
    "flatten. Hold the probe across the fibres and tilt until the fascia is brightest. Take two "
    "images; the one with the clearer fascia counts."
)
OUTLINE = "Follow the inner edge of the bright fascia: the muscle without its fascia."


@dataclass(frozen=True)
class SiteText:
    """What the demo says about a site."""

    name: str
    position: str
    titles: dict[str, str]
    outline: str = OUTLINE
    thickness_definition: str = "max_vertical"

    @property
    def protocol(self) -> str:
        return "\n\n".join([self.position, PROBE, self.outline])


TEXTS = {
    "rectus-femoris": SiteText(
        "rectus femoris",
        "The person sits with both feet flat on the floor and the thigh level. Scan the front of "
        "the thigh, 10 to 15 cm above the knee.",
        {"RF": "rectus femoris"},
    ),
    "rectus-abdominis": SiteText(
        "rectus abdominis",
        "The person lies on the back. Start over the navel, find the bright midline (linea alba), "
        "then slide about 3 cm to the right until both edges of the muscle can be seen.",
        {"RA": "rectus abdominis"},
        "Follow the inner edge of the sheath. Where the picture ends before the muscle does, "
        "outline up to the picture's edge and mark the side as cut.",
        "centroid_column",
    ),
    "biceps": SiteText(
        "biceps",
        "The person lies on the back, the arm beside the body, palm up, elbow straight and muscle "
        "relaxed. Scan halfway between the tip of the shoulder (acromion) and the elbow crease.",
        {"biceps": "biceps brachii"},
    ),
    "triceps": SiteText(
        "triceps",
        "The person stands and steadies the body with the other hand on a counter at shoulder "
        "height; the arm that is scanned hangs relaxed. Scan the back of the arm halfway between "
        "acromion and the point of the elbow (olecranon).",
        {"triceps": "triceps brachii"},
    ),
    "peroneus": SiteText(
        "peroneus longus and brevis",
        "The person stands with the foot of the scanned leg on a stool at about waist height. "
        "Begin at the outer ankle and sweep slowly up the outside of the leg to its upper third, "
        "where peroneus longus is thickest.",
        {"PL": "peroneus longus", "PB": "peroneus brevis"},
        "Outline both muscles. They touch: draw the septum between them once, as one line.",
    ),
}


def ensure(study: Study, admin: User) -> dict[str, Site]:
    """The demo's sites by slug, made where they are missing."""
    present = {site.slug: site for site in study.sites.all()}
    return {slug: present.get(slug) or _make(study, slug, admin) for slug in SITES}


def _make(study: Study, slug: str, admin: User) -> Site:
    text = TEXTS[slug]
    return sites.create(
        study,
        slug,
        SITES[slug].labels,
        actor=admin,
        titles=text.titles,
        name=text.name,
        plane="transverse",
        protocol=text.protocol,
        thickness_definition=text.thickness_definition,
    )
