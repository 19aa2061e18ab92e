"""The report of a model in words, tables, plots and pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse

from annotation.selectors.thumbnails import Thumbnail
from core.numbers import interval, number
from core.reports.document import (
    Block,
    Column,
    Contour,
    Document,
    Facts,
    Picture,
    Pictures,
    Plot,
    Section,
    Table,
    Text,
    counted,
    moment,
)
from training.reports.model_report import (
    CaseFacts,
    DecisionFacts,
    EvaluationFacts,
    LockFacts,
    ModelReport,
    Move,
    ProofFacts,
    RunFacts,
    TestPictures,
)
from training.reports.words import MOVES, duration, quantities, with_sd
from training.selectors import confirmations
from training.selectors.evaluations import DEVELOPMENT, TEST, VALIDATION
from training.services.judging import in_words

HEADINGS = {
    TEST: "Locked test subjects",
    VALIDATION: "Validation subjects",
    DEVELOPMENT: "Development subjects",
}
SINGLE_READINGS = (
    "These references rest on single readings or on readings approved outside: how far two readers "
    "would differ is part of every error below."
)
HOW_TO_READ = (
    "Image, then mean over a subject's images, then mean over subjects. Intervals resample "
    "subjects. Errors are predicted minus reference; of a sweep, CSA and thickness on the "
    "reference's measured frame."
)
CLOSED = (
    "Closed. Once, for this report, an expert or admin may open those on which the model does "
    "worst and those that changed most; it is an entry in the ledger and costs a look."
)
HOLDS = {True: "yes", False: "no", None: "not known"}


def document_of(report: ModelReport) -> Document:
    """The whole report, the decision first."""
    model = report.model
    sections = [
        Section("In short", _in_short(report)),
        *(_proof(report, proof) for proof in report.proofs),
        Section("Locked test set", _lock(report)),
        Section("What it is", _identity(report)),
        *(_evaluation(one) for one in report.evaluations),
        *([_worst(report)] if report.worst_cases else []),
        *([_test_pictures(report, report.test_pictures)] if report.test_pictures else []),
        *([Section("How it was trained", _run(report.run))] if report.run else []),
        Section(f"What has served {model.site_name}", [lineage(report.lineage)]),
    ]
    return Document(
        title=f"Report of {model.name}",
        subtitle=f"{model.site_name}, {model.study_title}.",
        dated=report.dated,
        sections=sections,
    )


def lineage(moves: Sequence[Move]) -> Block:
    """Every move of a site's pointers, newest first."""
    if not moves:
        return Text("No model has served yet.", "soft")
    rows = [
        [
            moment(one.at),
            f"{one.purpose}: {'back to ' if one.kind == 'rollback' else ''}{one.model}",
            one.previous,
            one.by,
            one.reason,
        ]
        for one in moves
    ]
    return Table("", MOVES, rows)


def lock_words(lock: LockFacts) -> list[Block]:
    """What a lock seals and what that rests on, with its whole digest."""
    facts = Facts(
        [
            (
                "Locked test set",
                f"version {lock.version}, {counted(lock.n_images, 'scan')} of "
                f"{counted(lock.n_subjects, 'subject')}",
            ),
            ("Digest", lock.digest),
            ("References", lock.basis),
            ("Sealed", f"{moment(lock.sealed_at)} by {lock.sealed_by}"),
            ("Looks", f"{lock.n_looks} of {lock.look_budget} taken"),
        ]
    )
    warning = [Text(SINGLE_READINGS, "warning")] if lock.rests_on_single_readings else []
    return [facts, *warning]


