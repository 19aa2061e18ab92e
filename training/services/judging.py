"""What the gate says about a model, read from stored evaluations: nothing is opened or moved.

Two proofs: `decide_pre_label` on the development subjects, `decide_measurement` on the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from annotation.selectors import locks, subgroups
from domain import gate
from domain.errors import Refused
from domain.gate import Fact, GateConfiguration
from domain.power import PLAUSIBLE_GAINS, gate_power
from inference.models import Purpose
from inference.selectors.pointers import current_model
from inference.selectors.versions import file_is_as_registered
from training.comparing import figures_of, on_same_images
from training.models import GateDecision
from training.scoring import SCORING_VERSION
from training.selectors import evaluations, gate_configurations
from training.selectors.evaluations import DEVELOPMENT, OUT_OF_FOLD, VALIDATION
from training.services import gate_configurations as configuring

if TYPE_CHECKING:
    from annotation.models import Lock
    from core.models import User
    from inference.models import ModelVersion
    from training.models import Evaluation, GateConfigurationVersion
    from training.services.confirmations import OnPictures
    from training.summarising import Row

QUANTITY = "dice"


@dataclass(frozen=True)
class Judgement:
    """A decision with all that it rests on; `current` None: the site's first model."""

    purpose: str
    model: ModelVersion
    current: ModelVersion | None
    decision: gate.Decision
    values: GateConfiguration
    version: GateConfigurationVersion | None
    evaluation: Evaluation
    current_evaluation: Evaluation | None
    lock: Lock | None = None
    look: int | None = None
    power: tuple[tuple[float, float], ...] = ()

    @property
    def looks(self) -> int | None:
        """How many looks the lock allows."""
        return self.lock.look_budget if self.lock else None

    @property
    def p_value(self) -> str:
        """The exact p of a claim on the lock, in words; empty where nothing is claimed."""
        return "" if self.lock is None else in_words(self.decision.p_value, 4)

    @property
    def false_claim(self) -> str:
        """The probability that the claimed gain is none, in words; empty where none is claimed."""
        return "" if self.lock is None else in_words(self.decision.false_claim_probability, 3)

    @property
    def percent_power(self) -> list[tuple[float, int]]:
        """Each plausible gain with its chance to pass the gate, in whole per cent."""
        return [(gain, round(100 * chance)) for gain, chance in self.power]

    def numbers(self) -> dict[str, Any]:
        """The decision as it is kept, and as `promote --json` prints it."""
        return {
            **asdict(self.decision),
            "quantity": QUANTITY,
            "purpose": self.purpose,
            "floor": self.model.site.dice_floor,
            "lock": self.lock.digest if self.lock else None,
            "lock_version": self.lock.version if self.lock else None,
            "metrics_version": self.evaluation.metrics_version,
            "look": self.look,
            "looks": self.look,
            "look_budget": self.looks,
            "evaluation": self.evaluation.pk,
            "current": self.current.name if self.current else None,
            "current_evaluation": self.current_evaluation.pk if self.current_evaluation else None,
            "configuration": self.values.as_json(),
            "configuration_version": self.version.number if self.version else 1,
            "power": [list(pair) for pair in self.power],
        }


def decide_pre_label(model: ModelVersion, facts: Sequence[Fact] = ()) -> Judgement:
    """May the model make pre-labels? On development subjects; a first model on validation.

    `facts`: what must be so besides what is always looked at. Raises Refused where an evaluation
    that it needs is not there, saying which.
    """
    current = current_model(model.site, Purpose.PRE_LABEL)
    version = gate_configurations.of_model(model)
    values = gate_configurations.values_of(version)
    if current is None:
        evaluation = _needed(model, VALIDATION)
        figures = figures_of(evaluations.rows_of(evaluation))
        decision = gate.first_model(
            figures.dice,
            model.site.dice_floor,
            values,
            facts=[*_file_facts(model), _scale_fact(evaluation), *facts],
        )
        return Judgement(
            Purpose.PRE_LABEL, model, None, decision, values, version, evaluation, None
        )
    evaluation, serving = _needed(model, DEVELOPMENT), _needed(current, DEVELOPMENT)
    shared, serving_shared = on_same_images(
        evaluations.rows_of(evaluation), evaluations.rows_of(serving)
    )
    changed = {*evaluations.changed_since(evaluation), *evaluations.changed_since(serving)}
    rows, serving_rows = (
        [row for row in found if row.image_id not in changed] for found in (shared, serving_shared)
    )
    decision = gate.compare_for_pre_labels(
        figures_of(rows, model.site.area_unit),
        figures_of(serving_rows, model.site.area_unit),
        values,
        facts=[
            *_file_facts(model, current),
            _same_metrics(evaluation, serving),
            _without_changed(len(_images(shared) & changed)),
            _unseen(model, evaluation),
            _unseen(current, serving),
            *facts,
        ],
    )
    return Judgement(
        Purpose.PRE_LABEL, model, current, decision, values, version, evaluation, serving
    )


