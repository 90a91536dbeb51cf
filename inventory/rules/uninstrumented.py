"""U rules of machines: a signal is not among what is exposed.

One rule keeps it simple: without the licence of `presence` there is no finding, only a question;
what a scan shows is "not exposed", what a person attests is "not instrumented".
"""

from __future__ import annotations

from shlex import quote

from inventory.derive.declared import bus_part
from inventory.judge.counting import Group
from inventory.judge.coverage import coverage_of, matrices, parameters_of
from inventory.judge.doubts import PROPOSED
from inventory.judge.licence import complete
from inventory.judge.logic import both, derived, gather, negate, true, unknown, weaken
from inventory.judge.presence import Machine
from inventory.judge.profiles import Profile, Signal, signal_of
from inventory.model import Coverage, Equipment, Proposition, Severity, Strength, Truth
from inventory.rules.rule import Case
from inventory.signals.points import is_binary

BREADTH = 0.25
"""Below this share of missing required signals, severity is one step lower."""


SOURCE = "what a controller, drive or motor relay already measures"


def u01(machine: Machine) -> list[Case]:
    """Required signals that are not exposed; of a machine without links, those that a person
    attested absent."""
    about = machine.profile
    if about is None:
        return []
    groups = [group for group in about.required if not machine.attested.not_fitted(group)]
    said = _judged(machine, groups)
    missing = sum(item.truth is Truth.TRUE for _, item in said)
    narrow = bool(groups) and missing / len(groups) < BREADTH
    cases = []
    for group, proposition in said:
        if proposition.truth is Truth.FALSE or not (machine.links or _attested(machine, group)):
            continue  # U02 speaks of a machine without links
        name = "|".join(signal.name for signal in group)
        words = {"signal": _plain(group), "asset": machine.equipment.tag, "source": SOURCE}
        if any(machine.attested.absent(signal) for signal in group):
            words["source"] = ""  # nobody measures it: there is nothing to publish
        base = Severity.HIGH if _unique(machine, about, group) else Severity.MEDIUM
        cases.append(Case(name, proposition, words, base, 1, int(narrow)))
    return cases


def _judged(machine: Machine, groups: list[Group]) -> list[tuple[Group, Proposition]]:
    """Whether each required signal is missing, and whether one of several is by their count."""
    short = {one.signals: item for one, item in machine.short}
    own = [(group, negate(machine.group(group))) for group in groups if group not in short]
    return [*own, *short.items()]


def _attested(machine: Machine, group: Group) -> bool:
    return all(machine.attested.absent(signal) is not None for signal in group)


def _plain(group: Group) -> str:
    """The signal in words: "suction pressure or power"."""
    return " or ".join(signal.words for signal in group)


def _unique(machine: Machine, about: Profile, group: Group) -> bool:
    """Whether a failure mode shows in this signal and in nothing that is exposed."""
    matrix = matrices().get(about.failure_modes)
    if matrix is None:
        return False
    sure, _ = machine.present()
    unseen = set(matrix.unseen(parameters_of(about, sure)))
    own = matrix.unseen(parameters_of(about, [signal.name for signal in group]))
    return bool(unseen - set(own))


def u02(machine: Machine) -> list[Case]:
    """No device at all monitors the machine."""
    if machine.links:
        return []
    words = {"class": machine.equipment.cls or "machine"}
    if lost := machine.unresolved:
        return [Case("", lost[0], words)]
    proposed = [link.device for link in machine.equipment.links if link.proposed]
    if proposed:
        return [Case("", _unconfirmed(machine.equipment, proposed[0]), words)]
    if machine.claims:
        return [Case("", machine.claims[0], words)]
    if machine.equipment.links_complete:
        none = derived(f"no device is linked to {machine.equipment.tag}")
        return [
            Case("", weaken(complete(machine.equipment, machine.context), Strength.E4, none), words)
        ]
    said = unknown(
        f"which devices monitor {machine.equipment.tag}: no link is declared",
        "see which devices and values bear its tag, strike what is wrong, and import the list;"
        f" where it names none: untrap set {quote(machine.equipment.tag)} monitored_by=DEVICE",
        PROPOSED,
    )
    return [Case("", said, words)]


