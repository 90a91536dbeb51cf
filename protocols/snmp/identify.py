"""The second rung: the identity that the first datagram did not hold, in as few more as can be.

Nothing is sent where vendor, model, firmware and serial are known already, nor for what the first
datagram asked in vain. Otherwise one GetNext asks for the vendor's own objects; it carries columns
without instances, so it suits every version and every table index. An answer outside the asked
column means "not there" and is not read.

An agent that names no maker (net-snmp on an embedded Linux) is asked in the same way which private
subtrees it serves, from the start of the enterprises and from behind each agent's own subtree; and
in the same datagram for the objects that any device may have.

The rows of the ENTITY-MIB follow in the same datagram as the maker's objects, until one of them is
the device itself (`entity`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from protocols.contract import Fact, Link, Outcome, Reading
from protocols.snmp import codec, entity, identity
from protocols.snmp.codec import Binding, Oid, Response
from protocols.snmp.discover import MOST_RETRIES, SYSTEM_QUESTION, fewer
from protocols.snmp.exchange import Session, exchange, question
from protocols.snmp.first import EARLY, left_out, opening, read_system, said
from protocols.snmp.identity import ENTERPRISES
from protocols.snmp.sessions import granted, working
from protocols.snmp.wishes import Wish, bare, has_table, wanted

ESSENTIAL = ("vendor", "product", "model", "firmware", "serial")
MOST_OIDS = 10
MOST_ROUNDS = 4
MOST_NARROW_ROUNDS = 12  # of an agent that takes fewer names at once
MOST_LEFT_OUT = 16  # datagrams for what did not fit into its first answer
# Software that runs on anybody's device: a subtree of these names no maker.
_NEUTRAL = frozenset({1, 2, 9, 11, 42, 43, 311, 232, 674, 2435})
# Below a number of those: what only the maker's own devices serve (IBM's IMM-MIB, Dell's storage).
_OWN: Mapping[Oid, str] = {
    (*ENTERPRISES, 2, 3, 51): "IBM",
    (*ENTERPRISES, 674, 11000, 2000): "Dell",
}
AFTER_UCD: Oid = (*ENTERPRISES, 2022)  # behind UCD-SNMP-MIB, which net-snmp always serves
AFTER_NET_SNMP: Oid = (*ENTERPRISES, 8073)
SUBTREES = (ENTERPRISES, AFTER_UCD, AFTER_NET_SNMP)


async def identify(link: Link) -> None:
    """Complete the identity of an agent that answered under a community."""
    session = working(link)
    if session is not None:
        width = await _what_did_not_fit(link, session)
        await _complete(link, session, width)
        _take_registered(link)
        _take_description(link)


def _take_registered(link: Link) -> None:
    """The registered name, where the device names no model and its description at most a family."""
    named = [f for f in facts_heard(link) if f.name in ("model", "product") and not f.part]
    if any(f.name == "model" or not identity.names_a_family(f.source) for f in named):
        return
    found = identity.registered(object_heard(link))
    if found is not None:
        facts = [Fact("model", *found)] if named else identity.statements({"model": found})
        link.note(question("concluded", "object id"), Outcome.COMPLETE, facts=tuple(facts))


def _take_description(link: Link) -> None:
    """Where the device named no model, its description may be the product's name."""
    facts = facts_heard(link)
    if any(fact.name in ("model", "product") and not fact.part for fact in facts):
        return
    words = next((str(fact.value) for fact in facts if fact.name == "description"), "")
    product = identity.identify(words, object_heard(link)).get("product")
    if product is not None:
        fact = Fact("product", *product)
        link.note(question("concluded", "description"), Outcome.COMPLETE, facts=(fact,))


