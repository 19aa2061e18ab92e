"""Making the demo study: refusals, and going on after a kill."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Image, Reference
from core.models import User
from domain.errors import Refused
from training.models import Run
from training.services import demo
from training.services.demo import scans, work

pytestmark = pytest.mark.django_db
SUBJECTS = 8


@pytest.fixture
def data(tmp_path, settings):
    settings.MYOTRACE_DATA = tmp_path
    return tmp_path


@pytest.mark.training
@pytest.mark.parametrize("place", ["take_in", "_approved"])
def test_a_demo_that_was_killed_half_way_is_finished_like_one_that_was_not(
    data, monkeypatch, place
):
    module = scans if place == "take_in" else work
    original, calls = getattr(module, place), []

    def killed(*args):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(*args)

    if place == "take_in":
        monkeypatch.setattr(scans, place, killed)
    else:
        monkeypatch.setitem(work._STAGES, "approved", killed)
    with pytest.raises(KeyboardInterrupt):
        demo.make(SUBJECTS, 3)
    monkeypatch.undo()
    assert not demo.is_finished()
    assert demo.make(SUBJECTS, 3) is True
    assert Run.objects.count() == 1
    assert Image.objects.filter(state="draft").count() == 0
    assert not Reference.objects.filter(superseded_at__isnull=False).exists()


def test_another_size_or_seed_does_not_mix_with_a_demo_that_was_begun(data, monkeypatch):
    monkeypatch.setattr(scans, "take_in", lambda *args: pytest.fail("stop here"))
    with pytest.raises(pytest.fail.Exception):
        demo.make(SUBJECTS, 3)
    with pytest.raises(Refused, match="8 subjects and seed 3"):
        demo.make(SUBJECTS, 4)


def test_a_cohort_too_small_to_split_is_refused_before_anything_is_made(data):
    with pytest.raises(Refused, match="at least"):
        demo.make(3)
    assert not User.objects.exists()


def test_the_command_prints_login_links_only_when_there_is_a_demo(data, capsys):
    with pytest.raises(CommandError, match="no demo study yet"):
        call_command("demo", logins=True)
    demo.people.ensure()
    call_command("demo", logins=True)
    assert capsys.readouterr().out.count("/login-link/") == 5
