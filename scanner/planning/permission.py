"""The page that an OT owner signs: what will be sent, what never, when, and how to stop it.

One rule keeps it simple: everything on it comes from the same plan that `scan` is held to; it is
one file without scripts or outside references, made to be printed (rulings 25).
"""

from __future__ import annotations

import html
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import click

from protocols.contract import Depth
from scanner.output import whole
from scanner.planning.cost import Total
from scanner.planning.lines import basis, lines
from scanner.planning.prepare import Prepared
from scanner.wording import counted, duration

NEVER = (
    "any write, reset, start, stop, download or configuration change",
    "Modbus functions 5, 6, 8, 15, 16, 21, 22, 23 and 90",
    "SNMP SET",
    "OPC UA Write, Call, subscriptions, history updates, registrations",
    "COTP disconnect requests (a valid one hangs some controllers)",
    "port scans, operating-system fingerprints, fragments, malformed packets",
    "default passwords or guessed communities: only the credentials named on this page",
    "a packet to an address that is not listed on this page, or that is excluded",
)

GENTLE = (
    "one connection to a device at a time, over all protocols, closed in order (FIN)",
    "addresses that the register puts behind one gateway (Parent) are asked one at a time, at the "
    "rate of one device",
    "a port only ever gets the protocol that belongs to it, and no connection without a question",
    "one exception: an address that accepts on three ports or more gets one connect to a high port "
    "that nobody uses (tcp 61234), to tell a device from a firewall that accepts everything; "
    "not a byte is said on it",
    "the next question waits for the last answer, and for that answer to be saved",
    "a device that slows down, falls silent, resets or says busy twice is left alone for good",
    "three such devices within a minute pause everything for a minute",
)

DEPTHS = {
    Depth.DISCOVER: "discover (is the protocol spoken)",
    Depth.IDENTIFY: "identify (who is it)",
    Depth.POINTS: "points (what can be read, each value once)",
    Depth.SAMPLE: "sample (values watched for a while)",
}

STYLE = """
@page{size:A4;margin:14mm 15mm}
body{font:14px/1.45 "Liberation Sans",Arial,sans-serif;max-width:54rem;margin:2rem auto;
padding:0 1rem;color:#111}
h1{font-size:1.55rem;margin:0 0 .2rem}h2{font-size:1.05rem;margin:1.3rem 0 .35rem;
border-bottom:2px solid #111;padding-bottom:.1rem}p{margin:.35rem 0}
ul{margin:.3rem 0;padding-left:1.2rem}table{border-collapse:collapse;width:100%;margin:.4rem 0}
td,th{border:1px solid #888;padding:.2rem .45rem;text-align:left;vertical-align:top}
th{background:#eee;font-weight:600}td.n,th.n{text-align:right;white-space:nowrap}
.w{white-space:nowrap}.lead{color:#333}
.small{font-size:.86em;color:#333}
.sign{break-inside:avoid}.sign td{height:3.4rem;width:33%;font-size:.86em;color:#333}
@media print{body{margin:0;padding:0;max-width:none;font-size:11.5px}h2{break-after:avoid}
tr{break-inside:avoid}}
"""


def write(path: Path, prepared: Prepared, totals: Mapping[str, Total]) -> None:
    """Write the page. Raises `click.UsageError` when the path cannot be written."""
    try:
        with whole(path) as place:
            place.write_text("\n".join(page(prepared, totals)) + "\n", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"-o {path}: {error.strerror}") from error


def page(prepared: Prepared, totals: Mapping[str, Total]) -> Iterator[str]:
    """The lines of the page."""
    title = f"Permission to read: {_safe(prepared.site_name)}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{title}</h1>"
    yield "<p class=lead>A reading walk through the network, to learn which data can be had. "
    yield f"Made {datetime.now().astimezone():%Y-%m-%d %H:%M %Z} by untrap {version('untrap')}. "
    yield "<b>Nothing has been sent yet.</b></p>"
    yield from _where(prepared)
    yield from _gently(prepared)
    yield from _amount(prepared, totals)
    yield from _questions(prepared)
    yield "<h2>What is never sent</h2><p>A guard decodes every packet and refuses these, whatever "
    yield f"the program asks:</p>{_list(NEVER)}"
    yield from _ending()
    yield "</body></html>"


def _where(prepared: Prepared) -> Iterator[str]:
    scope = prepared.scope
    yield "<h2>Where and when</h2><table>"
    yield from _row("Asked", f"{counted(prepared.hosts, 'address', 'addresses')}: "
                    + ", ".join(prepared.targets))  # fmt: skip
    if scope.names:
        yield from _row("Names", ", ".join(f"{name} = {found}" for name, found in scope.names))
    yield from _row("Never asked", ", ".join(prepared.excluded) or "no exclusion was named")
    through = f"interface {prepared.interface} ({prepared.source})" if prepared.interface else ""
    computer = f"computer {platform.node() or 'without a name'}"
    place = f"vantage {prepared.vantage}"
    yield from _row("From", ", ".join(filter(None, (computer, through, place))))
    windows = ", ".join(prepared.site.windows)
    ends = f"{windows} (local time): outside of it nothing is sent, and at its end the scan ends"
    yield from _row("When", ends if windows else "no window is set: agree on one below")
    names = ", ".join(f"{item.name} ({item.type})" for item in prepared.credentials)
    yield from _row("Credentials", names or "none: only what answers without one")
    if prepared.options.units:
        yield from _row("Modbus units", ", ".join(map(str, prepared.options.units)))
    yield from _row("Depth", f"{prepared.depth.label}: {_deep(prepared)}")
    yield from _row("Profile", f"{prepared.profile.name} (of gentle, standard, brisk)")
    yield "</table>"