def _in_short(report: ModelReport) -> list[Block]:
    facts = [(proof.title, _state_and_verdict(proof)) for proof in report.proofs]
    facts += [
        (f"Dice, {HEADINGS[one.partition].lower()}", _dice(one.summary["dice"]))
        for one in report.evaluations
        if one.summary.get("dice")
    ]
    blocks: list[Block] = [Facts(facts)]
    if not report.evaluations:
        blocks.append(Text("It was not evaluated yet.", "soft"))
    if confirmed := report.confirmation:
        remark = f": {confirmed.remark}" if confirmed.remark else ""
        blocks.append(
            Text(
                f"Confirmed on {counted(confirmed.images, 'picture')} from validation by "
                f"{confirmed.by}, {moment(confirmed.at)}{remark}."
            )
        )
    if (shadow := report.shadow) and shadow.dice is not None:
        blocks.append(
            Text(
                f"Beside {shadow.previous}, on {shadow.n_scans} of the next {shadow.wanted} "
                f"corrected scans: correction Dice {number(shadow.dice, 3)}, before "
                f"{number(shadow.previous_dice, 3)}; 95 % interval of the difference "
                f"{interval(shadow.ci95, 3, sign=True)}. They were corrected from this model's "
                "pre-label, which favours it."
            )
        )
    return blocks


def _state(proof: ProofFacts) -> str:
    """Whether it serves; of a model that was decided and does not, how it was decided too."""
    decided = proof.decision is not None and proof.decision.kept
    return f"{proof.state}; does not serve now" if decided and not proof.serves else proof.state


def _state_and_verdict(proof: ProofFacts) -> str:
    """The same, of a model that serves by which verdict."""
    verdict = proof.decision.verdict if proof.decision and proof.serves else ""
    return f"{_state(proof)}; decided: {verdict}" if verdict else _state(proof)


def _dice(figures: Mapping[str, Any]) -> str:
    found = interval(figures["ci95"], 3)
    known = f"95 % interval {found}" if figures["ci95"] else f"{found} for an interval"
    return f"{with_sd(figures, 3)}, {known}, n = {counted(figures['n_subjects'], 'subject')}"


def _lock(report: ModelReport) -> list[Block]:
    if report.lock is None:
        said = (
            f"The test references of {report.model.site_name} are not sealed: a model may make "
            "pre-labels, but measures nothing."
        )
        return [Text(said, "warning")]
    return [*lock_words(report.lock), _ledger(report.lock)]


def _ledger(lock: LockFacts) -> Block:
    if not lock.ledger:
        return Text("Nobody has looked at it yet.", "soft")
    rows = [[f"{one.number}", moment(one.at), one.by, one.purpose] for one in lock.ledger]
    columns = [Column("Look"), Column("When"), Column("Who"), Column("What for")]
    return Table("Every look at the locked test set, those that failed included", columns, rows)


def _proof(report: ModelReport, proof: ProofFacts) -> Section:
    decision = proof.decision
    title = f"{proof.title}: {_state(proof)}"
    rests_on = Text(proof.rests_on, "soft")
    if decision is None:
        return Section(title, [Text(proof.missing or "It was not decided."), rests_on])
    checks = _checks(decision)
    return Section(
        title,
        [
            Facts(_decision(report, decision)),
            *([Text(f"Not decided anew. {proof.missing}")] if proof.missing else []),
            rests_on,
            *([checks] if checks.rows else []),
            *([Plot(proof.figure)] if proof.figure else []),
            *([_earlier(proof)] if proof.earlier else []),
        ],
    )


def _decision(report: ModelReport, decision: DecisionFacts) -> list[tuple[str, str]]:
    numbers = decision.numbers
    floor = f"the site's floor, mean Dice {number(numbers.get('floor'), 2)}"
    facts = [
        ("Verdict", f"{decision.verdict.capitalize()}. {numbers['reason']}"),
        (
            "Decided",
            f"{moment(decision.at)}, {decision.by}"
            if decision.kept
            else "not yet: this is how it stands",
        ),
        ("Compared with", decision.compared_with or floor),
        ("Subjects", str(numbers["n_subjects"])),
    ]
    if decision.confirmed_by:
        facts.append(("Confirmed on pictures", f"by {decision.confirmed_by}"))
    elif decision.unconfirmed:
        facts.append(("Confirmed on pictures", f"no: {decision.unconfirmed}"))
    if decision.lock_digest:
        facts += [
            ("Look", f"{decision.look} of {decision.looks} at version {decision.lock_version}"),
            ("Lock digest", decision.lock_digest),
        ]
        facts += _claim(numbers)
    facts.append(("Rule", f"version {numbers.get('configuration_version', 1)}"))
    return facts


