"""The page that an OT owner signs: what will be sent, what never, and when (rulings 25)."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import click

from scanner.plan import Total
from scanner.planlines import lines
from scanner.prepare import Prepared
from scanner.wording import duration

NEVER = (
    "any write, reset, start, stop, download or configuration change",
    "Modbus functions 5, 6, 8, 15, 16, 21, 22, 23, 90",
    "SNMP SET",
    "OPC UA Write, Call, subscriptions, history updates",
    "COTP disconnect requests (a valid one hangs some controllers)",
    "port scans, operating-system fingerprints, fragments, broadcast floods",
    "default passwords or guessed communities",
    "a packet to an address that is not listed below, or that is excluded",
)

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#111}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:1.6rem}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3rem .5rem;
text-align:left;vertical-align:top}td.n{text-align:right}.sign td{height:3.2rem;width:33%}
@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def write(path: Path, prepared: Prepared, totals: Mapping[str, Total]) -> None:
    """Write the page. Raises `click.UsageError` when the path cannot be written."""
    try:
        path.write_text("\n".join(_page(prepared, totals)), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"-o {path}: {error.strerror}") from error


def _page(prepared: Prepared, totals: Mapping[str, Total]) -> Iterator[str]:
    profile = prepared.profile
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>Permission to scan {_safe(prepared.site_name)}</title><style>{STYLE}</style>"
    yield f"<h1>Permission to read: {_safe(prepared.site_name)}</h1>"
    yield f"<p>Made {datetime.now().astimezone():%Y-%m-%d %H:%M %Z}. Nothing has been sent yet.</p>"
    yield "<h2>Where</h2><ul>"
    yield from (f"<li>{_safe(item)}</li>" for item in prepared.targets)
    yield "</ul>"
    if prepared.excluded:
        yield f"<p>Never asked: {_safe(', '.join(prepared.excluded))}</p>"
    yield f"<p>{prepared.hosts} addresses. Depth: {prepared.depth.label}.</p>"
    yield "<h2>How gently</h2><ul>"
    yield f"<li>at most {profile.packets:g} packets a second in all</li>"
    yield f"<li>at most {profile.requests_per_host:g} requests a second to one device</li>"
    yield "<li>one connection to a device at a time, closed with FIN</li>"
    yield f"<li>at most {profile.hosts_at_once} devices of a /24 at once</li>"
    yield "<li>a device that slows down, goes silent or says busy is left alone; three such "
    yield "devices in a minute pause everything</li></ul>"
    if prepared.layer2.sends:
        yield "<h2>First, on the own segments (layer 2)</h2><ul>"
        yield from (f"<li>{_safe(line)}</li>" for line in prepared.layer2.lines())
        yield "</ul>"
    yield "<h2>How much</h2><table><tr><th><th>connections<th>requests<th>packets<th>bytes<th>time"
    for name, item in totals.items():
        yield f"<tr><th>{name}<td class=n>{item.connections}<td class=n>{item.requests}"
        yield f"<td class=n>{item.packets}<td class=n>{item.bytes}"
        yield f"<td class=n>{duration(item.seconds)}"
    yield "</table><p>The ceiling is never exceeded.</p>"
    yield "<h2>What is asked of one device, at most</h2><table><tr><th>protocol<th>port<th>step"
    yield "<th>connections<th>requests<th>functions"
    for line in lines(prepared):
        yield from _attempts(line)
        break
    yield "</table><h2>What is never sent</h2><ul>"
    yield from (f"<li>{_safe(item)}</li>" for item in NEVER)
    yield "</ul><h2>Agreed</h2><table class=sign><tr><td>Name<td>Date and window<td>Signature"
    yield "<tr><td>Stop call to<td>Telephone<td>Remarks</table></html>"


def _attempts(line: Mapping[str, object]) -> Iterator[str]:
    rows = line["attempts"]
    for item in rows if isinstance(rows, list) else []:
        functions = ", ".join(item["functions"])
        yield f"<tr><td>{_safe(item['probe'])}<td>{item['transport']}/{item['port']}"
        yield f"<td>{item['rung']}<td class=n>{item['connections']}<td class=n>{item['requests']}"
        yield f"<td>{_safe(functions)}"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
