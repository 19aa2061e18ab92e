"""What `make run` starts: database, assets, demo study, then the supervised processes."""

from __future__ import annotations

import signal
import socket
import sys
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from core.data import data_directory
from core.supervisor import Program, Supervisor, sole_supervisor
from domain.errors import Refused

RECONCILE_SECONDS = 15
PORT_WAIT_SECONDS = 8.0


class Command(BaseCommand):
    help = "Starts web server, workers, scheduler and reconciler, and restarts what dies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave out the demo study")

    def handle(self, *args: Any, no_demo: bool, **options: Any) -> None:
        try:
            with sole_supervisor(data_directory(), address()):
                wait_for_port(settings.MYOTRACE_HOST, settings.MYOTRACE_PORT)
                self._prepare(no_demo)
                self._announce(no_demo)
                Supervisor(programs(), data_directory() / "logs", self._say).run()
        except Refused as error:
            raise CommandError(str(error)) from error

    def _prepare(self, no_demo: bool) -> None:
        self._say("Preparing the database and the pages ...")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if not no_demo:
            call_command("demo", stdout=self.stdout, stderr=self.stderr)

    def _announce(self, no_demo: bool) -> None:
        self._say(f"\nMyotrace: {address()}")
        if no_demo:
            self._say("The first person: manage.py create_user NAME --role admin")
        else:
            call_command("demo", logins=True, stdout=self.stdout, stderr=self.stderr)
        self._say(f"Data: {data_directory()}   Logs: {data_directory() / 'logs'}")
        self._say("Ctrl-C stops everything.\n")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def address() -> str:
    """Where a browser on this machine finds the web server."""
    host = settings.MYOTRACE_HOST
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    return f"http://{shown}:{settings.MYOTRACE_PORT}/"


def programs() -> list[Program]:
    """The processes of an installation on one machine.

    Trainings have a worker of their own with one process a device, so that they never hold up
    pre-labels or imports.
    Workers stop cold: a job's row, not its worker, knows what is to be done.
    """
    python = sys.executable
    manage = [python, str(Path(settings.BASE_DIR) / "manage.py")]
    celery = [python, "-m", "celery", "--app", "config.celery:application"]
    worker = ["worker", "--pool", "prefork", "--without-gossip", "--without-mingle",
              "--without-heartbeat", "--loglevel", "INFO"]  # fmt: skip
    web = [
        python, "-m", "gunicorn", "config.wsgi:application",
        "--bind", f"{settings.MYOTRACE_HOST}:{settings.MYOTRACE_PORT}",
        "--workers", "2", "--threads", "8", "--timeout", "120", "--graceful-timeout", "8",
        "--access-logfile", "-", "--no-control-socket",
    ]  # fmt: skip
    devices = str(max(1, len(settings.TRAINING_DEVICES)))
    return [
        Program("web", web),
        Program(
            "worker-short",
            [*celery, *worker, "--queues", "short", "--concurrency", "2", "-n", "short@%h"],
            signal.SIGQUIT,
        ),
        Program(
            "worker-training",
            [
                *celery,
                *worker,
                "--queues",
                "training",
                "--concurrency",
                devices,
                "-n",
                "training@%h",
            ],
            signal.SIGQUIT,
        ),
        Program("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile", ""]),
        Program("reconciler", [*manage, "reconcile", "--every", str(RECONCILE_SECONDS)]),
    ]


def wait_for_port(host: str, port: int) -> None:
    """Wait a few seconds for a port that an earlier run is just giving back.

    Raises:
        Refused: something else goes on listening there.
    """
    end = time.monotonic() + PORT_WAIT_SECONDS
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() > end:
                    raise Refused(
                        f"Port {port} on {host} cannot be used ({error.strerror}). "
                        "Set MYOTRACE_PORT to a free one."
                    ) from error
        time.sleep(0.3)
