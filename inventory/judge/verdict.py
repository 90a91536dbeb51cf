"""The verdict on one asset: its gaps with proof and fix, its open questions, its level.

One rule keeps it simple: pure and streaming. `judge_device` needs one device's evidence and the
site's `Context`, nothing else; a rule fires only on TRUE, and an UNKNOWN becomes a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inventory.judge.ages import ages_of
from inventory.judge.asking import PORT, read_out, refused, unread
from inventory.judge.context import Context
from inventory.judge.door import Door, title_of
from inventory.judge.equipment import judge_equipment
from inventory.judge.levels import LOCKED, VALUES, level_of
from inventory.judge.openness import OPEN, protocol
from inventory.judge.survey import survey
from inventory.judge.tap import tapped
from inventory.judge.view import View
from inventory.judge.weigh import (
    Subject,
    contradicted,
    finding_of,
    once,
    question_of,
    too_weak,
)
from inventory.model import (
    Evidence,
    Finding,
    Level,
    OpenQuestion,
    Truth,
    Verdict,
)
from inventory.quick import quick
from inventory.rules import DEVICE_RULES, Case, Rule, catalogue
from inventory.rules.governance import criticality_of
from inventory.rules.inaccessible import name_of
from inventory.rules.informational import covered, not_data_bearing, sufficient
from inventory.rules.quality import placeholders
from inventory.rules.standing import RESTING_RULES, is_safety, resting
from protocols.contract import SPOKE, Observation, Outcome

__all__ = ["Context", "judge_device", "judge_equipment", "survey"]

CATEGORY_ORDER = ("T", "A", "U", "Q", "G")
"""Precedence of the one-line category after the N rules (domain model 3.8)."""
CATEGORY_NAMES = {
    "T": "trapped",
    "A": "inaccessible",
    "U": "uninstrumented",
    "Q": "poor-quality",
    "G": "ungoverned",
}
NO_CATEGORY = frozenset({"A09", "G07"})
"""Rules that are printed and never name an asset's category by themselves."""


_new_subject, _new_verdict, _new_question = quick(Subject), quick(Verdict), quick(OpenQuestion)


def subject_of(view: View) -> Subject:
    """The device as the subject of findings, with its criticality."""
    row = view.device.register
    redundancy = row.redundancy if row else ""
    if not redundancy:
        redundancy = view.context.criticality.get(view.device.key, ("", ""))[1]
    return _new_subject(
        view.device.key, name_of(view), view.device.site, criticality_of(view), redundancy,
        is_safety(view), view.context.behind.get(view.device.key, ()),
    )  # fmt: skip


def judge_device(evidence: Evidence, context: Context) -> Verdict:
    """Everything that is concluded about one device."""
    view = View(evidence, context)
    subject = subject_of(view)
    rules = catalogue()
    cases = [(rules[name], case) for name, rule in DEVICE_RULES.items() for case in rule(view)]
    rests = resting(view)
    cases = _suppress(cases, rests, bool(evidence.device.away))
    fired = {rule.id for rule, case in cases if case.proposition.truth is Truth.TRUE}
    level = level_of(view, fired | ({"U03"} if placeholders(view) else set()))
    lack = VALUES[4] - VALUES[level.lo or 0]
    findings, questions = _conclude(view, subject, cases, lack)
    category, extra = _category(view, subject, level, findings)
    if evidence.device.away or any(item.rule == "A08" for item in questions):
        extra = []  # both would ask for its first word, by one scan
    if rests and (level.lo or 0) < SERVICE_SPOKE:
        extra = []  # who declared it out of service knows why it says nothing
    extra = [_by_the_way(item, questions) for item in extra]
    if view.proxy is not None:
        questions = [*questions, _proxy_question(view, subject)]
    return _new_verdict(
        subject.key, category, level, None, tuple(findings), (*questions, *extra),
        tuple(view.conflicts), ages_of(view, rests or bool(evidence.device.away)),
    )  # fmt: skip


def _conclude(
    view: View, subject: Subject, cases: Sequence[tuple[Rule, Case]], lack: float
) -> tuple[list[Finding], list[OpenQuestion]]:
    """Findings of the TRUE cases, questions of the UNKNOWN ones."""
    findings: list[Finding] = []
    questions: list[OpenQuestion] = []
    for rule, case in cases:
        truth = case.proposition.truth
        if truth is Truth.UNKNOWN:
            questions.append(question_of(rule.id, case, subject))
        elif truth is Truth.TRUE:
            strength = view.cap(case.proposition.strength, rule.quality)
            made = finding_of(rule, case, subject, strength, view.context, lack)
            if made is None:
                questions.append(too_weak(rule, case, subject, view.again()))
            else:
                findings.append(contradicted(tapped(made, view), view.conflicts))
    return once(findings), questions