def _unconfirmed(equipment: Equipment, device: str) -> Proposition:
    """A link that the register's row proposes, for a person to confirm.

    The command names the device by its key: a gateway's address would not be the unit behind it.
    """
    row = equipment.register
    part = bus_part(row.unit) if row else ""
    name = f"{row.address or row.parent} {part}".strip() if row else ""
    exact = part or not (row and row.address)
    return unknown(
        f"whether {name or device[:8]} monitors {equipment.tag}: it is proposed from the register,"
        " and nobody confirmed it",
        "confirm it, or link the right device",
        f"untrap set {quote(equipment.tag)} monitored_by={quote(device if exact else name)}",
    )


def u03(machine: Machine) -> list[Case]:
    """Signals that are listed and that nothing was ever wired to."""
    lost = machine.hollow
    narrow = bool(machine.required) and len(lost) / len(machine.required) < BREADTH
    cases = []
    for name, rows in lost.items():
        proofs = (view.data_proof(point) for view, point, _ in rows[:3])
        words = {"asset": machine.equipment.tag, "signal": signal_of(name).words}
        said = true(Strength.E4, *proofs)
        cases.append(Case(name, said, words, unlocks=1, steps_down=int(narrow)))
    return cases


def u04(machine: Machine) -> list[Case]:
    """Only binary signals are known of a machine that needs measured ones."""
    about = machine.profile
    if about is None:
        return []
    analog = [
        group
        for group in about.required
        if any(not is_binary(signal.measurand) for signal in group)
    ]
    known = [row for row in machine.rows if row[2].known]
    if not analog or not known or any(not is_binary(row[2].measurand) for row in known):
        return []
    absent = (negate(machine.group(group)) for group in analog)
    view, point, _ = known[0]
    said = both(true(Strength.E3, view.data_proof(point)), *absent)
    return [Case("", said, {"asset": machine.equipment.tag, "source": SOURCE})]


def coverage(machine: Machine) -> Coverage | None:
    """Failure-mode coverage as an interval; None without a matrix or without links."""
    if machine.profile is None or not machine.links:
        return None
    sure, maybe = machine.present()
    return coverage_of(machine.profile, sure, maybe, cleared=machine.cleared)


def u05(machine: Machine, found: Coverage | None, target: float) -> list[Case]:
    """Coverage below the target of the machine's criticality."""
    if found is None or found.lo >= target:
        return []
    words = {"best": signal_of(found.best_next).words or "a sensor"}
    shown = f"failure-mode coverage is {found.lo:.2f} to {found.hi:.2f}, the target {target:.2f}"
    if found.hi >= target:
        return [Case("", _open(machine, shown), words)]
    unseen = ", ".join(found.unseen[:8]) or "none of them with certainty"
    premises = (derived(shown), derived(f"nobody can see: {unseen}"))
    said = [machine.delivered([signal]) for signal in _signals(machine)]
    absent = (item.strength for item in said if item.truth is Truth.FALSE)
    known = gather(tuple(item for item in said if item.truth is not Truth.UNKNOWN))
    proofs = (one for one in known if one.observation or one.declaration)
    return [Case("", true(min(absent, default=Strength.E3), *premises, *proofs), words)]


def _signals(machine: Machine) -> tuple[Signal, ...]:
    return machine.profile.signals if machine.profile else ()


def _open(machine: Machine, shown: str) -> Proposition:
    had = (machine.had(signal) for signal in _signals(machine))
    first = next((item for item in had if item.truth is Truth.UNKNOWN), None)
    missing = first.unknown if first else "whether the unknown signals are there"
    step, command = (first.next_step, first.command) if first else ("", "")
    return unknown(f"{missing}; {shown}", step, command)
