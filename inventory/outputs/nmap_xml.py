"""nmap XML: devices with an address and the services that were asked, for tools that read nmap.

One rule keeps it simple: a port's state says what untrap recorded, in nmap's words: whatever was
accepted is `open`, a reset is `closed`, silence is `filtered` (UDP: `open|filtered`), and what was
not asked is not listed. What stands behind a gateway has no address: its gateway shows the port.

Source: nmap.dtd 1.05 (nmap.org/book/nmap-dtd.html).
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from inventory.outputs import Format, view
from inventory.text import inert
from protocols.contract import SPOKE, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.model import Device, Service
    from inventory.outputs import Request
    from inventory.store import Store

STATES = {
    Outcome.MUTE: ("open", "syn-ack"),
    Outcome.HUNG_UP: ("open", "syn-ack"),
    Outcome.OTHER: ("open", "syn-ack"),
    Outcome.GARBLED: ("open", "syn-ack"),
    Outcome.CLOSED: ("closed", "reset"),
    Outcome.SILENT: ("filtered", "no-response"),
    Outcome.BLOCKED: ("filtered", "admin-prohibited"),
    **dict.fromkeys(SPOKE, ("open", "syn-ack")),
}
"""nmap's state and reason; an outcome that is not here is not listed."""

OPEN = frozenset(outcome for outcome, (state, _) in STATES.items() if state == "open")


Tagged = Mapping[str, str | int]


def write(store: Store, request: Request) -> str:
    """Writes the report to the output or stdout; streams. The returned line says what it holds."""
    lines = document(view(store, request).devices)
    if request.output is None:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return ""
    hosts = 0
    with request.output.open("w", encoding="utf-8") as file:
        for line in lines:
            hosts += line.startswith("<host ")
            file.write(f"{line}\n")
    return f"{hosts} hosts written to {request.output}"


def document(devices: Callable[[], Iterable[Device]]) -> Iterator[str]:
    """The lines of the report: what answered at an address, itself or for what is behind it.

    Goes through the devices three times, so that memory holds only what is behind gateways.
    """
    behind: dict[str, list[Service]] = {}
    for device in devices():
        for service in device.services if device.part else ():
            behind.setdefault(service.address, []).append(service)
    start, end, count = _span(_shown(devices(), behind))
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<!DOCTYPE nmaprun>"
    about: Tagged = {
        "scanner": "nmap",  # the only word that the DTD allows
        "args": "untrap export nmap-xml",
        "start": start,
        "version": "1",
        "xmloutputversion": "1.05",
    }
    yield _tag("nmaprun", about, "")
    yield '<verbose level="0"/><debugging level="0"/>'
    for device in _shown(devices(), behind):
        for address in _answering(device):
            yield from _host(device, address, start, behind.get(address, ()))
    finished = _tag("finished", {"time": end, "elapsed": end - start, "exit": "success"})
    hosts = _tag("hosts", {"up": count, "down": 0, "total": count})
    yield f"<runstats>{finished}{hosts}</runstats>"
    yield "</nmaprun>"


def _shown(devices: Iterable[Device], behind: Collection[str]) -> Iterator[Device]:
    """Devices with an address that was heard, itself or for what is behind it."""
    for device in devices:
        found = _literals(device)
        if found and (device.seen or found[0] in behind):
            yield device


def _span(devices: Iterable[Device]) -> tuple[int, int, int]:
    """First and last second that anything was seen, and the number of hosts."""
    times, count = [0, 0], 0
    for one in devices:
        count += len(_answering(one))
        for when in filter(None, map(_seconds, (one.first_seen, one.last_seen))):
            times = [min(times[0] or when, when), max(times[1], when)]
    return times[0], times[1], count


def _answering(device: Device) -> list[str]:
    """Its first address, and the others that a service was asked at."""
    first, *others = _literals(device)
    asked = {service.address for service in device.services}
    return [first, *(address for address in others if address in asked)]


def _host(device: Device, address: str, start: int, behind: Sequence[Service]) -> Iterator[str]:
    """One host: address, name, then its ports, one entry for each number."""
    first = address == _literals(device)[0]
    begin = _seconds(device.first_seen) or start
    yield _tag("host", {"starttime": begin, "endtime": _seconds(device.last_seen) or begin}, "")
    yield _tag("status", {"state": "up", "reason": "user-set", "reason_ttl": 0})
    kind = f"ipv{ipaddress.ip_address(address).version}"
    yield _tag("address", {"addr": address, "addrtype": kind})
    if device.mac and first:
        vendor = {"vendor": device.vendor} if device.vendor else {}
        yield _tag("address", {"addr": device.mac.upper(), "addrtype": "mac", **vendor})
    names = _tag("hostname", {"name": device.name, "type": "user"}) if device.name else ""
    yield f"<hostnames>{names}</hostnames>"
    yield "<ports>"
    ports: dict[tuple[str, int], Service] = {}
    for service in (*device.services, *behind):
        here = service.address == address or (first and not service.address)
        if here and service.transport in ("tcp", "udp") and service.outcome in STATES:
            known = ports.get((service.transport, service.port))
            if known is None or _rank(service) < _rank(known):
                ports[service.transport, service.port] = service
    for (transport, number), service in sorted(ports.items()):
        yield _port(device, service, transport, number)
    yield "</ports></host>"


def _port(device: Device, service: Service, transport: str, number: int) -> str:
    state, reason = STATES[service.outcome]
    if transport == "udp":
        state = "open|filtered" if service.outcome is Outcome.SILENT else state
        reason = {"syn-ack": "udp-response", "reset": "port-unreach"}.get(reason, reason)
    given = _tag("state", {"state": state, "reason": reason, "reason_ttl": 0})
    about: dict[str, str | int] = {"name": service.protocol, "method": "table", "conf": 3}
    if service.outcome in SPOKE:
        about |= {"method": "probed", "conf": 10}
        named = {"product": device.product or device.model, "version": device.firmware}
        about |= {name: value for name, value in named.items() if value}
    port = _tag("port", {"protocol": transport, "portid": number}, "")
    return f"{port}{given}{_tag('service', about)}</port>"


def _rank(service: Service) -> tuple[bool, bool, str]:
    """What spoke before what merely accepted before what did not."""
    return (service.outcome not in SPOKE, service.outcome not in OPEN, service.protocol)


def _literals(device: Device) -> list[str]:
    """Its network addresses; a hardware address in their place is none."""
    if device.part:
        return []
    found = []
    for text in device.addresses:
        try:
            found.append(str(ipaddress.ip_address(text)))
        except ValueError:
            continue
    return found


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def _tag(name: str, given: Tagged, end: str = "/") -> str:
    """One element; every value is made inert first, since devices chose some of them."""
    pairs = " ".join(f"{key}={quoteattr(inert(str(value), 512))}" for key, value in given.items())
    return f"<{name} {pairs}{end}>"


FORMAT = Format("nmap-xml", "nmap XML", write)
