"""People's work: scans, outlines, review, references, split and lock."""

from __future__ import annotations

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from annotation import integrity, jobs, triggers
        from annotation.policies import is_admin_of_scope
        from core.policies import register_admin_rule

        triggers.register_all()
        jobs.register_all()
        integrity.register_all()
        register_admin_rule(is_admin_of_scope)
