"""Small plants, one or two devices each, with an answer key per rule that was written by hand.

A row names a rule, what it is (positive, negative, or the trap of one of the rule's "not if"
texts), the evidence, and the key. The key says what becomes of that rule and nothing else:
"" nothing; "?" an open question; "severity/confidence" a finding; each with "subject=" before it
where the case has a subject, joined by spaces in order of the subject. For N rules it is the
category, "?" after it where the question of N05 is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from inventory.judge.bearing import Bearing, bearers, beside, sought
from inventory.judge.context import Context
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Equipment, Evidence, Link, Verdict
from protocols.contract import Fact, Observation, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen

O = Outcome  # noqa: E741  (read as "outcome" in the tables)
PLC = device(role="plc", vendor="Maker", product="CPU", serial="S1234", firmware="1")
DRIVE = device(role="drive", vendor="A", product="B", serial="7777", firmware="1")
S7 = seen("s7comm", O.COMPLETE)
NO_UA, NO_MODBUS = seen("opcua", O.CLOSED), seen("modbus", O.CLOSED)
CLOSED = (NO_UA, NO_MODBUS)
PROXY = seen("control", O.MUTE, "negative_control", port=61_234)
FULL: Mapping[str, object] = {"entitlements": {"anonymous": "full", "reader": "full"}}
POSITIVE, NEGATIVE, TRAP = "positive", "negative", "trap"


@dataclass(frozen=True)
class Row:
    """One plant and what is to be said of one rule there."""

    rule: str
    kind: str
    key: str
    found: Evidence | tuple[Evidence, ...]
    changes: Mapping[str, object] = field(default_factory=dict)
    not_if: str = ""  # beginning of the rule's "not if" text that a trap is about
    machine: Equipment | None = None
    words: tuple[str, ...] = ()  # must stand in the texts of that rule; with ! before, must not
    others: tuple[Evidence, ...] = ()  # devices that no link ties to the machine

    def beside(self, *others: Evidence) -> Row:
        """The same, with devices that no link ties to the machine."""
        return replace(self, others=others)

    def telling(self, *words: str) -> Row:
        """The same, with words that its texts must hold."""
        return replace(self, words=words)


def yes(rule: str, key: str, found: Evidence, changes: Mapping[str, object] | None = None,
        machine: Equipment | None = None) -> Row:  # fmt: skip
    """A plant where the rule is TRUE."""
    return Row(rule, POSITIVE, key, found, changes or {}, machine=machine)


def no(rule: str, key: str, found: Evidence | tuple[Evidence, ...],
       changes: Mapping[str, object] | None = None,
       machine: Equipment | None = None) -> Row:  # fmt: skip
    """A plant where it is not, for want of a premise."""
    return Row(rule, NEGATIVE, key, found, changes or {}, machine=machine)


def trap(rule: str, not_if: str, key: str, found: Evidence | tuple[Evidence, ...],
         changes: Mapping[str, object] | None = None,
         machine: Equipment | None = None) -> Row:  # fmt: skip
    """A plant that looks like one where it is TRUE, but for the "not if"."""
    return Row(rule, TRAP, key, found, changes or {}, not_if, machine)


def answer(one: Row) -> str:
    """What today's rules say, in the words of the keys."""
    verdict = judged(one)
    if one.rule.startswith("N"):
        asked = any(item.rule == "N05" for item in verdict.questions)
        return verdict.category + ("?" if asked else "")
    said = [
        (item.subject, f"{item.severity.value}/{item.confidence.value}")
        for item in verdict.findings
        if item.rule == one.rule
    ]
    said += [(item.subject, "?") for item in verdict.questions if item.rule == one.rule]
    return " ".join(f"{subject}={word}" if subject else word for subject, word in sorted(said))


def unsaid(one: Row) -> list[str]:
    """Words of the key that the texts of the rule do not hold, or hold against it."""
    verdict = judged(one)
    texts = [
        text
        for item in verdict.findings
        if item.rule == one.rule
        for text in (*(b.text for b in item.because), *(r.text for r in item.remedies))
    ]
    texts += [
        text
        for item in verdict.questions
        if item.rule == one.rule
        for text in (item.missing, item.next_step, item.command)
    ]
    whole = " | ".join(texts)
    return [word for word in one.words if (word.lstrip("!") in whole) is word.startswith("!")]