def _claim(numbers: Any) -> list[tuple[str, str]]:
    """What a claim on the lock could show, and how likely it is none."""
    facts = []
    if numbers.get("p_value") is not None:
        asked = f"below {numbers['alpha']:g} is asked, the error of one look"
        facts.append(("Exact p", f"{in_words(numbers['p_value'], 4)}; {asked}"))
    smallest = numbers.get("minimum_detectable_difference")
    if smallest is not None:
        facts.append(
            ("Smallest gain it could show", f"{number(smallest, 3)} in Dice, in 4 of 5 comparisons")
        )
    if power := numbers.get("power"):
        chances = ", ".join(f"{round(100 * one)} % at a true gain of {gain}" for gain, one in power)
        facts.append(("Chance to pass", chances))
    false_claim = numbers.get("false_claim_probability")
    if false_claim is not None:
        facts.append(("Chance that it is no better", f"{in_words(false_claim, 3)}, taken alone"))
    return facts


def _checks(decision: DecisionFacts) -> Table:
    """The rules that say something about this model."""
    columns = [Column("Check"), Column("Asked"), Column("Found"), Column("Subjects", number=True)]
    return Table(
        "Checks",
        [*columns, Column("Holds")],
        [
            [
                check["title"],
                check["rule"],
                check["found"],
                str(check["n_subjects"] or ""),
                HOLDS[check["passed"]],
            ]
            for check in decision.numbers.get("checks", ())
            if check["passed"] is not None or check["n_subjects"] or check.get("n_cut")
        ],
    )


def _earlier(proof: ProofFacts) -> Table:
    rows = [
        [
            moment(one.at),
            one.verdict,
            one.compared_with or "the floor",
            f"{one.look} of {one.looks}" if one.look else "",
            one.by,
        ]
        for one in proof.earlier
    ]
    titles = ("When", "Verdict", "Compared with", "Look", "Who")
    return Table("Earlier decisions", [Column(title) for title in titles], rows)


def _identity(report: ModelReport) -> list[Block]:
    model = report.model
    facts = [
        ("Site", model.site_name),
        ("Made", f"{moment(model.registered_at)}, {model.made_by or 'elsewhere'}"),
        ("Registered by", model.registered_by or "by itself"),
        ("File", f"{model.sha256}.onnx"),
        *card_words(model.card),
    ]
    return [Facts(facts)]


