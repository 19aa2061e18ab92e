"""Which work is a reading, and what a site's pairs of readers come to."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from annotation.models import Annotation, Image, Site, Study, Suggestion
from annotation.selectors import agreement, readings
from annotation.services import (
    double_reading,
    measured_frames,
    outlines,
    review,
    sites,
    split,
    suggestions,
    workflow,
)
from core.models import User
from domain.calibration import PixelSpacing
from tests.conftest import rectangle


@pytest.fixture
def read_twice(
    study: Study, annotator: User, other_annotator: User, admin: User
) -> Callable[..., Image]:
    """`read_twice(image, first_width, second_width)`: both annotators outline a 20 px high box."""
    double_reading.set_share(study, 1.0, actor=admin)

    def read(image: Image, first: float, second: float, **saved: object) -> Image:
        for person, width in ((annotator, first), (other_annotator, second)):
            regions = [rectangle(5, 10, 5 + width, 30)] if width else []
            revision = outlines.save(
                image, person, regions, base=0, **(saved if regions else ABSENT)
            )
            workflow.submit(revision.annotation, person)
        return image

    return read


DYNAMIC: dict[str, Any] = {"take": 1, "take_fields": {"kind": "dynamic"}}
ABSENT = {"decision": "absent", "reason": "no muscle here"}


def read_by(site: Site) -> dict[tuple[int, str], float]:
    """Width in px of each comparable reading, by image and reader."""
    return {
        (one.image_id, one.reader): one.regions[0]["parts"][0][0][1][0] - 5 if one.regions else 0
        for one in readings.comparable_readings(site)
    }


class TestWhichRevisionIsTheReading:
    def test_two_submitted_blind_readings(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        image = read_twice(make_image("S1"), 30, 34)
        found = readings.comparable_readings(site)
        assert [(one.image_id, one.reader, one.is_model) for one in found] == [
            (image.pk, "annotator", False),
            (image.pk, "other-annotator", False),
        ]

    def test_the_last_revision_before_submitting_counts(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        annotator: User,
    ) -> None:
        image = make_image("S1")
        outlines.save(image, annotator, [rectangle(5, 10, 15, 30)], base=0)
        outlines.save(image, annotator, [rectangle(5, 10, 25, 30)], base=1)
        assert readings.comparable_readings(site) == [], "a draft is no reading"
        work = image.annotations.get(author=annotator)
        workflow.submit(work, annotator)
        self.finish_second(image)
        assert read_by(site)[image.pk, "annotator"] == 20

    def finish_second(self, image: Image) -> None:
        other = User.objects.get(username="other-annotator")
        revision = outlines.save(image, other, [rectangle(5, 10, 35, 30)], base=0)
        workflow.submit(revision.annotation, other)

    def test_what_changes_after_a_return_counts_no_more(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        annotator: User,
        expert: User,
    ) -> None:
        image = read_twice(make_image("S1"), 30, 34)
        work = image.annotations.get(author=annotator)
        review.return_(work, 1, expert, "leave the fascia out")
        assert read_by(site)[image.pk, "annotator"] == 30, "returned work was read all the same"
        outlines.save(image, annotator, [rectangle(5, 10, 45, 30)], base=1)
        workflow.submit(work, annotator)
        review.approve(work, 2, expert)
        assert read_by(site)[image.pk, "annotator"] == 30

    def test_the_experts_correction_is_no_reading_and_changes_none(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        annotator: User,
        expert: User,
    ) -> None:
        image = read_twice(make_image("S1"), 30, 34)
        work = image.annotations.get(author=annotator)
        review.correct_and_approve(work, 1, expert, [rectangle(5, 10, 45, 30)])
        assert read_by(site) == {
            (image.pk, "annotator"): 30,
            (image.pk, "other-annotator"): 34,
        }

    def test_work_begun_from_a_pre_label_is_no_reading(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        read_twice(make_image("S1"), 30, 34, suggestion_version="v1", origin="pre-label")
        assert readings.comparable_readings(site) == []

    def test_a_single_reader_who_could_see_a_pre_label_is_not_independent_of_the_model(
        self, site: Site, make_image: Callable[..., Image], annotator: User
    ) -> None:
        """Drawn by hand both times; on the second scan a pre-label had been offered."""
        for code, offered in (("S1", False), ("S2", True)):
            image = make_image(code)
            if offered:
                suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version="v1")
            revision = outlines.save(image, annotator, [rectangle(5, 10, 35, 30)], base=0)
            workflow.submit(revision.annotation, annotator)
            suggestions.offer(
                image, [rectangle(5, 10, 33, 30)], source="model", version="v1", hidden=True
            )
        found = readings.comparable_readings(site)
        assert {one.subject_code for one in found} == {"S1"}
        assert [one.is_model for one in found] == [False, True]

    @pytest.mark.parametrize("decision", ["unusable", "skipped"])
    def test_a_scan_that_could_not_be_read_has_no_reading(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        decision: str,
    ) -> None:
        image = make_image("S1")
        first = outlines.save(image, annotator, [], base=0, decision=decision, reason="blurred")
        workflow.submit(first.annotation, annotator)
        self.finish_second(image)
        assert readings.comparable_readings(site) == []

    def test_an_expert_who_could_see_the_first_reading_is_not_a_second_reader(
        self, site: Site, image: Image, annotator: User, expert: User
    ) -> None:
        first = outlines.save(image, annotator, [rectangle(5, 10, 35, 30)], base=0)
        workflow.submit(first.annotation, annotator)
        own = Annotation.objects.create(image=image, author=expert, state="submitted")
        outlines.append_revision(
            own, [rectangle(5, 10, 36, 30)], base=0, author=expert, origin="drawn"
        )
        assert readings.comparable_readings(site) == []
        Annotation.objects.filter(pk=own.pk).update(blind=True)
        assert len(readings.comparable_readings(site)) == 2

    def test_imported_readings_count(
        self, site: Site, image: Image, annotator: User, expert: User
    ) -> None:
        for person, width in ((annotator, 30), (expert, 32)):
            work = Annotation.objects.create(image=image, author=person, state="submitted")
            outlines.append_revision(
                work, [rectangle(5, 10, 5 + width, 30)], base=0, author=person, origin="imported"
            )
        assert read_by(site) == {(image.pk, "annotator"): 30, (image.pk, "expert"): 32}

    def test_withdrawn_subjects_disappear(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        admin: User,
    ) -> None:
        from annotation.services import subjects

        image = read_twice(make_image("S1"), 30, 34)
        subjects.withdraw(image.subject, actor=admin, reason="withdrew consent")
        assert readings.comparable_readings(site) == []


class TestTheModelAsAReader:
    def offer(self, image: Image, version: str = "RF-v1", width: float = 31) -> Suggestion:
        return suggestions.offer(
            image,
            [rectangle(5, 10, 5 + width, 30)],
            source="model",
            version=version,
            hidden=True,
        )

    def test_it_stands_beside_the_people(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        self.offer(read_twice(make_image("S1"), 30, 34))
        rows = agreement.of_site(site)
        assert [(row.first, row.second, row.with_model) for row in rows] == [
            ("annotator", "other-annotator", False),
            ("annotator", "RF-v1", True),
            ("other-annotator", "RF-v1", True),
        ]

    def test_never_on_subjects_that_it_was_trained_or_tested_on(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        admin: User,
    ) -> None:
        partitions = {"A": "train", "T": "test", "V": "validation", "X": "external"}
        for code in [*partitions, "N"]:
            self.offer(read_twice(make_image(code), 30, 34))
        split.honour(study, partitions, actor=admin)
        model = [one for one in readings.comparable_readings(site) if one.is_model]
        assert sorted(one.subject_code for one in model) == ["N", "V", "X"]
        people = [one for one in readings.comparable_readings(site) if not one.is_model]
        assert len(people) == 10

    def test_only_the_version_that_read_last(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        first, second = (read_twice(make_image(code), 30, 34) for code in ("S1", "S2"))
        self.offer(first, "RF-v1")
        self.offer(second, "RF-v2")
        found = [one for one in readings.comparable_readings(site) if one.is_model]
        assert [(one.image_id, one.reader) for one in found] == [(second.pk, "RF-v2")]

    def test_what_waits_for_its_reading(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        admin: User,
    ) -> None:
        trained, read, waiting = (read_twice(make_image(code), 30, 34) for code in "ARW")
        make_image("unread")
        split.honour(study, {"A": "train"}, actor=admin)
        self.offer(read, "RF-v2")
        self.offer(waiting, "RF-v1")
        assert list(readings.awaiting_model_reading(site, version="RF-v2")) == [waiting]
        assert trained not in readings.awaiting_model_reading(site, version="RF-v3")

    def test_it_is_never_offered_to_an_annotator(
        self, make_image: Callable[..., Image], annotator: User
    ) -> None:
        from annotation.selectors.annotations import visible_suggestion

        image = make_image("S1")
        self.offer(image)
        assert visible_suggestion(annotator, image) is None


class TestNumbers:
    def test_a_pair_by_hand(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        """20 px high boxes, 0.1 mm per px: CSA 0.2 mm2 per px of width, MT 2 mm."""
        for i, (first, second) in enumerate([(30, 32), (20, 24), (40, 40), (36, 34), (10, 12)]):
            read_twice(make_image(f"S{i}"), first, second)
        row = agreement.of_site(site)[0]
        assert (row.overlap.n_images, row.overlap.n_subjects) == (5, 5)
        ratios = [60 / 62, 40 / 44, 1.0, 68 / 70, 20 / 22]
        assert row.overlap.dice.value == pytest.approx(sum(ratios) / 5)
        assert row.overlap.dice.ci95 is not None
        assert row.csa is not None
        assert row.csa.unit == "mm2"
        assert row.csa.statistics.limits.bias.value == pytest.approx(-0.2 * 6 / 5)
        assert row.mt.statistics.limits.bias.value == pytest.approx(0.0)
        assert row.mt.statistics.mean == pytest.approx(2.0)
        assert row.overlap.hd95_mm.value == pytest.approx(0.2)

    def test_subjects_not_images_are_resampled(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        for i in range(6):
            read_twice(make_image("S1"), 30 + i, 32)
        row = agreement.of_site(site)[0]
        assert (row.overlap.n_images, row.overlap.n_subjects) == (6, 1)
        assert row.overlap.dice.ci95 is None
        assert "5 subjects" in row.overlap.dice.reason

    def test_uncalibrated_scans_are_compared_in_px(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        for i in range(2):
            read_twice(make_image(f"S{i}", spacing=None), 30, 32 + i)
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        assert (row.csa.unit, row.mt.unit) == ("px2", "px")
        assert row.csa.statistics.mean == pytest.approx((600 + 600 + 640 + 660) / 4)
        assert "hd95_px" in agreement.as_json(row)
        assert "hd95_mm" not in agreement.as_json(row)

    def test_uncalibrated_scans_among_calibrated_ones_are_left_out_of_mm(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        for i, spacing in enumerate([PixelSpacing(0.1, 0.1, "phantom"), None, None]):
            read_twice(make_image(f"S{i}", spacing=spacing), 30, 32)
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        assert (row.csa.statistics.n_values, row.csa.n_uncalibrated) == (1, 2)
        assert row.overlap.n_images == 3

    def test_what_the_view_cuts_is_left_out(
        self,
        site: Site,
        make_image: Callable[..., Image],
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
    ) -> None:
        double_reading.set_share(study, 1.0, actor=admin)
        for code, cut in (("S1", ("left",)), ("S2", ("deep",)), ("S3", ())):
            image = make_image(code)
            for person in (annotator, other_annotator):
                region = rectangle(5, 10, 35, 30, cut=cut)
                revision = outlines.save(image, person, [region], base=0)
                workflow.submit(revision.annotation, person)
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        assert (row.csa.statistics.n_values, row.csa.n_cut) == (1, 2)
        assert (row.mt.statistics.n_values, row.mt.n_cut) == (2, 1)

    def test_a_muscle_that_only_one_saw_counts_in_overlap_not_in_csa(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        read_twice(make_image("S1"), 30, 0)
        read_twice(make_image("S2"), 30, 30)
        row = agreement.of_site(site)[0]
        assert row.overlap.n_one_sided == 1
        assert row.overlap.dice.value == pytest.approx(0.5)
        assert row.csa is not None
        assert row.csa.statistics.n_missing == 1

    def test_a_longitudinal_site_has_no_csa(
        self, study: Study, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        along = sites.create(study, "biceps", ["RF"], plane="longitudinal", actor=None)
        read_twice(make_image("S1", site=along), 30, 32)
        row = agreement.of_site(along)[0]
        assert row.csa is None
        assert agreement.as_json(row)["csa"] is None

    def test_labels_are_compared_apart(
        self,
        study: Study,
        make_image: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        admin: User,
    ) -> None:
        double_reading.set_share(study, 1.0, actor=admin)
        peroneal = sites.create(study, "peroneal", ["PL", "PB"], actor=None)
        image = make_image("S1", site=peroneal)
        for person, end in ((annotator, 30), (other_annotator, 40)):
            regions = [rectangle(5, 5, end, 20, "PL"), rectangle(5, 20, 30, 40, "PB")]
            revision = outlines.save(image, person, regions, base=0)
            workflow.submit(revision.annotation, person)
        by_label = {row.label: row.overlap.dice.value for row in agreement.of_site(peroneal)}
        assert by_label == {"PL": pytest.approx(50 / 60), "PB": 1.0}

    def test_nobody_read_twice(self, site: Site, image: Image) -> None:
        assert agreement.of_site(site) == []


class TestASweepHasOneValue:
    """Frames of a 20 px high box at 0.1 mm per px: CSA 0.2 mm2 per px of width."""

    @pytest.fixture
    def sweep(
        self, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> Callable[..., list[Image]]:
        def make(first: Sequence[float], second: Sequence[float], code: str = "S1") -> list[Image]:
            frames = [make_image(code, frame=number, **DYNAMIC) for number in range(len(first))]
            for frame, widths in zip(frames, zip(first, second, strict=True), strict=True):
                read_twice(frame, *widths)
            return frames

        return make

    def test_each_reader_s_own_by_the_rule(
        self, site: Site, sweep: Callable[..., list[Image]]
    ) -> None:
        frames = sweep((10, 12, 40, 13, 11), (10, 12, 14, 15, 11))
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        (point,) = row.csa.points
        assert point.image_ids == (frames[3].pk, frames[2].pk)
        assert point.frames == (3, 2)
        assert (point.first, point.second) == (pytest.approx(2.6), pytest.approx(2.8))
        (thickness,) = row.mt.points
        assert thickness.image_ids == point.image_ids, "the thickness is that of the same frame"
        assert (row.csa.statistics.n_values, row.mt.statistics.n_values) == (1, 1)
        assert row.overlap.n_images == 5, "outlines are compared frame by frame"

    def test_of_the_frames_that_both_outlined(
        self, site: Site, sweep: Callable[..., list[Image]]
    ) -> None:
        frames = sweep((10, 51, 50, 49, 12), (10, 0, 12, 14, 15))
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        (point,) = row.csa.points
        assert point.image_ids == (frames[3].pk, frames[3].pk), "frame 2 is an end of a run"
        assert row.csa.statistics.n_missing == 0
        assert row.overlap.n_one_sided == 1

    def test_a_sweep_without_a_frame_outlined_by_both_is_one_missing_value(
        self, site: Site, sweep: Callable[..., list[Image]]
    ) -> None:
        sweep((10, 12, 0), (0, 0, 14))
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        statistics = row.csa.statistics
        assert (statistics.n_values, statistics.n_missing, row.csa.points) == (0, 1, ())

    def test_an_expert_s_choice_counts(
        self, site: Site, sweep: Callable[..., list[Image]], annotator: User, expert: User
    ) -> None:
        frames = sweep((10, 12, 14, 13, 11), (10, 12, 14, 15, 11))
        work = frames[1].annotations.get(author=annotator)
        review.approve(work, 1, expert)
        measured_frames.choose(frames[1], expert, reason="the probe was level")
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        assert [point.frames for point in row.csa.points] == [(1, 1)]

    def test_a_sweep_that_the_view_cuts_throughout_for_one_reader_is_cut_once(
        self,
        site: Site,
        study: Study,
        make_image: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        admin: User,
    ) -> None:
        double_reading.set_share(study, 1.0, actor=admin)
        for number in range(3):
            image = make_image("S1", frame=number, **DYNAMIC)
            for person, cut in ((annotator, ()), (other_annotator, ("left",))):
                revision = outlines.save(image, person, [rectangle(5, 10, 35, 30, cut=cut)], base=0)
                workflow.submit(revision.annotation, person)
        row = agreement.of_site(site)[0]
        assert row.csa is not None
        assert (row.csa.statistics.n_values, row.csa.n_cut) == (0, 1)
        assert (row.mt.statistics.n_values, row.mt.n_cut) == (1, 0)

    def test_of_a_longitudinal_sweep_the_largest_thickness(
        self,
        study: Study,
        make_image: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        admin: User,
    ) -> None:
        double_reading.set_share(study, 1.0, actor=admin)
        along = sites.create(study, "biceps", ["RF"], plane="longitudinal", actor=None)
        for number, heights in enumerate([(10, 10), (12, 14), (14, 13), (11, 12)]):
            image = make_image("S1", frame=number, site=along, **DYNAMIC)
            for person, height in zip((annotator, other_annotator), heights, strict=True):
                revision = outlines.save(image, person, [rectangle(5, 10, 35, 10 + height)], base=0)
                workflow.submit(revision.annotation, person)
        (point,) = agreement.of_site(along)[0].mt.points
        assert (point.frames, point.first, point.second) == (
            (1, 2),
            pytest.approx(1.2),
            pytest.approx(1.3),
        )

    def test_json_and_page_count_values_and_name_the_frames(
        self,
        site: Site,
        sweep: Callable[..., list[Image]],
        client_of: Callable[[User], Client],
        expert: User,
    ) -> None:
        for number in range(5):
            sweep((10, 12, 40, 13, 11), (10, 12, 14, 15, 11), code=f"S{number}")
        row = agreement.as_json(agreement.of_site(site)[0])
        assert (row["n_images"], row["csa"]["n_values"], row["mt"]["n_values"]) == (25, 5, 5)
        assert "n_images" not in row["csa"]
        page = client_of(expert).get("/studies/lab/agreement/").content.decode()
        assert "S0: 0.026 and 0.028 cm², frames 3 and 2" in page
        assert "of a sweep that of each reader&#x27;s measured frame" in page


class TestCommand:
    def test_json_has_every_number_with_its_interval(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        for i in range(5):
            read_twice(make_image(f"S{i}"), 20 + 4 * i, 22 + 3 * i)
        out = io.StringIO()
        call_command("agreement", "--study", "lab", "--site", site.slug, "--json", stdout=out)
        (row,) = json.loads(out.getvalue())["pairs"]
        assert row["pair"] == ["annotator", "other-annotator"]
        assert (row["site"], row["label"], row["n_images"], row["n_subjects"]) == (
            site.slug,
            "RF",
            5,
            5,
        )
        for name in ("dice", "iou", "hd95_mm", "cigen"):
            low, high = row[name]["ci95"]
            assert low <= row[name]["value"] <= high
        for name in ("bias", "icc", "sem", "mdc95"):
            low, high = row["csa"][name]["ci95"]
            assert low <= row["csa"][name]["value"] <= high
        assert len(row["csa"]["limits"]["value"]) == 2
        assert len(row["csa"]["limits"]["ci95"]) == 2

    def test_words(
        self, site: Site, make_image: Callable[..., Image], read_twice: Callable[..., Image]
    ) -> None:
        out = io.StringIO()
        call_command("agreement", "--study", "lab", stdout=out)
        assert "read twice on the settings page" in out.getvalue()
        for i in range(3):
            read_twice(make_image(f"S{i}"), 20 + 4 * i, 22 + 3 * i)
        out = io.StringIO()
        call_command("agreement", "--study", "lab", stdout=out)
        assert "annotator and other-annotator: Dice 0." in out.getvalue()
        assert "(3 images of 3 subjects)" in out.getvalue()

    def test_words_are_in_the_site_s_unit_and_json_in_mm2(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        admin: User,
    ) -> None:
        """20 px high boxes that differ by 5 to 15 px of width: 10 px on average, 2 mm2."""

        def printed(*options: str) -> str:
            out = io.StringIO()
            call_command("agreement", "--study", "lab", *options, stdout=out)
            return out.getvalue()

        for i, more in enumerate((5, 8, 10, 12, 15)):
            read_twice(make_image(f"S{i}"), 20, 20 + more)
        words = printed()
        assert "bias \u22120.020 (\u2212" in words
        assert " cm², MDC95 0.0" in words
        assert "CSA of 5 values" in words
        assert "MT of 5 values" in words
        assert "mm2" not in words
        assert "mm²" not in words
        sites.change(site, actor=admin, area_unit="mm2")
        words = printed()
        assert "bias \u22122.0 (\u2212" in words
        assert " mm², MDC95 " in words
        (row,) = json.loads(printed("--json"))["pairs"]
        assert (row["csa"]["unit"], row["csa"]["bias"]["value"]) == ("mm2", pytest.approx(-2.0))


class TestPage:
    def test_it_shows_numbers_and_plots(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        client_of: Callable[[User], Client],
        expert: User,
    ) -> None:
        for i in range(5):
            read_twice(make_image(f"S{i}"), 20 + 4 * i, 22 + 3 * i)
        page = client_of(expert).get("/studies/lab/agreement/")
        text = page.content.decode()
        assert page.status_code == 200
        assert "annotator and other-annotator" in text
        assert 'id="plot-csa"' in text
        assert text.count("S3: ") >= 2, "a point per scan in either plot"
        svg = client_of(expert).get("/studies/lab/agreement/?figure=mt")
        assert svg["Content-Type"].startswith("image/svg+xml")

    def test_each_plot_says_whose_values_it_draws_and_how_many_are_left_out(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        annotator: User,
        client_of: Callable[[User], Client],
        expert: User,
    ) -> None:
        read_twice(make_image("S1"), 30, 34)
        read_twice(make_image("S2"), 30, 0)
        cut = make_image("S3")
        for person in (annotator, User.objects.get(username="other-annotator")):
            region = rectangle(5, 10, 35, 30, cut=("left",))
            workflow.submit(outlines.save(cut, person, [region], base=0).annotation, person)
        page = client_of(expert).get("/studies/lab/agreement/").content.decode()
        rule = "One value a take of every visit and side, none averaged; of a sweep"
        assert page.count(rule) == 2
        assert "Left out: 1 that the view cuts, 1 not outlined by both." in page
        assert "Left out: 1 not outlined by both." in page
        svg = client_of(expert).get("/studies/lab/agreement/?figure=csa").content.decode()
        lines = re.findall(r'class="sample"[^>]*>([^<]*)<', svg)
        assert "Left out: 1 that the view cuts, 1 not outlined by both." in " ".join(lines)

    def test_the_chosen_pair_is_plotted(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        client_of: Callable[[User], Client],
        expert: User,
    ) -> None:
        image = read_twice(make_image("S1"), 30, 32)
        suggestions.offer(
            image, [rectangle(5, 10, 40, 30)], source="model", version="RF-v1", hidden=True
        )
        name = "RF:annotator:RF-v1"
        page = client_of(expert).get("/studies/lab/agreement/", {"pair": name, "site": site.slug})
        assert "Measurements of RF: annotator and RF-v1" in page.content.decode()

    def test_its_areas_stand_in_the_site_s_unit_and_the_json_in_mm2(
        self,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        client_of: Callable[[User], Client],
        expert: User,
        admin: User,
    ) -> None:
        """20 px high boxes that differ by 5 to 15 px of width: 10 px on average, 2 mm2."""
        for i, more in enumerate((5, 8, 10, 12, 15)):
            read_twice(make_image(f"S{i}"), 20, 20 + more)
        page = client_of(expert).get("/studies/lab/agreement/").content.decode()
        assert "CSA (cm²)" in page
        assert "\u22120.020 " in page
        assert "S0: 0.040 and 0.050 cm²" in page
        assert "mm²" not in page
        sites.change(site, actor=admin, area_unit="mm2")
        page = client_of(expert).get("/studies/lab/agreement/").content.decode()
        assert "CSA (mm²)" in page
        assert "\u22122.0 " in page
        assert "cm²" not in page
        row = agreement.as_json(agreement.of_site(site)[0])["csa"]
        assert (row["unit"], row["bias"]["value"]) == ("mm2", pytest.approx(-2.0))

    def test_an_empty_study_says_what_to_do(
        self, study: Study, client_of: Callable[[User], Client], admin: User
    ) -> None:
        page = client_of(admin).get("/studies/lab/agreement/?site=nowhere&pair=x")
        assert page.status_code == 200
        assert "Set the share of scans" in page.content.decode()

    def test_annotators_and_strangers_do_not_see_it(
        self, study: Study, annotator: User, stranger: User, client_of: Callable[[User], Client]
    ) -> None:
        for person in (annotator, stranger):
            assert client_of(person).get("/studies/lab/agreement/").status_code == 404

    def test_its_queries_do_not_grow_with_the_scans(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        read_twice: Callable[..., Image],
        django_assert_max_num_queries: Callable,
    ) -> None:
        for i in range(3):
            read_twice(make_image(f"S{i}"), 20, 22)
        with django_assert_max_num_queries(12):
            agreement.of_site(site)
        for i in range(6):
            read_twice(make_image(f"T{i}"), 20, 22)
        with django_assert_max_num_queries(12):
            agreement.of_site(site)
