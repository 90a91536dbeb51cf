"""What a use case comes to at one site, and over all of them: would the pilot work at ten?

One rule keeps it simple: a site works when all of its machines do, and what nobody knows is told
as not known, never as none (domain model 7, question 5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from inventory.fixes import key_of
from inventory.model import Effort, Truth
from inventory.readiness.repeating import QUESTION, STAYS_HUMAN
from inventory.usecases import VERDICTS, Barred, Ready

MOST_CLASSES = 12
"""Classes of machines that are named where a use case is about none of them."""
MOST_SITES = 10
"""Sites that are named for one answer."""
MOST_CAUSES = 5
"""Causes that are told, the commonest first."""


class SiteTotal:
    """What a use case needs at one site, counted while its machines stream by."""

    def __init__(self) -> None:
        self.verdicts = Counter[Truth]()
        self.fixes: dict[str, Effort] = {}  # what is to be done, each thing once
        self.causes = Counter[str]()  # machines that something bars, by what
        self.variants: set[str] = set()
        self.unvaried = 0  # machines of which nobody knows how they would be connected
        self.classes: set[str] = set()  # of all machines, also of those that it is not about
        self.classless = 0  # machines of which nobody knows whether it is about them

    def see(self, cls: str) -> None:
        """Counts the class of a machine, whether or not the use case is about it."""
        self.classes.add(cls)
        self.classless += not cls

    def add(self, found: Ready, barred: Iterable[Barred]) -> None:
        """Counts one machine in, with what stands in its way."""
        self.verdicts[found.truth] += 1
        known = {one.text for one in found.variants if one.model}
        self.variants |= known
        self.unvaried += not found.variants or len(known) < len(found.variants)
        causes = set()
        for item in barred:
            if item.lack.truth is Truth.FALSE:
                causes.add(item.cause)
            if item.fix is not None:
                doing = key_of(item.gap, item.fix) if item.gap else f"{item.fix.text}@{found.unit}"
                self.fixes[doing] = item.fix.effort
        self.causes.update(causes)

    @property
    def truth(self) -> Truth | None:
        """Whether it works here as it is; None where every machine is known to be another one."""
        if self.classes - {""} and not self.classless:
            return min(self.verdicts, default=None)
        return min(self.verdicts, default=Truth.UNKNOWN)

    def text(self, pilot: SiteTotal | None = None) -> str:
        """The site in one line; `pilot`: the total of the site whose connections are there."""
        if not self.verdicts:
            named = sorted(filter(None, self.classes))
            here = _some(named, MOST_CLASSES, ", ") or "none"
            text = f"no machine that the use case is about; classes of machines here: {here}"
            return ", ".join(filter(None, (text, _classless(self.classless))))
        built = "" if pilot is None else _varied(self.variants, self.unvaried, pilot)
        parts = (counts(self.verdicts), built, efforts([self]), _classless(self.classless))
        return ", ".join(filter(None, parts))


class AllSites:
    """What a use case comes to at all sites but the pilot's own."""

    def __init__(self, pilot: str) -> None:
        self._name = pilot
        self._pilot: SiteTotal | None = None
        self._others: dict[str, SiteTotal] = {}

    def add(self, site: str, total: SiteTotal) -> str:
        """Counts one site in, the pilot's first; its line."""
        if site == self._name:
            self._pilot = total
        else:
            self._others[site] = total
        return f"{site}: {total.text(self._pilot)}"

    def lines(self) -> list[str]:
        """The answer over all sites; nothing where one site was asked about itself."""
        if not self._others:
            return [
                f"5. {QUESTION}  (100% of the sites not known)",
                "  of 0 other sites: scan another one into this inventory (--site NAME)",
            ]
        if self._pilot is None and len(self._others) == 1:
            return []
        totals = list(self._others.values())
        machines = counts(sum((one.verdicts for one in totals), Counter[Truth]()))
        classless = _classless(sum(one.classless for one in totals))
        told = {
            "machines": ", ".join(filter(None, (machines, classless))),
            "blocked by": self._causes(),
            "to be built": self._variants(totals),
            "to reach ready": efforts(totals),
        }
        unknown = sum(one.truth is Truth.UNKNOWN for one in totals) / len(totals)
        return [
            f"5. {QUESTION}  ({unknown:.0%} of the sites not known)",
            f"  {self._sites()}",
            *(f"  {name}: {text}" for name, text in told.items() if text),
            f"  stays with people: {STAYS_HUMAN}",
        ]

    def _sites(self) -> str:
        named: dict[Truth | None, list[str]] = {truth: [] for truth in WORDS}
        for site, total in self._others.items():
            named[total.truth].append(site)
        told = (
            f"{said} at {len(named[truth])}{_in_brackets(named[truth])}"
            for truth, said in WORDS.items()
            if named[truth] or truth is not None
        )
        whole = _counted(len(self._others), "site" if self._pilot is None else "other site")
        return f"of {whole}: {', '.join(told)}"

    def _causes(self) -> str:
        """What bars machines, by how many sites and machines it does so."""
        sites, machines = Counter[str](), Counter[str]()
        for total in self._others.values():
            sites.update(total.causes.keys())
            machines.update(total.causes)
        order = sorted(machines, key=lambda cause: (-sites[cause], -machines[cause], cause))
        told = [
            f"{one} ({_counted(sites[one], 'site')}, {_counted(machines[one], 'machine')})"
            for one in order
        ]
        return _some(told, MOST_CAUSES, "; ")

    def _variants(self, totals: Sequence[SiteTotal]) -> str:
        variants = set().union(*(one.variants for one in totals))
        return _varied(variants, sum(one.unvaried for one in totals), self._pilot)


WORDS = {
    Truth.TRUE: "works as it is",
    Truth.FALSE: "blocked",
    Truth.UNKNOWN: "not known",
    None: "no such machine",
}
"""What is said of sites, by whether the use case works there."""


def counts(verdicts: Counter[Truth]) -> str:
    """Machines by verdict: "3 ready, 1 blocked, 0 unknown"."""
    order = (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN)
    return ", ".join(f"{verdicts[one]} {VERDICTS[one]}" for one in order)


def efforts(totals: Iterable[SiteTotal]) -> str:
    """Things to do, by effort: "fixes 1 E0, 2 E2"; a site's fix is another's no help."""
    tiers = Counter(effort.value for one in totals for effort in one.fixes.values())
    told = ", ".join(f"{count} {tier}" for tier, count in sorted(tiers.items()))
    return f"fixes {told}" if told else ""


def _varied(variants: Collection[str], unvaried: int, pilot: SiteTotal | None) -> str:
    beyond = "" if pilot is None else " beyond the pilot's"
    if not variants:
        return f"variants{beyond}: not known"
    left = f" (not known of {_counted(unvaried, 'machine')})" if unvaried else ""
    more = set(variants) - (pilot.variants if pilot else set())
    most = "at most " if more and pilot and pilot.unvaried else ""
    return f"{most}{_counted(len(more), 'variant')}{beyond}{left}"


def _classless(count: int) -> str:
    """Machines of which nobody knows whether the use case is about them."""
    return f"{_counted(count, 'machine')} without a class not counted" if count else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _in_brackets(names: Sequence[str]) -> str:
    return f" ({_some(names, MOST_SITES, ', ')})" if names else ""


def _some(names: Sequence[str], most: int, between: str) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more
