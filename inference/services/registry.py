"""Registering models: two files written once, and the row that names them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from annotation.selectors.labels import current_labels
from core import events
from core.data import models_directory
from core.durable import write_file
from core.services import audit
from domain.errors import Conflict, InvalidInput
from inference import runtime
from inference.card import Card, read_card
from inference.models import ModelVersion

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User


def register(
    site: Site, onnx: bytes, card: dict[str, Any], *, run_label: str = "", actor: User | None
) -> ModelVersion:
    """Check a model against its card and keep both; answers the site's next model version.

    The files are `SHA256.onnx` and `SHA256.json` in the data directory's `models`. Registering the
    same model with the same card again answers the version that is there. Raises InvalidInput for
    a card that is malformed, lies about the file, or names another site or labels that the site
    does not have; Conflict where the file is registered with another card.
    """
    checked = read_card(card)
    _check_site(checked, site)
    runtime.load(onnx, checked)
    existing = ModelVersion.objects.filter(site=site, sha256=checked.sha256).first()
    if existing is not None:
        return _same_or_conflict(existing, card)
    _write_once(checked.sha256, onnx, card)
    with transaction.atomic():
        model = ModelVersion.objects.create(
            site=site,
            number=_next_number(site),
            family=checked.family,
            sha256=checked.sha256,
            card=card,
            run_label=run_label,
            registered_by=actor,
        )
        audit.record(
            "model registered",
            actor=actor,
            target=model,
            scope=site.study.name,
            model=model.name,
            sha256=model.sha256,
            snapshot=checked.snapshot_digest,
            run=run_label,
        )
        events.publish("model_registered", model_id=model.pk)
    return model


def _check_site(card: Card, site: Site) -> None:
    if card.site != site.slug:
        raise InvalidInput(f"The model's card is for the site {card.site!r}, not {site.slug!r}.")
    known = list(site.labels.values_list("name", flat=True))
    unknown = [label for label in current_labels(site, card.labels) if label not in known]
    if unknown:
        raise InvalidInput(
            f"The model draws {', '.join(unknown)}; the site {site.slug} has only"
            f" {', '.join(known) or 'no label yet'}."
        )


def _next_number(site: Site) -> int:
    newest = ModelVersion.objects.filter(site=site).aggregate(Max("number"))["number__max"]
    return (newest or 0) + 1


def _same_or_conflict(existing: ModelVersion, card: dict[str, Any]) -> ModelVersion:
    if existing.card != card:
        raise Conflict(f"This model is registered as {existing.name} with another card.")
    return existing


def _write_once(sha256: str, onnx: bytes, card: dict[str, Any]) -> None:
    """The model before its card, so that a card never names a file that is not there."""
    model_path = models_directory() / f"{sha256}.onnx"
    card_path = models_directory() / f"{sha256}.json"
    content = (json.dumps(card, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    if card_path.exists() and card_path.read_bytes() != content:
        raise Conflict("This model is registered with another card.")
    if not model_path.exists() or _sha256(model_path.read_bytes()) != sha256:
        write_file(model_path, onnx)
    write_file(card_path, content)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