OF_THE_ROW = frozenset({"A08", "G07"})
"""Rules of what a person keeps, which hold wherever the device is."""


def _suppress(cases: list[tuple[Rule, Case]], rests: bool, away: bool) -> list[tuple[Rule, Case]]:
    """Precedence of domain model 3.8 between rules of one device; of one that `rests`, silence
    and old values are expected; of one that is `away` nothing is known but what it was."""
    if away:
        cases = [one for one in cases if one[0].id in OF_THE_ROW]
    fired = {rule.id for rule, case in cases if case.proposition.truth is Truth.TRUE}
    dropped = set(RESTING_RULES) if rests else set()
    if fired & {"T01", "T02"}:
        dropped |= {"A01"}
    if "A02" in fired:
        dropped |= {"A01"}
    if fired & (LOCKED | {"A08"}):
        dropped |= {"T05", "Q10"}
    return [
        (rule, case)
        for rule, case in cases
        if not (rule.id in dropped and case.proposition.truth is not Truth.FALSE)
        and not (rule.id in ("T01", "T02") and rule.id not in fired and _open_door(cases))
    ]


def _open_door(cases: Sequence[tuple[Rule, Case]]) -> bool:
    """Whether an open service is there and locked: then the device is not proprietary-only."""
    return any(
        rule.id in LOCKED
        and case.proposition.truth is Truth.TRUE
        and (about := protocol(case.subject)) is not None
        and about.openness in OPEN
        for rule, case in cases
    )


def _category(
    view: View, subject: Subject, level: Level, findings: Sequence[Finding]
) -> tuple[str, list[OpenQuestion]]:
    """The one-line category (rulings 19, domain model 3.8) and the question of N05."""
    counted = [item for item in findings if item.rule not in NO_CATEGORY]
    live = [item for item in counted if not item.waived]
    if counted and not live:
        return "accepted", []
    if not_data_bearing(view).truth is Truth.TRUE:
        return "not-data-bearing", [] if view.spoke else _not_assessable(view, subject, level)
    if sufficient(level):
        return "sufficient", []
    if covered(view).truth is Truth.TRUE:
        return "covered", []
    families = {item.rule[0] for item in live}
    for family in CATEGORY_ORDER:
        if family in families:
            return CATEGORY_NAMES[family], _beside(view, subject, level, family)
    return "not-assessed", _not_assessable(view, subject, level)


def _beside(view: View, subject: Subject, level: Level, family: str) -> list[OpenQuestion]:
    """The question that gaps of this family leave open: where none of them stands in the way of
    the data and no value was read, it is not known whether there is any (an incomplete nameplate is
    no answer to that)."""
    unread = family in "QG" and (level.lo or 0) < VALUE_READ and (level.hi or 0) >= VALUE_READ
    wordless = family == "G" and _wordless(view) is not None
    return _not_assessable(view, subject, level) if unread or wordless else []


SERVICE_SPOKE = 2
"""The level from which a service of it spoke (rulings 18)."""

VALUE_READ = 3
"""The level from which a process value with known meaning was read (rulings 18)."""


def _not_assessable(view: View, subject: Subject, level: Level) -> list[OpenQuestion]:
    """N05, with the premise that is missing first."""
    blocking = level.blocking[0] if level.blocking else "a premise that settles any rule"
    door = _wordless(view)
    if door is not None:
        blocking = (
            f"what listens there: {WORDLESS[door.decided.outcome][0].format(place=_place(door))}"
        )
    about = subject.key, subject.name, subject.site
    return [_new_question("N05", *about, "", blocking, *_next(view, level))]


WORDLESS = {
    Outcome.MUTE: (
        "{place} takes a connection and says nothing",
        "look whether another client holds its only connection, and which protocol it is set to",
    ),
    Outcome.HUNG_UP: (
        "{place} takes a connection and closes it without a word",
        "look whether it lets listed clients in only (an access list), or has no connection left",
    ),
    Outcome.OTHER: (
        "{place} speaks, but not the protocol of that port",
        "read on the device, or in its project, which protocol that port is set to",
    ),
    Outcome.GARBLED: (
        "{place} answers with bytes that its protocol does not know",
        "read on the device, or in its project, what that port is set to",
    ),
}
"""What a listener does that never said a word of its protocol, and what settles it cheapest."""


