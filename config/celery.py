"""The Celery application: a doorbell for rows of core_job."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = Celery("myotrace")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.autodiscover_tasks(["core"])
