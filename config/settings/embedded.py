"""Everything on one machine with nothing configured: SQLite, files, a filesystem broker."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import ENVIRONMENT, MYOTRACE_DATA

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": MYOTRACE_DATA / "db.sqlite3",
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            "timeout": 20,
            # Deferred transactions fail at once under two writers; see docs/adr/0002-sqlite.md.
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                "PRAGMA recursive_triggers=ON; PRAGMA journal_size_limit=67108864;"
                "PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;"
            ),
        },
    }
}

QUEUE_DIRECTORY = MYOTRACE_DATA / "queue"
CELERY_BROKER_URL = "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
    "data_folder_in": str(QUEUE_DIRECTORY / "messages"),
    "data_folder_out": str(QUEUE_DIRECTORY / "messages"),
    "control_folder": str(QUEUE_DIRECTORY / "control"),
    "store_processed": False,
}
for folder in ("messages", "control"):
    (QUEUE_DIRECTORY / folder).mkdir(parents=True, exist_ok=True)
for folder in ("blobs", "uploads", "models", "jobs"):
    (MYOTRACE_DATA / folder).mkdir(parents=True, exist_ok=True)

ENVIRONMENT.check()
