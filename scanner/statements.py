"""What a person states: by hand about assets (fields, merges, splits), and lists that come again.

One rule keeps it simple: a statement is a declaration with author and time; nothing is overwritten.
"""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.derive.declared import denies
from inventory.model import Declaration, Kind
from scanner.declare import STATED, mark_of
from scanner.wording import counted

if TYPE_CHECKING:
    from inventory.store import Store


def author() -> str:
    """Who states it: UNTRAP_AUTHOR, else the name of the account."""
    try:
        return os.environ.get("UNTRAP_AUTHOR") or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def last_word(store: Store, several: Sequence[Declaration]) -> list[Declaration]:
    """The statements as they have to be declared for all of them to be the last word.

    A statement is stored once. One that comes again, after another about the same or after it was
    withdrawn, is made anew with this moment in its document; else it would not count.
    """
    if not several:
        return []
    site, kinds = several[0].site, {one.kind for one in several}
    known = {one.id for one in store.ever_stated(site, *kinds)}
    holding: set[str] = set()
    newest: dict[tuple[Kind, str], Declaration] = {}
    for one in store.stated(site, *kinds):
        holding.add(one.id)
        newest[one.kind, one.subject] = one
    now = datetime.now(UTC)
    return [
        replace(one, document=f"{one.document} again {now.isoformat()}")
        if one.id in known
        and (one.id not in holding or _undone(one, newest[one.kind, one.subject]))
        else one
        for one in several
    ]


def record_site(store: Store, several: Sequence[Declaration], site: str, path: Path | None) -> str:
    """Declares what a site file states, and withdraws what it states no more; says the latter."""
    if path is None:
        store.declare(last_word(store, several))
        return ""
    back, others = _taken_back_by(store, several, site, path)
    store.declare([*back, *last_word(store, several)])
    return "; ".join(filter(None, (told(back, path.name), _still(others, path.name))))


def _taken_back_by(
    store: Store, several: Sequence[Declaration], site: str, path: Path
) -> tuple[list[Declaration], list[Declaration]]:
    """Withdrawals of what earlier editions of a site file stated and this one does not; and the
    same of other files of that name, whose statements stay."""
    ever = [one for one in store.ever_stated(site, *STATED) if file_of(one) == path.name]
    own = {found[1] for one in ever if (found := _edition(one)) and found[2] == mark_of(path)}
    own |= {found[1] for one in several if (found := _edition(one))}
    mine = {one.id for one in ever if _is_edition(one, mark_of(path), own)}
    back = taken_back(store, site, path.name, STATED, several)
    return (
        [one for one in back if one.subject in mine],
        [one for one in back if one.subject not in mine],
    )


def says_otherwise(store: Store, several: Sequence[Declaration], site: str, path: Path) -> int:
    """How many statements of a site file differ from what is in force; a comment is none."""
    newest = {(one.kind, one.subject): one.fields for one in store.stated(site, *STATED)}
    changed = [one for one in several if newest.get((one.kind, one.subject)) != one.fields]
    return len(changed) + len(_taken_back_by(store, several, site, path)[0])


EDITION = re.compile(r" sha256:(\w+)(?: folder:(\w+))?")


def _edition(one: Declaration) -> re.Match[str] | None:
    """Which edition of which file a statement came from: digest and folder."""
    return EDITION.search(one.document)


def _is_edition(one: Declaration, folder: str, own: Collection[str]) -> bool:
    """Whether a statement came from an edition of the file of that folder: from there, or from a
    file of its name with the content that it had once, as one that was moved; or before folders
    were told apart."""
    found = _edition(one)
    return found is None or found[2] in (None, folder) or found[1] in own


