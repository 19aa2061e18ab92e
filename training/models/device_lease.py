"""Which attempt of a job trains on which device."""

from __future__ import annotations

from django.db import models


class DeviceLease(models.Model):
    """A device of a computer that trains, with the attempt of a job that has it for now.

    One row a device, kept for the next one. It is free where `lease_until` is empty or over: a
    worker that lives renews it, one that is killed does not. `fence` is that of the job's attempt.
    """

    host = models.CharField(max_length=255)
    device = models.CharField(max_length=100)
    job = models.ForeignKey("core.Job", null=True, on_delete=models.PROTECT, related_name="devices")
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["host", "device"]
        constraints = [
            models.UniqueConstraint(fields=["host", "device"], name="device_lease_once_per_device")
        ]

    def __str__(self) -> str:
        return f"device {self.device} of {self.host}"
