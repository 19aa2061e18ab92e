from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import LockLook, Site, Study
from annotation.services import double_reading, outlines, sites, workflow
from core.reports.as_json import plain
from core.reports.document import Table
from core.reports.pdf import as_pdf
from tests.conftest import rectangle
from tests.training.conftest import BRIGHT, DIM
from tests.training.test_model_reports import HOSTILE, text_of
from training.models import Evaluation
from training.reports import study_document, study_report, study_tables
from training.reports.words import number
from training.scoring import SCORING_VERSION
from training.services import evaluation, promotion, runs

pytestmark = pytest.mark.django_db


@pytest.fixture
def serving(proving, admin, make_model):
    """A model that serves for both purposes, and one that only was evaluated."""
    Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
    proving.refresh_from_db()
    model = make_model(BRIGHT)
    promotion.promote(model, admin, "begin")
    evaluation.evaluate(make_model(DIM), "validation", admin)
    return model


def page(name: str = "study_report") -> str:
    return reverse(f"training:{name}", args=["lab"])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_page_json_and_pdf_say_the_same_of_a_site(serving, client_of, expert):
    browser = client_of(expert)
    report = browser.get(page("study_report_json"), {"site": "rectus-femoris"}).json()
    words = browser.get(page()).content.decode()
    said = text_of(browser.get(page("study_report_pdf")).content)
    (site,) = report["sites"]
    digest = site["lock"]["digest"]
    assert {one["purpose"]: one["model"] for one in site["serving"]} == {
        "pre-label": serving.name,
        "measurement": serving.name,
    }
    assert [one["name"] for one in site["models"]] == ["rectus-femoris-v1", "rectus-femoris-v2"]
    dice = site["models"][0]["dice"]["test"]
    measuring = site["measuring"]
    assert (measuring["partition"], measuring["lock_digest"]) == ("test", digest)
    error = measuring["summary"]["csa_error_mm2"]
    assert {"iou", "hd95_mm", "mt_error_mm"} <= set(measuring["summary"])
    csa = next(one for one in site["measurements"] if one["quantity"] == "CSA")
    assert (csa["n_scans"], csa["unit"]) == (10, "mm²"), "two validation and eight training scans"
    assert site["measurements_left_out"] == 8
    for text in (words, said):
        assert digest in text.replace(" ", "") or digest in text
        assert f"{dice['mean']:.3f} (" in text
        assert f"{number(error['mean'] / 100, 3)} ± {number(error['sd'] / 100, 3)}" in text
        assert f"{csa['statistics']['mean'] / 100:.2f} ± " in text
        assert "RF: CSA (cm²)" in text
        assert "mm²" not in text
        assert "begin" in text
        assert "8 approved outside" in text
        assert "CSA of RF, test" in text
    assert reverse("training:model_report", args=["lab", serving.pk]) in words
    assert LockLook.objects.count() == 1, "a report is no look"
    figure = browser.get(page(), {"figure": "rectus-femoris-learning"})
    assert figure["Content-Type"] == "image/svg+xml"


def test_agreement_says_its_rule_and_counts_what_the_view_cuts(
    site, study, make_image, annotator, other_annotator, admin, client_of, expert
):
    double_reading.set_share(study, 1.0, actor=admin)
    for more in range(6):
        image = make_image(f"S{more}")
        cut = ("left",) if more == 5 else ()
        for person in (annotator, other_annotator):
            region = rectangle(5, 10, 35 + more, 30, cut=cut)
            workflow.submit(outlines.save(image, person, [region], base=0).annotation, person)
    browser = client_of(expert)
    for words in (
        " ".join(browser.get(page()).content.decode().split()),
        text_of(browser.get(page("study_report_pdf")).content),
    ):
        assert "One value a take of every visit and side, none averaged" in words
        assert "Cut, left out" in words
    table = next(
        block
        for section in study_document.document_of(study_report.of_study(study)).sections
        for block in section.blocks
        if isinstance(block, Table) and "none averaged" in block.caption
    )
    assert [row[-3:] for row in table.rows] == [["5", "5", "1"], ["6", "6", "0"]]
    (row,) = study_tables.tables(study_report.of_study(study))["agreement.csv"].splitlines()[1:]
    assert ",5,1,mm2," in row


def test_the_same_rows_give_the_same_bytes(serving):
    study = Study.objects.get(name="lab")
    first, second = study_report.of_study(study), study_report.of_study(study)
    assert plain(first) == plain(second)
    assert as_pdf(study_document.document_of(first)) == as_pdf(study_document.document_of(second))