def judged(one: Row) -> Verdict:
    """The verdict on the row's device or machine."""
    items = one.found if isinstance(one.found, tuple) else (one.found,)
    here: Context = context(*items, **one.changes)
    if one.machine is None:
        return judge_device(items[0], here)
    tags = Bearing(sought([one.machine]))
    bearing = bearers((other.device.key, tags.of(other)) for other in one.others)
    named = beside(one.machine, bearing)
    others = [other for other in one.others if other.device.key in named]
    return judge_equipment(one.machine, items, here, {}, others)


# --- makers of evidence ----------------------------------------------------------------------


def tag(
    name: str, unit: str = "", type: str = "Double", access: str = "r", **more: object
) -> Point:
    """An OPC UA variable."""
    # type: ignore[arg-type]
    return Point(f"nsu=urn:x;s={name}", name, unit=unit, type=type, access=access, **more)


TEMPERATURE = tag("Temperature", "CEL")
PRESSURE = tag("Pressure", "BAR")
NOT_MINE = tag("Pressure", "BAR", access="-")


def listed(*points: Point, credential: str = "", outcome: Outcome = O.COMPLETE,
           protocol: str = "opcua", operation: str = "browse", scan: str = "scan-1",
           **sample: object) -> Observation:  # fmt: skip
    """A server that lists these points and gives one good value of each."""
    samples = tuple(
        # type: ignore[arg-type]
        Sample(point.address, **{"value": 20.5, "received_time": NOW, **sample})
        for point in points
    )
    return seen(
        protocol, outcome, operation, points=points, samples=samples, credential=credential,
        scan=scan,
    )  # fmt: skip


def status(name: str, quality: Quality = Quality.BAD, *, unit: str = "CEL",
           point: str = "Temperature", **sample: object) -> Evidence:  # fmt: skip
    """One temperature with that status."""
    return evidence(listed(tag(point, unit), quality=quality, status=name, **sample))


def window(point: Point, values: list[object], *, minutes: float = 20.0,
           bad: int = 0, word: str = "BadNoCommunication") -> Observation:  # fmt: skip
    """Reads of one point spread evenly over the last minutes; the first `bad` of them are bad."""
    times = [
        NOW - timedelta(minutes=minutes) * (1 - n / (len(values) - 1)) for n in range(len(values))
    ]
    samples = tuple(
        Sample(
            # type: ignore[arg-type]
            point.address, value, Quality.BAD if n < bad else Quality.GOOD,
            word if n < bad else "Good",
            received_time=times[n], source_time=times[n],
        )
        for n, value in enumerate(values)
    )  # fmt: skip
    return seen("opcua", O.COMPLETE, "browse", points=(point,), samples=samples)


def registers(*values: int, facts: tuple[Fact, ...] = (), **point: object) -> Observation:
    """Holding registers from 0."""
    # type: ignore[arg-type]
    points = tuple(Point(f"holding:{n}", **point) for n in range(len(values)))
    samples = tuple(Sample(f"holding:{n}", value) for n, value in enumerate(values))
    return seen("modbus", O.COMPLETE, "read", points=points, samples=samples, facts=facts)


def stating(*facts: Fact, protocol: str = "snmp", **about: object) -> Evidence:
    """A controller that states facts."""
    item = seen(protocol, O.COMPLETE, facts=facts)
    return evidence(item, about=replace(PLC, facts=facts, **about))  # type: ignore[arg-type]


def motor(cls: str = "motor", **changes: object) -> Equipment:
    """A machine that device-1 monitors, with complete links."""
    links = (Link("M-1", "device-1", complete=True),)
    made = Equipment("machine-1", "site", "M-1", cls=cls, links=links, links_complete=True)
    return replace(made, **changes)  # type: ignore[arg-type]


def monitored(*points: Point, **sample: object) -> Evidence:
    """A drive whose server lists these points."""
    return evidence(listed(*points, **sample), about=DRIVE)


__all__ = [
    "CLOSED", "DRIVE", "FULL", "NOT_MINE", "NOW", "NO_MODBUS", "NO_UA", "PLC", "PRESSURE", "PROXY",
    "S7", "TEMPERATURE", "Fact", "O", "Quality", "Row", "Sample", "answer", "device", "evidence",
    "judged", "listed", "monitored", "motor", "no", "registers", "row", "seen", "stating",
    "status", "tag", "trap", "window", "yes",
]  # fmt: skip
