"""What the editor kept goes to its author only, in a form the server knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.test import Client

from annotation.models import Annotation, Image
from annotation.services import outlines
from core.models import User
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


def put(client: Client, image: Image, base: int, author: User | None = None, **body: Any) -> Any:
    headers = {"If-Match": f'"{base}"'}
    if author is not None:
        headers["X-Author"] = str(author.pk)
    content = json.dumps({"regions": [rectangle(5, 5, 30, 30)], **body})
    address = f"/api/v1/images/{image.pk}/annotation"
    return client.put(address, content, content_type="application/json", headers=headers)


def detail(response: HttpResponse) -> str:
    text: str = json.loads(response.content)["detail"]
    return text


def test_kept_work_is_saved_for_nobody_but_its_author(
    image: Image, annotator: User, expert: User, client_of: ClientOf
) -> None:
    response = put(client_of(expert), image, 0, author=annotator)
    assert response.status_code == 403
    assert "Sign in as yourself" in detail(response)
    assert not Annotation.objects.exists()
    assert put(client_of(annotator), image, 0, author=annotator).status_code == 200


def test_a_newer_form_of_outlines_is_refused_whole(
    image: Image, annotator: User, client_of: ClientOf
) -> None:
    response = put(client_of(annotator), image, 0, schema=99)
    assert response.status_code == 400
    assert "newer version" in detail(response)
    assert not Annotation.objects.exists()


def test_a_restored_revision_is_named_by_the_new_one_if_it_is_one_s_own(
    image: Image, annotator: User, expert: User, client_of: ClientOf
) -> None:
    own = outlines.save(image, annotator, [rectangle(5, 5, 30, 30)], base=0)
    client = client_of(annotator)
    assert put(client, image, 1, based_on=own.pk).status_code == 200
    assert own.annotation.revisions.get(number=2).based_on == own
    address = f"/api/v1/annotations/{own.annotation.pk}/revisions/"
    assert client.get(f"{address}1").json()["regions"] == own.regions
    assert client.get(f"{address}9").status_code == 404
    assert put(client_of(expert), image, 0, based_on=own.pk).status_code == 404