def card_words(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a card says, for people; a card that leaves something out is not asked about it."""
    facts = [
        ("Family", str(card.get("family", ""))),
        ("Draws", ", ".join(card.get("labels", []))),
        ("Networks", f"{card.get('members', 1)}, their probabilities averaged"),
        ("Spacing", _spacing(card)),
        ("Learnt from snapshot", str(card.get("snapshot_digest") or "not known: made elsewhere")),
    ]
    if size := card.get("input"):
        facts.insert(2, ("Input", _input(size)))
    if rule := card.get("postprocessing"):
        facts.append(("Afterwards", _postprocessing(rule)))
    facts.append(("Training", training_words(card)))
    if libraries := card.get("libraries"):
        facts.append(("Libraries", ", ".join(f"{name} {one}" for name, one in libraries.items())))
    facts += [
        (title, str(card[key]))
        for title, key in (("Code", "code_version"), ("Metrics", "metrics_version"))
        if card.get(key)
    ]
    return [(title, words) for title, words in facts if words]


def _input(size: Mapping[str, Any]) -> str:
    shape = f"{size.get('width')} × {size.get('height')} px"
    if size.get("mode") == "tiles":
        mirrored = ", and mirrored" if size.get("mirror_axes") else ""
        return f"tiles of {shape}, overlapping{mirrored}"
    fit = f", {size['mode']}" if "mode" in size else ""
    return f"the whole scan in {shape}{fit}"


def _spacing(card: Mapping[str, Any]) -> str:
    if card.get("spacing") is None:
        return "none: it takes a scan in its own px"
    across, down = card["spacing"]
    if (across, down) == (1.0, 1.0):
        return "1 for all: it learnt from scans without a calibration"
    return f"resampled to {across:g} × {down:g} mm per px"


def _postprocessing(rule: Mapping[str, Any]) -> str:
    return (
        f"islands below {rule.get('min_island_px')} px or "
        f"{100 * rule.get('min_island_fraction', 0):g} % of the largest are dropped, holes below "
        f"{rule.get('min_hole_px')} px or {100 * rule.get('min_hole_fraction', 0):g} % are filled, "
        f"outlines simplified by at most {rule.get('tolerance_px')} px"
    )


def training_words(card: Mapping[str, Any]) -> str:
    """How long a card says that it was trained, with which result; each network of several."""
    training, parts = card.get("training"), []
    if not isinstance(training, dict):
        return ""
    if epochs := _numbers(training.get("epochs")):
        parts.append(f"{', '.join(f'{one:g}' for one in epochs)} epochs")
    if best := _numbers(training.get("best_validation_dice")):
        parts.append(f"best validation Dice {', '.join(number(one, 3) for one in best)}")
    if images := _numbers(training.get("images")):
        parts.append(counted(round(images[0]), "scan"))
    return ", ".join(parts)


def _numbers(value: Any) -> list[float]:
    """The numbers among what a card holds there; one from elsewhere may hold anything."""
    if isinstance(value, Mapping):
        value = list(value.values())
    found = [_as_number(one) for one in (value if isinstance(value, list) else [value])]
    return [one for one in found if one is not None]


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _setting(value: Any) -> str:
    """A setting of a run for people: yes and no, lists with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_setting(one) for one in value)
    return "" if value is None else str(value)


def _run(run: RunFacts) -> list[Block]:
    who = f", {run.started_by}" if run.started_by else ""
    settings = [[name, _setting(value)] for name, value in run.settings.items()]
    facts = Facts(
        [
            ("Run", f"{run.run}, {run.backend}, started {run.trigger}{who}"),
            (
                "Learnt from",
                f"{counted(run.train_images, 'scan')} for training, {run.validation_images} for "
                f"validation, {counted(run.subjects, 'subject')}; {run.left_out} left out",
            ),
            ("Snapshot digest", run.snapshot_digest),
            ("Seed", str(run.seed)),
            (
                "Epochs",
                f"{run.epochs}, best validation Dice "
                f"{number(run.best_validation_dice, 3) or 'not known'}",
            ),
            (
                "Time",
                f"{duration(run.seconds)} in the last of {counted(run.attempts, 'attempt')}, "
                f"{duration(run.seconds_in_epochs)} of epochs in all",
            ),
            *_reproduction(run),
        ]
    )
    table = Table("Settings", [Column("Setting"), Column("Value")], settings)
    return [facts, *(Plot(one) for one in run.figures), *([table] if settings else [])]


def _reproduction(run: RunFacts) -> list[tuple[str, str]]:
    if run.reproduction is None:
        return []
    same = "all numbers are the same" if run.reproduction["same"] else "its numbers differ"
    return [("Reproduces", f"run {run.reproduction['of']}: {same}")]


def _changed(scans: int) -> str:
    return (
        f"{counted(scans, 'scan')} of this evaluation had another scale, selected take or measured "
        "frame then than now: its numbers are of what was then, and it decides nothing."
    )


def _evaluation(one: EvaluationFacts) -> Section:
    summary = one.summary
    said = (
        f"{counted(summary.get('n_images', 0), 'scan')} of "
        f"{counted(summary.get('n_subjects', 0), 'subject')}; "
        f"{counted(summary.get('failures', 0), 'failure')} (nothing found where there is muscle, "
        f"or the reverse). {moment(one.at)}, {one.metrics_version}."
    )
    lock = (
        [
            Facts(
                [
                    ("Lock", f"version {one.lock_version}, digest {one.lock_digest}"),
                    ("References", one.basis),
                ]
            )
        ]
        if one.lock_digest
        else []
    )
    heading = HEADINGS[one.partition]
    return Section(
        f"{heading}, {one.how}" if one.how else heading,
        [
            Text(said, "soft"),
            *([Text(_changed(one.changed_since))] if one.changed_since else []),
            *(Text(said) for said in (one.former, one.left_out) if said),
            *lock,
            *([quantities("", one.shown.lines)] if one.shown.lines else []),
            *(quantities(label, lines) for label, lines in one.shown.labels),
            *(Plot(figure) for figure in one.shown.figures),
            *([_subgroups(one)] if one.subgroups else []),
            Text(HOW_TO_READ, "soft"),
        ],
    )


