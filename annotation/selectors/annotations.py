"""Reading annotations, revisions, reviews and pre-labels."""

from __future__ import annotations

from django.db.models import QuerySet

from annotation.models import Annotation, Image, Issue, Review, Revision, Suggestion
from annotation.policies import can_see_annotation, can_see_suggestion
from core.models import User
from domain.errors import NotFound


def own_annotation(user: User, image: Image) -> Annotation | None:
    """The person's annotation of an image, if there is one."""
    return Annotation.objects.filter(image=image, author_id=user.pk).first()


def visible_annotation(user: User, annotation_id: int) -> Annotation:
    """The annotation, if `user` may see it. Raises NotFound."""
    annotation = (
        Annotation.objects.select_related("image__study", "image__site", "image__subject", "author")
        .filter(pk=annotation_id, image__erased_at__isnull=True)
        .first()
    )
    if annotation is None or not can_see_annotation(user, annotation):
        raise NotFound("There is no such annotation.")
    return annotation


def head_revision(annotation: Annotation) -> Revision | None:
    """The newest revision of an annotation with its regions."""
    return (
        annotation.revisions.select_related("content", "author", "annotation")
        .order_by("-number")
        .first()
    )


def revisions_of(annotation: Annotation) -> QuerySet[Revision]:
    """All revisions of an annotation, oldest first."""
    return annotation.revisions.select_related("content", "author", "annotation").order_by("number")


def visible_revision(user: User, annotation_id: int, number: int) -> Revision:
    """One revision of an annotation that the person may see. Raises NotFound."""
    revision = revisions_of(visible_annotation(user, annotation_id)).filter(number=number).first()
    if revision is None:
        raise NotFound("There is no such revision.")
    return revision


def visible_issue(user: User, issue_id: int) -> Issue:
    """A remark on work that the person may see. Raises NotFound."""
    related = ("image__study", "image__calibration", "review__revision__annotation__image__study")
    issue = Issue.objects.select_related(*related).filter(pk=issue_id).first()
    if issue is None or issue.image.erased_at is not None:
        raise NotFound("There is no such remark.")
    if not can_see_annotation(user, issue.review.revision.annotation):
        raise NotFound("There is no such remark.")
    return issue


def open_issues(annotation: Annotation) -> QuerySet[Issue]:
    """Unresolved remarks on an annotation."""
    return Issue.objects.filter(
        review__revision__annotation=annotation, resolved_at__isnull=True
    ).order_by("id")


def last_review(annotation: Annotation) -> Review | None:
    """The newest decision on an annotation."""
    return (
        Review.objects.filter(revision__annotation=annotation)
        .select_related("reviewer")
        .order_by("-id")
        .first()
    )


def visible_suggestion(user: User, image: Image) -> Suggestion | None:
    """The current pre-label of an image, where the person may see it."""
    if not can_see_suggestion(user, image):
        return None
    return current_suggestion(image)


def current_suggestion(image: Image) -> Suggestion | None:
    """The current pre-label of an image."""
    return Suggestion.objects.filter(
        image=image, hidden=False, state=Suggestion.State.CURRENT
    ).first()
