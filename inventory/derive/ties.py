"""What ties the devices of a site to each other, as words: equal words may mean one decision.

One rule keeps it simple: a word may tie too much, never too little. What shares no word, directly
or through others, is derived alone as it would be derived with everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from inventory.derive.clusters import Cluster, key_of
from inventory.derive.declared import LinkRow, is_equipment
from inventory.derive.identity import plain_mac, plain_serial, plain_vendor
from inventory.derive.register import loosely, names
from inventory.model import Declaration, Device, RegisterRow
from inventory.text import storable

OWN = "="
"""Begins a word by which devices tie each other; others tie them through what people stated."""

TABLES = "=tables"
"""The word of a device that tells of others by hardware address: it may concern every device."""

LONGEST = 500
"""Characters of a word; what is cut off may only tie too much."""

Ties = tuple[str, frozenset[str]]
"""A key, and the words of its device (or of a key that no device has at the moment)."""


def own(text: str) -> str:
    """An identity or key as a word; words are kept in lines."""
    return OWN + _line(text)


def own_key(key: str) -> str:
    """A device's key as a word."""
    return own(f"key:{key}")


def recorded(statements: Iterable[Declaration]) -> dict[str, set[str]]:
    """Key → words of the identities on record for it."""
    found: dict[str, set[str]] = {}
    for one in statements:
        identity = one.fields.get("identity", "")
        words = found.setdefault(one.fields["key"], set())
        words.update((own(identity), own(identity.partition(" at:")[0])))
    return found


def ties(
    clusters: Iterable[Cluster],
    devices: Mapping[str, Device],
    records: Mapping[str, set[str]],
    telling: frozenset[str],
) -> Iterator[Ties]:
    """The ties of every device, as it was before people's words were added, and of every key on
    record that no device has. `telling` are the addresses that tell of others."""
    left = set(records)
    for one in clusters:
        words = set(map(_line, names(devices[one.key])))
        for node in one.nodes:
            words.update(map(own, node.identities))
            words.add(own(f"at:{node.at} since {node.since}" if node.since else f"at:{node.at}"))
            words.add(f"at:{node.address}")
            words.update(own(f"mac:{mac}") for mac in node.macs)
            if (bare := plain_mac(node.address)) and bare == node.address:
                words.add(own(f"mac:{bare}"))
            if node.address in telling:
                words.add(TABLES)
        for key in (one.key, *one.aliases):
            words.add(own_key(key))
            words |= records.get(key, set())
            left.discard(key)
        yield one.key, frozenset(words)
    for key in sorted(left):
        yield key, frozenset({own_key(key), *records[key]})


def _line(text: str) -> str:
    """The text as one short line that every database takes; two that differ may become one."""
    if len(text) <= LONGEST and text.isprintable() and text.isascii():  # as most are
        return text
    return storable(text, LONGEST).replace("\n", " ")


def looked_up(text: str) -> set[str]:
    """Words of whatever a text may mean: key, address, hardware address, serial number, name."""
    text = text.strip()
    if not text:
        return set()
    found = {f"key:{text}", f"at:{text}", f"name:{text.casefold()}"}
    found |= {f"mac:{mac}"} if (mac := plain_mac(text)) else set()
    found |= {f"serial:{serial}"} if (serial := plain_serial(text)) else set()
    return {_line(word) for word in found}


def row_words(site: str, one: RegisterRow, gateways: Mapping[str, str]) -> set[str]:
    """Words of a register row: what it looks up, and what its own device is found by."""
    words: set[str] = set()
    for text in (one.tag, one.name, one.address, one.mac, one.serial, one.parent):
        words |= looked_up(text)
    words |= looked_up(gateways.get(one.parent.casefold(), ""))
    if one.serial and one.vendor:
        words.add(_line(f"serial:{plain_vendor(one.vendor)}|{plain_serial(one.serial)}"))
    if loose := loosely(one):
        words.add(_line(f"like:{loose}"))
    nowhere = nowhere_key(site, one)
    words |= {f"key:{nowhere}", own_key(nowhere)}
    if is_equipment(one):
        words.add(f"equipment:{_line(one.tag or one.name)}")
    return words


def nowhere_key(site: str, one: RegisterRow) -> str:
    """The key of the device that only this row knows."""
    return key_of(site, f"row:{one.tag or one.name or one.serial or one.mac or one.address}")


def link_words(one: LinkRow) -> set[str]:
    """Words of a link: the device that it names, and its piece of equipment."""
    return looked_up(one.device) | {f"equipment:{_line(one.equipment)}"}


def merge_words(one: Declaration) -> set[str]:
    """Words of a merge that a person stated: both keys."""
    return {own_key(one.fields["keep"]), own_key(one.fields["drop"])}


def text_of(words: frozenset[str]) -> str:
    """Words as they are kept."""
    return "\n".join(sorted(words))


def touching(kept: Iterable[tuple[str, str]], words: set[str]) -> Sequence[tuple[str, str]]:
    """Of the kept ties those that hold any of the words."""
    return [one for one in kept if not words.isdisjoint(one[1].split("\n"))]
