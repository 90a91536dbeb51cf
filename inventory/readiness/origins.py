"""Where the signals that machines require come from, by what they come, and in how many variants.

One rule keeps it simple: absent and not known are counted apart; a machine whose class has no
profile requires nothing that anybody could count, and is told as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inventory.model import Need, Truth, Way
from inventory.readiness.answer import percent, several, share


class Origins:
    """Counts over the machines of a site."""

    def __init__(self) -> None:
        self.machines = 0
        self.profiled = 0  # whose class has a profile
        self.ways = Counter[Way]()  # of the required signals that are exposed
        self.absent = 0
        self.open = 0  # of which it is not known whether they are exposed
        self.units = Counter[str]()  # machines by class
        self.connected = Counter[str]()  # of these, whose variant is known
        self.variants: dict[str, set[str]] = {}

    def machine(self, cls: str, variant: str, needs: Sequence[Need]) -> None:
        """Counts one machine in."""
        name = cls or "no class"
        self.machines += 1
        self.profiled += bool(needs)
        self.units[name] += 1
        if variant:
            self.connected[name] += 1
            self.variants.setdefault(name, set()).add(variant)
        for need in needs:
            if need.truth is Truth.TRUE:
                self.ways[need.way] += 1
            elif need.truth is Truth.FALSE:
                self.absent += 1
            else:
                self.open += 1

    @property
    def required(self) -> int:
        """How many signals the machines require together."""
        return self.ways.total() + self.absent + self.open

    @property
    def unprofiled(self) -> str:
        """The machines that could not be counted, in words; "" for none."""
        left = self.machines - self.profiled
        return f"; not known of {several(left, 'machine')} without a signal profile" if left else ""

    @property
    def known(self) -> str:
        """The share of required signals of which it is known which value gives them."""
        if not self.required:
            return f"nothing to count{self.unprofiled}"
        absent, unknown = (percent(n / self.required) for n in (self.absent, self.open))
        found = share(self.ways.total(), self.required)
        return f"{found}; absent {absent}, not known {unknown}{self.unprofiled}"

    @property
    def by_way(self) -> str:
        """The shares of required signals by what they come."""
        if not self.required:
            return f"nothing to count{self.unprofiled}"
        parts = (
            (self.ways[Way.DESCRIBED], "describe themselves (O0, typed)"),
            (self.ways[Way.MAPPED], "by an open protocol and a map (O1)"),
            (self.ways[Way.VENDOR], "by a vendor's protocol (O2 to O4)"),
            (self.absent, "absent"),
            (self.open + self.ways[Way.UNKNOWN], "not known"),
        )
        told = ", ".join(f"{percent(part / self.required)} {words}" for part, words in parts)
        return f"of {self.required}: {told}{self.unprofiled}"

    @property
    def reuse(self) -> tuple[tuple[str, str], ...]:
        """Per class its machines, its variants and the former per variant; large classes first."""
        ordered = sorted(self.units, key=lambda cls: (-self.units[cls], cls))
        return tuple((cls, self._reused(cls)) for cls in ordered)

    def _reused(self, cls: str) -> str:
        units, known = self.units[cls], self.connected[cls]
        variants = len(self.variants.get(cls, ()))
        left = f"; not known of {units - known}" if known < units else ""
        if not variants:
            return f"{units}, no variant known"
        return f"{units}, variants {variants}, reuse {known / variants:.1f}{left}"
