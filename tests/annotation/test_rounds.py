"""A second round knows the first, and what is decided on is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotation.models import Annotation, Image, Issue, Reference, Study
from annotation.selectors.deciding import corrected, deciding, overlays, remarks_on
from annotation.services import double_reading, outlines, remarks, review, split, workflow
from core.models import User
from domain.errors import Conflict, NotAllowed
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


@pytest.fixture
def big(make_image: Callable[..., Image]) -> Image:
    """A scan of 300 x 200 px, 0.1 mm per px: 3 mm round a remark are 30 px."""
    from tests.conftest import noise

    return make_image("S1", pixels=noise(1, 200, 300))


@pytest.fixture
def returned(big: Image, annotator: User, expert: User) -> Annotation:
    """Returned with one remark at the left edge, and one at the right."""
    work = outlines.save(big, annotator, [rectangle(50, 50, 250, 150)], base=0).annotation
    workflow.submit(work, annotator)
    pins = [
        {"x": 50, "y": 100, "text": "too far left"},
        {"x": 250, "y": 100, "text": "too far right"},
    ]
    review.return_(work, 1, expert, "both edges", pins)
    work.refresh_from_db()
    return work


def redrawn(work: Annotation, person: User, x0: float) -> Annotation:
    outlines.save(work.image, person, [rectangle(x0, 50, 250, 150)], base=work.revision_count)
    work.refresh_from_db()
    return workflow.submit(work, person)


def data_of(response: Any) -> dict[str, Any]:
    found = re.search(r'<script id="editor-data"[^>]*>(.*?)</script>', response.content.decode())
    assert found
    return json.loads(found[1])


class TestRemarks:
    def test_a_change_answers_only_what_is_near_it(
        self, returned: Annotation, annotator: User
    ) -> None:
        redrawn(returned, annotator, 60)
        left, right = Issue.objects.order_by("id")
        assert (left.answer, left.resolved_at is None) == (Issue.Answer.CHANGED, False)
        assert (right.answer, right.resolved_at) == (Issue.Answer.NONE, None)

    def test_submitting_without_a_change_answers_nothing(
        self, returned: Annotation, annotator: User
    ) -> None:
        workflow.submit(returned, annotator)
        assert Issue.objects.filter(resolved_at=None).count() == 2

    def test_taken_back_the_second_round_is_what_was_returned(
        self, returned: Annotation, annotator: User
    ) -> None:
        redrawn(returned, annotator, 60)
        workflow.take_back(returned, annotator)
        returned.refresh_from_db()
        assert returned.state == Annotation.State.RETURNED
        assert Issue.objects.filter(resolved_at=None, answer="").count() == 2
        workflow.submit(returned, annotator)
        assert Issue.objects.filter(resolved_at=None).count() == 1

    def test_its_author_marks_one_as_done(
        self, returned: Annotation, annotator: User, expert: User, client_of: ClientOf
    ) -> None:
        _, right = Issue.objects.order_by("id")
        with pytest.raises(NotAllowed):
            remarks.mark(right, expert, done=True)
        answer = client_of(annotator).post(
            f"/api/v1/issues/{right.pk}/answer", {"done": True}, content_type="application/json"
        )
        assert (answer.status_code, answer.json()["answer"]) == (200, "done")
        redrawn(returned, annotator, 60)
        assert not Issue.objects.filter(resolved_at=None).exists()
        right.refresh_from_db()
        with pytest.raises(Conflict):
            remarks.mark(right, annotator, done=False)

    def test_the_expert_sees_the_round_the_reason_the_pins_and_the_version_before(
        self, returned: Annotation, annotator: User, expert: User, client_of: ClientOf
    ) -> None:
        redrawn(returned, annotator, 60)
        address = f"/studies/lab/annotations/{returned.pk}/review/"
        response = client_of(expert).get(address)
        page = response.content.decode()
        assert "by annotator" in page
        assert "round 2" in page
        assert "both edges" in page
        assert "not answered" in page
        data = data_of(response)
        assert [one["answer"] for one in data["issues"]] == ["changed", ""]
        assert data["compared_first"] == "returned-version"
        (before,) = [one for one in data["comparisons"] if one["name"] == "returned-version"]
        assert before["regions"] == [rectangle(50, 50, 250, 150)]
        ((_, change),) = deciding(expert, returned, "", "expert").figures[0].rows
        assert change.greatest == pytest.approx(1.0)
        assert "1.0 mm at most" in page

    def test_a_decision_closes_what_was_not_answered(
        self, returned: Annotation, annotator: User, expert: User
    ) -> None:
        redrawn(returned, annotator, 60)
        review.approve(returned, 2, expert)
        assert not Issue.objects.filter(resolved_at=None).exists()
        assert len(remarks_on(returned)) == 2


class TestCorrected:
    def corrected_work(self, image: Image, annotator: User, expert: User) -> Annotation:
        work = outlines.save(image, annotator, [rectangle(50, 50, 250, 150)], base=0).annotation
        workflow.submit(work, annotator)
        review.correct_and_approve(work, 1, expert, [rectangle(50, 50, 250, 170)])
        work.refresh_from_db()
        return work

    def test_its_author_sees_what_was_changed_in_mm(
        self, big: Image, annotator: User, expert: User, client_of: ClientOf
    ) -> None:
        work = self.corrected_work(big, annotator, expert)
        client = client_of(annotator)
        page = client.get(f"/studies/lab/images/{big.pk}/").content.decode()
        assert "The outline is yours." not in page
        assert "What expert changed before approving it" in page
        assert "2.0 mm at most" in page
        response = client.get(f"/studies/lab/images/{big.pk}/edit/")
        assert "2.0 mm at most" in response.content.decode()
        data = data_of(response)
        assert data["compared_first"] == "correction"
        assert data["comparisons"][0]["regions"] == [rectangle(50, 50, 250, 170)]
        assert work.state == Annotation.State.APPROVED

    def test_on_test_subjects_the_truth_is_not_shown(
        self, big: Image, annotator: User, expert: User, admin: User
    ) -> None:
        work = self.corrected_work(big, annotator, expert)
        split.honour(big.study, {"S1": "test"}, actor=admin)
        assert corrected(annotator, work) is None

    def test_nobody_else_is_told(self, big: Image, annotator: User, expert: User) -> None:
        work = self.corrected_work(big, annotator, expert)
        assert corrected(expert, work) is None


class TestPair:
    @pytest.fixture
    def pair(
        self, study: Study, annotator: User, other_annotator: User, admin: User, big: Image
    ) -> list[Annotation]:
        double_reading.set_share(study, 1.0, actor=admin)
        works = []
        for person, y1 in ((annotator, 150), (other_annotator, 160)):
            drawn = outlines.save(big, person, [rectangle(50, 50, 250, y1)], base=0)
            works.append(workflow.submit(drawn.annotation, person))
        return works

    def test_a_blind_pair_is_shown_as_a_and_b_with_what_they_differ_by(
        self, pair: list[Annotation], expert: User, client_of: ClientOf
    ) -> None:
        first, second = pair
        response = client_of(expert).get(f"/studies/lab/annotations/{second.pk}/review/")
        page = response.content.decode()
        assert "Reading B of a blind pair" in page
        assert "Approve reading B" in page
        assert "other-annotator" not in page
        assert page.count('class="outline readings"') == 2
        shown = deciding(expert, second, "", "expert")
        assert [one.name for one in shown.readings] == ["A", "B"]
        ((_, change),) = shown.figures[0].rows
        assert change.greatest == pytest.approx(1.0)
        assert change.csa_mm2 == pytest.approx(20.0)
        assert change.mt_mm == pytest.approx(1.0)
        (other,) = overlays(second)
        assert (other.title, other.name) == ("Reading A", f"reading-{first.pk}")
        assert data_of(response)["compared_first"] == other.name

    def test_one_that_waits_for_the_second_reader_is_decided_on_purpose_only(
        self, pair: list[Annotation], expert: User, client_of: ClientOf
    ) -> None:
        first, second = pair
        review.return_(first, 1, expert, "the fascia")
        address = f"/studies/lab/annotations/{second.pk}/review/"
        client = client_of(expert)
        response = client.get(address)
        assert data_of(response)["mode"] == "read"
        assert "Decide now, without it" in response.content.decode()
        now = data_of(client.get(f"{address}?decide=now"))
        assert (now["mode"], now["decide_now"]) == ("review", True)
        body = {"revision": 1, "decision": "approve"}
        api = f"/api/v1/annotations/{second.pk}/review"
        json_ = "application/json"
        assert client.post(api, body, content_type=json_).status_code == 409
        body = {**body, "decide_now": True}
        assert client.post(api, body, content_type=json_).status_code == 200

    def test_the_scan_page_lists_each_decision_and_takes_another_reading_with_a_reason(
        self, pair: list[Annotation], expert: User, client_of: ClientOf
    ) -> None:
        first, second = pair
        review.approve(first, 1, expert)
        reference = Reference.objects.get()
        client = client_of(expert)
        address = f"/studies/lab/images/{first.image_id}/"
        form = {
            "act": "replace",
            "replace-reading": second.pk,
            "replace-replaces": reference.pk,
            "replace-reason": "",
        }
        assert client.post(address, form).status_code == 422
        client.post(address, {**form, "replace-reason": "B follows the fascia"})
        current = Reference.objects.get(superseded_at=None)
        assert current.revision.annotation == second
        client.post(
            address,
            {
                "act": "withdraw",
                "withdraw-reference": current.pk,
                "withdraw-reason": "the wrong muscle",
            },
        )
        page = client.get(address).content.decode()
        assert "B follows the fascia" in page
        assert "withdrew the approval of" in page
        assert "the wrong muscle" in page
