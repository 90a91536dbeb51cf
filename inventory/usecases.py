"""Readiness for a use case, and the pilot question: would it work at ten sites?

One rule keeps it simple: readiness is a conjunction; one missing input stops a model, and a mean
would hide it (domain model 5, 7).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.derive.declared import equipment_class
from inventory.judge.presence import Machine, class_of
from inventory.judge.profiles import Signal, classes, nameable, signal_of
from inventory.judge.variants import Variant, variants_of
from inventory.model import Category, Effort, Finding, Remedy, Truth
from inventory.rules.catalogue import catalogue

if TYPE_CHECKING:
    from inventory.store import Store

VERDICTS = {Truth.TRUE: "ready", Truth.FALSE: "blocked", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class UseCase:
    """Signals that each class of machine must expose; alternatives are joined by |."""

    name: str
    signals: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Missing:
    """One signal that is not there, or not known to be."""

    signal: str
    truth: Truth
    text: str  # what is not known, or why there is none
    state: str  # absent, unreadable, denied, failing, poor, unknown
    rule: str = ""  # whose gap it is, and of which device
    device: str = ""

    @property
    def exposed_by_nothing(self) -> bool:
        """Whether it is absent, and not because the machine has no such part."""
        return self.state == "absent" and not self.text


EXPOSED_BY_NOTHING = "nothing that monitors it exposes this signal"
"""Why a signal is absent that the use case asks for and the machine's profile does not."""


def _sensor(lack: Missing) -> Remedy:
    """The sensor that would give a signal: the remedy of U01, in its words."""
    wanted = lack.signal.partition("|")[0].replace(":", " ")
    fitted = next(one for one in catalogue()["U01"].remedies if one.effort is Effort.E2)
    return replace(fitted, text=fitted.text.format(signal=wanted))


@dataclass(frozen=True, slots=True)
class Barred:
    """One signal that is not had, with what stands in its way and what frees it first."""

    lack: Missing
    gap: Finding | None
    fix: Remedy | None

    @property
    def cause(self) -> str:
        """What bars it, alike at every site: the gap's name, or the signal itself."""
        if self.gap is not None and self.gap.rule not in OF_SIGNALS:
            return self.gap.label
        return f"{self.lack.signal} {self.lack.state}"

    def line(self) -> dict[str, object]:
        """The JSON object in `missing` of `readiness --use-case` (rulings 26)."""
        gap = self.gap
        named = f"{gap.label}: {gap.asset_name}" if gap else ""
        return {
            "signal": self.lack.signal,
            "gap": gap.id if gap else None,
            "effort": self.fix.effort.value if self.fix else None,
            "state": self.lack.state,
            "text": self.lack.text,
            "why": named or (EXPOSED_BY_NOTHING if self.lack.exposed_by_nothing else ""),
            "fix": self.fix.text if self.fix else "",
        }


@dataclass(frozen=True, slots=True)
class Ready:
    """One machine against a use case."""

    site: str
    unit: str
    truth: Truth
    missing: tuple[Missing, ...]
    variants: tuple[Variant, ...]  # how its data is had, to count what must be built

    def barred(self, gaps: Mapping[str, Finding]) -> tuple[Barred, ...]:
        """What is missing, with what stands in the way; `gaps`: as `Obstacles.of` gives it."""
        return tuple(_barred(item, gaps) for item in self.missing)

    def line(self, barred: Iterable[Barred] = ()) -> dict[str, object]:
        """The JSON object of `readiness --use-case` (rulings 26)."""
        return {
            "site": self.site,
            "unit": self.unit,
            "verdict": VERDICTS[self.truth],
            "missing": [item.line() for item in barred],
            "variants": [one.text for one in self.variants],
        }


def _barred(lack: Missing, gaps: Mapping[str, Finding]) -> Barred:
    gap = _gap_of(lack, gaps)
    if gap is not None:
        return Barred(lack, gap, next(iter(gap.remedies), None))
    return Barred(lack, None, _sensor(lack) if lack.exposed_by_nothing else None)


def _gap_of(lack: Missing, gaps: Mapping[str, Finding]) -> Finding | None:
    """The gap that stands in a signal's way: of any of its alternatives, else of the machine."""
    if lack.device:
        return gaps.get(_of(lack.device, lack.rule)) or gaps.get("")
    wanted = set(lack.signal.split("|"))
    for subject, gap in gaps.items():
        if wanted & set(subject.split("|")):
            return gap
    return gaps.get("")


