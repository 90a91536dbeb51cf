"""The verdict on one machine, from the devices that monitor it.

One rule keeps it simple: a machine's level is never better than what its links and their devices
show, and never worse than what is licensed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from shlex import quote
from statistics import median
from typing import NamedTuple

from inventory.judge import soundness
from inventory.judge.attested import speaks_of
from inventory.judge.context import Context
from inventory.judge.holding import Row
from inventory.judge.levels import VALUES, interval, level_of, nameplate
from inventory.judge.logic import both, declared, either, false, negate, true, unknown
from inventory.judge.managed import managed_machine
from inventory.judge.presence import Machine
from inventory.judge.profiles import signal_of
from inventory.judge.required import needs
from inventory.judge.statements import holds
from inventory.judge.variants import variants_of
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
    Category,
    Coverage,
    Equipment,
    Evidence,
    Finding,
    Level,
    OpenQuestion,
    Proposition,
    Strength,
    Truth,
    Verdict,
)
from inventory.rules import Case, Rule, catalogue
from inventory.rules.frozen import alive, unmoved
from inventory.rules.inaccessible import name_of
from inventory.rules.informational import sufficient
from inventory.rules.standing import is_safety
from inventory.rules.uninstrumented import coverage, u01, u02, u03, u04, u05
from inventory.signals.listing import SETTINGS
from inventory.signals.points import Meaning
from protocols.contract import Point, Quality, Sample


def judge_equipment(
    equipment: Equipment,
    devices: Sequence[Evidence],
    context: Context,
    verdicts: Mapping[str, Verdict] | None = None,
    others: Sequence[Evidence] = (),
) -> Verdict:
    """Everything that is concluded about one machine.

    `devices` is the evidence of the devices that its links name; `verdicts` are theirs by key,
    where they were judged already. `others` is that of devices that bear its tag beside.
    """
    views = [View(item, context) for item in devices]
    machine = Machine(equipment, views, context, [View(item, context) for item in others])
    subject = Subject(
        equipment.key, equipment.tag or equipment.name, equipment.site, equipment.criticality,
        equipment.redundancy, any(is_safety(view) for view in views),
    )  # fmt: skip
    limits = context.thresholds
    target = limits.coverage_target_c3 if subject.rated == "C3" else limits.coverage_target
    found = coverage(machine)
    rules = catalogue()
    cases = [(rules["U01"], case) for case in u01(machine)]
    cases += [(rules["U02"], case) for case in u02(machine)]
    cases += [(rules["U03"], case) for case in u03(machine)]
    cases += [(rules["U04"], case) for case in u04(machine)]
    cases += [(rules["U05"], case) for case in u05(machine, found, target)]
    cases += [(rules["G07"], case) for case in _unset(equipment)]
    level = _level(machine, found, target, verdicts or {})
    lack = VALUES[4] - VALUES[level.lo or 0]
    short = lack if found is None else max(target - found.lo, 0.0)
    findings, questions = _conclude(machine, subject, cases, context, _Lack(short, lack))
    category = _category(level, findings)
    if category == "not-assessed" and not questions:
        questions = _not_assessable(machine, subject, level)
    against = tuple(premise for view in views for premise in view.conflicts)
    return Verdict(
        equipment.key, category, level, found, tuple(findings), tuple(questions), against,
        needs=needs(machine), variant=_variant(machine),
    )  # fmt: skip


def _variant(machine: Machine) -> str:
    """What must be connected for it: the ways by which the signals come that its class requires."""
    wanted = ["|".join(signal.name for signal in group) for group in machine.required]
    return " + ".join(one.text for one in variants_of(machine, wanted))


class _Lack(NamedTuple):
    """What a machine misses, 0 to 1 (domain model 5)."""

    signals: float  # its target less its coverage; where it has no coverage, as below
    level: float  # the value of level 4 less that of its own

    def of(self, rule: Rule) -> float:
        """What closing a gap of that rule may add: a signal more adds nothing above the target."""
        return self.signals if rule.category is Category.UNINSTRUMENTED else self.level


def _conclude(
    machine: Machine,
    subject: Subject,
    cases: Sequence[tuple[Rule, Case]],
    context: Context,
    lack: _Lack,
) -> tuple[list[Finding], list[OpenQuestion]]:
    findings: list[Finding] = []
    questions: list[OpenQuestion] = []
    for rule, case in cases:
        if case.proposition.truth is Truth.UNKNOWN:
            questions.append(question_of(rule.id, case, subject))
            continue
        strength = case.proposition.strength
        for view in machine.views:
            strength = min(strength, view.cap(strength))
        made = finding_of(rule, case, subject, strength, context, lack.of(rule))
        if made is None:
            again = next((view.again() for view in machine.views), "")
            questions.append(too_weak(rule, case, subject, again))
        else:
            against = [premise for view in machine.views for premise in view.conflicts]
            findings.append(contradicted(_labelled(made, machine), against))
    return once(findings), questions


def _labelled(finding: Finding, machine: Machine) -> Finding:
    """Not exposed, as a scan shows; attested, where a person says so (domain model 0.5)."""
    if not finding.rule.startswith("U") or finding.rule == "U03":
        return finding  # a point that is listed is exposed
    said = [
        value
        for statement, value, _ in machine.attested.statements()
        if holds("not_instrumented", statement)
    ]
    signals = [signal_of(name) for name in finding.subject.split("|") if name]
    attested = bool(signals) and all(any(speaks_of(v, one) for v in said) for one in signals)
    word = "attested" if attested or finding.rule == "U02" else "not exposed"
    return replace(finding, label=f"{finding.label} ({word})")


def _unset(equipment: Equipment) -> list[Case]:
    """G07 of a machine."""
    named = (
        ("owner", equipment.owner),
        ("criticality", equipment.criticality),
        ("place", equipment.area or equipment.line),
    )
    missing = ", ".join(name for name, value in named if not value)
    if not missing or equipment.register is None:
        return []
    text = f"the register row leaves empty: {missing}"
    premise = declared(text, equipment.register.declaration)
    return [Case("", true(Strength.E4, premise))]


def _level(
    machine: Machine, found: Coverage | None, target: float, verdicts: Mapping[str, Verdict]
) -> Level:
    levels = [
        verdicts[view.device.key].level if view.device.key in verdicts else level_of(view)
        for view in (*machine.views, *machine.gone)
    ]
    complete = machine.equipment.links_complete
    steps = [_reached(step, levels, complete, machine) for step in (1, 2, 3)]
    usable = _usable(machine, found, target)
    fired = {key: {item.rule for item in one.findings} for key, one in verdicts.items()}
    managed = managed_machine(machine, fired)
    return interval((true(Strength.E4), *steps, usable, managed))


def _reached(step: int, levels: Sequence[Level], complete: bool, machine: Machine) -> Proposition:
    if any(level.lo is not None and level.lo >= step for level in levels):
        return true(Strength.E3)
    if machine.claims:
        return machine.claims[0]
    lost = any(one.device and not one.resolved for one in machine.equipment.links)
    if lost:  # a device that nobody found may be anything
        return machine.unresolved[0]
    if complete and all(level.hi is not None and level.hi < step for level in levels):
        return false(Strength.E3, declared("the links are complete"))
    if not machine.links:
        return unknown("which devices monitor it: no link is declared")
    blocking = [text for level in levels for text in level.blocking]
    return unknown(blocking[0] if blocking else "whether its devices can be read")


def _usable(machine: Machine, found: Coverage | None, target: float) -> Proposition:
    """Every required signal, or coverage at target, each with unit and a good window."""
    about = machine.profile
    if about is None or not about.required:
        return unknown(
            f"a signal profile for the class {machine.equipment.cls or 'of the machine'}"
        )
    lost = machine.hollow
    for signal in (signal for group in about.required for signal in group):
        if signal.name in lost:
            view, point, _ = lost[signal.name][0]
            return false(Strength.E3, view.data_proof(point))
    groups = [machine.group(group) for group in about.required]
    present = both(*groups, *(negate(said) for _, said in machine.short))
    if found is not None and found.lo >= target:
        present = true(Strength.E3)
    if present.truth is Truth.FALSE and found is not None and found.hi >= target:
        present = unknown("whether the unknown signals lift the coverage to its target")
    if present.truth is not Truth.TRUE:
        return present
    return both(present, _good(machine), _alive(machine))


def _alive(machine: Machine) -> Proposition:
    """Whether any value of the machine moved, or it is said to stand still (domain model 5: junk
    that is published is no data)."""
    mine: dict[str, list[tuple[Point, Meaning, list[Sample]]]] = {}
    for view, point, meaning in machine.rows:
        if (samples := view.values(point)) and meaning.kind not in SETTINGS:
            mine.setdefault(view.device.key, []).append((point, meaning, samples))
    still = [
        (view, some) for view in machine.views if (rows := mine.get(view.device.key))
        if (some := unmoved(view, rows))
    ]  # fmt: skip
    if len(still) < len(mine) or not still or machine.resting:
        return true(Strength.E3)
    return alive(*still[0])


def _good(machine: Machine) -> Proposition:
    """Units, window and status of the machine's own values: one good value a signal suffices."""
    about = machine.profile
    seconds = about.interval_seconds if about else 0.0
    groups = [machine.witnesses(group) for group in (about.required if about else ())]
    return both(*(either(*(_serves(row, seconds) for row in rows)) for rows in groups if rows))


