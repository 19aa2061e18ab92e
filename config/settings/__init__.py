"""Chooses the settings of `MYOTRACE_MODE`: embedded (default) or scaled.

Under `config.settings.testing` nothing is chosen here: Python runs this file before that one,
which would read the lab's own data directory before a test could name another.
"""

from __future__ import annotations

import os

if os.environ.get("DJANGO_SETTINGS_MODULE") != "config.settings.testing":
    from config.settings.chosen import *  # noqa: F403
