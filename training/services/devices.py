"""A training has its device to itself: it leases one, renews the lease, and gives it back.

The lease is a row of the database for each device of each computer, so that workers and `--wait`
commands on any number of computers never put two trainings on one device. A worker that is killed
renews nothing, and its device is free when the lease runs out. Where no device is named
(`MYOTRACE_DEVICES`) nothing is leased: the operating system shares the processor.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.jobs import lease_end, lease_is_over
from training.models import DeviceLease

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.jobs import JobContext

ASK_SECONDS = 0.5
WAITS = "waits for a free device"


class Leased:
    """A device as one attempt of a job has it."""

    def __init__(self, row: DeviceLease) -> None:
        self._row = row
        self._renewed_at = time.monotonic()

    def __str__(self) -> str:
        return str(self._row)

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be told to use this device alone."""
        return {"CUDA_VISIBLE_DEVICES": self._row.device}

    def keep(self) -> bool:
        """Renew the lease when that is due; whether the device is still this attempt's."""
        if time.monotonic() - self._renewed_at < settings.JOB_HEARTBEAT_SECONDS:
            return True
        self._renewed_at = time.monotonic()
        return bool(self._own().update(lease_until=lease_end()))

    def give_back(self) -> None:
        """Free the device at once, unless somebody else has it by now."""
        self._own().update(job=None, lease_until=None)

    def _own(self) -> QuerySet[DeviceLease]:
        return DeviceLease.objects.filter(
            pk=self._row.pk, job=self._row.job_id, fence=self._row.fence
        )


@contextmanager
def leased(context: JobContext) -> Iterator[Leased | None]:
    """A device of this computer for the attempt alone, waited for; None where none is named.

    Raises Cancelled or Fenced while it waits.
    """
    if not settings.TRAINING_DEVICES:
        yield None
        return
    device = _wait_for(context)
    try:
        yield device
    finally:
        device.give_back()


def lease(context: JobContext) -> Leased | None:
    """A free device of this computer, taken by compare-and-set; None where none is free."""
    host, now = socket.gethostname(), timezone.now()
    for device in settings.TRAINING_DEVICES:
        row, _ = DeviceLease.objects.get_or_create(host=host, device=device)
        free = Q(lease_until__isnull=True) | lease_is_over(now)
        taken = DeviceLease.objects.filter(free, pk=row.pk).update(
            job=context.job, fence=context.fence, lease_until=lease_end()
        )
        if taken:
            row.refresh_from_db()
            return Leased(row)
    return None


def _wait_for(context: JobContext) -> Leased:
    while True:
        device = lease(context)
        if device is not None:
            return device
        context.raise_if_cancelled()
        context.progress(context.job.progress, WAITS)
        time.sleep(ASK_SECONDS)
