"""Models that predict: registry, pointers, predictions, pre-labelling."""

from __future__ import annotations

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    name = "inference"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inference import integrity, jobs, triggers

        triggers.register_all()
        jobs.register_all()
        integrity.register_all()
