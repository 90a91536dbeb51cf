"""Which assets serve one functional location together: a pump and its spare, two controllers.

One rule keeps it simple: only what a person attested makes a pair (statement "redundant with",
its value the twin); tags that look alike are asked about, never joined.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from inventory.judge.statements import after
from inventory.judge.weigh import SPARE
from inventory.model import Declaration, Device, Equipment, Kind

if TYPE_CHECKING:
    from inventory.store import Store

LETTER = re.compile(r"(?P<place>.*\d)[ ._/-]?(?P<letter>[A-D])", re.IGNORECASE)
"""A tag whose last letter tells twins apart: P-101A and P-101B."""


def stated_pairs(declarations: Iterable[Declaration]) -> Iterator[tuple[str, str]]:
    """Each pair that a person attested, as the two names that they wrote."""
    for one in declarations:
        said = after("redundant", one.fields)
        twin = said or (one.fields.get("value", "").strip() if said is not None else "")
        if twin:
            yield one.fields.get("subject", ""), twin


def locations(store: Store) -> dict[str, str]:
    """Key of an asset → its functional location, for those that were attested to share one."""
    place: dict[str, str] = {}
    for names in stated_pairs(store.declarations(None, Kind.ATTEST)):
        for kind in (Equipment, Device):  # a machine's twin is a machine
            keys = [_only(store, name, kind) for name in names]
            if not all(keys):
                continue
            first, second = (place.setdefault(key, key) for key in keys)
            place |= {key: first for key, known in place.items() if known == second}
    return place


def _only(store: Store, name: str, kind: type[Equipment | Device]) -> str:
    """Key of the one asset of a kind that is called so; "" for none and for several."""
    from inventory.store.find import find

    found = [one.thing.key for one in find(store, name) if isinstance(one.thing, kind)]
    return found[0] if len(found) == 1 else ""


def alike(equipment: Iterable[Equipment], known: Iterable[str]) -> Iterator[tuple[Equipment, ...]]:
    """Machines that have a spare by their redundancy, and tags that differ by a last letter only.

    `known` are the keys of which it is stated already.
    """
    stated = set(known)
    groups: dict[tuple[str, ...], list[Equipment]] = defaultdict(list)
    for one in equipment:
        tag = LETTER.fullmatch(one.tag.strip())
        if tag and one.redundancy in SPARE and one.key not in stated:
            groups[tag["place"].casefold(), one.cls.casefold(), one.area, one.line].append(one)
    yield from (tuple(some) for some in groups.values() if len(some) > 1)
