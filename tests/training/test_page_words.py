"""Every page of a study with something of everything, by each role: no Python on it.

The addresses are those of the permission matrix, so that a new page is read here without being
named.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from annotation.models import Annotation, Example, Image, Issue, Partition, Reference
from annotation.services import double_reading, outlines, sites, workflow
from annotation.services import measured_frames as choosing
from core.models import Job
from inference.services import registry
from tests.annotation.references import approve
from tests.conftest import rectangle
from tests.inference.tiny_models import brightness_network, card_json
from tests.permissions.test_matrix import LOGIN, MISSING, ROUTES, TABLE, World
from tests.training.conftest import BRIGHT, DIM
from training.models import Run, Snapshot
from training.services import promotion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from annotation.models import Site, Study
    from core.models import User

FAULTS = {
    "a UUID": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "a Python value": r"\b(?:None|nan|NaN|True|False|inf)\b",
    "a Python object": r"<\w+(?:\.\w+)* object|<QuerySet|datetime\.|OrderedDict|Decimal\(",
    "a dict or a list": r"\{'|\['|\{\}|\[\]|': |\{\"|\[\"",
    "a raw moment": r"\d\d-\d\dT\d\d:|\d\d:\d\d:\d\d\.\d|\+00:00|\b[ap]\.m\.|\bnoon\b|\bmidnight\b",
    "a figure left empty": (
        r"best validation Dice\s*(?:[,;.)]|$)|\bDice\s+\.|(?:±|n =)\s*(?:[,;.)]|$)"
    ),
    "a hyphen for a minus": r"(?<![\w.\-/:])-\d+\.\d",
    "a key of the code": r"\b(?:csa|mt)_(?:mm2?|error)|\bhd95_|\bmax_vertical\b",
}
MORE_THAN_ALL = re.compile(r"\b(\d+) of (\d+)\b")


class Words(HTMLParser):
    """What people read on a page: texts and titles, not scripts and not preformatted files."""

    UNREAD = frozenset({"script", "style", "pre", "code", "option", "textarea"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in self.UNREAD
        said = dict(attrs)
        self.found += [
            text
            for name in ("title", "alt", "aria-label", "placeholder")
            if (text := said.get(name))
        ]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in self.UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread and data.strip():
            self.found.append(" ".join(data.split()))


def faults(html: str) -> Iterator[str]:
    words = Words()
    words.feed(html)
    for text in words.found:
        for name, pattern in FAULTS.items():
            if found := re.search(pattern, text):
                yield f"{name}: {found[0]!r} in {text[:120]!r}"
        yield from (
            f"more than all: {found[0]!r} in {text[:120]!r}"
            for found in MORE_THAN_ALL.finditer(text)
            if int(found[1]) > int(found[2])
        )


@pytest.mark.parametrize(
    "html",
    [
        "<p>Run 1b4e28ba-2fa1-11d2-883f-0016d3cca427</p>",
        "<p>Sex None</p>",
        '<p title="nan mm">x</p>',
        "<p>{'a': 1}</p>",
        "<p>2026-03-02T12:00</p>",
        "<p>Dec. 1, 2026, 5:48 a.m.</p>",
        "<p>7 of 6 subjects</p>",
        "<p>5 epochs, best validation Dice</p>",
        "<p>bias -0.12 mm</p>",
    ],
)
def test_the_reader_of_pages_finds(html: str) -> None:
    assert list(faults(html))


def test_the_reader_of_pages_lets_words_pass() -> None:
    said = "<p>14:03, 2026-03-02 14:03; 6 of 7; bias \u22120.12 (\u22120.2 to 0.1) mm, S-1.5</p>"
    assert not list(faults(said))


@pytest.fixture
def rich(
    proving: Site,
    study: Study,
    develop: Callable[..., Any],
    make_model: Callable[..., Any],
    make_image: Callable[..., Image],
    annotator: User,
    other_annotator: User,
    expert: User,
    admin: User,
) -> World:
    """A study with models, evaluations, a lock, sweeps, double readings, runs and jobs."""
    type(proving).objects.filter(pk=proving.pk).update(dice_floor=0.5)
    onnx = brightness_network((BRIGHT + 0.001,))
    trained = {"epochs": [5, 7], "best_validation_dice": [0.91, 0.9], "images": 9}
    card = card_json(onnx, site=proving.slug, training=trained)
    serving, candidate = registry.register(proving, onnx, card, actor=None), make_model(DIM)
    promotion.promote(serving, admin)
    develop(candidate, 0.8)
    sites.create(study, "calf", ["PL", "PB"], plane="longitudinal", actor=None)
    frames = [
        make_image("W1", frame=number, take=1, take_fields={"kind": "dynamic"})
        for number in range(5)
    ]
    for frame, width in zip(frames, (10, 12, 40, 13, 11), strict=True):
        approve(frame, annotator, expert, rectangle(5, 10, 5 + width, 30, cut=("left",)))
    choosing.choose(frames[1], expert, reason="the probe was level")
    approve(make_image("A1"), annotator, expert)
    double_reading.set_share(study, 1.0, actor=admin)
    for number in range(6):
        image = make_image(f"R{number}", subject_fields={"sex": "w", "age": 61.5})
        for person, end in ((annotator, 30), (other_annotator, 30 + number)):
            revision = outlines.save(image, person, [rectangle(5, 10, end, 30)], base=0)
            workflow.submit(revision.annotation, person)
    uncalibrated = make_image("U1", spacing=None)
    outlines.save(uncalibrated, annotator, [rectangle(5, 5, 20, 20)], base=0)
    job = Job.objects.create(kind="import", scope=study.name, requested_by=admin)
    Job.objects.create(
        kind="export", scope=study.name, requested_by=admin, state="failed", error="no room is left"
    )
    snapshot = Snapshot.objects.create(
        site=proving, digest="0" * 64, manifest={"items": []}, created_by=admin
    )
    run = Run.objects.create(
        site=proving, snapshot=snapshot, job=job, backend="prior", seed=1, model=candidate
    )
    annotation = Annotation.objects.filter(author=annotator, state="submitted").first()
    assert annotation is not None
    example = Example.objects.create(
        revision=annotation.revisions.get(), verdict="good", reason="x", shown_by=admin
    )
    reference = Reference.objects.filter(
        superseded_at=None, image__subject__partition__partition=Partition.TRAIN
    ).first()
    assert reference is not None
    review = reference.revision.reviews.get()
    issue = Issue.objects.create(review=review, image=reference.image, x=5, y=5, text="wider here")
    return World(study, annotation.image, annotation, example, reference, issue, job, serving, run)


def test_no_page_shows_python_ids_or_figures_that_are_none(
    rich: World,
    annotator: User,
    expert: User,
    admin: User,
    client_of: Callable[[User], Client],
) -> None:
    clients = {"annotator": annotator, "expert": expert, "admin": admin}
    found, n_pages = [], 0
    for name, rows in sorted(TABLE.items()):
        if not any(row.method == "get" for row in rows) or name.startswith("api-"):
            continue
        for address in _addresses(name, rich):
            for role, person in clients.items():
                if any(getattr(row, role) in (LOGIN, MISSING) for row in rows):
                    continue
                answer = client_of(person).get(address)
                if not answer.get("Content-Type", "").startswith("text/html"):
                    continue
                n_pages += 1
                html = answer.content.decode()
                found += [f"{role} {address}: {one}" for one in faults(html)]
    assert n_pages > 60
    assert not found, "\n".join(sorted(set(found)))


def _addresses(name: str, world: World) -> Iterator[str]:
    """A route of the world's own objects; of its other images, subjects and models too."""
    arguments = world.arguments(ROUTES[name])
    yield reverse(name, kwargs=arguments)
    if name == "annotation:subject":
        for code in ("W1", "U1", "T0"):
            yield reverse(name, kwargs={**arguments, "code": code})
    if name == "annotation:image":
        for code in ("W1", "U1", "T0", "D0"):
            image = Image.objects.filter(subject__code=code).first()
            assert image is not None
            yield reverse(name, kwargs={**arguments, "image_id": image.pk})
    if name in {"training:model", "training:model_report"}:
        yield reverse(name, kwargs={**arguments, "model_id": world.run.model_id})
