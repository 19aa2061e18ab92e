"""Reading studies and their sites."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Membership, Site, Study
from annotation.policies import require_member
from core.models import User
from domain.errors import NotFound
from domain.names import identity

SESSION_KEY = "current_study"


@dataclass(frozen=True)
class StudyRole:
    """A study and what the person is in it."""

    study: Study
    role: str


def entered_by(user: User) -> list[StudyRole]:
    """The studies that exist for this person, with their role; a superuser is admin of each."""
    memberships = Membership.objects.filter(user_id=user.pk)
    roles = {one.study_id: one.role for one in memberships}
    studies = Study.objects.order_by("title", "name")
    if not user.is_superuser:
        studies = studies.filter(pk__in=roles)
    return [StudyRole(one, roles.get(one.pk, Membership.Role.ADMIN.value)) for one in studies]


def studies_of(user: User) -> list[Study]:
    """The studies that exist for this person."""
    return [one.study for one in entered_by(user)]


def known_study(name: str) -> Study | None:
    """The study of that name: as it is written, else by its identity; None: there is none."""
    exact = Study.objects.filter(name=name).first()
    return exact or Study.objects.filter(identity=identity(name)).first()


def study_named(name: str) -> Study:
    """The study of that name. Raises NotFound."""
    study = known_study(name)
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
    site = (
        study.sites.filter(slug=slug).first() or study.sites.filter(identity=identity(slug)).first()
    )
    if site is None:
        known = ", ".join(study.sites.values_list("slug", flat=True)) or "none yet"
        raise NotFound(f"The study {study.name} has no site {slug!r} (its sites: {known}).")
    return site


def site_with_id(site_id: int) -> Site:
    """A site by its key. Raises NotFound."""
    site = Site.objects.select_related("study").filter(pk=site_id).first()
    if site is None:
        raise NotFound("There is no such site.")
    return site


def members_of(study: Study) -> list[Membership]:
    """The members of a study with their users."""
    return list(study.memberships.select_related("user"))
