"""Take up lost jobs and ring again for silent ones, once or for ever."""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from core.services import jobs

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Takes up jobs whose worker was lost and announces those that nobody heard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="repeat for ever")

    def handle(self, *args: Any, every: float | None, **options: Any) -> None:
        if not every:
            jobs.reconcile()
            return
        while True:
            close_old_connections()
            try:
                jobs.reconcile()
            except DatabaseError:
                logger.exception("reconciling failed; trying again in %s s", every)
            time.sleep(every)