def test_the_command_writes_everything(serving, tmp_path, capsys):
    folder = tmp_path / "a" / "report"
    call_command("report", "--study", "lab", "--out", str(folder), "--json")
    answer = json.loads(capsys.readouterr().out)
    found = sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
    assert found == answer["files"]
    assert {"report.html", "report.json", "report.pdf", f"models/{serving.name}.pdf"} <= set(found)
    assert "figures/rectus-femoris-dice-test.svg" in found
    models = read(folder / "tables" / "models.csv")
    assert {(one["model"], one["partition"]) for one in models} == {
        ("rectus-femoris-v1", "validation"),
        ("rectus-femoris-v1", "test"),
        ("rectus-femoris-v2", "validation"),
    }
    figures = read(folder / "tables" / "measuring-models.csv")
    assert {one["lock_digest"] for one in figures} == {serving.site.locks.get().digest}
    assert {one["quantity"] for one in figures} >= {"dice", "iou", "hd95_mm", "csa_error_mm2"}
    assert {one["metrics_version"] for one in figures} == {SCORING_VERSION}
    assert {one["n_cut"] for one in figures if one["quantity"] == "csa_error_mm2"} == {"0"}
    assert {one["n_cut"] for one in figures if one["quantity"] == "dice"} == {""}
    assert len(read(folder / "tables" / "measurements.csv")) == 10
    assert [one["reason"] for one in read(folder / "tables" / "lineage.csv")] == ["begin", "begin"]
    summary = read(folder / "tables" / "measurement-summaries.csv")
    assert {one["quantity"] for one in summary} == {"CSA", "thickness"}
    before = {name: (folder / name).read_bytes() for name in found}
    call_command("report", "--study", "lab", "--out", str(folder), "--site", "rectus-femoris")
    assert {name: (folder / name).read_bytes() for name in found} == before


def test_the_command_says_what_is_wrong(site, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("report", "--study", "lab", "--out", str(taken))
    with pytest.raises(CommandError, match="site"):
        call_command("report", "--study", "lab", "--out", str(tmp_path), "--site", "nowhere")
    with pytest.raises(CommandError, match="no study"):
        call_command("report", "--study", "none", "--out", str(tmp_path))


def test_an_empty_study_has_a_report(study, client_of, admin, tmp_path):
    words = client_of(admin).get(page()).content.decode()
    assert "no muscle site yet" in words
    assert "no muscle site yet" in text_of(client_of(admin).get(page("study_report_pdf")).content)
    assert client_of(admin).get(page("study_report_json")).json()["sites"] == []
    call_command("report", "--study", "lab", "--out", str(tmp_path))
    assert (tmp_path / "tables" / "models.csv").read_text("utf-8-sig").startswith("site,model")


def test_a_site_without_anything_says_so(site, client_of, admin):
    words = client_of(admin).get(page()).content.decode()
    for said in (
        "not sealed: no model of it can be judged",
        "No model measures here",
        "No model has been trained or registered yet",
        "No scan has two independent readings yet",
        "Nothing is measured yet",
        "No outline with a time was handed in, and no pre-label approved yet.",
        "none yet",
    ):
        assert said in words, said


def test_models_of_runs_stand_on_the_learning_curve(site, admin, approved, make_model):
    model = make_model()
    run = runs.start(site, "prior", {}, admin)
    run.model = model
    run.save(update_fields=["model"])
    evaluation.evaluate(model, "validation", admin)
    (found,) = study_report.of_study(site.study).sites
    assert found.models[0].training_subjects == 6
    assert found.models[0].snapshot_digest == run.snapshot.digest
    assert "6 subjects, validation" in found.learning[0].marks[0].title


def test_work_that_was_handed_in_dates_the_report(site, study, make_image, annotator):
    revision = outlines.save(
        make_image("S1"), annotator, [rectangle(10, 10, 40, 30)], base=0, seconds=20
    )
    assert study_report.of_study(study).dated == study.created_at, "a draft is not shown"
    workflow.submit(revision.annotation, annotator)
    report = study_report.of_study(study)
    assert report.sites[0].evidence["seconds"]["without"]["value"] == 20
    assert report.dated == revision.created_at


def test_more_models_cost_no_more_queries(site, admin, approved, make_model):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            study_report.of_study(site.study)
        asked = [one["sql"] for one in captured if "training_replay" not in one["sql"]]
        assert sum('"training_snapshot"."manifest"' in one for one in asked) == 1
        return len(captured)

    model = make_model()
    run = runs.start(site, "prior", {}, admin)
    run.model = model
    run.save(update_fields=["model"])
    evaluation.evaluate(model, "validation", admin)
    queries()  # what a process asks once is asked now
    few = queries()
    for each in range(1, 4):
        for partition in study_report.PARTITIONS[:2]:
            Evaluation.objects.create(
                model=make_model(BRIGHT + each / 100),
                partition=partition,
                metrics_version=SCORING_VERSION,
            )
    assert queries() == few


def test_sites_are_told_apart_and_hostile_names_are_words(site, study, client_of, expert):
    sites.create(study, "biceps", ["BB"], actor=None)
    Site.objects.filter(slug="biceps").update(name=HOSTILE)
    words = client_of(expert).get(page(), {"site": "biceps"}).content.decode()
    assert "<script>alert" not in words
    assert "&lt;script&gt;alert" in words
    assert client_of(expert).get(page(), {"site": "nowhere"}).status_code == 404
    report = study_report.of_study(study)
    assert len(report.sites) == 2
    names = [figure.name for figure in study_document.document_of(report).figures]
    assert len(names) == len(set(names))
    assert HOSTILE in text_of(as_pdf(study_document.document_of(report)))


def test_the_report_is_in_the_navigation(site, client_of, expert, admin, annotator):
    for user, sees in ((expert, True), (admin, True), (annotator, False)):
        words = client_of(user).get(reverse("annotation:images", args=["lab"])).content.decode()
        assert (page() in words) is sees