async def _what_did_not_fit(link: Link, session: Session) -> int:
    """Ask an agent that takes few names for those that had no place in its first answers.

    Gives how many names it takes at once, `MOST_OIDS` and more where nobody found it too few.
    """
    refusals = sum(
        o.question == question(*SYSTEM_QUESTION) and o.reason == "tooBig" for o in link.heard
    )
    if not refusals:
        return MOST_OIDS + len(entity.COLUMNS)
    width, names = left_out(session.version, refusals)
    kind, _ = opening(session.version)
    held: list[Binding] = []
    for _ in range(MOST_LEFT_OUT):
        now = names[:width]
        if not now:
            break

        def read(response: Response) -> Reading[None]:
            several = replace(response, bindings=(*held, *response.bindings))
            reading, told = read_system(several), set(facts_heard(link))
            held[:] = several.bindings
            fresh = tuple(fact for fact in reading.facts if fact not in told)
            return replace(reading, facts=fresh, items=len(fresh))

        topic = question("get", "system, further names")
        answer, response = await exchange(link, session, topic, kind, now, read)
        if response is None or not answer.spoke:
            break
        if response.error_status == codec.TOO_BIG and width > 1:
            width //= 2
        else:
            names = names[width:]
    return width


async def _complete(link: Link, session: Session, width: int) -> None:
    """Ask for what is not known yet, so many names at a time."""
    known = identity.known(facts_heard(link))
    object_id = object_heard(link)
    asked: tuple[Wish, ...] = ()
    if all(name in known for name in ESSENTIAL):
        return
    subtrees = not identity.maker(identity.enterprise_of(object_id))
    if subtrees:
        room = width - len(_subtrees(object_id))
        asked = _batch(_worth(link, session, wanted(object_id, known)), room)
        object_id = await _subtree(link, session, known, asked) or object_id
    wishes = _worth(link, session, wanted(object_id, known))
    wishes = tuple(w for w in wishes if w not in asked)
    rows = () if subtrees or width < len(entity.COLUMNS) else _rows_wanted(link, session)
    passed: list[entity.Row] = []
    for _ in range(MOST_ROUNDS if width >= MOST_OIDS else MOST_NARROW_ROUNDS):
        wishes = tuple(w for w in wishes if w.name not in known)
        if all(name in known for name in ESSENTIAL) or not (wishes or rows):
            return
        now = _batch(wishes, min(MOST_OIDS, width - len(rows)))
        gained, rows, again = await _ask(link, session, now, known, rows, passed)
        known |= gained
        wishes = (*again, *(w for w in wishes if w not in now))


def _rows_wanted(link: Link, session: Session) -> tuple[Oid, ...]:
    """The first question for a row of the ENTITY-MIB; () where the first datagram had the chassis.

    A version 1 agent was asked its first row, and refuses a whole Get for what follows the last.
    """
    sources = (fact.source for fact in facts_heard(link))
    if session.version == codec.V1 or any(s.startswith("snmp entPhysical") for s in sources):
        return ()
    return entity.following()


