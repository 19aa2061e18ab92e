"""People's work: scans, outlines, review, references, split and lock."""

from __future__ import annotations

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from annotation import jobs, triggers

        triggers.register_all()
        jobs.register_all()
