"""Which study a call of the API is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotation.models import Annotation, Image, Issue, Reference, Revision, Study
from annotation.policies import require_role, role_of
from annotation.selectors.annotations import visible_annotation, visible_issue, visible_revision
from annotation.selectors.images import visible_image
from annotation.selectors.studies import studies_of, visible_study
from annotation.selectors.work import visible_reference
from core.api.authentication import UserRequest
from core.api.views import STUDY, check_study
from domain.errors import InvalidInput, NotFound


def asked_study(request: UserRequest, *roles: str, in_body: bool = False) -> Study:
    """The study that `?study=` names, or else the caller's only one.

    `in_body`: a field `study` of the body may name it instead.

    Raises:
        InvalidInput: two are named, or none by somebody who is in several.
        NotFound: there is none, or the caller has none of `roles` in it.
    """
    named = request.query_params.get(STUDY, "")
    study = _study_as(request, named, roles) if named else None
    fields = request.data if in_body else {}
    inside = str(fields.get(STUDY) or "") if isinstance(fields, Mapping) else ""
    if study is None:
        study = _study_as(request, inside, roles)
    elif inside not in {"", study.name}:
        raise InvalidInput(f"Two studies are named: {study.name} and {inside[:100]}. Name one.")
    return study


def _study_as(request: UserRequest, name: str, roles: Sequence[str]) -> Study:
    study = visible_study(request.user, name) if name else _only_study(request)
    if roles:
        require_role(role_of(request.user, study), *roles)
    return study


def image_of(request: UserRequest, image_id: int) -> Image:
    """An image that the caller may see, of the study that the call names, if it names one."""
    image = visible_image(request.user, image_id)
    check_study(request, image.study.name)
    return image


def annotation_of(request: UserRequest, annotation_id: int) -> Annotation:
    """An annotation, as `image_of`."""
    annotation = visible_annotation(request.user, annotation_id)
    check_study(request, annotation.image.study.name)
    return annotation


def revision_of(request: UserRequest, annotation_id: int, number: int) -> Revision:
    """A revision, as `image_of`."""
    revision = visible_revision(request.user, annotation_id, number)
    check_study(request, revision.annotation.image.study.name)
    return revision


def reference_of(request: UserRequest, reference_id: int) -> Reference:
    """A reference, as `image_of`."""
    reference = visible_reference(request.user, reference_id)
    check_study(request, reference.image.study.name)
    return reference


def remark_of(request: UserRequest, issue_id: int) -> Issue:
    """A remark, as `image_of`."""
    issue = visible_issue(request.user, issue_id)
    check_study(request, issue.image.study.name)
    return issue


def _only_study(request: UserRequest) -> Study:
    studies = studies_of(request.user)
    if not studies:
        raise NotFound("You are a member of no study.")
    if len(studies) > 1:
        names = ", ".join(sorted(study.name for study in studies))
        raise InvalidInput(f"You are in several studies: name one by 'study' ({names}).")
    return studies[0]
