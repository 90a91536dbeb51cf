"""From verdict to premise to observation to raw bytes: what `untrap show` prints.

One rule keeps it simple: a gap names observations, an observation names its answer, and each can be
shown by its id or the beginning of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from inventory.derive.identity import said
from inventory.judge.conflicts import lost_names
from inventory.judge.remarks import MOST_REMARKS, remarks
from inventory.model import ELSEWHERE, Device, Equipment, Evidence, Finding, Level
from inventory.outputs import records
from inventory.store.rulebook import conflicts
from protocols.contract import Outcome
from scanner.console import hexdump, lines, next_step, say
from scanner.opening import assets_like, the_asset
from scanner.show_statement import show_statement

if TYPE_CHECKING:
    from inventory.model import Declaration
    from inventory.store import Store
    from inventory.store.reading import Asset
    from protocols.contract import Observation

MOST_PREMISES = 50


def show(store: Store, what: str, as_json: bool, raw: Path | None) -> None:
    """Shows whatever `what` means. Raises a usage error for nothing or several things."""
    found = [one for one in store.findings() if _begins(one.id, what)]
    if len(found) > 1:
        shown = "\n".join(f"  {one.id}  {one.rule} {one.asset_name}" for one in found[:20])
        raise click.UsageError(f"{len(found)} gaps begin with {what!r}; name one:\n{shown}")
    if found:
        finding = found[0]
        _no_bytes(raw, "a gap")
        lines([records.gap(finding)]) if as_json else _gap(store, finding)
        return
    seen = _observation(store, what)
    if seen is not None and not assets_like(store, what):
        _observed(seen, as_json, raw)
        return
    said_so = _statement(store, what)
    if said_so is not None and not assets_like(store, what):
        _no_bytes(raw, "a declaration")
        show_statement(store, said_so, as_json)
        return
    one = the_asset(store, what, "asset, gap, declaration or observation")
    _no_bytes(raw, "an asset")
    if as_json:
        against = [
            {"observation": item.observation, "text": item.text}
            for item in conflicts(store, one.thing.key)
        ]
        device = one.thing if isinstance(one.thing, Device) else None
        said_besides = remarks(store.evidence(device).observations) if device else ()
        told = [_told(item) for item in said_besides]
        lines([{**records.asset(one), "conflicts": against, "notes": told}])
    else:
        _asset(store, one)


def _no_bytes(raw: Path | None, what: str) -> None:
    if raw is not None:
        raise click.UsageError(
            f"--raw {raw}: {what} has no bytes of its own; name an observation that it rests on"
        )


def _begins(name: str, what: str) -> bool:
    return len(what) >= 8 and name.startswith(what.lower())


def _observation(store: Store, what: str) -> Observation | None:
    return next(store.observations(id_prefix=what, raw=True), None) if _is_id(what) else None


def _statement(store: Store, what: str) -> Declaration | None:
    return next(store.stated_as(what.lower()), None) if _is_id(what) else None


def _is_id(what: str) -> bool:
    return len(what) >= 8 and not set(what.lower()) - set("0123456789abcdef-")


def _gap(store: Store, one: Finding) -> None:
    say(f"{one.label}  ({one.rule} version {one.version}, {one.category.value})")
    say(f"asset      {one.asset_name or one.asset}  {one.subject}")
    say(f"severity   {one.severity.value}, confidence {one.confidence.value}")
    say("because")
    for item in one.because[:MOST_PREMISES]:
        say(f"  {item.text}  [{item.outcome}]")
        if item.observation:
            say(f"    observation {item.observation}")
        if item.declaration:
            say(f"    declaration {item.declaration}{_made(store, item.declaration)}")
    say("fix")
    for fix in one.remedies:
        say(f"  {fix.effort.value}  {fix.text}")
    first = next((item.observation for item in one.because if item.observation), one.asset)
    next_step("show", first, why="the proof itself")


def _made(store: Store, declaration: str) -> str:
    """Where a statement was made: its file, or who made it."""
    found = next(store.stated_as(declaration), None)
    said = (found.document or found.author) if found else ""
    return f"  ({said})" if said else ""


def _observed(one: Observation, as_json: bool, raw: Path | None) -> None:
    if raw is not None:
        if not one.raw:
            why = "were not kept (--no-raw)" if one.digest else "are none: nothing was answered"
            raise click.UsageError(f"--raw {raw}: the bytes of {one.id} {why}")
        try:
            raw.write_bytes(one.raw)
        except OSError as error:
            raise click.UsageError(f"--raw {raw}: {error.strerror}; name another file") from error
    if as_json:
        lines([_record(one)])
        return
    asked, target = one.question, one.target
    say(f"observation {one.id}")
    say(f"asked      {asked.protocol} {asked.operation} {asked.part} {asked.argument}".rstrip())
    say(f"target     {target.address} {target.transport}/{target.port}, site {target.site}")
    say(f"outcome    {one.outcome.value} {one.reason} {one.detail}".rstrip())
    say(f"when       {records.time(one.time)}, {one.duration_seconds:.3f} s, tries {one.tries}")
    say(f"from       {one.vantage}, scan {one.scan}, origin {one.origin}")
    if one.credential:
        say(f"identity   {one.credential}")
    for fact in one.facts:
        say(f"fact       {fact.name} {fact.part} = {fact.value}   ({fact.source})")
    say(f"points     {len(one.points)}, values {len(one.samples)}")
    if one.digest:
        say(f"answer     SHA-256 {one.digest}")
    for text in hexdump(one.raw):
        say(f"  {text}")
    if one.digest and not one.raw:
        say("  its bytes were not kept (--no-raw)")
    next_step("show", target.address, why="the asset")


def _record(one: Observation) -> records.Record:
    asked, target = one.question, one.target
    return {
        "observation": one.id,
        "scan": one.scan,
        "vantage": one.vantage,
        "origin": one.origin,
        "target": {
            "site": target.site,
            "address": target.address,
            "transport": target.transport,
            "port": target.port,
        },
        "question": {
            "protocol": asked.protocol,
            "operation": asked.operation,
            "part": asked.part,
            "argument": asked.argument,
        },
        "outcome": one.outcome.value,
        "reason": one.reason,
        "detail": one.detail,
        "credential": one.credential,
        "tries": one.tries,
        "time": records.time(one.time),
        "seconds": one.duration_seconds,
        "facts": [
            {"name": f.name, "value": records.number(f.value), "source": f.source, "part": f.part}
            for f in one.facts
        ],
        "points": len(one.points),
        "samples": len(one.samples),
        "digest": one.digest,
        "raw": one.raw[:512].hex(),
    }


def _span(level: Level) -> str:
    if level.lo is None:
        return "not assessed"
    return str(level.lo) if level.lo == level.hi else f"{level.lo} to {level.hi}"


def _asset(store: Store, one: Asset) -> None:
    from inventory.assemble import covering
    from scanner.commands.questions import grouped

    thing = one.thing
    if isinstance(thing, Device):
        _device(store, thing)
    else:
        _equipment(store, thing)
    level = one.level
    say(f"level      {_span(level)}; category {one.category}")
    for text in level.blocking:
        say(f"  blocking {text}")
    if one.coverage:
        lo, hi = f"{one.coverage.lo:.0%}", f"{one.coverage.hi:.0%}"
        say(f"coverage   {lo if lo == hi else f'{lo} to {hi}'} of failure modes")
    if isinstance(thing, Device) and (server := covering(store, thing)) is not None:
        say(f"covered    {server.text}  (N02)")
    for premise in conflicts(store, thing.key):
        say(f"conflict   {premise.text}")
        say(f"    observation {premise.observation}")
    found = list(store.findings(thing.key))
    for gap in found:
        about = f" [{gap.subject}]" if gap.subject else ""
        say(f"gap        {gap.severity.value}: {gap.label}{about}  ({gap.rule}, {gap.id})")
    for alike in grouped(store.questions(thing.key)):
        subjects = ", ".join(item.subject for item in alike if item.subject)
        about = f"[{subjects}] " if subjects else ""
        say(f"unknown    {about}{alike[0].missing} -> {alike[0].next_step}")
    next_step(*(["show", found[0].id[:13]] if found else ["points", thing.key[:8]]))


def _device(store: Store, thing: Device) -> None:
    say(f"{thing.name or thing.product or 'unnamed'}  ({thing.key})")
    for name in ("role", "vendor", "product", "model", "firmware", "hardware", "serial", "mac"):
        if getattr(thing, name):
            say(f"{name:<10} {getattr(thing, name)}")
    say(f"addresses  {' '.join(thing.addresses)} {thing.part}".rstrip())
    if thing.parent:
        parent = store.asset(thing.parent)
        say(f"behind     {parent.thing.name if parent else ''} {thing.parent}")
    if thing.aliases:
        say(f"also       {', '.join(thing.aliases)}")
    if not thing.seen and any(s.outcome is Outcome.CLOSED for s in thing.services):
        say("seen       its address refuses connections; otherwise it is declared only")
    elif not thing.seen:
        say("seen       never: it is declared only")
    elif thing.first_seen and thing.last_seen:
        say(f"seen       {records.time(thing.first_seen)} to {records.time(thing.last_seen)}")
    for s in thing.services:
        offers = f"  {', '.join(s.security)}" if s.security else ""
        where = f"{s.address} {s.transport}/{s.port} {s.part}".rstrip()
        say(f"service    {s.protocol} {where}: {s.outcome.value} {s.reason}{offers}".rstrip())
    evidence = store.evidence(thing)
    _remarks(evidence)
    say(f"points     {thing.points} listed, {thing.readable} gave a value")
    if gone := evidence.gone:
        say(f"gone       {len(gone)} listed before, and no more: {lost_names(gone)}")
    for merge in thing.merges:
        if merge.identity == ELSEWHERE:
            say(f"elsewhere  {merge.reason}")
            continue
        what = merge.identity if merge.identity.startswith("register") else said(merge.identity)
        say(f"one asset  {what}: {merge.reason}")
    for fact in thing.facts:
        say(f"fact       {fact.name} {fact.part} = {fact.value}   ({fact.source})")
    if thing.register:
        say(f"planned    {thing.register.tag or thing.register.name}  ({thing.register.document})")


def _told(item: Observation) -> records.Record:
    question, target = item.question, item.target
    return {
        "observation": item.id,
        "service": f"{question.protocol} {target.transport}/{target.port}",
        "question": f"{question.operation} {question.argument}".rstrip(),
        "credential": item.credential,
        "outcome": item.outcome.value,
        "reason": item.reason,
        "text": item.detail,
    }


def _remarks(evidence: Evidence) -> None:
    """Beside the services: why a client would be kept out, and why a list is not whole."""
    found = remarks(evidence.observations)
    for item in found[:MOST_REMARKS]:
        asked = f"{item.question.operation} {item.question.argument} {item.credential}".split()
        where = f"{item.question.protocol} {item.target.transport}/{item.target.port}"
        why = f" ({item.reason})" if item.reason else ""
        say(f"note       {where} {' '.join(asked)}: {item.outcome.value}{why}: {item.detail}")
    if len(found) > MOST_REMARKS:
        say(f"note       and {len(found) - MOST_REMARKS} more, in `report`")


def _called(thing: Device | Equipment) -> str:
    """What a device is called: its name, else where it is and what it is."""
    if not isinstance(thing, Device):
        return thing.tag
    where = " ".join((*thing.addresses[:1], thing.part)).strip()
    what = thing.product or thing.model
    return thing.name or (f"{where} ({what})" if what else where) or thing.key


def _equipment(store: Store, thing: Equipment) -> None:
    say(f"{thing.tag}  {thing.name}  ({thing.key})")
    for label, text in (
        ("class", thing.cls),
        ("area", thing.area),
        ("line", thing.line),
        ("criticality", thing.criticality),
        ("redundancy", thing.redundancy),
        ("owner", thing.owner),
    ):
        if text:
            say(f"{label:<11} {text}")
    for link in thing.links:
        device = store.asset(link.device) if link.resolved else None
        name = _called(device.thing) if device else f"{link.device} (not found)"
        name = name if link.device else "nothing, as declared"
        state = ", proposed" if link.proposed else ""
        say(f"monitored by {name} {link.part} {link.signal}{state}".rstrip())
    if not thing.links:
        say("monitored by nothing that is declared")