def _serves(row: Row, seconds: float) -> Proposition:
    """Whether one value is all that level 4 asks of it: it comes, is good, and from whom."""
    view, point, meaning = row
    sound = soundness.of(view).of(point, meaning).said
    return both(sound, _steady(row, seconds), _plate(view))


def _plate(view: View) -> Proposition:
    """The nameplate of a device that delivers values. What it does not tell, a person may know."""
    said = nameplate(view)
    return said if said.truth is Truth.TRUE else unknown(f"{said.unknown} of {name_of(view)}")


def _pace(missing: str) -> str:
    """The option of the interval that is missing, where it is one."""
    found = PACE.search(missing)
    return f" {found[0]}" if found else ""


PACE = re.compile(r"--sample-every [\d.]+")


def _nameless(machine: Machine, missing: str) -> View | None:
    """The device whose nameplate it is that is missing."""
    return next((view for view in machine.views if _plate(view).unknown == missing), None)


def _stating(view: View) -> str:
    """The command by which a person states what a device does not tell of its nameplate."""
    about = view.device
    told = {
        "vendor=MAKER": about.vendor,
        "model=TYPE": about.model or about.product,
        "serial=NUMBER": about.serial,
    }
    who = about.key if about.part else view.address  # a unit's address is its gateway's too
    return " ".join(["untrap set", quote(who), *(word for word, has in told.items() if not has)])