def decide_measurement(model: ModelVersion, facts: Sequence[Fact] = ()) -> Judgement:
    """May the model measure? On the newest lock, by evaluations that are stored.

    `facts`: what must be so besides what is always looked at. Raises Refused where the test set is
    not locked, or either model was not evaluated on it.
    """
    lock = locks.current_lock(model.site)
    if lock is None:
        raise Refused(
            f"The test references of {model.site.slug} are not locked: seal them first, then "
            "promote."
        )
    current = current_model(model.site, Purpose.MEASUREMENT)
    version = gate_configurations.of_model(model)
    values = gate_configurations.values_of(version).for_looks(lock.look_budget)
    evaluation = _on_lock(model, lock)
    serving = _on_lock(current, lock) if current else None
    rows = evaluations.rows_of(evaluation)
    decision, power = (
        _first(model, rows, evaluation, values, facts)
        if current is None or serving is None
        else _against(model, current, rows, evaluations.rows_of(serving), evaluation, serving,
                      values, facts)
    )  # fmt: skip
    return Judgement(
        Purpose.MEASUREMENT, model, current, decision, values, version, evaluation, serving,
        lock, locks.looks_at(lock), power,
    )  # fmt: skip


def keep(
    judgement: Judgement, actor: User | None, pictures: OnPictures | None = None
) -> GateDecision:
    """Append the decision to the history of the gate; `pictures` where it moves a pointer."""
    return GateDecision.objects.create(
        model=judgement.model,
        current=judgement.current,
        purpose=judgement.purpose,
        verdict=judgement.decision.verdict,
        promotes=judgement.decision.promotes,
        numbers=judgement.numbers(),
        configuration=judgement.version or configuring.in_force(judgement.model.site),
        evaluation=judgement.evaluation,
        current_evaluation=judgement.current_evaluation,
        lock=judgement.lock,
        look=judgement.look,
        looks=judgement.looks,
        confirmation=pictures.confirmation if pictures else None,
        unconfirmed=pictures.unconfirmed if pictures else "",
        actor=actor,
    )


def in_words(probability: float | None, places: int) -> str:
    """A probability with so many places, `below 0.001` in place of 0.000; empty for None."""
    if probability is None:
        return ""
    least = 10.0**-places
    return f"{probability:.{places}f}" if probability >= least else f"below {least:.{places}f}"


def _first(
    model: ModelVersion,
    rows: Sequence[Row],
    evaluation: Evaluation,
    values: GateConfiguration,
    more: Sequence[Fact],
) -> tuple[gate.Decision, tuple[tuple[float, float], ...]]:
    facts = [*_file_facts(model), _scale_fact(evaluation), _no_leak(model, rows), *more]
    dice = figures_of(rows).dice
    return gate.first_model(dice, model.site.dice_floor, values, facts=facts), ()


