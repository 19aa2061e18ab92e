"""Starting and changing studies."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from annotation.models import Study
from annotation.selectors.studies import known_study
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput


def create(name: str, title: str = "", *, actor: User | None) -> Study:
    """A new study; whoever starts it becomes its admin."""
    from annotation.services import members

    try:
        validate_slug(name)
    except ValidationError as error:
        raise InvalidInput(
            f"{name!r} is no study name: use letters, digits, hyphens and underscores."
        ) from error
    try:
        with transaction.atomic():
            study = Study.objects.create(name=name, title=title or name)
            audit.record("study started", actor=actor, target=study, scope=name)
            if actor is not None:
                members.add(study, actor, "admin", actor=None)
    except IntegrityError as error:
        raise Conflict(f"There is a study {name!r} already. Choose another name.") from error
    return study


def get_or_create(name: str, *, actor: User | None) -> Study:
    """The study of that name, started if it is not there."""
    return known_study(name) or create(name, actor=actor)