def _deep(prepared: Prepared) -> str:
    return ", ".join(words for depth, words in DEPTHS.items() if depth <= prepared.depth)


def _gently(prepared: Prepared) -> Iterator[str]:
    profile = prepared.profile
    rates = (
        f"at most {profile.packets:g} IP packets a second in all",
        f"at most {_times(profile.requests_per_host)} to one device",
        f"a question without any answer is repeated at most {_often(prepared.limits.retries)}",
        f"at most {profile.hosts_at_once} devices of one subnet (/24) at once",
    )
    yield f"<h2>How gently</h2>{_list((*rates, *GENTLE))}"
    if prepared.layer2.sends or prepared.layer2.listens:
        yield f"<p>Before and beside that, on our own link:</p>{_list(prepared.layer2.lines())}"


def _often(times: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}[times].replace("never", "0 times")


def _times(a_second: float) -> str:
    if a_second >= 1:
        return f"{a_second:g} requests a second"
    return f"one request in {1 / a_second:g} seconds"


MEANING = {
    "floor": "if nobody answers",
    "expected": "likely",
    "ceiling": "never exceeded: everybody answers everything",
}


def _amount(prepared: Prepared, totals: Mapping[str, Total]) -> Iterator[str]:
    heads = ("connections", "requests", "packets", "bytes", "time")
    yield "<h2>How much, in all</h2><table><tr><th>"
    yield "".join(f"<th class=n>{head}" for head in heads)
    for name, item in totals.items():
        yield f"<tr><td><b>{name}</b> <span class=small>{MEANING.get(name, '')}</span>"
        for number in (item.connections, item.requests, item.packets, item.bytes):
            yield f"<td class=n>{number:,}".replace(",", "\u202f")
        yield f"<td class=n>{duration(item.seconds)}"
    yield "</table>"
    yield f"<p class=small>Expected: from {_safe(basis(prepared))}. Floor and ceiling hold whoever "
    yield "is there. Time is what these rates need; devices that answer slowly take longer, and "
    yield "<b>--max-time</b> or the end of the window ends the scan in order.</p>"


def _questions(prepared: Prepared) -> Iterator[str]:
    yield "<h2>What one device is asked, at most</h2><table><tr><th>protocol<th>step"
    yield "<th class=n>connections<th class=n>requests<th>functions"
    seen: set[tuple[object, ...]] = set()
    for line in lines(prepared):
        rows = line["attempts"]
        for item in rows if isinstance(rows, list) else []:
            key = (item["probe"], item["transport"], item["port"], item["rung"])
            if key in seen:
                continue
            seen.add(key)
            functions = ", ".join(item["functions"])
            yield f"<tr><td class=w>{_safe(item['probe'])} {item['transport']}/{item['port']}"
            yield f"<td>{item['rung']}<td class=n>{item['connections']}"
            yield f"<td class=n>{item['requests']}<td>{_safe(functions)}"
    yield "</table><p class=small>0 connections: the step uses the connection of the step before; "
    yield "SNMP has none. A port that is closed gets one packet, a silent one at most "
    yield f"{1 + prepared.limits.retries}, and nothing else.</p>"


def _ending() -> Iterator[str]:
    yield "<h2>Stopping, and what is kept</h2>"
    yield _list(
        (
            "Ctrl-C, or ending the program: the last packet leaves within 1 second, open sessions "
            "are closed within 3; pulling the cable does no harm, and what was heard is kept",
            "the scan can be gone on with later: devices that are done with are not asked again, "
            "and whatever is excluded by then stays out",
            "you may notice: entries of short connections in logs of devices and firewalls, and "
            "alarms of an intrusion detection that watches for new computers",
            "the summary afterwards sets what was sent against this page, in the same figures",
            "answers are kept in one file on the laptop, readable by its owner only; passwords "
            "are not stored; nothing is sent to anybody else",
        )
    )
    yield "<h2>Agreed</h2><table class=sign>"
    yield "<tr><td>OT owner (name)<td>Date and window<td>Signature"
    yield "<tr><td>Carried out by (name)<td>Date<td>Signature"
    yield "<tr><td>Stop call to (name, telephone)<td>Reached at during the scan (telephone)"
    yield "<td>Address of this computer<tr><td colspan=3>Devices to keep out, remarks</table>"


def _row(name: str, text: str) -> Iterator[str]:
    yield f'<tr><th style="width:9rem">{name}<td>{_safe(text)}'


def _list(items: tuple[str, ...] | list[str]) -> str:
    return "<ul>" + "".join(f"<li>{_safe(item)}" for item in items) + "</ul>"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
