"""Reading imports: earlier ones, remembered settings, names of uploaded files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from annotation.models import ImportProfile, Study
from core.models import Job, User
from core.selectors.jobs import visible_job
from domain.errors import NotFound

KIND = "import"
STATUS_WORDS = {
    "imported": "taken",
    "warning": "taken, look at it",
    "newer": "changed file: a new revision",
    "worked_here": "work was done here: kept beside it",
    "unchanged": "unchanged",
    "refused": "refused",
}


def imports_of(study: Study, limit: int = 50) -> list[Job]:
    """The newest imports into a study, previews among them."""
    jobs = Job.objects.filter(kind=KIND, scope=study.name).select_related("requested_by")
    return list(jobs.order_by("-created_at")[:limit])


def is_under_way(study: Study) -> bool:
    """Whether an import writes into a study, or waits to; previews write nothing."""
    active = Job.objects.filter(kind=KIND, scope=study.name, state__in=Job.ACTIVE)
    return any(not params.get("dry_run") for params in active.values_list("params", flat=True))


def import_of(user: User, study: Study, job_id: UUID) -> Job:
    """One import into a study. Raises NotFound."""
    job = visible_job(user, job_id)
    if job.kind != KIND or job.scope != study.name:
        raise NotFound("There is no such import in this study.")
    return job


def profiles_of(study: Study) -> list[ImportProfile]:
    """The remembered settings of a study."""
    return list(ImportProfile.objects.filter(study=study))


def preview_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a report says, a row a scan; files that belong to no scan have a row of their own."""
    scans = [{**row, "words": STATUS_WORDS[row["status"]]} for row in result.get("scans", [])]
    told = {name for row in scans for name in row["files"]}
    loose = [
        {
            "files": [file["path"]],
            "frames": 0,
            "status": file["status"],
            "words": STATUS_WORDS[file["status"]],
            "warnings": file["reasons"],
        }
        for file in result.get("files", [])
        if file["path"] not in told
    ]
    return [*loose, *scans]


def must_look(params: Mapping[str, Any]) -> bool:
    """Whether nobody has covered or cut away anything, so that an import asks for a look."""
    return not (params.get("masks") or params.get("crop"))