def _steady(row: Row, seconds: float) -> Proposition:
    """Whether a value has a unit, a good window, and comes at the interval that its class needs."""
    view, point, meaning = row
    limits = view.context.thresholds
    name = point.name or point.address
    samples = view.values(point)
    good = sum(item.quality is Quality.GOOD for item in samples)
    if len(samples) >= limits.window_reads and good < limits.good_share * len(samples):
        return false(Strength.E3, view.data_proof(point))
    if meaning.measurand not in ("running", "fault") and not (point.unit or meaning.dimension):
        return unknown(f"the unit of {name}")
    if len(samples) < limits.window_reads:
        return unknown("a window of reads (scan --depth sample)")
    usual = _usual_gap(samples)
    if usual is None:
        return unknown(f"at what times the values of {name} were read")
    if usual > seconds * (1 + JITTER):
        return unknown(
            f"whether {name} comes every {seconds:g} s: it was read every {usual:g} s"
            f" (scan --depth sample --sample-every {seconds:g})"
        )
    return true(Strength.E3)


JITTER = 0.1
"""Share of an interval by which a reader that keeps it may be late in the middle of its reads."""


def _usual_gap(samples: Sequence[Sample]) -> float | None:
    """Median of the seconds between two reads; None where their times are not known.

    The time of receipt counts: a server that stamps on change only keeps the same source time.
    """
    times = [item.received_time or item.server_time for item in samples]
    known = sorted(item for item in times if item is not None)
    gaps = [(after - before).total_seconds() for before, after in pairwise(known)]
    return median(gaps) if len(known) == len(samples) and gaps else None


def _category(level: Level, findings: Sequence[Finding]) -> str:
    live = [item for item in findings if not item.waived and item.rule != "G07"]
    if not live and any(item.waived for item in findings):
        return "accepted"
    if sufficient(level):
        return "sufficient"
    return "uninstrumented" if live else "not-assessed"


def _not_assessable(machine: Machine, subject: Subject, level: Level) -> list[OpenQuestion]:
    """N05, with the premise that is missing first, and what settles it."""
    missing = level.blocking[0] if level.blocking else "a premise that settles any rule"
    view = next(iter(machine.views), None)
    address = view.address if view else ""
    again = (view.again() if view else "") or "untrap scan TARGET"
    low = level.lo or 0
    if level.lo == level.hi == 3:  # level 4 is shown to be FALSE: a value of it has a gap
        missing = "values that are good throughout: those of what monitors it are not"
        step, command = "close the gaps of the devices that monitor it", f"untrap show {address}"
    elif not machine.links:
        step, command = "declare its links", "untrap import links FILE"
    elif level.hi is not None and level.hi < 3:
        missing = level.blocking[0] if level.blocking else "any value of it that the collector gets"
        step, command = "close the gaps of the devices that monitor it", f"untrap show {address}"
    elif (still := _alive(machine)).unknown == missing:
        step, command = still.next_step, still.command
    elif (nameless := _nameless(machine, missing)) is not None:
        step = "read its nameplate (maker, model, serial number), and state what it says"
        command = _stating(nameless)
    elif machine.profile is None and low >= 3:
        step = "state in the register a class that has a signal profile, where one fits"
        command = "untrap import register FILE"
    elif low >= 3:
        step = "read the devices that monitor it over a window"
        command = (view.ask(depth="sample") if view else "") or "untrap scan TARGET --depth sample"
        command += _pace(missing)
    else:
        step = "read the devices that monitor it, from where the collector will stand"
        command = f"{again} --depth points"
    about = (subject.key, subject.name, subject.site)
    return [OpenQuestion("N05", *about, "", missing, step, command)]
