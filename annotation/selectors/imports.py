"""Reading imports: earlier ones, remembered settings, names of uploaded files."""

from __future__ import annotations

from uuid import UUID

from annotation.models import ImportProfile, Study
from core.models import Job, User
from core.selectors.jobs import visible_job
from domain.errors import NotFound

KIND = "import"


def imports_of(study: Study, limit: int = 50) -> list[Job]:
    """The newest imports into a study, previews among them."""
    jobs = Job.objects.filter(kind=KIND, scope=study.name).select_related("requested_by")
    return list(jobs.order_by("-created_at")[:limit])


def import_of(user: User, study: Study, job_id: UUID) -> Job:
    """One import into a study. Raises NotFound."""
    job = visible_job(user, job_id)
    if job.kind != KIND or job.scope != study.name:
        raise NotFound("There is no such import in this study.")
    return job


def profiles_of(study: Study) -> list[ImportProfile]:
    """The remembered settings of a study."""
    return list(ImportProfile.objects.filter(study=study))
