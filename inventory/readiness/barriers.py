"""Indicators, never scores, of the other three barriers (domain model 8).

One rule keeps it simple: each indicator says of how many devices it is not known; what no scan of
ours can tell is printed as not known, with what would tell it.
"""

from __future__ import annotations

from collections.abc import Iterator

from inventory.judge.openness import protocol
from inventory.readiness.answer import Concluded, several, share
from inventory.readiness.census import Census

MADE, WRITE, RUN = "handcrafted integrations", "no write path", "not managed for AI"

Indicator = tuple[str, str, str]
"""Barrier, indicator, its value."""


def barriers(census: Census, concluded: Concluded) -> list[Indicator]:
    """All indicators, with the share that is not known of each."""
    whole = census.devices
    return [
        *((MADE, *one) for one in _handcrafted(census, concluded, whole)),
        *((WRITE, *one) for one in _write_path(census, concluded, whole)),
        *((RUN, *one) for one in _managed(census, concluded, whole)),
    ]


def _of(value: object, known: int, whole: int, things: str = "devices") -> str:
    """A value with its own share that is not known."""
    return f"{value}; not known of {whole - known} of {whole} {things}"


def _unknown(why: str, todo: str) -> str:
    return f"not known: {why}; {todo}"


def _handcrafted(census: Census, concluded: Concluded, whole: int) -> Iterator[tuple[str, str]]:
    paths, clients = census.integration, census.clients
    yield "variants of protocol and model", _of(paths.variants, paths.modelled, whole)
    yield (
        "paths that do not describe themselves",
        _of(share(paths.services - paths.described, paths.services), clients.served, whole),
    )
    yield (
        "siblings configured differently (Q11)",
        _of(concluded.of("Q11"), paths.modelled, whole),
    )
    yield (
        "devices that several clients poll, as their sessions tell and captures show",
        _of(_fan_out(census), clients.told, whole),
    )
    yield (
        "devices that refused because they were busy",
        _of(clients.busy, clients.asked, whole),
    )
    yield (
        "devices with a listener of unknown kind",
        _of(clients.nameless, clients.asked, whole),
    )
    yield (
        "devices with a service at a port of its own",
        _of(clients.moved, clients.asked, whole),
    )
    yield (
        "devices that say they listen where nobody asked",
        _of(clients.unasked, clients.listing, whole),
    )
    yield (
        "brokers and servers that hand on values of others",
        _of(clients.collecting or "none was seen, which does not say that there is none",
            clients.asked, whole),
    )  # fmt: skip
    yield "scripts and pipelines on hosts", _unknown("no scan sees them", "ask who reads the data")


def _fan_out(census: Census) -> str:
    clients = census.clients
    if not clients.told:
        return "0"
    each = f"{clients.clients} connections to {clients.told} devices, at most {clients.most} to one"
    return f"{clients.shared} ({each})"


def _write_path(census: Census, concluded: Concluded, whole: int) -> Iterator[tuple[str, str]]:
    action = census.action
    roles = f" ({action.by_role()})" if action.known else ""
    yield (
        "exposed write surface: devices that state a writable value, by role",
        _of(f"{action.writable}{roles}", action.known, whole),
    )
    yield (
        "the same as a risk: values that readers may write too (G05)",
        _of(concluded.of("G05"), action.known, whole),
    )
    yield (
        "writability of registers and agents",
        _unknown(
            f"Modbus and SNMP state none ({action.silent} devices have nothing else)",
            "see their manuals; nothing is ever written to find out",
        ),
    )
    yield (
        "devices with a service that takes commands",
        _of(action.commanded, action.asked, whole),
    )
    ways = action.services
    yield (
        "protection of these services",
        f"{ways['closed']} signed or encrypted only, {ways['open']} open to anybody; "
        f"not known of {ways['unknown']} of {ways.total()} services",
    )
    yield (
        "devices to which somebody was overheard writing",
        _of(action.written, action.overheard, whole),
    )
    yield (
        "methods that may be called",
        _unknown("they are not listed", "see the server with an engineering tool"),
    )
    yield (
        "whether a write would act",
        _unknown("key switches, interlocks and approvals decide", "ask those who run the plant"),
    )


def _managed(census: Census, concluded: Concluded, whole: int) -> Iterator[tuple[str, str]]:
    managed = census.management
    yield "intermittent paths (A07)", _runs(census)
    for name, answers, half, most in census.latency.told():
        about = protocol(name)
        text = f"{answers} answers, half within {half} ms, 95 % within {most} ms"
        yield f"answers of {about.title if about else name}", text
    yield "wrong clocks (Q07)", _of(concluded.of("Q07"), managed.clocked, whole)
    span = f" (oldest of {managed.issued}, first ends {managed.ends})" if managed.issued else ""
    yield (
        "certificates ending (G04)",
        _of(f"{concluded.of('G04')}{span}", managed.certified, whole),
    )
    yield (
        "switches, routers and gateways whose SNMP answers",
        _of(managed.agents, managed.agents_asked, managed.carriers, "of these"),
    )
    day, week, month = managed.last_seen()
    yield (
        "last answer older than the newest by over a day, a week, a month",
        _of(f"{day}, {week}, {month}", managed.seen, whole),
    )
    yield (
        "devices whose list of values lost some since an earlier scan",
        _of(managed.shrunk, managed.listed_again, whole),
    )
    yield (
        "gateways that alone lead to devices",
        f"{_behind(census)}; whether there is a second way is not known of any",
    )
    links = f"{managed.faulty} ({managed.faulty_interfaces} of {managed.interfaces} interfaces)"
    yield "devices with errors on a link since it started", _of(links, managed.linked, whole)
    yield (
        "load of the links",
        _unknown("octets are not read twice", "see the network's own monitoring"),
    )
    yield (
        "service levels, on-call, monitoring by others, the way beyond the plant",
        _unknown("a scan samples, and sees the plant only", "ask those who run it"),
    )


def _behind(census: Census) -> str:
    behind = census.management.behind
    if not behind:
        return "0"
    reached = several(behind.total(), "device")
    return f"{len(behind)}, to {reached}, one of them to {max(behind.values())}"


def _runs(census: Census) -> str:
    found = census.availability
    if not found.judged:
        return found.told
    return f"{found.intermittent} of {found.judged} services; later asks answered: {found.told}"
