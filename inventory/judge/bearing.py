"""Which devices bear the tag of a machine: by their own name or tag, or by those of their values.

One rule keeps it simple: the words nearest to a value decide, and a tag that many devices bear is
no tag of a machine. What is found proposes a link, or asks for one; it links nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Mapping
from itertools import chain

from inventory.judge.naming import parts_of, perhaps_tags, plain_tag
from inventory.model import Device, Equipment, Evidence
from inventory.once import Once
from protocols.contract import Point

MOST_DEVICES = 5
"""Devices that are taken to bear the tag of one machine: one that more bear is no tag of it."""

LETTERS = re.compile(r"[^\W\d_]+")


def is_tag(plain: str) -> bool:
    """Whether a plain text is tag enough to be looked for: with letters, and a number."""
    return any(map(str.isdecimal, plain)) and any(map(str.isalpha, plain))


def sought(equipment: Iterable[Equipment]) -> frozenset[str]:
    """Plain tags of the machines whose links are declared complete. Of no other machine it can be
    said that anything is absent, so nobody has to look for more of it."""
    plain = (plain_tag(one.tag) for one in equipment if one.links_complete)
    return frozenset(filter(is_tag, plain))


class Bearing:
    """The tags, of some, that devices bear. A listing that siblings share is looked at once."""

    def __init__(self, tags: Collection[str]) -> None:
        self._tags = tags
        self._letters = frozenset(run for tag in tags for run in tag.split() if not run.isdecimal())
        self._listed = Once(self._by_values)

    def of(self, evidence: Evidence) -> tuple[str, ...]:
        """The tags that a device bears, sorted. One whose place was taken is not there to ask."""
        device = evidence.device
        if not self._tags or device.away:
            return ()
        listed = self._listed(evidence.points)
        own = {tag for _, text in names_of(device) if (tag := self._by_name(text))}
        return tuple(sorted(own | listed)) if own else tuple(sorted(listed))

    def _by_name(self, text: str) -> str:
        return tag_in(text, self._tags) if self._perhaps(text) else ""

    def _by_values(self, points: tuple[Point, ...]) -> frozenset[str]:
        """Most listings hold no word of any tag, which one look at all of their text tells; of an
        address that is what follows "s=" (`naming.parts_of`)."""
        nodes = [one.address.partition("s=")[2] for one in points]
        paths = {one.path for one in points}
        if not self._perhaps(" ".join([*paths, *[one.name for one in points], *nodes])):
            return frozenset()
        return frozenset(by_values(points, self._tags))

    def _perhaps(self, text: str) -> bool:
        """Whether a text holds a word that a tag is made of, whatever stands around it. Words are
        found before their case is folded: folding an "İ" gives a letter and a mark."""
        words = " ".join(LETTERS.findall(text)).casefold().split(" ")
        return not self._letters.isdisjoint(words)


def by_values(points: Iterable[Point], tags: Container[str]) -> dict[str, tuple[int, str]]:
    """Tags that values bear: how many do, and the words of the first."""
    found: dict[str, tuple[int, str]] = {}
    for point in points:
        texts = ((tag, text) for text in parts_of(point) if (tag := tag_in(text, tags)))
        tag, text = next(texts, ("", ""))  # the words nearest to the value decide
        if tag:
            count, first = found.get(tag, (0, text))
            found[tag] = count + 1, first
    return found


def tag_in(text: str, tags: Container[str]) -> str:
    """The longest of the tags that a text holds as a word of its own; "" for none."""
    return next((one for one in perhaps_tags(text) if one in tags), "") if text else ""


def names_of(device: Device) -> tuple[tuple[str, str], ...]:
    """What a device is called, and by whom."""
    return ("name", device.name), ("tag", device.register.tag if device.register else "")


def bearers(borne: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    """Keys of the devices that bear each tag, from the tags that each device bears."""
    found: dict[str, list[str]] = {}
    for key, tags in borne:
        for tag in tags:
            found.setdefault(tag, []).append(key)
    return found


def beside(machine: Equipment, bearing: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Keys of the devices that bear the tag of a machine and that no link ties to it."""
    if not machine.links_complete:
        return ()
    known = frozenset(machine.monitored_by)
    found = [key for key in bearing.get(plain_tag(machine.tag), ()) if key not in known]
    return tuple(sorted(found)) if len(found) <= MOST_DEVICES else ()


def all_keys(equipment: Iterable[Equipment], others: Mapping[str, Collection[str]]) -> set[str]:
    """Keys of the devices that verdicts on some machines look at."""
    return set(chain.from_iterable((*one.monitored_by, *others.get(one.key, ()))
                                   for one in equipment))  # fmt: skip