def _wordless(view: View) -> Door | None:
    """A door that somebody opened without a word of its protocol, where no other door spoke."""
    if view.spoke:
        return None
    return next((door for door in view.here if door.decided.outcome in WORDLESS), None)


def _place(door: Door) -> str:
    return f"{door.transport}/{door.port}"


def _next(view: View, level: Level) -> tuple[str, str]:
    """The cheapest next step, and its command."""
    deeper = view.ask(depth="points")
    door = _wordless(view)
    if door is not None:
        return WORDLESS[door.decided.outcome][1], deeper
    if view.address and not view.target:
        return "find its IP address, as in the project of its controller; a scan needs one", ""
    if level.lo is not None and level.lo >= 3:
        return "read its values over a window", view.ask(depth="sample")
    if _asks_only(view, level):
        step = "say in the register what it is: it was heard to ask others, and to offer nothing"
        return step, "untrap import register FILE"
    if (who := _unheard(view)) and view.target:
        step = f"find out its community: an SNMP agent is as silent to a wrong one ({who}) as none"
        return step, view.scan("--credentials NAME", "snmp")
    if (closed := refused(view.here)) and view.target:
        step = "find in its manual or set-up what it serves and on which port, and ask that:"
        return (
            f"{step} it refuses {closed} on the ports that were asked",
            f"untrap scan {view.target} --port {PORT}",
        )
    if level.lo is not None and level.lo < 2:
        return "ask it: nothing that it offers has been heard", deeper
    if misfit := _misfit(view):
        return misfit, "untrap import map FILE"
    if (full := _full(view)) is not None:
        what = f"{title_of(full.question.protocol)} could not serve us then ({full.reason})"
        return f"ask again when it has room for one more client: {what}", deeper
    if view.target and (left := unread(view) or read_out(view)):
        return left
    return DEEPER, deeper


def _by_the_way(one: OpenQuestion, others: Sequence[OpenQuestion]) -> OpenQuestion:
    """N05 with the step of a question about a door of it, where it has no better one of its own:
    what that settles is what is missing here."""
    if one.next_step != DEEPER:
        return one
    better = next((item for item in others if item.rule[0] in "TA"), None)
    return replace(one, next_step=better.next_step, command=better.command) if better else one


DEEPER = "scan it deeper, with the credentials that you hold"


def _unheard(view: View) -> str:
    """The name under which an SNMP agent was asked in vain, where every other port refuses."""
    asked = [door for door in view.here if door.asked]
    silent = [door for door in asked if door.decided.outcome is Outcome.SILENT]
    closed = all(door.decided.outcome is Outcome.CLOSED for door in asked if door not in silent)
    agents = [door for door in silent if door.protocol == "snmp"]
    if not closed or len(agents) != len(silent) or view.present is None:
        return ""
    return next((door.decided.credential for door in agents if door.decided.credential), "")


def _full(view: View) -> Observation | None:
    """What the only service that spoke could not give for want of room; other doors may be open."""
    said = [item for door in view.spoke for item in door.observations]
    if any(item.points or item.samples for item in said):
        return None
    return next((item for item in said if item.outcome is Outcome.REFUSED_RESOURCE), None)


def _misfit(view: View) -> str:
    """What to look at where registers were read and every read was refused."""
    maps = view.fact("map")
    reads = [
        item
        for door in view.spoke
        if (about := protocol(door.protocol)) is not None and not about.listing
        for item in door.observations
        if item.question.operation == "read" and item.outcome in SPOKE
    ]
    if not reads or any(item.samples for item in reads):
        return ""
    if not maps:
        return (
            "import the register map of its own values, if it has any:"
            f" {len(reads)} {'reads' if len(reads) > 1 else 'read'} at the usual places"
            f" {'were' if len(reads) > 1 else 'was'} refused"
        )
    chosen = maps[0].partition(" (")[0]
    return (
        f"see whether the register map that was chosen ({chosen}) is of this model, and counts"
        f" from 0: the device refused all {len(reads)} reads by it"
    )


def _asks_only(view: View, level: Level) -> bool:
    """Whether all that is known of it is that it asks others, as an office machine does.

    A person knows what it is: no packet is proposed to it before (effort E0 comes first).
    """
    return view.device.role == "ot-client" and level.lo is not None and level.lo < 2


def _proxy_question(view: View, subject: Subject) -> OpenQuestion:
    return OpenQuestion(
        "N05", subject.key, subject.name, subject.site, "",
        "who answers there: a port that nothing uses accepts connections too, so a proxy or a"
        " firewall answers for the host",
        "ask from inside its zone", view.scan("--vantage NAME"),
    )  # fmt: skip
