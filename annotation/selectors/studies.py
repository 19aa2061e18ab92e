"""Reading studies."""

from __future__ import annotations

from django.http import HttpRequest

from annotation.models import Membership, Site, Study
from annotation.policies import require_member
from core.models import User
from domain.errors import NotFound

SESSION_KEY = "study"


def studies_of(user: User) -> list[Study]:
    """The studies that exist for this person."""
    if user.is_superuser:
        return list(Study.objects.all())
    return list(Study.objects.filter(memberships__user_id=user.pk))


def open_study(request: HttpRequest) -> Study | None:
    """The study chosen in this session, else the first of the person's studies."""
    if not hasattr(request, "open_study"):
        studies = studies_of(request.user)  # type: ignore[arg-type]
        chosen = request.session.get(SESSION_KEY)
        request.open_study = next(  # type: ignore[attr-defined]
            (study for study in studies if study.name == chosen), studies[0] if studies else None
        )
    return request.open_study  # type: ignore[attr-defined, no-any-return]


def study_named(name: str) -> Study:
    """The study of that name. Raises NotFound."""
    study = Study.objects.filter(name=name).first()
    if study is None:
        raise NotFound(f"There is no study {name!r}. Import into it or start it first.")
    return study


def visible_study(user: User, name: str) -> Study:
    """The study of that name, if the person is of it. Raises NotFound."""
    study = study_named(name)
    require_member(user, study)
    return study


def site_named(study: Study, slug: str) -> Site:
    """A site of a study by its slug. Raises NotFound, naming the sites there are."""
    site = study.sites.filter(slug=slug).first()
    if site is None:
        known = ", ".join(study.sites.values_list("slug", flat=True)) or "none yet"
        raise NotFound(f"The study {study.name} has no site {slug!r} (its sites: {known}).")
    return site


def members_of(study: Study) -> list[Membership]:
    """The members of a study with their users."""
    return list(study.memberships.select_related("user"))
