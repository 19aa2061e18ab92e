"""Reading replays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import NotFound
from training.models import Replay

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import Job


def newest_done(site: Site) -> Replay | None:
    """The site's newest replay that has a result."""
    return (
        Replay.objects.filter(site=site, helps__isnull=False)
        .select_related("snapshot", "job__requested_by")
        .first()
    )


def active(site: Site) -> Replay | None:
    """The site's replay that is queued or running."""
    from core.models import Job

    return Replay.objects.filter(site=site, job__state__in=Job.ACTIVE).select_related("job").first()


def strategy_helps(site: Site) -> bool:
    """False where the newest replay showed that chance does as well; True where none was made."""
    found = newest_done(site)
    return found is None or bool(found.helps)


def of_job(job: Job) -> Replay:
    """The replay of a job. Raises NotFound."""
    found = Replay.objects.filter(job=job).select_related("site__study", "snapshot").first()
    if found is None:
        raise NotFound("This job has no replay any more.")
    return found


def as_json(replay: Replay) -> dict[str, Any]:
    """The replay as `replay --json` prints it."""
    return {
        "replay": replay.pk,
        "site": replay.site.slug,
        "snapshot": replay.snapshot.digest,
        "backend": replay.backend,
        "settings": replay.settings,
        "seeds": replay.seeds,
        "start": replay.start,
        "batch": replay.batch,
        "helps": replay.helps,
        **replay.result,
    }