def _worth(link: Link, session: Session, wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """The wishes that the first answer has not settled."""
    answers = [o for o in link.heard if o.question == question(*SYSTEM_QUESTION) and granted(o)]
    settled: set[Oid] = set()
    if session.version != codec.V1 and len(answers) == 1 and answers[0].outcome is Outcome.COMPLETE:
        settled = {*EARLY, *(oid[:-1] for oid in EARLY)}
    return tuple(wish for wish in wishes if wish.oid not in settled)


def facts_heard(link: Link) -> tuple[Fact, ...]:
    """All facts of this conversation, oldest first."""
    return tuple(fact for observation in link.heard for fact in observation.facts)


def object_heard(link: Link) -> Oid:
    """The object id that the agent gave, or () for none."""
    found = next((str(f.value) for f in facts_heard(link) if f.name == "object_id"), "")
    return codec.oid(found) if found else ()


def served_heard(link: Link) -> Oid:
    """The maker's subtree that an agent of a software house was found to serve; () for none."""
    served = (fact.value for fact in facts_heard(link) if fact.name == "served_enterprise")
    found = next(served, None)
    return (*ENTERPRISES, found) if isinstance(found, int) else ()


def _batch(wishes: Sequence[Wish], most: int) -> tuple[Wish, ...]:
    """The next wishes whose distinct OIDs fit into one datagram that holds so many of them."""
    oids: dict[Oid, None] = {}
    batch = []
    for wish in wishes:
        if wish.oid in oids or len(oids) < most:
            oids[wish.oid] = None
            batch.append(wish)
    return tuple(batch)


def _oids(wishes: Sequence[Wish]) -> tuple[Oid, ...]:
    """The columns of the wishes."""
    return tuple(dict.fromkeys(w.oid for w in wishes))


def _granted(
    wishes: Sequence[Wish], held: Mapping[Oid, Binding], known: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Fact name to (value, source) of the wishes that came true.

    An agent that names its single objects without the `.0` (against RFC 3416, 4.2.2) answers one
    name with the next one: what it holds there stands under another question of the datagram.
    """
    found: dict[str, tuple[str, str]] = {}
    plain = {b.oid: b for b in held.values() if not b.missing and b.oid in held}
    for wish in wishes:
        binding = held.get(wish.oid)
        if binding is None or binding.missing or not wish.held_in(binding.oid):
            binding = None if wish.row else plain.get(wish.oid)
        if wish.name not in known and binding is not None:
            words = said(wish, binding)
            if words:
                found.setdefault(wish.name, (words, f"snmp {codec.dotted(binding.oid)}"))
    return found


def _statements(
    wishes: Sequence[Wish], found: Mapping[str, tuple[str, str]], known: Mapping[str, str]
) -> tuple[Fact, ...]:
    """The facts; where the product's own name was asked in vain, it goes by its model after all."""
    facts = identity.statements(found)
    if "product" in known:
        return tuple(f for f in facts if f.name != "product")
    vain = any(wish.name == "product" for wish in wishes) and "model" in known
    if vain and "product" not in found:
        facts = (*facts, Fact("product", known["model"], "snmp model, no product name"))
    return facts


async def _ask(
    link: Link,
    session: Session,
    wishes: tuple[Wish, ...],
    known: dict[str, str],
    rows: tuple[Oid, ...],
    passed: list[entity.Row],
) -> tuple[dict[str, str], tuple[Oid, ...], tuple[Wish, ...]]:
    """What was gained, and what to ask next: the next row of the ENTITY-MIB, and what is to be
    asked for once more, without an instance (() for no more).

    `passed` takes the rows that were not the device.
    """
    asked = (*_oids(wishes), *rows)
    gained: dict[str, str] = {}
    next_row: list[Oid] = []
    again: list[Wish] = []

    def read(response: Response) -> Reading[None]:
        next_row.clear()
        held = dict(zip(asked, response.bindings, strict=True))
        found = _granted(wishes, held, known)
        again[:] = [bare(w) for w in wishes if w.name not in found and _is_bare(w, held)]
        if rows and asked[-len(rows) :] == rows:
            row = entity.row_of(response.bindings[-len(rows) :])
            enterprise = identity.enterprise_of(object_heard(link))
            for name, said_there in _told(row, passed, enterprise).items():
                if name not in known:
                    found.setdefault(name, said_there)
            if row is not None and not row.is_device:
                next_row.extend(entity.following(entity.step(row, passed)))
                passed.append(row)
        gained.update({name: value for name, (value, _) in found.items()})
        outcome = Outcome.COMPLETE if found else Outcome.EMPTY
        return Reading(None, _statements(wishes, found, known), outcome=outcome, items=len(found))

    topic = question("getnext", "identity")
    for _ in range(1 + MOST_RETRIES):
        gained.clear()
        answer, response = await exchange(link, session, topic, codec.GET_NEXT, asked, read)
        if response is None or not response.error_status or not answer.spoke or len(asked) == 1:
            break
        asked = fewer(asked, response)
    return gained, tuple(next_row), tuple(again)


def _is_bare(wish: Wish, held: Mapping[Oid, Binding]) -> bool:
    """Whether a neighbour without an instance was the answer: so the object has none either."""
    answer = held.get(wish.oid)
    if answer is None or answer.missing or wish.row or not wish.oid[-1]:
        return False
    return len(answer.oid) == len(wish.oid) and answer.oid[:-1] == wish.oid[:-1]


def _told(
    row: entity.Row | None, passed: Sequence[entity.Row], enterprise: int | None
) -> Mapping[str, tuple[str, str]]:
    """What the device's row says, or behind the table's end the stack that was all there is."""
    if row is None:
        return entity.of_stack(passed, enterprise)
    return entity.statements(row, enterprise) if row.is_device else {}


def below(binding: Binding, column: Oid) -> bool:
    """Whether a walked binding still lies in the column and holds a value."""
    return not binding.missing and binding.oid[: len(column)] == column


def _own_tops(bindings: Iterable[Binding]) -> frozenset[Oid]:
    """The subtrees among those served that tell the device's maker after all."""
    return frozenset(top for b in bindings for top in _OWN if below(b, top))


def _subtrees(object_id: Oid) -> tuple[Oid, ...]:
    """Where private objects may begin: also behind those of the agent's own number."""
    own = identity.enterprise_of(object_id)
    behind = (*ENTERPRISES, (own or 0) + 1)
    return SUBTREES if own is None or behind in SUBTREES else (*SUBTREES, behind)


async def _subtree(
    link: Link, session: Session, known: dict[str, str], wishes: tuple[Wish, ...]
) -> Oid:
    """The private subtree that a nameless agent serves, when exactly one names a maker.

    Adds what it learns, the wishes that came true included, to `known`.
    """
    chosen: list[Oid] = []
    gained: dict[str, str] = {}
    subtrees = _subtrees(object_heard(link))
    asked: tuple[Oid, ...] = (*subtrees, *_oids(wishes))

    def read(response: Response) -> Reading[None]:
        held = dict(zip(asked, response.bindings, strict=True))
        served = {
            number
            for start in subtrees
            if (b := held.get(start)) is not None and not b.missing
            if (number := identity.enterprise_of(b.oid)) is not None
        }
        own = _own_tops(held[start] for start in subtrees if start in held)
        named = {n: identity.maker(n) for n in served if n not in _NEUTRAL}
        named |= {top[len(ENTERPRISES)]: _OWN[top] for top in own}
        makers = sorted(n for n in named if named[n])
        nobodys = sorted(n for n in named if not named[n] and has_table(n))
        tops = {top[len(ENTERPRISES)]: top for top in own}
        tabled = [tops.get(n, (*ENTERPRISES, n)) for n in makers or nobodys]
        chosen[:] = tabled if len(tabled) == 1 else []
        found = _granted(wishes, held, known)
        if len(makers) == 1 and "vendor" not in known:
            source = f"snmp serves objects of enterprise {makers[0]}"
            found.setdefault("vendor", (named[makers[0]], source))
        gained.update({name: value for name, (value, _) in found.items()})
        facts = _statements(wishes, found, known)
        if len(makers) == 1:
            facts = (*facts, Fact("served_enterprise", makers[0], "snmp GetNext enterprises"))
        outcome = Outcome.COMPLETE if served else Outcome.EMPTY
        return Reading(None, facts, outcome=outcome, items=len(served))

    topic = question("getnext", "enterprises")
    for _ in range(1 + MOST_RETRIES):
        gained.clear()
        answer, response = await exchange(link, session, topic, codec.GET_NEXT, asked, read)
        if response is None or not response.error_status or not answer.spoke or len(asked) == 1:
            break
        asked = fewer(asked, response)
    known |= gained
    return chosen[0] if chosen else ()
