"""What has been approved since."""

from __future__ import annotations

from datetime import datetime

from annotation.models import Partition, Reference, Site


def newly_approved_subjects(site: Site, since: datetime | None) -> int:
    """Subjects that a model may learn from whose first reference on `site` came after `since`.

    Test and external subjects do not count. `since` None: all of them.
    """
    references = Reference.objects.filter(
        image__site=site,
        image__erased_at__isnull=True,
        image__subject__partition__partition__in=[Partition.TRAIN, Partition.VALIDATION],
    )
    subjects = references.order_by().values("image__subject").distinct()
    if since is None:
        return subjects.count()
    known = references.filter(created_at__lte=since).values("image__subject")
    return subjects.exclude(image__subject__in=known).count()
