"""What the gate's part of the model page, the promotion page and the planner show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from annotation.selectors import locks
from core import plots
from domain.errors import Refused
from domain.gate import Check, GateConfiguration
from domain.power import ClassSpread, ErrorSpread, PlanRow, Spreads, plan
from inference.models import ModelVersion, Purpose
from inference.selectors import pointers
from training.models import Confirmation, GateDecision
from training.selectors import confirmations, evaluations, gate_decisions, shadow
from training.selectors.evaluations import DEVELOPMENT
from training.selectors.shadow import Shadow
from training.services import judging

if TYPE_CHECKING:
    from annotation.selectors.locks import LockState

TITLES = {Purpose.PRE_LABEL: "For pre-labels", Purpose.MEASUREMENT: "For measurement"}
RESTS_ON = {
    Purpose.PRE_LABEL: "Development subjects; no look is spent.",
    Purpose.MEASUREMENT: "The locked test set; every figure in a report comes from this model.",
}
MEAN_OF_SUBJECTS = (
    "Mean over subjects of the mean of each one's images on selected takes, of every visit and "
    "side."
)
GOOD = frozenset({"win", "not worse", "floor reached"})
BAD = frozenset({"loss", "blocked", "floor missed"})
SIZES = (8, 12, 19, 25, 30, 40, 60, 94)
"""Locks that a study of this kind might seal; 19 is a fifth of 94 subjects."""


@dataclass(frozen=True)
class Proof:
    """How a model stands for one purpose.

    `missing` says why there is no judgement yet; `kept` is the decision by which it serves.
    """

    purpose: Purpose
    title: str
    rests_on: str
    serves: bool
    current: ModelVersion | None
    judgement: judging.Judgement | None
    missing: str
    figure: plots.Figure | None
    kept: GateDecision | None

    @property
    def state(self) -> str:
        """The verdict in a word, and what stands in its place."""
        if self.serves:
            return "serves"
        return str(self.judgement.decision.verdict) if self.judgement else "not decided"

    @property
    def state_class(self) -> str:
        """The colour of the word."""
        if self.serves or self.state in GOOD:
            return "good"
        return "bad" if self.state in BAD else "warn"

    @property
    def promotes(self) -> bool:
        """Whether the pointer may be moved now."""
        return not self.serves and self.judgement is not None and self.judgement.decision.promotes

    @property
    def confirmation(self) -> str:
        """Whether somebody had looked at pictures when it began to serve, in words."""
        return gate_decisions.confirmation_in_words(self.kept) if self.kept else ""

    @property
    def checks(self) -> Sequence[Check]:
        """The rules that say something about this model."""
        if self.judgement is None:
            return ()
        return [one for one in self.judgement.decision.checks if one.passed is not None
                or one.undecided or one.n_cut]  # fmt: skip


@dataclass(frozen=True)
class GatePanel:
    """Both proofs of a model with the lock, the person's confirmation and the way back."""

    pre_label: Proof
    measurement: Proof
    lock: LockState | None
    confirmation: Confirmation | None
    takes_back_to: str
    shadow: Shadow | None
    is_cross_validated: bool

    @property
    def proofs(self) -> tuple[Proof, Proof]:
        """The weaker proof first."""
        return self.pre_label, self.measurement

    @property
    def may_promote(self) -> bool:
        """Whether a person may promote the model for anything, or spend a look to find out."""
        return any(one.promotes for one in self.proofs) or self.earns_a_look

    @property
    def earns_a_look(self) -> bool:
        """Whether the lock may be opened for this model: it makes pre-labels, or might."""
        return (
            self.lock is not None
            and self.lock.looks_left > 0
            and not self.measurement.serves
            and self.measurement.judgement is None
            and (self.pre_label.serves or self.pre_label.promotes)
        )

    @property
    def lacks_cross_validation(self) -> bool:
        """Whether the folds are missing: this model's, or those it is to be compared with."""
        proof = self.pre_label
        compared = proof.serves or proof.current is None or proof.judgement is not None
        return not (self.is_cross_validated and compared)

    @property
    def serves(self) -> bool:
        """Whether the model serves for anything."""
        return any(one.serves for one in self.proofs)

    @property
    def figures(self) -> list[plots.Figure]:
        """The plots of both proofs."""
        return [one.figure for one in self.proofs if one.figure is not None]


def panel(model: ModelVersion) -> GatePanel:
    """How the model stands against both gates; opens nothing."""
    current, earlier = pointers.current_and_earlier(model.site, Purpose.PRE_LABEL)
    return GatePanel(
        _proof(Purpose.PRE_LABEL, model),
        _proof(Purpose.MEASUREMENT, model),
        locks.lock_state(model.site),
        confirmations.complete(model),
        earlier.name if earlier else "no model" if current else "",
        shadow.of_model(model),
        evaluations.standing(model, DEVELOPMENT) is not None,
    )


def difference(numbers: Mapping[str, Any], purpose: str) -> plots.Figure | None:
    """The mean difference of all and of subgroups with intervals; None for a first model.

    `numbers` are those of a `domain.gate.Decision`, fresh or as they were kept.
    """
    if numbers.get("mean_difference") is None or numbers.get("ci95") is None:
        return None
    low, high = numbers["ci95"]
    rows = [plots.Row("all subjects", numbers["mean_difference"], low, high, numbers["n_subjects"])]
    rows += [
        plots.Row(
            f"{one['grouping']}: {one['group']}",
            one["mean_difference"],
            one["ci95"][0],
            one["ci95"][1],
            one["n_subjects"],
        )
        for one in numbers.get("subgroups", ())
        if one["ci95"] is not None
    ]
    figure = plots.forest(
        f"gate-{purpose}",
        "This model minus the current one",
        rows,
        value_label="Difference in Dice",
    )
    return replace(figure, sample=MEAN_OF_SUBJECTS)


def planned(
    *,
    dice_sd: float,
    hd95_sd: float,
    csa_sd: float,
    mt_sd: float,
    labels: int,
    label_sd: float,
    failures: float,
    icc: float,
    looks: int,
) -> list[PlanRow]:
    """The planner's rows; two thirds of an error's spread differ between models of one truth."""
    values = GateConfiguration(looks=looks)
    spreads = Spreads(
        dice=dice_sd,
        hd95=hd95_sd,
        hd95_margin=values.hd95_margin_mm,
        csa=ErrorSpread(csa_sd, csa_sd * 2 / 3, values.csa_margin_percent),
        mt=ErrorSpread(mt_sd, mt_sd * 2 / 3, values.mt_margin_percent),
        classes=ClassSpread(labels, label_sd) if labels > 1 else None,
        failures=failures / 100,
    )
    return plan(SIZES, spreads, values, csa_sd=csa_sd, icc=icc)


def _proof(purpose: Purpose, model: ModelVersion) -> Proof:
    current = pointers.current_model(model.site, purpose)
    serves = current == model
    judgement, missing = (None, "") if serves else _judged(purpose, model)
    return Proof(
        purpose,
        TITLES[purpose],
        RESTS_ON[purpose],
        serves,
        current,
        judgement,
        missing,
        difference(judgement.numbers(), purpose) if judgement else None,
        gate_decisions.newest(model, purpose) if serves else None,
    )


def _judged(purpose: Purpose, model: ModelVersion) -> tuple[judging.Judgement | None, str]:
    decide = {
        Purpose.PRE_LABEL: judging.decide_pre_label,
        Purpose.MEASUREMENT: judging.decide_measurement,
    }[purpose]
    try:
        return decide(model), ""
    except Refused as refusal:
        return None, str(refusal)
