"""The page with pseudonyms: every text of it passes them, and the devices' bytes are left out.

One rule keeps it simple: it walks over the values, so a new field is redacted unless it is `KEPT`.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from inventory.outputs.pseudonyms import Pseudonyms, pseudonyms
from inventory.outputs.report.page import About, Page, Premise, Proof

if TYPE_CHECKING:
    from inventory.store import Store

V = TypeVar("V")
KEPT = frozenset(
    {"rule", "rules", "version", "kind", "state", "effort", "category", "severity", "confidence"}
    | {"outcome", "level", "made", "changes_note"}
)
"""Fields that hold our own words."""
IDS = frozenset({"id", "asset_key", "key"})
"""Identifiers made from names and addresses: who guesses those could check them against these."""
SHOWN = 13
"""Characters of an identifier that the page shows and links by."""


def redacted(store: Store, page: Page) -> Page:
    """The page with pseudonyms, without the bytes that devices sent and without scan ids."""
    shown = cast("Page", _walk(page, pseudonyms(store)))
    scans = tuple(("", *row[1:4], "") for row in shown.about.scans)
    about = About(shown.about.version, shown.about.rules, cast("tuple[()]", scans))
    harm = replace(shown.harm, scan="") if shown.harm else None
    return replace(shown, about=about, harm=harm)


def _walk(value: object, say: Pseudonyms) -> object:
    if isinstance(value, Proof):
        return replace(_fields(value, say), excerpt="", cut=0)
    if isinstance(value, Premise):
        return replace(_fields(value, say), link=_link(value.link, say))
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value, say)
    if isinstance(value, tuple):
        return tuple(_walk(item, say) for item in value)
    if isinstance(value, dict):
        return {key: _walk(item, say) for key, item in value.items()}
    return say(value) if isinstance(value, str) else value


def _link(link: str, say: Pseudonyms) -> str:
    """A pointer inside the page stays one; a command names nothing that its reader has."""
    return f"#o-{say.named(link[3:], 'key')}"[: 3 + SHOWN] if link.startswith("#o-") else ""


def _fields(value: V, say: Pseudonyms) -> V:
    changed: dict[str, object] = {}
    for one in fields(value):  # type: ignore[arg-type]
        held = getattr(value, one.name)
        if one.name in IDS:
            changed[one.name] = say.named(held[:SHOWN], "key")
        elif one.name not in KEPT:
            changed[one.name] = _walk(held, say)
    return replace(value, **changed)  # type: ignore[type-var]