def _against(
    model: ModelVersion,
    current: ModelVersion,
    rows: Sequence[Row],
    serving_rows: Sequence[Row],
    evaluation: Evaluation,
    serving: Evaluation,
    values: GateConfiguration,
    more: Sequence[Fact],
) -> tuple[gate.Decision, tuple[tuple[float, float], ...]]:
    area_unit = model.site.area_unit
    candidate, before = figures_of(rows, area_unit), figures_of(serving_rows, area_unit)
    facts = [
        *_file_facts(model, current),
        Fact("The same locked scans for both", _images(rows) == _images(serving_rows)),
        _same_metrics(evaluation, serving),
        _scale_fact(evaluation),
        _scale_fact(serving),
        _no_leak(model, rows),
        *more,
    ]
    decision = gate.compare(
        candidate, before, values, facts=facts, groupings=subgroups.groupings(_images(rows))
    )
    if decision.n_subjects < 2:
        return decision, ()
    spreads = gate.spreads_of(candidate, before, values)
    chances = gate_power(decision.n_subjects, PLAUSIBLE_GAINS, spreads, values)
    return decision, tuple(zip(PLAUSIBLE_GAINS, chances, strict=True))


def _needed(model: ModelVersion, partition: str) -> Evaluation:
    found = evaluations.standing(model, partition)
    if found is not None:
        return found
    by_now = _by_metrics_of_now(evaluations.newest(model, partition))
    if partition == VALIDATION:
        raise Refused(
            f"{model.name} has not been evaluated on validation{by_now}: evaluate it, then promote."
        )
    raise Refused(
        f"{model.name} has not been cross-validated on the development subjects{by_now}: start it "
        "on the candidate's page (or `cross_validate`), wait until it is done, then promote."
    )


def _by_metrics_of_now(earlier: Evaluation | None) -> str:
    """Words for what an earlier evaluation is not; none where there is none."""
    if earlier is None:
        return ""
    return f" by {SCORING_VERSION}, only by {earlier.metrics_version}, which decides nothing now"


def _on_lock(model: ModelVersion, lock: Lock) -> Evaluation:
    found = evaluations.on_lock(model, lock)
    if found is None:
        by_now = _by_metrics_of_now(model.evaluations.filter(lock=lock).first())
        raise Refused(
            f"{model.name} has not been evaluated on version {lock.version} of the locked test set"
            f"{by_now}."
        )
    return found


def _file_facts(*models: ModelVersion) -> list[Fact]:
    return [
        Fact(f"The file of {model.name} is as registered", file_is_as_registered(model))
        for model in models
    ]


def _without_changed(changed: int) -> Fact:
    """Development scans that changed since either model was measured are compared no more: an
    out-of-fold evaluation keeps the scales of its snapshot, and is not repeated under others."""
    scans = "1 scan that has" if changed == 1 else f"{changed} scans that have"
    return Fact(
        "Only scans measured under the scales that hold now",
        True,
        f"yes, without {scans} another scale, selected take or measured frame since"
        if changed
        else "",
    )


def _scale_fact(judged: Evaluation) -> Fact:
    """Whether an evaluation was measured under the scales, takes and frames that hold now."""
    title = f"{judged.model.name} was measured under the scales that hold now"
    changed = len(evaluations.changed_since(judged))
    if not changed:
        return Fact(title, True)
    scans = "1 scan has" if changed == 1 else f"{changed} scans have"
    return Fact(
        title,
        False,
        f"{scans} another scale, selected take or measured frame since: evaluate it again",
    )


def _same_metrics(evaluation: Evaluation, serving: Evaluation) -> Fact:
    versions = sorted({evaluation.metrics_version, serving.metrics_version})
    return Fact("Measured by one version of the metrics", len(versions) == 1, ", ".join(versions))


def _unseen(model: ModelVersion, evaluation: Evaluation) -> Fact:
    """A model of ours is judged out of fold; of one made elsewhere nobody knows what it saw."""
    title = f"{model.name} had not learnt from the subjects it is judged on"
    if getattr(model, "run", None) is None:
        return Fact(title, True, "made elsewhere: not known")
    return Fact(title, evaluation.summary.get("how") == OUT_OF_FOLD, "")


def _no_leak(model: ModelVersion, rows: Sequence[Row]) -> Fact:
    title = "No locked subject in the snapshot it learnt from"
    run = getattr(model, "run", None)
    if run is None:
        return Fact(title, True, "made elsewhere: not known")
    learnt = {item["subject"] for item in run.snapshot.manifest["items"]}
    shared = sorted(learnt & {row.subject for row in rows})
    return Fact(title, not shared, ", ".join(shared[:5]))


def _images(rows: Sequence[Row]) -> set[int]:
    return {row.image_id for row in rows}
