"""Settings of the test suite: a data directory that is thrown away, cheap password hashes."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "MYOTRACE_DATA" not in os.environ:
    os.environ["MYOTRACE_DATA"] = tempfile.mkdtemp(prefix="myotrace-test-")
    atexit.register(shutil.rmtree, os.environ["MYOTRACE_DATA"], ignore_errors=True)

from config.settings.base import MYOTRACE_DATA, STORAGES
from config.settings.chosen import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EDITOR_IN_ONE_FILE = False  # errors then name the module
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = MYOTRACE_DATA / "static"
