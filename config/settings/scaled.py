"""Several machines: PostgreSQL for rows, Redis for the doorbell. Every missing setting is named."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import ENVIRONMENT, MYOTRACE_DATA

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": ENVIRONMENT.required("MYOTRACE_POSTGRES_DATABASE", "the name of the database"),
        "USER": ENVIRONMENT.required("MYOTRACE_POSTGRES_USER", "the database user"),
        "PASSWORD": ENVIRONMENT.text("MYOTRACE_POSTGRES_PASSWORD", ""),
        "HOST": ENVIRONMENT.required("MYOTRACE_POSTGRES_HOST", "the database server or socket"),
        "PORT": ENVIRONMENT.text("MYOTRACE_POSTGRES_PORT", "5432"),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}

CELERY_BROKER_URL = ENVIRONMENT.required("MYOTRACE_REDIS_URL", "redis://HOST:PORT/NUMBER")
# A lost message comes back by the reconciler; the timeout only bounds Redis' own memory of it.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "visibility_timeout": 3600,
    "socket_timeout": 30,
    "health_check_interval": 25,
}
for folder in ("blobs", "uploads", "models", "jobs"):
    (MYOTRACE_DATA / folder).mkdir(parents=True, exist_ok=True)

ENVIRONMENT.check()