class Obstacles:
    """What the stored verdicts say stands in the way of the machines' data."""

    def __init__(self, store: Store) -> None:
        self._store = store
        rated = store.rated(("key", "level_hi"), "equipment")
        self._dark = {str(key) for key, high in rated if high is not None and int(str(high)) < 3}

    def unreadable(self, machine: Machine) -> bool:
        """No value of any device that monitors it can be had: its level is 2 at most."""
        return bool(machine.views) and machine.equipment.key in self._dark

    def of(self, machine: Machine) -> dict[str, Finding]:
        """By signal the gap of the machine (U01 to U03); under "" that of the whole of it, or
        else the gap of a device that keeps its values in; by device and rule those that speak of
        single values."""
        doors = [view.device.key for view in machine.views]
        found: dict[str, Finding] = {}
        for item in self._store.findings(machine.equipment.key, *doors):  # most valuable first
            own = item.asset == machine.equipment.key
            if own and item.rule in OF_MACHINES:
                found[item.subject] = item
                continue
            if not own and item.rule in OF_VALUES:
                found.setdefault(_of(item.asset, item.rule), item)
            if not own and item.category in OF_DEVICES and self.unreadable(machine):
                before = found.get("")
                if before is None or before.rule == "A09":  # what was not asked says least
                    found[""] = item
        return found


def _of(device: str, rule: str) -> str:
    return f"{device} {rule}"


STATES = {
    **dict.fromkeys(("A01", "A02", "A03", "A04"), "unreadable"),
    **{"A05": "denied", "Q12": "failing", "U03": "absent"},
}
"""What stands in the way of a value, by the rule that is TRUE of it; "poor" for the others."""
OF_VALUES = frozenset({*STATES, "Q01", "Q02", "Q03", "Q04", "Q05"})
"""Rules of devices that speak of single values, or of the service that gives them."""
OF_MACHINES = frozenset({"U01", "U02", "U03"})
"""Rules of machines whose findings say why a signal is not had."""
OF_SIGNALS = frozenset({"U01", "U03"})
"""Those of them that speak of one signal."""
OF_DEVICES = frozenset({Category.TRAPPED, Category.INACCESSIBLE})


def bundled() -> tuple[str, ...]:
    """Names of the bundled use cases."""
    folder = files("inventory").joinpath("data/usecases")
    return tuple(sorted(item.name for item in folder.iterdir() if item.name.endswith(".toml")))


def use_case(text: str) -> UseCase:
    """A use case by path, or a bundled one by its name.

    Raises ValueError, which names the bundled ones, when it is neither, and what is wrong and what
    would be right when it is malformed.
    """
    path = Path(text)
    name = path.name if path.suffix == ".toml" else f"{path.name}.toml"
    try:
        if path.is_file():
            content = path.read_text("utf-8-sig")  # as Windows editors save it
        elif name in bundled():
            content = files("inventory").joinpath(f"data/usecases/{name}").read_text("utf-8")
        else:
            raise ValueError(f"there is no such use case; bundled are {', '.join(bundled())}")
        return _read(tomllib.loads(content), path.stem)
    except (ValueError, OSError) as error:  # TOML's own errors are of the first kind too
        raise ValueError(f"use case {text}: {error}{_quoting(error, path)}") from error


def _quoting(error: Exception, path: Path) -> str:
    """What helps where TOML stumbles over a class as people write it."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return ""
    for line in path.read_text("utf-8", "replace").splitlines():
        found = re.fullmatch(
            r"\s*\[class\.([^\"\].]*[^A-Za-z0-9_\-\s\"][^\"\]]*|\S+ [^\"\]]*)\]\s*", line
        )
        if found:
            return f'; write [class."{found[1]}"] for a name that is not of A to Z, 0 to 9, - and _'
    return ""


def _read(table: Mapping[str, object], name: str) -> UseCase:
    _known("key", table, ("name", "version", "class"))
    rows = table.get("class")
    if not isinstance(rows, dict) or not rows:
        raise ValueError('it names no machine: write [class.pump] and signals = ["vibration"]')
    named: dict[str, tuple[str, ...]] = {}
    for cls, row in rows.items():
        if (name_of_class := class_of(cls)) in named:
            raise ValueError(f"[class.{cls}] is class {name_of_class!r} once more; join the two")
        if name_of_class not in classes() and not equipment_class(cls):
            _not_misspelt(cls, name_of_class)
        named[name_of_class] = _signals(cls, row)
    return UseCase(str(table.get("name", name)), named)


ALIKE, LETTERS = 0.75, 1
"""How alike a class that nobody knows is to a known one, and by how many letters longer or shorter,
where it is that one misspelt: a class of the operator's own ("kiln", "valve") is none."""


