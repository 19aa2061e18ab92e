"""Replays: what they train on, what they conclude, what follows from it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from annotation.models import LockLook, Site
from core.models import Job, User
from core.services import jobs
from domain import replay as statistics
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from inference.models import ModelVersion
from tests.training.examples import ellipse_data
from training import backends, runner, work
from training.models import Replay
from training.services import queries, replaying, supervision

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approved", "in_this_process")]
SMALL: dict[str, Any] = {
    "seeds": 2,
    "start": 1,
    "batch": 2,
    "backend": "prior",
    "settings": {"max_epochs": 1, "image_size": 32},
}


def done(site: Site, actor: User, **changed: Any) -> Replay:
    made = replaying.submit(site, actor, **{**SMALL, "strategies": ["typicality"], **changed})
    job = jobs.run_inline(made.job)
    assert job.state == Job.State.DONE, job.error
    made.refresh_from_db()
    return made


def test_a_replay_measures_on_subjects_that_are_never_chosen(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt: list[set[str]] = []
    measured: list[set[str]] = []
    prior = type(backends.get("prior"))
    train, dice = prior.train, replaying._dice

    def watched_train(self: Any, data: Any, settings: Any, reporter: Any) -> Any:
        learnt.append({scan.subject for scan in data.train})
        return train(self, data, settings, reporter)

    def watched_dice(predictor: Any, held_out: Any, data: Any) -> float:
        measured.append({scan.subject for scan in held_out})
        return dice(predictor, held_out, data)

    monkeypatch.setattr(prior, "train", watched_train)
    monkeypatch.setattr(replaying, "_dice", watched_dice)
    made = done(site, admin)
    assert learnt
    for known, held_out in zip(learnt, measured, strict=True):
        assert not known & held_out
        assert all(code.startswith("TR") for code in known | held_out)
    assert {(one["strategy"], one["seed"]) for one in made.result["traces"]} == {
        (name, seed) for name in ("random", "typicality") for seed in (1, 2)
    }
    for one in made.result["traces"]:
        assert [n for n, _ in one["points"]] == [1, 3, 4]
    assert not LockLook.objects.exists()
    assert not ModelVersion.objects.exists()


def test_all_strategies_of_a_seed_begin_with_the_same_subjects() -> None:
    data = ellipse_data(train=24)
    begun: dict[str, frozenset[str]] = {}

    def learn(part: Any, name: str) -> Any:
        begun.setdefault(name.rpartition("-")[0], frozenset(scan.subject for scan in part.train))
        raise StopIteration

    for strategy in ("random", "typicality"):
        for seed in (1, 2):
            with pytest.raises(StopIteration):
                replaying.trace(data, strategy, seed, replaying.Setting(3, 3), learn)
    assert begun["random-1"] == begun["typicality-1"] != begun["random-2"]


def test_two_seeds_never_conclude_that_a_strategy_helps(site: Site, admin: User) -> None:
    made = done(site, admin)
    (comparison,) = made.result["comparisons"]
    assert comparison["n_seeds"] == 2
    assert made.helps is False


def test_where_chance_does_as_well_the_site_asks_by_chance(site: Site, admin: User) -> None:
    assert queries.default_strategy(site) == "typicality"
    done(site, admin)
    assert queries.default_strategy(site) == "random"
    Replay.objects.update(helps=True)
    assert queries.default_strategy(site) == "typicality"


def test_a_killed_replay_goes_on_at_its_trace(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for the end of a process."""

    begun: list[str] = []
    kept = replaying.trace

    def trace(data: Any, strategy: str, seed: int, setting: Any, learn: Any) -> statistics.Trace:
        begun.append(f"{strategy}-{seed}")
        if len(begun) == 3:
            raise Killed
        return kept(data, strategy, seed, setting, learn)

    monkeypatch.setattr(work.replaying, "trace", trace)
    made = replaying.submit(site, admin, strategies=["typicality"], **SMALL)
    claimed = jobs.claim(str(made.job.pk))
    with pytest.raises(Killed):
        runner.run(str(claimed.pk), claimed.fence)
    Job.objects.update(state=Job.State.LOST)
    monkeypatch.setattr(
        supervision, "run_process", lambda context: runner.run(str(context.job.pk), context.fence)
    )
    finished = jobs.run_inline(made.job)
    assert finished.state == Job.State.DONE, finished.error
    assert begun == ["random-1", "typicality-1", "random-2", "random-2", "typicality-2"]
    made.refresh_from_db()
    assert len(made.result["traces"]) == 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"strategies": ["oracle"]}, "no strategy 'oracle'"),
        ({"strategies": ["random"]}, "compare with random"),
        ({"seeds": 1}, "2 to 100 seeds"),
        ({"batch": 0}, "adds one at least"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    site: Site, admin: User, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        replaying.submit(site, admin, **{**SMALL, **changed})


def test_too_few_subjects_strangers_and_a_second_one(site: Site, admin: User, expert: User) -> None:
    with pytest.raises(Refused, match="6 training subjects are too few"):
        replaying.submit(site, admin, **{**SMALL, "start": 4})
    with pytest.raises(NotAllowed):
        replaying.submit(site, expert, **SMALL)
    replaying.submit(site, admin, **SMALL)
    with pytest.raises(Conflict):
        replaying.submit(site, admin, **SMALL)


def test_the_command_prints_the_paired_difference(
    site: Site, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--strategy", "typicality", "--seeds", "2", "--start", "1", "--batch", "2"]
    backend = ["--backend", "prior", "--set", "max_epochs=1", "--set", "image_size=32"]
    call_command(
        "replay", site.slug, *words, *backend, "--as", "admin", "--wait", "--json", study="lab"
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer["helps"] is False
    assert answer["comparisons"][0]["strategy"] == "typicality"
