"""Wiring: settings, URLs, Celery and server entry points."""

from __future__ import annotations

from config.celery import application as celery_application

__all__ = ["celery_application"]
