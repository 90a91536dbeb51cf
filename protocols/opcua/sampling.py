"""The fourth rung: the variables that can be read, again and again over the stated window."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.contract import Link, Outcome, Question, Reading, Reason, Sample
from protocols.opcua.encode import put_node_id
from protocols.opcua.nodes import NodeId, parse_node_id
from protocols.opcua.numbers import NAME, SESSION_SECONDS, Attribute
from protocols.opcua.services import fitting
from protocols.opcua.values import sample_of
from protocols.opcua.visit import Values, Visit, ask_values, read_server, visited

MOST_SAMPLE_READS = 60


async def sample(link: Link) -> None:
    """The variables that `points` could read, in a session of their own."""
    if any(point.access.startswith("r") for seen in link.heard for point in seen.points):
        await visited(
            link,
            _read_again,
            most_reads=MOST_SAMPLE_READS,
            most_seconds=SESSION_SECONDS - 2,
            says_why=False,
        )


async def _read_again(visit: Visit) -> None:
    """Rounds of Read until the window, the session or the request cap ends."""
    await read_server(visit)
    chosen = _chosen(visit)
    if not chosen:
        return
    wanted, done = _rounds(visit.link), 0
    while done < wanted and visit.may_read:
        if done:
            await visit.link.wait(_interval(visit.link))
        at = 0
        while at < len(chosen) and visit.may_read:
            lengths = (len(put_node_id(node)) for _, node in chosen[at:])
            batch = chosen[at : at + fitting(lengths, visit.read_size)]
            await _sample_batch(visit, batch, f"{done}.{at}")
            at += len(batch)
        done += 1
    asked = int(visit.link.options.sample_seconds / _interval(visit.link))
    whole = done >= asked and not visit.over
    visit.link.note(
        Question(NAME, "sample"),
        Outcome.COMPLETE if whole else Outcome.PARTIAL,
        "" if whole else (Reason.WENT_SILENT if visit.over else Reason.OUR_CAP),
        detail=f"{done} rounds of {len(chosen)} variables in {visit.seconds:.0f} s",
        credential=visit.credential,
    )


def _interval(link: Link) -> float:
    return max(link.options.sample_every_seconds, 0.1)


def _rounds(link: Link) -> int:
    """How many rounds fit into the window, the session and the request cap."""
    seconds = min(link.options.sample_seconds, SESSION_SECONDS)
    return min(max(int(seconds / _interval(link)), 1), MOST_SAMPLE_READS - 1)


def _chosen(visit: Visit) -> list[tuple[str, NodeId]]:
    """The readable variables, as many as every round can hold."""
    link = visit.link
    addresses = dict.fromkeys(
        point.address
        for seen in link.heard
        for point in seen.points
        if point.access.startswith("r")
    )
    room = max((visit.most_reads - visit.reads) // _rounds(link), 1) * visit.read_size
    found = ((text, parse_node_id(text, visit.namespaces)) for text in addresses)
    return [(text, node) for text, node in found if node][:room]


async def _sample_batch(visit: Visit, batch: list[tuple[str, NodeId]], label: str) -> None:
    now = visit.link.now

    def use(values: Values) -> Reading[Values]:
        pairs = zip(batch, values, strict=True)
        found: Sequence[Sample | None] = [
            sample_of(text, value, now()) for (text, _), value in pairs
        ]
        kept = tuple(item for item in found if item)
        return Reading(values, samples=kept, items=len(kept))

    wanted = tuple((node, Attribute.VALUE) for _, node in batch)
    await ask_values(visit, Question(NAME, "sample_read", argument=label), wanted, use)
