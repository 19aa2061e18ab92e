"""Query rounds: who is in the pool, what the picks say, and where they go."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation.models import Assignment, Image, Partition, Site, SubjectPartition
from core.models import User
from domain import acquisition
from domain.errors import InvalidInput, NotAllowed
from inference.models import ModelVersion
from inference.services import pointers
from tests.training.studies import scan_with_region
from training.models import Pick, QueryRound
from training.services import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(make_image: Callable[..., Image]) -> list[Image]:
    """Two untouched scans each of six subjects without a partition."""
    return [make_image(f"N{n // 2}", pixels=scan_with_region(100 + n)[0]) for n in range(12)]


def test_one_scan_a_subject_ranked_with_reasons(
    site: Site, admin: User, waiting: list[Image], approved: dict[str, Image]
) -> None:
    chosen = queries.next_round(site, size=4, seed=3, actor=admin)
    picks = list(chosen.picks.all())
    assert chosen.strategy == "typicality"
    assert chosen.pool_size == 12
    assert [pick.rank for pick in picks] == [1, 2, 3, 4]
    assert len({pick.image.subject_id for pick in picks}) == 4
    assert all(pick.reason for pick in picks)
    first = Assignment.objects.get(image=picks[0].image)
    assert (first.rank, first.reason, first.person) == (1, picks[0].reason, None)


def test_test_subjects_and_their_pictures_are_never_asked_for(
    site: Site, admin: User, make_image: Callable[..., Image], waiting: list[Image]
) -> None:
    hidden = make_image("T0", pixels=scan_with_region(7)[0])
    SubjectPartition.objects.create(subject=hidden.subject, partition=Partition.TEST)
    twin = make_image("N9", pixels=scan_with_region(7)[0])
    chosen = queries.next_round(site, size=50, strategy="random", actor=admin)
    picked = set(chosen.picks.values_list("image_id", flat=True))
    assert len(picked) == 6
    assert not picked & {hidden.pk, twin.pk}


def test_entropy_needs_a_model_and_uses_the_current_one(
    site: Site,
    admin: User,
    waiting: list[Image],
    make_model: Callable[..., ModelVersion],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InvalidInput, match="no current model"):
        queries.next_round(site, strategy="entropy", actor=admin)
    model = make_model()
    pointers.move(site, "pre-label", model, actor=admin)
    assert queries.next_round(site, size=3, actor=admin).strategy == "typicality"
    monkeypatch.setattr(acquisition, "COLD_START_SUBJECTS", 0)
    chosen = queries.next_round(site, size=3, noise=True, actor=admin)
    assert (chosen.strategy, chosen.model) == ("entropy", model)
    assert chosen.picks.count() == 3


def test_a_new_round_takes_the_place_of_the_old_one(
    site: Site, admin: User, waiting: list[Image]
) -> None:
    queries.next_round(site, size=6, strategy="random", seed=1, actor=admin)
    second = queries.next_round(site, size=2, strategy="random", seed=2, actor=admin)
    ranked = Assignment.objects.filter(rank__isnull=False).values_list("image_id", flat=True)
    assert set(ranked) == set(second.picks.values_list("image_id", flat=True))
    assert QueryRound.objects.count() == 2
    assert Pick.objects.count() == 8


def test_an_empty_pool_is_an_empty_list_and_no_error(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("next_scans", site.slug, study="lab", json=True)
    assert json.loads(capsys.readouterr().out)["picks"] == []


def test_the_command_prints_the_picks_and_refuses_in_words(
    site: Site, waiting: list[Image], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("next_scans", site.slug, study="lab", size=2, json=True)
    answer = json.loads(capsys.readouterr().out)
    assert [pick["rank"] for pick in answer["picks"]] == [1, 2]
    assert {"image", "subject", "score", "reason"} <= set(answer["picks"][0])
    with pytest.raises(CommandError, match="at least one"):
        call_command("next_scans", site.slug, study="lab", size=0)


def test_only_admins_choose(site: Site, annotator: User) -> None:
    with pytest.raises(NotAllowed):
        queries.next_round(site, actor=annotator)
