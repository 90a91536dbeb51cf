"""The page with pseudonyms: every text of it passes them, and the devices' bytes are left out.

One rule keeps it simple: it walks over the values, so a new field is redacted unless it is `KEPT`;
a field of `NAMES` holds nothing but names, so it is replaced whether its name is known or not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from inventory.outputs.pseudonyms import PLAIN_POINT, Pseudonyms, pseudonyms
from inventory.outputs.report.page import (
    About,
    Asked,
    Asset,
    Case,
    Change,
    Dark,
    Elsewhere,
    Gap,
    Group,
    Honest,
    Matrix,
    Net,
    Node,
    Page,
    Premise,
    Proof,
    Todo,
)
from inventory.readiness.answer import BySite

if TYPE_CHECKING:
    from inventory.store import Store

V = TypeVar("V")
KEPT = frozenset(
    {"rule", "rules", "version", "kind", "state", "effort", "category", "severity", "confidence"}
    | {"outcome", "level", "made", "counts", "absent", "signals", "title", "by_rule"}
)
"""Fields that hold our own words."""
IDS = frozenset({"id", "asset_key", "key"})
"""Identifiers made from names and addresses: who guesses those could check them against these."""
NAMES: Mapping[tuple[type, str], str] = {
    (Asset, "name"): "asset",
    (Asked, "assets"): "asset",
    (Case, "blocked"): "asset",
    (BySite, "rows"): "site",
    (Case, "unknown"): "asset",
    (Change, "asset"): "asset",
    (Elsewhere, "site"): "site",
    (Gap, "asset"): "asset",
    (Gap, "accepted"): "reason",
    (Group, "members"): "asset",
    (Honest, "excluded"): "host",
    (Honest, "stopped"): "host",
    (Honest, "unseen"): "asset",
    (Matrix, "rows"): "asset",
    (Net, "zone"): "zone",
    (Node, "label"): "asset",
    (Dark, "names"): "asset",
    (Dark, "at"): "asset",
    (Page, "unclear"): "asset",
    (Page, "spares"): "asset",
    (Page, "site"): "site",
    (Todo, "assets"): "asset",
    (Todo, "machines"): "asset",
}
"""Fields of names; in a tuple of tuples the first of each is the name."""
SHOWN = 13
"""Characters of an identifier that the page shows and links by."""
PLAIN = re.compile(rf"[a-z][a-z_0-9]*|43/14|\d+|(?:{PLAIN_POINT.pattern})(?:-\d+)?")
"""Words of a question that hold no name."""


def redacted(store: Store, page: Page) -> Page:
    """The page with pseudonyms, without the bytes that devices sent and without scan ids."""
    say = pseudonyms(store)
    shown = cast("Page", _walk(page, say))
    scans = tuple(("", row[1], row[2], say.whole(row[3], "place"), "") for row in page.about.scans)
    about = About(shown.about.version, shown.about.rules, scans)
    harm = replace(shown.harm, scan="") if shown.harm else None
    return replace(shown, about=about, harm=harm, names={})


def _walk(value: object, say: Pseudonyms) -> object:
    if isinstance(value, Proof):
        asked = " ".join(w if PLAIN.fullmatch(w) else "…" for w in value.asked.split())
        return replace(_fields(value, say), asked=asked, detail="", excerpt="", cut=0)
    if isinstance(value, Premise):
        return replace(_fields(value, say), link=_link(value.link, say))
    if isinstance(value, Change):
        return replace(_fields(value, say), text=_change(value, say))
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, say)
    if isinstance(value, tuple):
        return tuple(_walk(item, say) for item in value)
    if isinstance(value, dict):
        return {key: _walk(item, say) for key, item in value.items()}
    return say(value) if isinstance(value, str) else value


def _change(one: Change, say: Pseudonyms) -> str:
    """What changed, without what was so before: names of then are not among those of now."""
    if one.kind.startswith("gap_"):
        return re.split(r" \[|: ", one.text, maxsplit=1)[0]
    if one.text.startswith("serial "):
        return "serial number"
    return say(one.text)


def _link(link: str, say: Pseudonyms) -> str:
    """A pointer inside the page stays one; a command names nothing that its reader has."""
    return f"#o-{say.named(link[3:], 'key')}"[: 3 + SHOWN] if link.startswith("#o-") else ""


def _fields(value: V, say: Pseudonyms) -> V:
    changed: dict[str, object] = {}
    for one in fields(value):  # type: ignore[arg-type]
        held = getattr(value, one.name)
        kind = NAMES.get((type(value), one.name))
        if one.name in IDS:
            changed[one.name] = say.named(held[:SHOWN], "key")
        elif kind:
            changed[one.name] = _named(held, kind, say)
        elif one.name not in KEPT:
            changed[one.name] = _walk(held, say)
    return replace(value, **changed)  # type: ignore[type-var]


def _named(held: object, kind: str, say: Pseudonyms) -> object:
    """A name, several names, or rows that begin with one."""
    if isinstance(held, str):
        return say.whole(held, kind)
    if not isinstance(held, tuple):
        return held
    rows = [item if isinstance(item, tuple) else (item,) for item in held]
    named = [(say.whole(row[0], kind), *(_walk(item, say) for item in row[1:])) for row in rows]
    return tuple(
        new if isinstance(old, tuple) else new[0] for old, new in zip(held, named, strict=True)
    )
