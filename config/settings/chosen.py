"""The settings of `MYOTRACE_MODE`: embedded (default) or scaled."""

from __future__ import annotations

import os

if os.environ.get("MYOTRACE_MODE", "").strip() == "scaled":
    from config.settings.scaled import *  # noqa: F403
else:
    from config.settings.embedded import *  # noqa: F403
