"""The plan as people and programs read it: lines, totals, and the questions that it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from protocols import probes
from protocols.contract import Probe
from scanner.planning import cost as planning
from scanner.planning.cost import Total
from scanner.planning.prepare import Prepared
from scanner.scan import groups
from scanner.targets import SERVICE, Service
from scanner.wording import counted, duration, wrapped


def lines(prepared: Prepared) -> Iterator[dict[str, object]]:
    """JSON lines of `plan`: hosts that are alike share one, exclusions one each."""
    if len(prepared.scope):
        plain = [item for item in prepared.targets if not SERVICE.match(item)]
        yield {
            "targets": plain,
            "hosts": len(prepared.scope),
            "attempts": [item for probe in prepared.probes for item in rungs(prepared, probe)],
            "excluded": None,
        }
    by_name = {probe.name: probe for probe in probes()}
    for (name, port, excluded), services in _alike(prepared).items():
        probe = by_name[name]
        yield {
            "targets": [str(service) for service in services],
            "hosts": 0 if excluded else len(services),
            "attempts": [] if excluded else list(rungs(prepared, probe, port)),
            "excluded": "excluded" if excluded else None,
        }
    for text in prepared.excluded:
        yield {"targets": [text], "hosts": 0, "attempts": [], "excluded": "excluded by you"}


def _alike(prepared: Prepared) -> dict[tuple[str, int, bool], list[Service]]:
    """Services of one probe and port fold into one line."""
    found: dict[tuple[str, int, bool], list[Service]] = {}
    for service in prepared.scope.services:
        excluded = prepared.scope.excludes(service.address)
        found.setdefault((service.probe, service.port, excluded), []).append(service)
    return found


def rungs(prepared: Prepared, probe: Probe, port: int | None = None) -> Iterator[dict[str, object]]:
    """What one probe sends to one host that answers everything, at most, rung by rung."""
    for number in (port,) if port is not None else prepared.ports_of(probe):
        for depth, rung in sorted(probe.rungs.items()):
            if depth > prepared.depth:
                continue
            cost = rung.cost(rung.most)
            yield {
                "probe": probe.name,
                "rung": depth.label,
                "transport": probe.transport,
                "port": number,
                "connections": cost.connections,
                "requests": cost.requests,
                "bytes": cost.bytes,
                "functions": list(cost.functions),
                "seconds": round(cost.requests / prepared.profile.requests_per_host, 1),
            }


def total_line(prepared: Prepared, totals: Mapping[str, Total]) -> dict[str, object]:
    """The last line: floor, expected, ceiling and the peak rate."""
    figures: dict[str, object] = {name: item.as_json() for name, item in totals.items()}
    return {
        "total": {"hosts": prepared.hosts, **figures, "peak_pps": prepared.profile.packets},
        "layer2": prepared.layer2.as_json(),
        "names": [{"name": name, "address": found} for name, found in prepared.scope.names],
    }


def table(prepared: Prepared, totals: Mapping[str, Total]) -> list[str]:
    """The plan as text within 80 columns."""
    profile = prepared.profile
    shown = [
        f"Plan for {counted(prepared.hosts, 'address', 'addresses')} in "
        f"{counted(groups(prepared), '/24', '/24s')}, "
        f"depth {prepared.depth.label}, profile {profile.name}:",
        f"  at most {profile.packets:g} IP packets/s in all, {profile.requests_per_host:g} "
        "requests/s and one connection per host",
    ]
    shown += [f"  {name} is {address}" for name, address in prepared.scope.names]
    if prepared.excluded:
        shown.append(f"  never asked: {', '.join(prepared.excluded[:8])}")
    for below in prepared.layer2.lines():
        shown += ["  on our own link:", *wrapped(below, 4)]
    shown += ["", "To one host that answers everything, at most:"]
    for line in lines(prepared):
        for item in line["attempts"]:  # type: ignore[attr-defined]
            shown.append(
                f"  {item['probe']:<8} {item['rung']:<9} {item['transport']}/{item['port']:<6}"
                f"{item['connections']:>3} connections {item['requests']:>5} requests"
            )
            if item["functions"]:
                shown += wrapped(", ".join(item["functions"]), 11)
        if line["hosts"] == prepared.hosts:
            break
    shown += ["", f"{'In total':<10}{'connections':>12}{'requests':>11}{'packets':>11}{'time':>12}"]
    shown += [
        f"{name:<10}{item.connections:>12}{item.requests:>11}{item.packets:>11}"
        f"{duration(item.seconds):>12}"
        for name, item in totals.items()
    ]
    shown += ["", *_meaning(prepared)]
    return shown


def basis(prepared: Prepared) -> str:
    """What the expected figures rest on."""
    declared = any(prepared.scope.allows(address) for address in prepared.known.first)
    return "the register" if declared else f"{planning.ASSUMED_ALIVE:.0%} of addresses answering"


def _meaning(prepared: Prepared) -> list[str]:
    return [
        f"floor: nobody answers · expected: from {basis(prepared)}",
        "ceiling: everybody answers everything; it is never exceeded",
        "Nothing was sent. Writes are refused by the guard, whatever a probe asks.",
    ]
