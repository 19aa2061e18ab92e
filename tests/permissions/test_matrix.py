"""Every route by every role, on own and foreign objects. A route without a row fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation.models import Annotation, Example, Image, Issue, Reference, Study
from annotation.services import outlines, references, review, workflow
from core.models import Job, User
from inference.models import ModelVersion
from tests.conftest import rectangle
from training.models import Run, Snapshot

OK, LOGIN, FORBIDDEN, MISSING, UNAUTHENTICATED = "ok", "login", 403, 404, 401
ROLES = ("anonymous", "annotator", "expert", "admin", "stranger")


@dataclass(frozen=True)
class Row:
    """What each role gets: `ok` (anything but a refusal), `login` (sent to log in), or a status."""

    anonymous: str | int
    annotator: str | int
    expert: str | int
    admin: str | int
    stranger: str | int
    method: str = "get"
    body: str = "{}"
    query: str = ""


def page(annotator: Any = OK, expert: Any = OK, admin: Any = OK, method: str = "get") -> Row:
    """A page of a study: strangers find nothing, nobody in particular logs in first."""
    return Row(LOGIN, annotator, expert, admin, MISSING, method)


def api(
    annotator: Any = OK,
    expert: Any = OK,
    admin: Any = OK,
    method: str = "get",
    body: str = "{}",
    query: str = "",
) -> Row:
    """An address of the API about one object of a study."""
    return Row(UNAUTHENTICATED, annotator, expert, admin, MISSING, method, body, query)


def everybody(method: str = "get") -> Row:
    return Row(OK, OK, OK, OK, OK, method)


def anyone_logged_in(anonymous: str | int = LOGIN) -> Row:
    return Row(anonymous, OK, OK, OK, OK)


FOR_ADMINS: dict[str, Any] = {"annotator": MISSING, "expert": MISSING}
FOR_EXPERTS: dict[str, Any] = {"annotator": MISSING}
NOT_THE_AUTHOR: dict[str, Any] = {"expert": FORBIDDEN, "admin": FORBIDDEN}
RETURN = '{"revision": 1, "decision": "return", "reason": "x"}'
SCALE = '{"rule": {"width": 4, "height": 4}, "method": "depth"}'
REASON = '{"reason": "x"}'
START = '{"study": "lab", "site": "rectus-femoris", "backend": "prior"}'

TABLE: dict[str, list[Row]] = {
    # accounts
    "account_login": [everybody()],
    "account_signup": [everybody()],
    "account_inactive": [everybody()],
    "account_logout": [everybody()],
    "account_reauthenticate": [anyone_logged_in()],
    "account_change_password": [anyone_logged_in()],
    "account_set_password": [anyone_logged_in()],
    "mfa_index": [anyone_logged_in()],
    "mfa_authenticate": [anyone_logged_in()],
    "mfa_reauthenticate": [anyone_logged_in()],
    "mfa_activate_totp": [anyone_logged_in()],
    "mfa_deactivate_totp": [Row(LOGIN, MISSING, MISSING, MISSING, MISSING)],
    "mfa_view_recovery_codes": [Row(LOGIN, MISSING, MISSING, MISSING, MISSING)],
    "mfa_generate_recovery_codes": [anyone_logged_in()],
    "mfa_download_recovery_codes": [Row(LOGIN, MISSING, MISSING, MISSING, MISSING)],
    "login-link": [everybody()],
    "profile": [anyone_logged_in()],
    # without a study
    "annotation:home": [anyone_logged_in()],
    "annotation:next": [anyone_logged_in()],
    "annotation:new_study": [anyone_logged_in()],
    # the API
    "api-schema": [anyone_logged_in(UNAUTHENTICATED)],
    "api-images": [anyone_logged_in(UNAUTHENTICATED)],
    "api-image": [api()],
    "api-pixels": [api()],
    "api-frames": [api()],
    "api-own-annotation": [
        api(expert=MISSING, admin=MISSING),
        api(admin=FORBIDDEN, method="put", body='{"regions": []}'),
    ],
    "api-reservation": [api(method="post"), api(method="delete")],
    "api-suggestion": [api(MISSING, MISSING, MISSING)],
    "api-uncertainty": [api(MISSING, MISSING, MISSING)],
    "api-revisions": [api()],
    "api-revision": [api(annotator=OK)],
    "api-submit": [api(**NOT_THE_AUTHOR, method="post")],
    "api-take-back": [api(**NOT_THE_AUTHOR, method="post")],
    "api-review": [api(FORBIDDEN, OK, FORBIDDEN, method="post", body=RETURN)],
    "api-withdraw": [api(MISSING, OK, FORBIDDEN, method="post", body=REASON)],
    "api-answer": [api(OK, FORBIDDEN, FORBIDDEN, method="post", body='{"done": true}')],
    "api-review-frames": [api()],
    "api-measurements": [api(MISSING, query="study=lab")],
    "api-calibrations": [
        api(MISSING, method="post", query="study=lab", body=SCALE),
    ],
    "api-imports": [api(MISSING, method="post", query="study=lab")],
    "api-exports": [api(MISSING, query="study=lab")],
    "api-job": [api(**FOR_ADMINS)],
    "api-job-cancel": [api(**FOR_ADMINS, method="post")],
    "api-models": [
        api(query="study=lab"),
        api(FORBIDDEN, FORBIDDEN, method="post", query="study=lab"),
    ],
    "api-model-promote": [api(FORBIDDEN, FORBIDDEN, method="post", body=REASON)],
    "api-model-decisions": [api(FORBIDDEN)],
    "api-site-evidence": [api(MISSING, query="study=lab")],
    "api-model-report": [api(FORBIDDEN)],
    "api-site-rollback": [api(FORBIDDEN, FORBIDDEN, method="post", body=REASON, query="study=lab")],
    "api-runs": [
        api(**FOR_ADMINS, query="study=lab"),
        api(**FOR_ADMINS, method="post", body=START),
    ],
    "api-run": [api(**FOR_ADMINS)],
    "api-run-cancel": [api(**FOR_ADMINS, method="post")],
    # people's pages
    "annotation:enter": [page()],
    "annotation:help": [page()],
    "annotation:queue": [page(admin=MISSING)],
    "annotation:left": [page(admin=MISSING)],
    "annotation:board": [page(**FOR_EXPERTS)],
    "annotation:next_review": [page(MISSING, OK, MISSING)],
    "annotation:images": [page()],
    "annotation:images_csv": [page(**FOR_EXPERTS)],
    "annotation:image": [page(), page(method="post")],
    "annotation:edit": [page()],
    "annotation:review": [page()],
    "annotation:agreement": [page(**FOR_EXPERTS)],
    "annotation:subjects": [page()],
    "annotation:subject": [page()],
    "annotation:measurements": [page(**FOR_EXPERTS)],
    "annotation:measurements_csv": [page(**FOR_EXPERTS)],
    "annotation:sites": [page()],
    "annotation:site": [page(), page(**FOR_ADMINS, method="post")],
    "annotation:withdraw_example": [page(**FOR_EXPERTS, method="post")],
    "annotation:new_site": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "annotation:members": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "annotation:change_member": [page(**FOR_ADMINS, method="post")],
    "annotation:renew_invitation": [page(**FOR_ADMINS, method="post")],
    "annotation:settings": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "annotation:scale": [page(**FOR_EXPERTS), page(**FOR_EXPERTS, method="post")],
    "annotation:lock": [page(**FOR_EXPERTS), page(**FOR_ADMINS, method="post")],
    "annotation:imports": [page(**FOR_EXPERTS), page(**FOR_EXPERTS, method="post")],
    "annotation:import": [page(**FOR_ADMINS)],
    "annotation:preview_import": [page(**FOR_ADMINS, method="post")],
    # Only a preview whose files are still there can be taken.
    "annotation:take_import": [page(MISSING, MISSING, MISSING, method="post")],
    "annotation:import_aliases": [page(**FOR_ADMINS, method="post")],
    "annotation:import_names": [page(**FOR_ADMINS)],
    "annotation:import_answers": [page(**FOR_ADMINS, method="post")],
    # Only a preview of uploaded files has pictures.
    "annotation:import_picture": [page(MISSING, MISSING, MISSING)],
    "annotation:jobs": [page()],
    "annotation:job": [page(**FOR_ADMINS)],
    "annotation:cancel_job": [page(**FOR_ADMINS, method="post")],
    "annotation:audit": [page(**FOR_ADMINS)],
    # models and runs
    "training:overview": [page(**FOR_EXPERTS)],
    "training:runs": [page(**FOR_EXPERTS)],
    "training:start_run": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "training:run": [page(**FOR_EXPERTS)],
    "training:cancel_run": [page(**FOR_ADMINS, method="post")],
    "training:repeat_run": [page(**FOR_ADMINS, method="post")],
    "training:reproduce_run": [page(**FOR_ADMINS, method="post")],
    "training:choosing": [page(**FOR_EXPERTS), page(**FOR_ADMINS, method="post")],
    "training:drift": [page(**FOR_EXPERTS), page(**FOR_ADMINS, method="post")],
    "training:evidence": [page(**FOR_EXPERTS), page(**FOR_ADMINS, method="post")],
    "training:retraining": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "training:models": [page(**FOR_EXPERTS)],
    "training:upload_model": [page(**FOR_ADMINS), page(**FOR_ADMINS, method="post")],
    "training:model": [page(**FOR_EXPERTS)],
    "training:evaluate": [page(**FOR_ADMINS, method="post")],
    "training:promote": [page(**FOR_EXPERTS), page(**FOR_ADMINS, method="post")],
    "training:cross_validate": [page(**FOR_ADMINS, method="post")],
    "training:confirm": [page(**FOR_EXPERTS, method="post")],
    "training:study_report": [page(**FOR_EXPERTS)],
    "training:study_report_json": [page(**FOR_EXPERTS)],
    "training:study_report_pdf": [page(**FOR_EXPERTS)],
    "training:model_report": [page(**FOR_EXPERTS)],
    "training:model_report_json": [page(**FOR_EXPERTS)],
    "training:model_report_pdf": [page(**FOR_EXPERTS)],
    "training:open_pictures": [page(**FOR_EXPERTS, method="post")],
    "training:plan": [page(**FOR_EXPERTS)],
    "training:prelabel": [page(**FOR_ADMINS, method="post")],
    "training:rollback": [page(**FOR_ADMINS, method="post")],
}


@dataclass(frozen=True)
class World:
    """One object of each kind, all of the study `lab`."""

    study: Study
    image: Image
    annotation: Annotation
    example: Example
    reference: Reference
    issue: Issue
    job: Job
    model: ModelVersion
    run: Run

    def arguments(self, names: tuple[str, ...]) -> dict[str, Any]:
        known = {
            "study": self.study.name,
            "slug": self.image.site.slug,
            "image_id": self.image.pk,
            "annotation_id": self.annotation.pk,
            "number": 1,
            "example_id": self.example.pk,
            "reference_id": self.reference.pk,
            "issue_id": self.issue.pk,
            "job_id": self.job.pk,
            "model_id": self.model.pk,
            "run_id": self.run.pk,
            "secret": "nonsense",
            "code": self.image.subject.code,
            "kind": "labelme",
            "key": "nothing",
        }
        return {name: known[name] for name in names}


@pytest.fixture
def world(
    image: Image,
    study: Study,
    annotator: User,
    expert: User,
    admin: User,
    make_image: Callable[..., Image],
) -> World:
    annotation = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0).annotation
    workflow.submit(annotation, annotator)
    example = Example.objects.create(
        revision=annotation.revisions.get(), verdict="good", reason="x", shown_by=admin
    )
    outside = outlines.save(make_image(), annotator, [rectangle(5, 5, 20, 20)], base=0)
    reference = references.accept_outside(outside, actor=admin)
    back = outlines.save(make_image(), annotator, [rectangle(5, 5, 20, 20)], base=0).annotation
    workflow.submit(back, annotator)
    review.return_(back, 1, expert, "look", [{"x": 5, "y": 5, "text": "here"}])
    job = Job.objects.create(kind="import", scope=study.name, requested_by=admin)
    model = ModelVersion.objects.create(
        site=image.site, number=1, family="unet", sha256="0" * 64, card={"labels": ["RF"]}
    )
    snapshot = Snapshot.objects.create(
        site=image.site, digest="0" * 64, manifest={"items": []}, created_by=admin
    )
    run = Run.objects.create(
        site=image.site, snapshot=snapshot, job=job, backend="prior", seed=1, model=model
    )
    return World(study, image, annotation, example, reference, Issue.objects.get(), job, model, run)


@pytest.fixture
def people(
    annotator: User, expert: User, admin: User, stranger: User, client_of: Callable[[User], Client]
) -> dict[str, Client]:
    users = {"annotator": annotator, "expert": expert, "admin": admin, "stranger": stranger}
    return {"anonymous": Client(), **{role: client_of(user) for role, user in users.items()}}


def routes() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every named route with the names of its arguments."""

    def walk(resolver: URLResolver, space: str, outer: tuple[str, ...]) -> Iterator[Any]:
        for entry in resolver.url_patterns:
            names = outer + tuple(entry.pattern.converters)
            if isinstance(entry, URLPattern):
                yield f"{space}{entry.name}", names
            else:
                inner = f"{entry.namespace}:" if entry.namespace else ""
                yield from walk(entry, space + inner, names)

    yield from walk(get_resolver(), "", ())


