"""The sites of a study with how far each is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from annotation.models import Image, Site, Study


@dataclass(frozen=True)
class SiteProgress:
    """A site with its images by what is done on them."""

    site: Site
    images: int
    to_review: int
    approved: int
    calibrated: int


def progress(study: Study) -> list[SiteProgress]:
    """Every site of a study, in order, with its counts: four queries."""
    sites = study.sites.prefetch_related("labels").order_by("order", "slug")
    images = Image.objects.filter(study=study, erased_at__isnull=True).order_by()
    by_state = {
        (row["site"], row["state"]): row["n"]
        for row in images.values("site", "state").annotate(n=Count("pk"))
    }
    calibrated = dict(
        images.filter(calibration__isnull=False).values_list("site").annotate(n=Count("pk"))
    )
    return [
        SiteProgress(
            site,
            sum(n for (pk, _), n in by_state.items() if pk == site.pk),
            by_state.get((site.pk, Image.State.SUBMITTED), 0),
            by_state.get((site.pk, Image.State.APPROVED), 0),
            calibrated.get(site.pk, 0),
        )
        for site in sites
    ]


def site_progress(study: Study, slug: str) -> SiteProgress | None:
    """One site with its counts; None where the study has no such site."""
    return next((one for one in progress(study) if one.site.slug == slug), None)
