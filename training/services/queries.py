"""Query rounds: which scans to outline next, chosen by a strategy, kept with their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import images, pool
from annotation.services import assignments
from core import files
from core.services import audit
from domain import acquisition
from domain.errors import InvalidInput
from inference.selectors.pointers import current_model
from inference.services import prediction
from training.models import Pick, QueryRound
from training.selectors import replays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from annotation.models import Image, Site
    from core.models import User
    from inference.models import ModelVersion

LARGEST_SEED = 2**31 - 1


def next_round(
    site: Site,
    *,
    strategy: str | None = None,
    size: int = 10,
    seed: int = 1,
    noise: bool = False,
    actor: User | None,
) -> QueryRound:
    """Choose up to `size` scans, at most one of a subject, and give them rank and reason.

    The pool holds the scans that nobody works on, without those of test and external subjects
    and their pictures under other names. `strategy` None: by the current model's entropy, or by
    typicality where the site has no model. An empty pool is a round without picks. Raises
    NotAllowed for all but admins (None is the system itself), InvalidInput for an unknown
    strategy, a size below 1, a seed out of range, or entropy without a model.
    """
    if actor is not None:
        require_admin(actor, site.study)
    if not 0 <= seed <= LARGEST_SEED:
        raise InvalidInput(f"The seed is a whole number from 0 to {LARGEST_SEED}.")
    model = current_model(site)
    strategy = strategy or default_strategy(site)
    if strategy in acquisition.NEEDS_MODEL and model is None:
        raise InvalidInput(f"{site.slug} has no current model yet: use typicality or random.")
    waiting = {str(image.pk): image for image in pool.query_candidates(site)}
    scoring = model if strategy in acquisition.NEEDS_MODEL else None
    earlier = QueryRound.objects.filter(site=site, strategy=strategy).count()
    picks = acquisition.rank(
        [_candidate(key, image, scoring) for key, image in waiting.items()],
        size,
        seed,
        strategy=strategy,
        labelled=list(_outlined(site)) if waiting and strategy != "random" else [],
        sharpness=acquisition.sharpness_of(earlier + 1) if noise and scoring else None,
    )
    return _keep(site, strategy, seed, scoring, waiting, picks, actor)


def default_strategy(site: Site) -> str:
    """What is asked for where nobody says: by what the site's newest replay showed.

    Where chance did as well, chance. Else typical scans below 15 outlined subjects or without a
    model, then uncertainty, label by label on a site with several.
    """
    if not replays.strategy_helps(site):
        return "random"
    few = len(pool.training_subjects(site)) < acquisition.COLD_START_SUBJECTS
    if few or current_model(site) is None:
        return "typicality"
    several = site.labels.filter(retired=False).count() > 1
    return "stratified" if several else "entropy"


def as_json(chosen: QueryRound) -> dict[str, Any]:
    """The round as `next_scans --json` prints it."""
    return {
        "round": chosen.pk,
        "site": chosen.site.slug,
        "strategy": chosen.strategy,
        "seed": chosen.seed,
        "pool_size": chosen.pool_size,
        "model": chosen.model.name if chosen.model else None,
        "picks": [
            {
                "rank": pick.rank,
                "image": pick.image_id,
                "subject": pick.image.subject.code,
                "score": pick.score,
                "reason": pick.reason,
                "share": pick.share,
            }
            for pick in chosen.picks.select_related("image__subject").order_by("rank")
        ],
    }


def _candidate(key: str, image: Image, model: ModelVersion | None) -> acquisition.Candidate:
    pixels = images.pixels(image)
    appearance = acquisition.appearance(pixels)
    if model is None:
        return acquisition.Candidate(key, image.subject.code, appearance)
    probability = prediction.probability_of(model, pixels, images.spacing_of(image))
    return acquisition.Candidate(
        key,
        image.subject.code,
        appearance,
        acquisition.mean_entropy(probability),
        acquisition.label_entropies(probability, prediction.card_of(model).labels),
    )


def _outlined(site: Site) -> Iterator[NDArray[Any]]:
    for item in pool.training_items(site):
        yield acquisition.appearance(images.decode_stored_png(files.read(item.file_sha256)))


def _keep(
    site: Site,
    strategy: str,
    seed: int,
    model: ModelVersion | None,
    waiting: dict[str, Image],
    picks: Sequence[acquisition.Pick],
    actor: User | None,
) -> QueryRound:
    with transaction.atomic():
        chosen = QueryRound.objects.create(
            site=site,
            strategy=strategy,
            seed=seed,
            pool_size=len(waiting),
            model=model,
            created_by=actor,
        )
        assignments.forget_ranks(site)
        for pick in picks:
            image = waiting[pick.candidate.key]
            Pick.objects.create(
                round=chosen,
                image=image,
                rank=pick.rank,
                score=pick.score,
                reason=pick.reason,
                share=pick.share,
            )
            assignments.ask(image, rank=pick.rank, reason=pick.reason)
        audit.record(
            "scans chosen",
            actor=actor,
            target=chosen,
            scope=site.study.name,
            site=site.slug,
            strategy=strategy,
            seed=seed,
            pool=len(waiting),
            picks=len(picks),
        )
    return chosen