ROUTES = dict(routes())


def test_every_route_has_a_name_and_a_row() -> None:
    assert not [name for name in ROUTES if name.endswith("None")]
    assert set(ROUTES) == set(TABLE)


@pytest.mark.parametrize(
    ("name", "row"),
    [pytest.param(name, row, id=f"{row.method}-{name}") for name in TABLE for row in TABLE[name]],
)
def test_each_role_gets_what_the_table_says(
    name: str, row: Row, world: World, people: dict[str, Client]
) -> None:
    address = reverse(name, kwargs=world.arguments(ROUTES[name]))
    if row.query:
        address += f"?{row.query}"
    got = {role: outcome(people[role], row, address) for role in ROLES}
    assert got == {role: getattr(row, role) for role in ROLES}


def outcome(client: Client, row: Row, address: str) -> str | int:
    if row.method != "get" and address.startswith("/api/"):
        answer = client.generic(
            row.method.upper(),
            address,
            row.body,
            content_type="application/json",
            headers={"If-Match": '"0"'},
        )
    else:
        answer = getattr(client, row.method)(address)
    if answer.status_code in {UNAUTHENTICATED, FORBIDDEN, MISSING, 405}:
        return int(answer.status_code)
    if answer.status_code == 302 and "/accounts/login/" in answer["Location"]:
        return LOGIN
    assert answer.status_code < 500
    return OK
