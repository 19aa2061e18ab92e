"""Addresses of this app's pages. `study` is a study's name: see `annotation.middleware`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from training.views import (
    choosing,
    drift,
    evidence,
    models,
    overview,
    promotion,
    reports,
    retraining,
    runs,
    uploading,
)

app_name = "training"

STUDY = "studies/<slug:study>/"
MODEL = STUDY + "models/<int:model_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(STUDY, overview.overview, name="overview"),
    path(STUDY + "runs/", runs.runs, name="runs"),
    path(STUDY + "runs/start/", runs.start_run, name="start_run"),
    path(STUDY + "runs/<int:run_id>/", runs.run, name="run"),
    path(STUDY + "runs/<int:run_id>/cancel/", runs.cancel_run, name="cancel_run"),
    path(STUDY + "runs/<int:run_id>/repeat/", runs.repeat_run, name="repeat_run"),
    path(STUDY + "runs/<int:run_id>/reproduce/", runs.reproduce_run, name="reproduce_run"),
    path(STUDY + "sites/<slug:slug>/drift/", drift.drift, name="drift"),
    path(STUDY + "sites/<slug:slug>/evidence/", evidence.evidence, name="evidence"),
    path(STUDY + "sites/<slug:slug>/retraining/", retraining.retraining, name="retraining"),
    path(STUDY + "sites/<slug:slug>/next/", choosing.choosing, name="choosing"),
    path(STUDY + "sites/<slug:slug>/rollback/", promotion.rollback, name="rollback"),
    path(STUDY + "plan/", promotion.plan, name="plan"),
    path(STUDY + "report/", reports.study, name="study_report"),
    path(STUDY + "report.json", reports.study_json, name="study_report_json"),
    path(STUDY + "report.pdf", reports.study_pdf, name="study_report_pdf"),
    path(STUDY + "models/", models.models, name="models"),
    path(STUDY + "models/upload/", uploading.upload_model, name="upload_model"),
    path(MODEL, models.model, name="model"),
    path(MODEL + "evaluate/", models.evaluate, name="evaluate"),
    path(MODEL + "promote/", promotion.promote, name="promote"),
    path(MODEL + "confirm/", promotion.confirm, name="confirm"),
    path(MODEL + "cross-validate/", promotion.cross_validate, name="cross_validate"),
    path(MODEL + "report/", reports.model, name="model_report"),
    path(MODEL + "report.json", reports.model_json, name="model_report_json"),
    path(MODEL + "report.pdf", reports.model_pdf, name="model_report_pdf"),
    path(MODEL + "report/pictures/", reports.open_pictures, name="open_pictures"),
    path(MODEL + "prelabel/", models.prelabel, name="prelabel"),
]
