"""Reading drift reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Max

from training.models import DriftReport, Pick

if TYPE_CHECKING:
    from annotation.models import Site, Study


def newest(site: Site) -> DriftReport | None:
    """The site's newest report."""
    return DriftReport.objects.filter(site=site).select_related("model__site", "actor").first()


def of_site(site: Site, most: int = 30) -> list[DriftReport]:
    """The site's reports without their figures, newest first."""
    reports = DriftReport.objects.filter(site=site).select_related("model__site", "actor")
    return list(reports.defer("figures")[:most])


def newest_of_study(study: Study) -> dict[int, DriftReport]:
    """The newest report of each site that has one, without its figures."""
    of_study = DriftReport.objects.filter(site__study=study).order_by()
    newest_ids = of_study.values("site").annotate(newest=Max("pk")).values("newest")
    reports = DriftReport.objects.filter(pk__in=newest_ids).defer("figures")
    return {report.site_id: report for report in reports}


def random_share(site: Site) -> frozenset[int]:
    """The images that query rounds have drawn by chance."""
    picks = Pick.objects.filter(round__site=site, share=Pick.Share.RANDOM)
    return frozenset(picks.values_list("image_id", flat=True))
