"""Who may do what. Pure decisions on rows that were already read."""

from __future__ import annotations

from annotation.models import (
    HELD_OUT,
    Annotation,
    Assignment,
    Image,
    Membership,
    Study,
    SubjectPartition,
)
from annotation.models.assignment import READERS
from core.models import User
from domain.errors import NotAllowed, NotFound

Role = Membership.Role


def role_of(user: User, study: Study) -> str:
    """The person's role in a study; a superuser is admin of each; empty: not a member."""
    membership = Membership.objects.filter(user_id=user.pk, study_id=study.pk).first()
    if membership is not None:
        return membership.role
    return Role.ADMIN if user.is_superuser else ""


def is_member(user: User, study: Study) -> bool:
    """Whether the study exists for this person."""
    return bool(role_of(user, study))


def is_admin(user: User, study: Study) -> bool:
    """Whether the person administers the study."""
    return role_of(user, study) == Role.ADMIN


def is_admin_of_scope(user: User, scope: str) -> bool:
    """Whether the person administers the study of this name (the scope of jobs and audit)."""
    return Membership.objects.filter(user_id=user.pk, study__name=scope, role=Role.ADMIN).exists()


def is_expert(user: User, study: Study) -> bool:
    """Whether the person decides on the truth in the study."""
    return role_of(user, study) == Role.EXPERT


def can_review_in(user: User, study: Study) -> bool:
    """Whether the person may review others' work in the study."""
    return is_expert(user, study)


def can_guide_in(user: User, study: Study) -> bool:
    """Whether the person says how scans of the study are outlined."""
    return role_of(user, study) in {Role.EXPERT, Role.ADMIN}


def can_annotate_in(user: User, study: Study) -> bool:
    """Whether the person may outline scans in the study."""
    return role_of(user, study) in {Role.ANNOTATOR, Role.EXPERT}


def can_see_image(user: User, image: Image) -> bool:
    """Members see the images of their study that were not withdrawn."""
    return image.erased_at is None and is_member(user, image.study)


def can_see_annotation(user: User, annotation: Annotation) -> bool:
    """The author, the study's experts and admins; an annotator never sees another's work."""
    if annotation.author_id == user.pk:
        return is_member(user, annotation.image.study)
    return role_of(user, annotation.image.study) in {Role.EXPERT, Role.ADMIN}


def can_review(user: User, annotation: Annotation) -> bool:
    """Experts of the study, on others' submitted work."""
    return (
        annotation.state == Annotation.State.SUBMITTED
        and annotation.author_id != user.pk
        and can_review_in(user, annotation.image.study)
    )


def is_double_read(image: Image) -> bool:
    """Whether two people read this image independently."""
    return Assignment.objects.filter(image=image, blind=True).count() == READERS


def is_paired(image: Image) -> bool:
    """Whether two people read this image, one with the pre-label and one without."""
    return Assignment.objects.filter(image=image, with_pre_label=True).exists()


def is_read_by(user: User, image: Image) -> bool:
    """Whether the person is a reader of a double reading, and so sees nobody else's work."""
    return Assignment.objects.filter(image=image, person_id=user.pk, blind=True).exists()


def can_take_reading(user: User, image: Image) -> bool:
    """Annotators and experts; of a paired reading annotators only, since experts see pre-labels."""
    role = role_of(user, image.study)
    return role == Role.ANNOTATOR or (role == Role.EXPERT and not is_paired(image))


def is_test_subject(image: Image) -> bool:
    """Whether the image's subject is a test subject, or in the reserve of later ones."""
    return SubjectPartition.objects.filter(
        subject_id=image.subject_id, partition__in=HELD_OUT
    ).exists()


def can_see_suggestion(user: User, image: Image) -> bool:
    """Members, but never on test subjects. Of a double reading no annotator and no reader, but the
    one who reads with it."""
    if is_test_subject(image) or not can_see_image(user, image):
        return False
    readings = list(Assignment.objects.filter(image=image, blind=True))
    mine = next((one for one in readings if one.person_id == user.pk), None)
    if mine is not None:
        return mine.with_pre_label
    return not readings or role_of(user, image.study) != Role.ANNOTATOR


def can_see_others_work(user: User, image: Image) -> bool:
    """Whether a person who outlines an image may see what others made of it and of its like."""
    return can_see_suggestion(user, image) and not is_read_by(user, image)


def require_member(user: User, study: Study) -> None:
    """Raise NotFound for whoever is not of the study."""
    if not is_member(user, study):
        raise NotFound("There is no such study.")


def require_admin(user: User, study: Study) -> None:
    """Raise NotFound for strangers, NotAllowed for members who are no admins."""
    require_member(user, study)
    if not is_admin(user, study):
        raise NotAllowed("Only an admin of the study may do this.")


def require_guide(user: User, study: Study) -> None:
    """Raise NotFound for strangers, NotAllowed for annotators."""
    require_member(user, study)
    if not can_guide_in(user, study):
        raise NotAllowed("Only experts and admins of the study may do this.")


def require_role(role: str, *allowed: str) -> None:
    """Raise NotFound where a page is for other roles: what one may not see does not exist."""
    if role not in allowed:
        raise NotFound("There is no such page for your role.")
