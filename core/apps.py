"""The app without ultrasound in it: users, audit trail, jobs, files, accounts."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import audit_triggers, checks, integrity, signals
        from core.services.audit import broken_links
        from core.triggers import (
            install_after_migrate,
            missing_triggers,
            remove_before_migrate,
        )

        pre_migrate.connect(remove_before_migrate, dispatch_uid="core.triggers")
        post_migrate.connect(install_after_migrate, dispatch_uid="core.triggers")
        checks.register_all()
        audit_triggers.register_all()
        signals.connect_all()
        integrity.register("audit trail", broken_links)
        integrity.register("triggers", missing_triggers)
