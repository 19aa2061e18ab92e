"""Reading model versions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from annotation.policies import is_member
from core.data import models_directory
from domain.errors import NotFound
from inference.models import ModelVersion

if TYPE_CHECKING:
    from annotation.models import Site, Study
    from core.models import User

NAME = re.compile(r"(?P<slug>[-\w]+)-v(?P<number>\d{1,9})")


def of_study(study: Study) -> QuerySet[ModelVersion]:
    """The study's model versions, newest first."""
    return ModelVersion.objects.filter(site__study=study).select_related("site__study")


def of_study_with_id(study: Study, model_id: int) -> ModelVersion:
    """A model version of this study by its key. Raises NotFound."""
    model = of_study(study).filter(pk=model_id).first()
    if model is None:
        raise NotFound("There is no such model.")
    return model


def named(study: Study, name: str) -> ModelVersion:
    """The study's model of this name (`rectus-femoris-v3`) or hash. Raises NotFound."""
    models = of_study(study)
    found = NAME.fullmatch(name)
    if found:
        model = models.filter(site__slug=found["slug"], number=int(found["number"])).first()
    else:
        model = models.filter(sha256=name).first()
    if model is None:
        known = ", ".join(one.name for one in models[:20]) or "none yet"
        raise NotFound(f"The study {study.name} has no model {name!r} (its models: {known}).")
    return model


def newest_of_site(site: Site) -> ModelVersion:
    """The site's newest model version. Raises NotFound where it has none."""
    model = ModelVersion.objects.filter(site=site).select_related("site__study").first()
    if model is None:
        raise NotFound(f"{site.slug} has no model yet.")
    return model


def visible_model(user: User, model_id: int) -> ModelVersion:
    """A model version by its key, if `user` is of its study. Raises NotFound."""
    model = model_with_id(model_id)
    if not is_member(user, model.site.study):
        raise NotFound("There is no such model.")
    return model


def model_with_id(model_id: int) -> ModelVersion:
    """A model version by its key. Raises NotFound."""
    model = ModelVersion.objects.select_related("site__study").filter(pk=model_id).first()
    if model is None:
        raise NotFound("There is no such model.")
    return model


def file_is_as_registered(model: ModelVersion) -> bool:
    """Whether the model's file is there and still has the SHA-256 that names it."""
    path = models_directory() / f"{model.sha256}.onnx"
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == model.sha256
