"""The rule is fixed before the run; who changes it changes it for later runs only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from core.models import AuditEvent
from domain.errors import InvalidInput, NotAllowed
from domain.gate import GateConfiguration
from training.models import GateConfigurationVersion
from training.selectors import gate_configurations
from training.services import gate_configurations as configuring
from training.services import judging, runs

pytestmark = pytest.mark.django_db
STRICT = GateConfiguration(alpha=0.01)


def test_the_defaults_are_version_1(site):
    version = configuring.in_force(site)
    assert (version.number, version.actor) == (1, None)
    assert gate_configurations.values_of(version) == GateConfiguration()
    assert configuring.in_force(site) == version


def test_a_change_is_a_new_version_with_its_reason_and_audited(site, admin):
    changed = configuring.change(site, STRICT, admin, "the ethics board asks for it")
    assert changed.number == 2
    assert gate_configurations.newest(site) == changed
    event = AuditEvent.objects.filter(verb="gate configured").latest("sequence")
    assert (event.details["before"]["alpha"], event.details["after"]["alpha"]) == (0.05, 0.01)


def test_only_an_admin_changes_it_and_says_why(site, admin, expert):
    with pytest.raises(NotAllowed):
        configuring.change(site, STRICT, expert, "stricter")
    with pytest.raises(InvalidInput, match="Say why"):
        configuring.change(site, STRICT, admin, " ")
    assert not GateConfigurationVersion.objects.exists()


def test_a_run_keeps_to_the_version_in_force_when_it_started(approved, site, admin, make_model):
    run = runs.start(site, "prior", {}, admin)
    configuring.change(site, STRICT, admin, "stricter from now on")
    run.model = make_model()
    run.save(update_fields=["model"])
    version = gate_configurations.of_model(run.model)
    assert version == run.gate_configuration
    assert gate_configurations.values_of(version).alpha == 0.05


def test_an_uploaded_model_keeps_to_the_version_in_force_when_it_came(site, admin, make_model):
    before = make_model()
    changed = configuring.change(site, STRICT, admin, "stricter from now on")
    after = make_model(0.4)
    assert gate_configurations.of_model(before) is None, "the defaults"
    assert gate_configurations.of_model(after) == changed
    assert after.created_at - before.created_at < timedelta(minutes=1)


def test_the_lock_shares_the_error_among_all_its_looks(proving, admin, make_model):
    from training.services import evaluation

    model = make_model()
    evaluation.evaluate(model, "test", admin)
    judgement = judging.decide_measurement(model)
    assert judgement.values.alpha_per_look == pytest.approx(0.05 / 10)


def test_the_database_refuses_to_change_a_version(site):
    configuring.in_force(site)
    with pytest.raises(DatabaseError), transaction.atomic():
        GateConfigurationVersion.objects.update(values={})


def test_an_admin_changes_it_on_the_page(site, client_of, admin, expert):
    address = reverse("training:retraining", args=["lab", site.slug])
    browser = client_of(admin)
    assert "version 1, the defaults" in browser.get(address).content.decode()
    values = {**GateConfiguration().as_json(), "alpha": 0.02, "reason": "fewer claims"}
    browser.post(address, {**values, "act": "gate"})
    changed = gate_configurations.values_of(gate_configurations.newest(site))
    assert changed == GateConfiguration(alpha=0.02)
    said = browser.get(address).content.decode()
    assert "version 2" in said
    assert "fewer claims" in said
    answer = browser.post(address, {**values, "alpha": 3, "act": "gate"})
    assert answer.status_code == 422
    assert "alpha lies between 0 and 0.5" in answer.content.decode()
    assert client_of(expert).post(address, {**values, "act": "gate"}).status_code == 404
    assert gate_configurations.newest(site).number == 2
    del values["asks_for_confirmation"]
    browser.post(address, {**values, "act": "gate"})
    changed = gate_configurations.values_of(gate_configurations.newest(site))
    assert not changed.asks_for_confirmation, "a box that is not ticked is not sent"
