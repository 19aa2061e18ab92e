"""Addresses of images, annotations, imports, exports and measurements in the API."""

from __future__ import annotations

from django.urls import path

from annotation.api import calibrations, images, imports, measurements, revisions, sweeps

urlpatterns = [
    path("imports/", imports.ImportView.as_view(), name="api-imports"),
    path("exports/<slug:kind>/", imports.ExportView.as_view(), name="api-exports"),
    path("images/", images.ImageListView.as_view(), name="api-images"),
    path("images/<int:image_id>/", images.ImageView.as_view(), name="api-image"),
    path("images/<int:image_id>/pixels", images.PixelsView.as_view(), name="api-pixels"),
    path("images/<int:image_id>/frames", sweeps.FramesView.as_view(), name="api-frames"),
    path(
        "images/<int:image_id>/annotation",
        images.OwnAnnotationView.as_view(),
        name="api-own-annotation",
    ),
    path(
        "images/<int:image_id>/reservation",
        images.ReservationView.as_view(),
        name="api-reservation",
    ),
    path(
        "images/<int:image_id>/suggestion", images.SuggestionView.as_view(), name="api-suggestion"
    ),
    path(
        "images/<int:image_id>/uncertainty",
        images.UncertaintyView.as_view(),
        name="api-uncertainty",
    ),
    path(
        "annotations/<int:annotation_id>/revisions/",
        revisions.RevisionListView.as_view(),
        name="api-revisions",
    ),
    path(
        "annotations/<int:annotation_id>/revisions/<int:number>",
        revisions.RevisionView.as_view(),
        name="api-revision",
    ),
    path(
        "annotations/<int:annotation_id>/submit",
        revisions.SubmitView.as_view(),
        name="api-submit",
    ),
    path(
        "annotations/<int:annotation_id>/take-back",
        revisions.TakeBackView.as_view(),
        name="api-take-back",
    ),
    path(
        "annotations/<int:annotation_id>/review",
        revisions.ReviewView.as_view(),
        name="api-review",
    ),
    path(
        "annotations/<int:annotation_id>/frames",
        sweeps.ReviewFramesView.as_view(),
        name="api-review-frames",
    ),
    path(
        "references/<int:reference_id>/withdraw",
        revisions.WithdrawView.as_view(),
        name="api-withdraw",
    ),
    path("calibrations/", calibrations.CalibrationsView.as_view(), name="api-calibrations"),
    path("issues/<int:issue_id>/answer", revisions.AnswerView.as_view(), name="api-answer"),
    path("measurements/", measurements.MeasurementListView.as_view(), name="api-measurements"),
]
