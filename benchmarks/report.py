"""The page of figures, made from the JSON file alone.

One rule keeps it simple: text that judges is computed from the figures; nothing is typed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Found = Mapping[str, Any]


def page(found: Found) -> str:
    """`docs/performance.md`."""
    parts = [HEAD, _machine(found["machine"])]
    parts += [_identify(size) for size in found.get("identify", [])]
    if "healthy" in found:
        parts.append(_healthy(found))
    if "agents" in found:
        parts.append(_agents(found["agents"]))
    if "killed" in found:
        parts.append(_killed(found))
    if "promise" in found:
        parts.append(_promise(found["promise"]))
    if "profiles" in found:
        parts.append(_profiles(found["profiles"]))
    parts += [_routed(item) for item in found.get("routed", [])]
    if "start" in found:
        parts.append(_start(found["start"]))
    parts.append(FLOORS)
    return "\n".join(parts).rstrip() + "\n"


HEAD = """# Performance

Written by `python -m benchmarks --page` from one run; `make bench` repeats it into `build/`.
Ratios and counts within one run are what matters: seconds depend on the machine and on what else
it does. Wall and CPU time are those of the whole process, from nothing to an inventory with its
gaps derived; memory is the peak of its largest process; packets and bytes are what the kernel
sent to the devices (acknowledgements included).
"""

FLOORS = """## What stands between these figures and zero

- A UDP service that stays silent costs 3 s + 3 s (two tries at least 2 s apart), a TCP one 0.9 s
  twice, the second 2 s after the first; a connected device that says nothing costs 3 s. The
  safety rules fix these, and the last silent host decides when a scan ends.
