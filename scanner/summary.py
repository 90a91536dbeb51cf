"""The end of a scan: one summary object, the no-harm statement, the exit code, the next command."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.model import Severity
from protocols.contract import Reason
from scanner.planning import cost as planning
from scanner.planning.cost import Total
from scanner.program import ours
from scanner.scan import Run, beside, groups, on_link
from scanner.wording import duration


def summary(run: Run, planned: Mapping[str, Total], assets: int | None) -> dict[str, object]:
    """The object that `scan --json` prints (interface.md)."""
    wire = run.wire
    if wire is None:
        raise RuntimeError("the scan did not begin")
    prepared = run.prepared
    found = beside(
        planning.cost(
            *(run.tally.shapes, prepared.profile, prepared.limits, groups(prepared)),
            order=run.tally.order,
            on_link=on_link(prepared),
            first=prepared.declared,
        ),
        run.layer2.arp_seconds if run.layer2 else 0.0,
        *(
            planning.behind_one(shapes, prepared.profile, prepared.limits)
            for shapes in run.tally.behind.values()
        ),
    )
    sent = wire.sent
    return {
        "scan": run.scan.id,
        "site": run.scan.site,
        "hosts": prepared.hosts,
        "answered": answering(run),
        "assets": assets,
        "planned": {name: item.as_json() for name, item in planned.items()},
        "cost": found.as_json(),
        "sent": {
            "connections": sent.connections,
            "requests": sent.requests,
            "packets": sent.packets,
            "bytes": sent.bytes,
            "seconds": round(run.seconds, 1),
        },
        "outcomes": {outcome.value: count for outcome, count in sorted(wire.outcomes.items())},
        "seconds": round(run.seconds, 1),
        "stopped": [{"host": host, "reason": reason} for host, reason in wire.ward.stopped.items()],
        "retries": sent.retries,
        "functions": dict(sorted(sent.functions.items())),
        "harm": harm(run),
        "unasked_hosts": run.tally.unasked,
        "no_credential": dict(sorted(wire.unnamed.items())),
        "resume": resume(run),
        "differences": list(prepared.differences),
        "layer2": run.layer2.as_json() if run.layer2 else None,
    }


def harm(run: Run) -> dict[str, object]:
    """The no-harm statement: what was and was not done to the devices, in numbers."""
    wire = run.wire
    if wire is None:
        return {}
    return {
        "writes_sent": wire.sent.never,
        "refused_by_guard": wire.sent.refused_by_guard,
        "connections_at_once_per_host": wire.sent.most_at_once,
        "hosts_left_alone": len(wire.ward.stopped),
        "pauses": wire.pauses,
        "paused_seconds": round(wire.pacer.paused_seconds, 1),
        "our_side": dict(wire.our_side),
        "unsolicited_datagrams": wire.datagrams.unsolicited,
    }


def resume(run: Run) -> str | None:
    """The command that goes on, or None when there is nothing left to ask or to conclude."""
    left = run.tally.unasked or (run.interrupted and not run.concluded)
    return command(run, "scan", "--resume", run.scan.id[:8]) if left else None


def answering(run: Run) -> int:
    """Hosts that answered in this scan, those of a run that was cut included."""
    return run.tally.answering + run.answered_before


def next_command(run: Run) -> str:
    """What to do after a whole scan."""
    if not run.prepared.hosts and run.layer2 is not None and run.layer2.packets:
        return command(run, "assets")
    return command(run, "gaps") if answering(run) else command(run, "doctor")


def command(run: Run, *words: str) -> str:
    """A further command for the inventory of this run."""
    return ours(*words, settings=run.prepared.settings)


def exit_code(run: Run) -> int:
    """130 interrupted, 2 the store failed, 4 done in part, 3 nothing answered, 0 done."""
    if run.interrupted:
        return 130
    if run.error:
        return 2
    if run.tally.unasked:
        return 4
    heard = run.layer2 is not None and run.layer2.packets and not run.prepared.hosts
    return 0 if answering(run) or heard else 3


def at_least(worst: str, limit: str | None) -> bool:
    """Whether the severest gap ("" for none) is as severe as `--fail-on` says."""
    order = [item.value for item in Severity]
    return bool(limit and worst) and order.index(worst) >= order.index(str(limit))


def text(run: Run, summed: Mapping[str, object]) -> list[str]:
    """The summary as a plant engineer reads it."""
    wire = run.wire
    if wire is None:
        return []
    sent, prepared = wire.sent, run.prepared
    planned = summed["planned"]
    ceiling = planned["ceiling"]["packets"] if isinstance(planned, dict) else 0
    answered = f"{answering(run)} of {_counted(prepared.hosts, 'address')} answered. "
    answered = answered if prepared.hosts else ""
    figures = {name: int(str(summed[name] or 0)) for name in ("assets", "gaps", "questions")}
    found = [
        f"{answered}In {prepared.settings.db}: {_counted(figures['assets'], 'asset')},",
        f"{_counted(figures['gaps'], 'gap')}, {_counted(figures['questions'], 'open question')}.",
    ]
    if not run.concluded:
        found = [f"{answered}No conclusions were drawn yet from what is in {prepared.settings.db}."]
    shown = [
        *found,
        f"Sent {_counted(sent.packets, 'packet')}, {_counted(sent.requests, 'request')}, "
        f"{_counted(sent.connections, 'connection')} "
        f"in {duration(run.seconds)} (ceiling of the plan: {ceiling} packets).",
        f"No harm: {sent.never} writes or other forbidden requests, at most "
        f"{_counted(sent.most_at_once, 'connection')} to a host at a time, "
        f"{len(wire.ward.stopped)} left alone in distress, {_counted(wire.pauses, 'pause')}"
        f"{f' ({duration(rested)})' if (rested := wire.pacer.paused_seconds) else ''}.",
    ]
    shown += run.layer2.lines() if run.layer2 else []
    shown += [f"  left alone: {host}: {why}" for host, why in wire.ward.stopped.items()]
    shown += [_unnamed(protocol, count) for protocol, count in sorted(wire.unnamed.items())]
    if run.tally.unasked:
        why = wire.stopping.value if isinstance(wire.stopping, Reason) else "our side"
        were = "was" if run.tally.unasked == 1 else "were"
        hosts = _counted(run.tally.unasked, "host")
        shown.append(f"{hosts} {were} not wholly asked ({why}).")
    if run.error:
        shown.append(f"The inventory could not be written: {run.error}")
    return shown


def _unnamed(protocol: str, count: int) -> str:
    """That nobody could be found by a protocol of which no credential was named, and what would."""
    usual = ", or --credentials snmp-public for the usual community" * (protocol == "snmp")
    where = "1 address" if count == 1 else f"{count} addresses"
    return (
        f"Not asked who it is, for want of a credential: {protocol} at {where}. Name one of the"
        f" site file (--credentials NAME){usual}."
    )


def _counted(number: int, thing: str) -> str:
    ending = "" if number == 1 else "es" if thing.endswith("s") else "s"
    return f"{number} {thing}{ending}"