def _subgroups(one: EvaluationFacts) -> Table:
    titles = ("Mean Dice", "95 % interval", "Subjects")
    rows = [
        [
            f"{group.grouping.capitalize()}: {group.group}",
            number(group.dice["mean"], 3),
            interval(group.dice["ci95"], 3),
            str(group.dice["n_subjects"]),
            "enough subjects to judge" if group.judged else "reported, not judged",
        ]
        for group in one.subgroups
    ]
    columns = [Column("Subgroup"), *(Column(title, number=True) for title in titles)]
    return Table("", [*columns, Column("How to read it")], rows)


def _worst(report: ModelReport) -> Section:
    name = report.model.name
    pictures = [_case(report, one) for one in report.worst_cases]
    caption = f"Full line: reference. Dashed: what {name} drew."
    return Section("Where it does worst on validation", [Pictures(pictures, caption)])


def _test_pictures(report: ModelReport, found: TestPictures) -> Section:
    title = "Pictures of the locked test set"
    if found.pictures is None:
        return Section(title, [Text(CLOSED, "soft")])
    opened = Text(
        f"Opened by {found.by}, {moment(found.at)}: look {found.look} at version "
        f"{found.lock_version} of the locked test set."
    )
    worst, changed = found.pictures.worst, found.pictures.changed
    shown = {one.image_id for one in worst}
    both = sorted(one.subject for one in changed if one.image_id in shown)
    blocks: list[Block] = [opened]
    if not found.drawn:
        blocks.append(Text("What the models draw on them is not there yet.", "warning"))
    if worst:
        blocks.append(Text("Where it does worst", "soft"))
        blocks += [_beside(report.model.name, one) for one in worst]
    if changed:
        above = f"; {', '.join(both)} above as well" if both else ""
        blocks.append(Text(f"Where it changed most{above}", "soft"))
        blocks += [_beside(report.model.name, one) for one in changed if one.image_id not in shown]
    if not worst:
        blocks.append(Text("Their references were replaced or withdrawn since.", "soft"))
    return Section(title, blocks)


def _beside(name: str, one: confirmations.Picture) -> Block:
    before = "" if one.current_dice is None else f", before {number(one.current_dice, 3)}"
    shown = [(one.candidate, name), (one.reference, "Reference")]
    if one.current is not None:
        shown.insert(0, (one.current, "Model before"))
    pictures = [picture_of(thumbnail, one.sha256, title=title) for thumbnail, title in shown]
    return Pictures(pictures, f"{one.subject}: Dice {number(one.dice, 3)}{before}")


def _case(report: ModelReport, one: CaseFacts) -> Picture:
    return picture_of(
        one.case.thumbnail,
        one.case.sha256,
        title=one.subject,
        line=f"Dice {number(one.dice, 3)}{', failure' if one.failure else ''}",
        href=reverse("annotation:image", args=[report.model.study, one.image]),
    )


def picture_of(
    thumbnail: Thumbnail, sha256: str, *, title: str, line: str = "", href: str = ""
) -> Picture:
    """A thumbnail with its caption; `sha256` names the stored scan."""
    return Picture(
        src=thumbnail.src,
        sha256=sha256,
        width=thumbnail.width,
        height=thumbnail.height,
        alt=thumbnail.alt,
        title=title,
        line=line,
        href=href,
        outlines=[Contour(one.path, one.colour, one.dash, one.kind) for one in thumbnail.outlines],
    )
