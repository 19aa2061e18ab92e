"""Models that learn: snapshots, runs, evaluation, promotion, query rounds."""

from __future__ import annotations

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from training import jobs, triggers

        triggers.register_all()
        jobs.register_all()