def new_edition(
    store: Store, several: Sequence[Declaration], *, replaces: bool
) -> tuple[list[Declaration], str]:
    """What a list that comes again under its name withdraws, and what there is to say of it.

    A list that holds less than half of what it held may be a part of it, or another one of that
    name: unless a person says that it `replaces` the earlier one, nothing is withdrawn. A sheet of
    attestations holds what is asked now, never all that was ever answered.
    """
    kind, file = several[0].kind, file_of(several[0])
    if kind is Kind.ATTEST:
        return [], ""
    back = taken_back(store, several[0].site, file, (kind,), several)
    held = {one.subject for one in store.stated(several[0].site, kind) if file_of(one) == file}
    gone = {one.fields["subject"] for one in back}
    if replaces or 2 * len(gone) <= len(held):
        return back, told(back, file)
    return [], (
        f"an earlier {file} held {counted(len(gone), 'row', 'rows')} that this one does not; they"
        " stay in force: --replace withdraws them"
    )


def taken_back(
    store: Store, site: str, file: str, kinds: Collection[Kind], several: Iterable[Declaration]
) -> list[Declaration]:
    """Withdrawals of what earlier editions of a file stated, by its name, and this one does not.

    What another file states of the same things stays.
    """
    now = {(one.kind, one.subject) for one in several}
    return [
        by_hand(
            Kind.WITHDRAWN, site, one.id, {"kind": one.kind.value, "subject": one.subject}, file
        )
        for one in store.stated(site, *kinds)
        if file_of(one) == file and (one.kind, one.subject) not in now
    ]


def file_of(one: Declaration) -> str:
    """The name of the file that a statement came from."""
    return one.document.partition(" sha256:")[0]


def strangers(store: Store, several: Iterable[Declaration]) -> str:
    """Says which subjects of attestations are nothing that the inventory or a register names."""
    asked = dict.fromkeys(one.fields["subject"] for one in several if one.kind is Kind.ATTEST)
    known = set(_named(store)) if asked else set()
    unknown = [text for text in asked if text.strip().casefold() not in known] if known else []
    if not unknown:
        return ""
    names = ", ".join(unknown[:MOST_NAMED])
    more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
    return f"nothing is called so here yet, and the word is kept for when it is: {names}{more}"


MOST_NAMED = 5


def _named(store: Store) -> Iterator[str]:
    columns = ("key", "tag", "name", "serial", "mac", "part", "addresses")
    for *texts, part, held in store.rated(columns):
        addresses = [f"{address} {part}".strip() for address in json.loads(str(held))]
        yield from (str(text).casefold() for text in (*texts, *addresses) if text)
    for one in store.declarations(None, Kind.REGISTER):
        names = ("tag", "name", "serial", "mac", "address")
        yield from (one.fields[name].casefold() for name in names if one.fields.get(name))


def told(withdrawn: Sequence[Declaration], file: str) -> str:
    """One line about what an edition of a file withdraws; "" where it withdraws nothing."""
    if not withdrawn:
        return ""
    return f"no longer in {file}, and no longer in force: {_listed(withdrawn)}"


def _still(others: Sequence[Declaration], file: str) -> str:
    """One line about what another file of that name states, and this one does not."""
    if not others:
        return ""
    return f"a {file} of another folder states more, which stays in force: {_listed(others)}"


def _listed(withdrawn: Sequence[Declaration]) -> str:
    things = list(dict.fromkeys(f"{d.fields['kind']} {d.fields['subject']}" for d in withdrawn))
    more = f" and {len(things) - MOST_TOLD} more" if len(things) > MOST_TOLD else ""
    return f"{', '.join(things[:MOST_TOLD])}{more}"


MOST_TOLD = 5


def _undone(one: Declaration, newest: Declaration) -> bool:
    """Whether what was said last takes a statement back. Attestations of one subject stand side by
    side, but for a yes and a no."""
    if one.kind is Kind.ATTEST:
        yes_or_no = (denies(each.fields.get("value", "")) for each in (one, newest))
        return len(set(yes_or_no)) == 2
    return newest.fields != one.fields


def by_hand(
    kind: Kind, site: str, subject: str, fields: dict[str, str], where: str = "command line"
) -> Declaration:
    """A declaration made at the command line, now; saying it again later is a new statement."""
    now = datetime.now(UTC)
    document = f"{where} {now.isoformat()}"
    return Declaration(site, kind, subject, fields, author(), document, now)