def _not_misspelt(written: str, cls: str) -> None:
    for near in difflib.get_close_matches(cls, classes(), 1, ALIKE):
        if abs(len(near) - len(cls)) <= LETTERS:
            raise ValueError(f"[class.{written}] is no known class; did you mean [class.{near}]?")


def _signals(cls: str, row: object) -> tuple[str, ...]:
    """The signals of one class; raises ValueError for what no value could ever be taken for."""
    row = row if isinstance(row, dict) else {}
    listed = row.get("signals")
    if not isinstance(listed, list) or not listed or not all(isinstance(s, str) for s in listed):
        raise ValueError(f'[class.{cls}] needs a list of signals: signals = ["vibration"]')
    _known(f"key in [class.{cls}]", map(str, row), ("signals",))
    measurands, places = nameable()
    for name in (name for text in listed for name in text.split("|")):
        signal = signal_of(name)
        if name.endswith(":"):
            raise ValueError(f"no place after the colon in [class.{cls}]: {name!r}")
        _known(f"signal in [class.{cls}]", (signal.measurand,), measurands)
        if signal.place:
            _known(f"place of {signal.measurand} in [class.{cls}]", signal.place.split("+"), places)
    return tuple(listed)


def _known(what: str, given: Iterable[str], good: Sequence[str]) -> None:
    for name in given:
        if name not in good:
            near = difflib.get_close_matches(name, good, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(good)}"
            raise ValueError(f"unknown {what}: {name!r}; {hint}")


def pilot_use_case(machines: Iterable[Machine], site: str) -> UseCase:
    """What the machines of a pilot site expose, per class, as the use case for other sites."""
    found: dict[str, set[str]] = {}
    for machine in machines:
        if machine.profile is not None:
            sure, _ = machine.present()
            if sure:
                found.setdefault(machine.cls, set()).update(sure)
    return UseCase(f"pilot {site}", {cls: _narrowest(names) for cls, names in found.items()})


def _narrowest(names: Iterable[str]) -> tuple[str, ...]:
    """Without "pressure" where "pressure:discharge" is asked for: who has that one has it too."""
    ordered = sorted(names)
    return tuple(one for one in ordered if not any(o.startswith(f"{one}:") for o in ordered))


def ready(machine: Machine, wanted: UseCase, unreadable: bool = False) -> Ready | None:
    """One machine against a use case; None when the use case is not about its class.

    `unreadable`: none of its devices can be read, so that nothing it may measure is delivered.
    """
    signals = wanted.signals.get(machine.cls)
    if not signals:
        return None
    missing = [lack for text in signals if (lack := _lack(machine, text, unreadable))]
    truths = {lack.truth for lack in missing}
    truth = min(truths, default=Truth.TRUE)  # FALSE before UNKNOWN before TRUE
    unit = machine.equipment
    variants = variants_of(machine, signals)
    return Ready(unit.site, unit.tag or unit.name, truth, tuple(missing), variants)


def _lack(machine: Machine, text: str, unreadable: bool) -> Missing | None:
    """What a use case lacks of one signal, or of all of its alternatives; None for nothing."""
    group = [signal_of(name) for name in text.split("|")]
    said = machine.delivered(group)
    if said.truth is Truth.TRUE and not unreadable:
        return _unsound(machine, text, group)
    if said.truth is not Truth.TRUE and machine.attested.not_fitted(group):
        return Missing(text, Truth.FALSE, NOT_FITTED, "absent")
    if said.truth is Truth.FALSE:
        return Missing(text, Truth.FALSE, "", "absent")
    if unreadable:
        return Missing(text, Truth.FALSE, UNREADABLE, "unreadable")
    return Missing(text, Truth.UNKNOWN, said.unknown, "unknown")


def _unsound(machine: Machine, text: str, group: Sequence[Signal]) -> Missing | None:
    """What is exposed, and does not come to the collector today, or is not good."""
    sound = machine.sound(group)
    whose = sound.rule, sound.device
    if sound.truth is Truth.TRUE:
        return None
    if sound.truth is Truth.UNKNOWN:
        return Missing(text, Truth.UNKNOWN, sound.said.unknown, "unknown", *whose)
    why = f"{catalogue()[sound.rule].label}: {sound.said.because[0].text}"
    return Missing(text, Truth.FALSE, why, STATES.get(sound.rule, "poor"), *whose)


NOT_FITTED = "attested that it has no such part: the use case needs a variant without it"
UNREADABLE = "no device that monitors it can be read"
