"""What the barrier "not managed for AI" rests on: clocks, certificates, single gateways, links.

One rule keeps it simple: what a device does not tell is not known of it.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta

from inventory.judge.openness import infrastructure
from inventory.model import Device, Evidence
from protocols.contract import SPOKE, Outcome

_ERRORS = re.compile(r"in (\d+), out (\d+)")
DAYS = (1, 7, 30)
"""Ages of a last answer that are told, against the newest of the site."""


class Management:
    """Devices that tell their time and their certificate, how and when they answer."""

    def __init__(self) -> None:
        self.clocked = 0
        self.certified = 0
        self.issued = ""  # the oldest certificate's first day, and the last day of the first to end
        self.ends = ""
        self.behind = Counter[str]()
        self.carriers = 0  # switches, routers and the like
        self.agents_asked = 0  # of them, whose SNMP was asked
        self.agents = 0  # of them, whose SNMP answered
        self.linked = 0  # devices that count errors of their interfaces
        self.faulty = 0
        self.interfaces = 0
        self.faulty_interfaces = 0
        self.listed_again = 0  # devices whose points were listed in several scans
        self.shrunk = 0  # of them, whose last list lacks what an earlier one had
        self._seen = Counter[datetime]()  # day of the last answer

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        device = evidence.device
        facts = {fact.name for fact in device.facts}
        self.clocked += "clock_skew_seconds" in facts
        self.certified += "certificate.not_after" in facts
        self._certificates(device)
        if device.parent:
            self.behind[device.parent] += 1
        self._carrier(device)
        self._links(device)
        lists = {item.scan for item in evidence.observations if item.points}
        self.listed_again += len(lists) > 1 or bool(evidence.gone)
        self.shrunk += bool(evidence.gone)
        if device.last_seen:
            day = device.last_seen.replace(hour=0, minute=0, second=0, microsecond=0)
            self._seen[day] += 1

    def _certificates(self, device: Device) -> None:
        for fact in device.facts:
            day = str(fact.value)[:10]
            if fact.name == "certificate.not_before":
                self.issued = min(self.issued or day, day)
            if fact.name == "certificate.not_after":
                self.ends = min(self.ends or day, day)

    def _carrier(self, device: Device) -> None:
        if device.role in infrastructure():
            agents = {one.outcome for one in device.services if one.protocol == "snmp"}
            self.carriers += 1
            self.agents_asked += bool(agents - {Outcome.NOT_ASKED})
            self.agents += bool(agents & SPOKE)

    def _links(self, device: Device) -> None:
        told = [
            found
            for fact in device.facts
            if fact.name == "interface.errors" and (found := _ERRORS.fullmatch(str(fact.value)))
        ]
        faulty = sum(any(map(int, one.groups())) for one in told)
        self.linked += bool(told)
        self.faulty += bool(faulty)
        self.interfaces += len(told)
        self.faulty_interfaces += faulty

    def last_seen(self) -> list[int]:
        """Devices whose last answer is more than 1, 7 and 30 days older than the newest."""
        newest = max(self._seen, default=None)
        if newest is None:
            return [0] * len(DAYS)
        return [
            sum(n for day, n in self._seen.items() if newest - day > timedelta(days=days))
            for days in DAYS
        ]

    @property
    def seen(self) -> int:
        """Devices that ever answered."""
        return self._seen.total()
