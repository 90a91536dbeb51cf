"""Whether a machine's signal is exposed by the devices that monitor it: TRUE, FALSE or UNKNOWN.

One rule keeps it simple: FALSE needs the whole licence (domain model 2.3), and no value in the way
that could be it; what asks is in `doubts`, what people said in `attested`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache

from inventory.derive.declared import equipment_class
from inventory.judge import doubts, soundness
from inventory.judge.attested import Attested, attested
from inventory.judge.context import Context
from inventory.judge.counting import Shortfall, shortfalls
from inventory.judge.doubts import PROPOSED
from inventory.judge.fitting import could_be, fits
from inventory.judge.holding import Held, Row, borne, held, unread
from inventory.judge.licence import licence, unresolved
from inventory.judge.logic import derived, either, false, true, unknown
from inventory.judge.profiles import Profile, Signal, classes, offline, profile, signal_of
from inventory.judge.soundness import GOOD, Sound
from inventory.judge.stand_ins import stand_in_of, stands
from inventory.judge.view import View
from inventory.model import Because, Equipment, Proposition, Strength, Truth
from inventory.rules.inaccessible import name_of
from inventory.rules.quality import is_placeholder
from inventory.rules.standing import about_machine, resting, rests
from inventory.signals.points import MAPPED, NAME_ONLY, TYPED, Meaning, dimensions, is_binary

STRENGTH = {TYPED: Strength.E4, MAPPED: Strength.E4, NAME_ONLY: Strength.E1}


class Machine:
    """One machine with the views of the devices that monitor it."""

    def __init__(
        self,
        equipment: Equipment,
        views: Sequence[View],
        context: Context,
        others: Sequence[View] = (),
    ) -> None:
        self.equipment = equipment
        self.context = context
        self.others = others  # of devices that no link ties to it, and that bear its tag
        self.views = [view for view in views if not view.device.away]
        self.gone = [view for view in views if view.device.away]
        self.links = [link for link in equipment.links if not link.proposed and link.resolved]
        self.cls = class_of(equipment.cls)
        self.profile: Profile | None = profile(self.cls)
        self._found: dict[Signal, Proposition] = {}

    @property
    def required(self) -> tuple[tuple[Signal, ...], ...]:
        """Groups of alternatives of which the profile needs one each."""
        return self.profile.required if self.profile else ()

    def name_of(self, meaning: Meaning) -> str:
        """The profile's name of what a value measures, else its measurand."""
        signals = self.profile.signals if self.profile else ()
        return next(
            (one.name for one in signals if fits(one, meaning, self.profile) is True),
            meaning.measurand,
        )

    @cached_property
    def held(self) -> list[Held]:
        """What each of its devices gives for it."""
        return [held(self.equipment, view) for view in self.views]

    @cached_property
    def rows(self) -> list[Row]:
        """Process points that belong to the machine, with what they measure."""
        return [row for one in self.held for row in one.rows]

    @cached_property
    def unsure(self) -> list[Row]:
        """Process points that may be the machine's or another's."""
        return [row for one in self.held for row in one.unsure]

    @cached_property
    def unlinked(self) -> list[Row]:
        """Process points that bear the machine's tag, and that no link holds."""
        here = [row for one in self.held for row in one.unlinked]
        return here + [row for view in self.others for row in borne(self.equipment, view)]

    @cached_property
    def unread(self) -> list[Row]:
        """What the register maps of its devices name for it, and no scan read."""
        return [row for view in self.views for row in unread(self.equipment, view)]

    @cached_property
    def claims(self) -> list[Proposition]:
        """A question for each device that bears the machine's tag, and that no link ties to it."""
        tag = self.equipment.tag
        return [
            unknown(
                f"whether {name_of(view)} monitors {tag}: it bears the tag, and no link ties them",
                "link it, where it does: strike what is wrong, and import the list",
                PROPOSED,
            )
            for view in self.others
        ]

    @cached_property
    def attested(self) -> Attested:
        """What people attested of the machine."""
        return attested(self.equipment, self.context)

    @cached_property
    def resting(self) -> bool:
        """Whether it, its line, area or site, or a device of it, is declared to stand still."""
        seen = max((view.latest.date() for view in self.views if view.latest), default=date.max)
        about = about_machine(self.equipment, self.context)
        today = self.context.today.date()
        return rests(about, today, seen) or any(resting(view) for view in self.views)

    @cached_property
    def licence(self) -> Proposition:
        """Whether "not there" may be said of this machine at all."""
        return licence(self.equipment, self.views, self.unresolved, self.context)

    @cached_property
    def unresolved(self) -> list[Proposition]:
        """Questions for what its links name and nobody found: who looks for a signal has not
        looked there."""
        return unresolved(
            self.equipment, self.gone, [text for one in self.held for text in one.idle]
        )

    def exists(self, signal: Signal) -> Proposition:
        """Whether the signal is exposed."""
        if signal not in self._found:
            self._found[signal] = self._exists(signal)
        return self._found[signal]

    def group(self, alternatives: Sequence[Signal]) -> Proposition:
        """Whether any of the alternatives is exposed."""
        return either(*(self.exists(signal) for signal in alternatives))

    @cached_property
    def short(self) -> list[tuple[Shortfall, Proposition]]:
        """What of its required signals is missing by the count of the values that may be them."""
        unsure = {
            group: rows for group in self.required
            if not self.attested.not_fitted(group) and (rows := self._by_place(group))
        }  # fmt: skip
        met = {group: self.witnesses(group) for group in (self.required if unsure else ())}
        return [(one, self._counted(one)) for one in shortfalls(unsure, met)]

    def _by_place(self, group: Sequence[Signal]) -> list[Row]:
        """The values of which only their place leaves open whether they are any of these; none
        where anything else is open too."""
        if self.group(group).truth is not Truth.UNKNOWN:
            return []
        rows = [row for signal in group for row in self._candidates(signal)]
        sure = (any(fits(one, row[2], self.profile) is None for one in group) for row in rows)
        return rows if all(sure) and not any(map(self._besides, group)) else []

    def _counted(self, short: Shortfall) -> Proposition:
        values = "1 value is" if len(short.rows) == 1 else f"{len(short.rows)} values are"
        names = ", ".join(point.name or point.address for _, point, _ in short.rows[:5])
        lost = " or ".join(signal.words for signal in short.signals)
        text = (
            f"{values} listed for {short.needed} signals ({names}): at least {short.missing} of"
            f" them is missing, and it is {lost}"
        )
        strength = min(self._absence_strength(signal) for signal in short.signals)
        proofs = [view.data_proof(point) for view, point, _ in short.rows[:3]]
        return true(
            min(strength, self.licence.strength), derived(text), *proofs, *self.licence.because
        )

    @cached_property
    def hollow(self) -> dict[str, list[Row]]:
        """Signals whose only points were never wired up, with those points (U03)."""
        named: dict[str, list[Row]] = {}
        for row in self.rows:
            if row[2].known:
                named.setdefault(self.name_of(row[2]), []).append(row)
        return {
            name: rows
            for name, rows in named.items()
            if all(is_placeholder(point, view.values(point)) for view, point, _ in rows)
        }

    def delivered(self, alternatives: Sequence[Signal]) -> Proposition:
        """Whether any of the alternatives is exposed and wired to something (use cases)."""
        return either(*(self._delivered(signal) for signal in alternatives))

    def sound(self, alternatives: Sequence[Signal]) -> Sound:
        """Whether any of the alternatives comes to the collector and is good: of several values
        one that is good suffices."""
        best: Sound | None = None
        for view, point, meaning in self.witnesses(alternatives):
            said = soundness.of(view).of(point, meaning)
            if said.truth is Truth.TRUE:
                return said
            if best is None or said.truth > best.truth:
                best = said
        return best or GOOD

    def witnesses(self, alternatives: Sequence[Signal]) -> list[Row]:
        """The values that show any of the alternatives, or that stand for it."""
        found: list[Row] = []
        for one in alternatives:
            found += self._showing(one) or self._standing_for(one, True)
        return found

    def _showing(self, signal: Signal) -> list[Row]:
        """The values that are that signal for sure."""
        rows = self._measuring.get(signal.measurand, ())
        return [row for row in rows if fits(signal, row[2], self.profile) is True]

    @cached_property
    def _measuring(self) -> dict[str, list[Row]]:
        """The machine's values by what they measure: of most signals none is there to look at."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row[2].measurand or row[2].alone, []).append(row)
        return found

    def _delivered(self, signal: Signal) -> Proposition:
        rows = self.hollow.get(signal.name)
        if not rows:
            return self.exists(signal)
        return false(Strength.E4, *(view.data_proof(point) for view, point, _ in rows[:3]))

    def _exists(self, signal: Signal) -> Proposition:
        absent, best = self.attested.absent(signal), self._best(signal)
        if absent is not None and best is not None:
            return doubts.contradicted(signal, absent, best)
        if (said := absent or best) is not None:
            return said
        if stand_ins := self._standing_for(signal, True):
            told = self._best_of(stand_ins)
            taken = derived(f"derived: {signal.words} of its drive's {stand_ins[0][2].measurand}")
            return true(min(told.strength, Strength.E2), *told.because, taken)
        return self._doubt(signal) or self._absent(signal)

    def _doubt(self, signal: Signal) -> Proposition | None:
        """What keeps "absent" from being said, the weightiest first."""
        return doubts.unclassified(signal, self._candidates(signal)) or self._besides(signal)

    def _besides(self, signal: Signal) -> Proposition | None:
        """The same, but for the values of the machine that could be the signal."""
        tag, about = self.equipment.tag, self.profile
        return (
            doubts.of_whom(signal, self.unsure, about, tag)
            or doubts.of_the_drive(signal, self._standing_for(signal, None), tag)
            or (self.licence if self.licence.truth is not Truth.TRUE else None)
            or doubts.unread(signal, self.unread, about)
            or doubts.bears_the_tag(signal, self.unlinked, self.others, about, tag)
            or doubts.as_text(signal, self.views)
        )

    def _absent(self, signal: Signal) -> Proposition:
        strength = min(self._absence_strength(signal), self.licence.strength)
        return false(strength, self._looked_through(signal), *self.licence.because)

    def _looked_through(self, signal: Signal) -> Because:
        """What was listed in full without finding the signal."""
        names = " and ".join(name_of(view) for view in self.views[:3])
        more = f" and {len(self.views) - 3} more" if len(self.views) > 3 else ""
        count = len(self.rows)
        lists = "1 value, which" if count == 1 else f"{count} values, none of which"
        if sum(one.others for one in self.held):
            lists = lists.replace(",", f" of {self.equipment.tag},")
        return derived(f"{names}{more} lists {lists} is{' not' * (count == 1)} {signal.words}")

    def _best(self, signal: Signal) -> Proposition | None:
        found = self._showing(signal)
        return self._best_of(found) if found else None

    def _best_of(self, rows: Sequence[Row]) -> Proposition:
        view, point, meaning = max(rows, key=lambda row: row[2].score)
        strength = STRENGTH.get(meaning.match, Strength.E3)
        if meaning.alone and not meaning.dimension:
            strength = Strength.E1  # by its name alone
        return true(strength, view.data_proof(point))

    def _standing_for(self, signal: Signal, sure: bool | None) -> list[Row]:
        """The values that stand for a signal, or (None) of which nobody says whether they do."""
        other = stand_in_of(signal)
        rows = self._showing(other) if other else []
        return [row for row in rows if stands(signal, row) is sure]

    def _candidates(self, signal: Signal) -> list[Row]:
        """Unclassified values whose unit is compatible or missing (domain model 4.4)."""
        return [row for row in self.rows if could_be(signal, row[1], row[2], self.profile)]

    def _absence_strength(self, signal: Signal) -> Strength:
        """Absence that rests on the names of other values is weak (domain model 4.3)."""
        allowed = dimensions(signal.measurand)
        for _, _, meaning in self.rows:
            by_name = meaning.match == NAME_ONLY and not meaning.dimension
            if by_name and not is_binary(meaning.measurand) and allowed and not meaning.kind:
                return Strength.E1
        return Strength.E3

    def present(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of the profile's signals that are exposed, and of those that may be.

        A point that nothing was ever wired to shows no failure mode: its signal is in neither. One
        that does not come to the collector may be, and is not for sure.
        """
        return self._present

    @cached_property
    def _present(self) -> tuple[frozenset[str], frozenset[str]]:
        if self.profile is None:
            return frozenset(), frozenset()
        truths = {item.name: self.had(item).truth for item in self.profile.signals}
        sure = frozenset(name for name, truth in truths.items() if truth is Truth.TRUE)
        return sure, sure | {name for name, truth in truths.items() if truth is Truth.UNKNOWN}

    @cached_property
    def cleared(self) -> frozenset[str]:
        """What no scan sees on most machines and a value of this one is linked as: as the matrices
        of failure modes call it."""
        linked = {meaning.measurand for _, _, meaning in self.rows} & offline().keys()
        return frozenset(
            name for one in linked if self.had(signal_of(one)).truth is Truth.TRUE
            for name in offline()[one]
        )  # fmt: skip

    def had(self, signal: Signal) -> Proposition:
        """Whether the signal is exposed and comes to the collector. One that is behind a door
        may be had: it is not absent (domain model 3.8)."""
        said = self._delivered(signal)
        if said.truth is not Truth.TRUE:
            return said
        come = [
            soundness.of(view).collectable(point) for view, point, _ in self.witnesses([signal])
        ]
        kept = [one for one in come if one.truth is not Truth.TRUE]
        if len(kept) < len(come):
            return said
        first = max(kept, key=lambda one: one.truth).said
        why = first.because[0].text if first.because else ""
        missing = first.unknown or f"{signal.words} comes to no collector: {why}"
        step = first.next_step or "open its way first: the gaps of its device say how"
        command = first.command or next((f"untrap show {view.address}" for view in self.views), "")
        return unknown(missing, step, command, *first.because)


@lru_cache(maxsize=4096)
def class_of(text: str) -> str:
    """The class that a register's word means ("Kreiselpumpe" is a pump), or the word itself."""
    word = text.strip().casefold().replace("_", "-").replace(" ", "-")
    return word if word in classes() else equipment_class(text) or word
