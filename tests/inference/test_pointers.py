from __future__ import annotations

import numpy as np
import pytest
from django.db import DatabaseError, transaction

from annotation.models import Suggestion
from annotation.services import scans, sites, studies, suggestions
from core.models import AuditEvent
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from inference.models import Pointer, PointerMove, Purpose
from inference.selectors.pointers import current_model
from inference.services import pointers
from tests.conftest import rectangle

pytestmark = pytest.mark.django_db


@pytest.fixture
def promote(site, admin):
    def move(model):
        for purpose in Purpose.values:
            pointers.move(site, purpose, model, actor=admin, numbers={"dice": 0.9})

    return move


def test_a_move_is_kept_with_its_numbers_and_audited(site, admin, make_model):
    model = make_model()
    moved = pointers.move(
        site, "pre-label", model, actor=admin, reason="first", numbers={"mean": 0.9}
    )
    assert current_model(site) == model
    assert current_model(site, "measurement") is None
    assert (moved.previous, moved.model, moved.numbers) == (None, model, {"mean": 0.9})
    event = AuditEvent.objects.get(verb="model promoted")
    assert event.details["model"] == model.name
    assert event.details["numbers"] == {"mean": 0.9}


def test_a_model_that_serves_already_is_a_conflict(site, admin, make_model):
    model = make_model()
    pointers.move(site, "pre-label", model, actor=admin)
    with pytest.raises(Conflict):
        pointers.move(site, "pre-label", model, actor=admin)


def test_only_admins_move_pointers(site, annotator, expert, stranger, make_model):
    model = make_model()
    for user, error in ((annotator, NotAllowed), (expert, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            pointers.move(site, "pre-label", model, actor=user)
        with pytest.raises(error):
            pointers.rollback(site, user, "no")
    assert not Pointer.objects.exists()


def test_another_site_s_model_is_refused(study, admin, make_model):
    elsewhere = sites.create(study, "biceps", ["BB"], actor=None)
    with pytest.raises(InvalidInput):
        pointers.move(elsewhere, "pre-label", make_model(), actor=admin)


def test_rollback_goes_further_back_each_time(site, admin, make_model, promote):
    first, second, third = (make_model(threshold) for threshold in (0.1, 0.2, 0.3))
    for model in (first, second, third):
        promote(model)
    pointers.rollback(site, admin, "third is worse")
    assert current_model(site) == current_model(site, "measurement") == second
    pointers.rollback(site, admin, "second too")
    assert current_model(site) == first
    pointers.rollback(site, admin, "and the first?")
    assert current_model(site) is current_model(site, "measurement") is None
    with pytest.raises(Refused):
        pointers.rollback(site, admin, "and before it?")
    promote(first)
    promote(third)
    pointers.rollback(site, admin, "third is still worse")
    assert current_model(site) == first


def test_rollback_wants_a_reason(site, admin, make_model, promote):
    promote(make_model(0.1))
    promote(make_model(0.2))
    with pytest.raises(InvalidInput):
        pointers.rollback(site, admin, "  ")


def test_rollback_withdraws_the_bad_model_s_pre_labels(site, admin, make_model, promote, image):
    promote(make_model(0.1))
    bad = make_model(0.2)
    promote(bad)
    offered = suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version=bad.name)
    pointers.rollback(site, admin, "bad outlines")
    offered.refresh_from_db()
    assert offered.state == Suggestion.State.WITHDRAWN
    assert AuditEvent.objects.filter(verb="model rolled back").count() == len(Purpose.values)


def test_rollback_leaves_another_study_s_site_of_the_same_name_alone(
    site, admin, make_model, promote, make_image
):
    promote(make_model(0.1))
    bad = make_model(0.2)
    promote(bad)
    elsewhere = studies.create("elsewhere", actor=None)
    namesake = sites.create(elsewhere, site.slug, labels=["RF"], actor=None)
    image, _ = scans.add_image(
        elsewhere,
        site=namesake,
        subject_code="S1",
        pixels=np.zeros((64, 64), np.uint8),
        actor=None,
    )
    theirs = suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version=bad.name)
    pointers.rollback(site, admin, "bad outlines")
    theirs.refresh_from_db()
    assert theirs.state == Suggestion.State.CURRENT


def test_a_failed_rollback_moves_nothing(site, admin, make_model, promote, monkeypatch):
    promote(make_model(0.1))
    second = make_model(0.2)
    promote(second)
    monkeypatch.setattr(
        suggestions, "withdraw_version", lambda *_, **__: (_ for _ in ()).throw(OSError("disk"))
    )
    with pytest.raises(OSError, match="disk"):
        pointers.rollback(site, admin, "bad")
    assert current_model(site) == current_model(site, "measurement") == second
    assert not PointerMove.objects.filter(kind="rollback").exists()
    assert not AuditEvent.objects.filter(verb="model rolled back").exists()


def test_the_database_refuses_to_change_history(site, admin, make_model, promote):
    promote(make_model())
    with pytest.raises(DatabaseError), transaction.atomic():
        PointerMove.objects.update(reason="another")
    with pytest.raises(DatabaseError), transaction.atomic():
        PointerMove.objects.all().delete()