- Encoding and judging the first SNMP question takes most of the processor time in empty space
  (about three quarters of the event loop's samples in a profile of a routed /20).
- Ten requests a second and one connection per host hold a gateway with eight questions for 0.8 s.
- 100 new hosts/s and 1 000 packets/s bound `brisk` from below: 250 devices cannot take less than
  2.5 s, however idle the machine is.
- OPC UA servers are asked for endpoints without a session at `identify` (safety.md 2). Who made
  them stands in the session's address space, which `--depth points` reads; they count as
  answering and not as identified in the tables above unless their endpoint list names the product.
"""


def _machine(item: Found) -> str:
    counters = "kernel counters" if item["kernel_counters"] else "no kernel counters (not root)"
    return (
        f"Taken {item['time']} on {item['cores']} shared cores, Python {item['python']}, "
        f"Linux {item['kernel']}, load {item['load']}, {counters}.\n"
    )


def table(head: Sequence[str], rows: Iterator[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


COLUMNS = ("tool", "wall s", "CPU s", "MB", "packets", "bytes", "identified", "complete", "serial")


def _tool(row: Found) -> Sequence[Any]:
    name = f"{row['name']} {row.get('profile', '')}".strip()
    if row.get("missing"):
        return (f"{name} (not installed)", *[None] * 8)
    if row["code"] < 0:
        name += f" (ended by signal {-row['code']})"
    shown = [f"{row.get(one, 0)}/{row.get('answering', 0)}" for one in COLUMNS[6:]]
    blank = [None] * 3
    basic = (row["wall"], row["cpu"], row["memory_mb"], row["packets"], row["bytes"])
    return (name, *basic, *(shown if "answering" in row else blank))


def _ratio(one: Any, other: Any) -> str:
    return f"{one / other:.2f}" if one and other else "-"


def _rows(item: Found, name: str) -> list[Found]:
    return [row for row in item["rows"] if row["name"] == name and not row.get("missing")]


def _identify(item: Found) -> str:
    text = f"## Identify {item['size']} mixed devices, 15 % misbehaving\n\n"
    text += table(COLUMNS, (_tool(row) for row in item["rows"])) + "\n"
    for ours in _rows(item, "untrap"):
        said = f"untrap {ours['profile']}: first durable answer after {ours['first_durable']} s, "
        said += f"wrong fields {ours['wrong']}, answers believed that are none {ours['believed']}, "
        said += f"units behind gateways {ours['units']} of {ours['units_there']}, "
        text += (
            said + f"packets per identified device {_ratio(ours['packets'], ours['identified'])}"
        )
        for peer in _rows(item, "nmap"):
            text += f"; against nmap: wall {_ratio(ours['wall'], peer['wall'])}, "
            text += f"CPU {_ratio(ours['cpu'], peer['cpu'])}, packets per identified device "
            each = [row["packets"] / max(1, row["identified"]) for row in (ours, peer)]
            text += _ratio(*each)
        text += ".\n"
    for peer in _rows(item, "nmap"):
        text += f"\nnmap's flags: `{peer['flags']}`\n"
    return text


def _healthy(found: Found) -> str:
    good = found["healthy"]["rows"][0]
    text = "## Misbehaviour does not spread\n\n"
    text += table(COLUMNS, iter([_tool(good)]))
    for item in found.get("identify", []):
        if item["size"] == found["healthy"]["size"]:
            bad = item["rows"][0]
            text += (
                f"\nTime with / without misbehaving devices: {_ratio(bad['wall'], good['wall'])}.\n"
            )
    return text


def _agents(item: Found) -> str:
    text = f"## {item['size']} SNMP agents\n\n"
    text += table(COLUMNS, (_tool(row) for row in item["rows"]))
    for ours in _rows(item, "untrap"):
        each = [
            f"{peer['name']} {_ratio(ours['wall'], peer['wall'])}"
            for peer in item["rows"]
            if peer["name"] != "untrap" and not peer.get("missing")
        ]
        text += f"\nWall of untrap {ours['profile']} / peer: {', '.join(each) or 'no peer'}.\n"
    return text


def _killed(found: Found) -> str:
    item = found["killed"]
    share = 100 * item["held"] / max(1, item["answering"])
    return (
        "## Killed at half time\n\n"
        f"`kill -9` after {item['killed_after']} s of a run over {item['size']} devices: the "
        f"inventory holds {item['held']} of {item['answering']} devices ({share:.0f} %).\n"
    )


def _off(one: float, other: float) -> str:
    return f"{100 * (one - other) / other:+.1f} %" if other else "-"


def _promise(items: Sequence[Found]) -> str:
    text = "## The plan's promise\n\nThe cost model with what was found, against what was sent.\n\n"
    head = ("plant", "packets: model", "sent", "off", "kernel", "seconds: model", "taken", "off")
    rows = (
        (
            item["plant"],
            item["cost"]["packets"],
            item["sent"]["packets"],
            _off(item["cost"]["packets"], item["sent"]["packets"]),
            item["kernel_packets"] or None,
            item["cost"]["seconds"],
            item["sent"]["seconds"],
            _off(item["cost"]["seconds"], item["sent"]["seconds"]),
        )
        for item in items
        if item["cost"]
    )
    return text + table(head, rows)


def _profiles(items: Sequence[Found]) -> str:
    text = "## The slow profiles against their own bound\n\n"
    head = ("profile", "devices", "bound s", "taken s", "ratio")
    return text + table(
        head,
        (
            (i["profile"], i["size"], i["bound"], i["seconds"], _ratio(i["seconds"], i["bound"]))
            for i in items
        ),
    )


def _routed(item: Found) -> str:
    kind = "dead addresses answer RST" if item["refuse"] else "dead addresses are silent"
    text = f"## {item['devices']} devices in a routed {item['network']}, {kind}\n\n"
    text += table(COLUMNS, (_tool(row) for row in item["rows"]))
    for ours in _rows(item, "untrap"):
        for peer in item["rows"]:
            if peer["name"] != "untrap" and not peer.get("missing"):
                text += f"\nWall / {peer['name']}: {_ratio(ours['wall'], peer['wall'])}."
    return text + "\n"


def _start(item: Found) -> str:
    rows = ((f"`untrap {name}`", seconds) for name, seconds in item.items())
    return "## Start-up\n\nMedians of seven runs.\n\n" + table(("command", "seconds"), rows)
