"""Job handlers: registered by kind, run under a lease by whoever claimed the row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from core.data import attempt_directory
from core.models import Job
from domain.errors import MyotraceError, NotFound

LOG_CHARACTERS = 20_000


class Cancelled(MyotraceError):
    """The user asked to cancel this job."""


class Fenced(MyotraceError):
    """Another attempt has taken this job over: write nothing more."""


class JobContext:
    """What a handler may do with its job. Every write goes through the fence of its claim."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.fence = job.fence
        self.params: dict[str, Any] = job.params

    @property
    def directory(self) -> Path:
        """A directory of this attempt alone."""
        return attempt_directory(str(self.job.pk), self.fence)

    def progress(self, fraction: float, message: str = "") -> None:
        """Show how far the job is (0 to 1) and what it does; renews the lease."""
        self._update(progress=min(max(fraction, 0.0), 1.0), message=message[:500])

    def keep(self, result: dict[str, Any]) -> None:
        """Keep what a job did that is about to end early; whoever finishes replaces it."""
        self._update(result=result)

    def log(self, line: str) -> None:
        """Append a line to the log tail that the user sees."""
        self.job.log = (self.job.log + line.rstrip() + "\n")[-LOG_CHARACTERS:]
        self._update(log=self.job.log)

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if the user asked for it, Fenced if the claim is lost."""
        row = Job.objects.filter(pk=self.job.pk).values("fence", "cancel_requested").get()
        if row["fence"] != self.fence:
            raise Fenced("Another attempt has taken this job over.")
        if row["cancel_requested"]:
            raise Cancelled("Cancelled on request.")

    @contextmanager
    def publish(self) -> Iterator[None]:
        """A transaction that commits only while this attempt holds the job: write results here."""
        with transaction.atomic():
            self.renew()
            yield

    def renew(self) -> None:
        """Extend the lease. Raises Fenced when the claim is lost."""
        self._update()

    def _update(self, **fields: Any) -> None:
        changed = Job.objects.filter(
            pk=self.job.pk, fence=self.fence, state=Job.State.RUNNING
        ).update(lease_until=lease_end(), **fields)
        if not changed:
            raise Fenced("Another attempt has taken this job over.")


Params = dict[str, Any]
Handler = Callable[[JobContext], dict[str, Any] | None]


@dataclass(frozen=True)
class Work:
    """What a job does, in words with its object's name, and which objects' pages wait for it.

    `concerns`: for example `("site:3", "model:5")`, or `("images",)` for the scans of a study.
    """

    title: str
    concerns: tuple[str, ...] = ()


_handlers: dict[str, Handler] = {}
_descriptions: dict[str, Callable[[Params], Work]] = {}
SHORT = "short"
_queues: dict[str, str] = {}
_pickers: dict[str, Callable[[str], str]] = {}


def register(
    kind: str,
    handler: Handler,
    *,
    queue: str = SHORT,
    picks: Callable[[str], str] | None = None,
    says: Callable[[Params], Work] | None = None,
) -> None:
    """Name the function that runs jobs of `kind`, and the queue whose workers run it.

    picks: given the id of the job that the doorbell rang for, answers the id of the job whose turn
    it is; by default the same.
    says: what a job with these parameters does, in words; by default the kind's name.
    """
    _handlers[kind] = handler
    _queues[kind] = queue
    if picks is not None:
        _pickers[kind] = picks
    if says is not None:
        _descriptions[kind] = says


def handler_of(kind: str) -> Handler:
    """The registered handler. Raises MyotraceError for an unknown kind."""
    try:
        return _handlers[kind]
    except KeyError:
        raise MyotraceError(f"No handler is registered for jobs of kind {kind!r}.") from None


def work_of(kind: str, params: Params) -> Work:
    """What a job of this kind does to what; the kind alone where its object is not there."""
    says = _descriptions.get(kind)
    try:
        return says(params) if says else Work(in_words(kind))
    except NotFound:
        return Work(in_words(kind))


def in_words(kind: str) -> str:
    """A kind of job as people read it."""
    return kind.translate(str.maketrans("_-.", "   ")).capitalize()


def queue_of(kind: str) -> str:
    """The Celery queue for a kind of job."""
    return _queues.get(kind, SHORT)


def turn_of(kind: str, job_id: str) -> str:
    """The id of the job to run when the doorbell rings for this one."""
    picks = _pickers.get(kind)
    return picks(job_id) if picks else job_id


def lease_end() -> datetime:
    """When a lease taken now runs out."""
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def lease_is_over(now: datetime) -> Q:
    """Leases (`lease_until`) that have run out, or that no clock of today can have given.

    After a clock was set back, a lease taken before lies far ahead; its holder may be long gone.
    One that lives renews it at its next heartbeat, and the fence makes a second one harmless.
    """
    ahead = now + 2 * timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return Q(lease_until__lt=now) | Q(lease_until__gt=ahead)


class Heartbeat:
    """Renews the lease in a thread of its own while the handler works."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(settings.JOB_HEARTBEAT_SECONDS):
                self._context.renew()
        except Fenced:
            return
        finally:
            connection.close()
