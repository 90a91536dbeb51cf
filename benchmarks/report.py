"""The page of figures, made from the JSON file alone.

One rule keeps it simple: text that judges is computed from the figures; nothing is typed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.rows import ROWS

Found = Mapping[str, Any]


def page(found: Found) -> str:
    """`docs/performance.md`."""
    results = found.get("results", {})
    parts = [HEAD, *_verdict(results)]
    parts += [_section(name, results[name]) for name in ROWS if name in results]
    parts.append(FLOORS)
    return "\n".join(parts).rstrip() + "\n"


HEAD = """# Performance

Written by `python -m benchmarks --page`; `make bench` repeats it into `build/`. Programs of one
table ran one after the other against the same plant. Ratios and counts within one table are what
matters: seconds depend on the machine and on what else it does. Wall and CPU time are those of the
whole process, from nothing to an inventory with its gaps derived; memory is the peak of all its
processes together; packets are what the kernel sent to the devices and got back.
"""

FLOORS = """## What stands between these figures and zero

- **Silence.** A UDP service that stays silent costs 2 s + 3 s, a silent TCP one 0.9 s twice, the
  second 2 s after the first. A Modbus device that accepts and says nothing is asked twice (43/14,
  then one register on a second connection), 3 s each. The safety rules fix these, and nobody knows
  before who is mute. Under `bench` nothing else is left: 6 s, which is more than a quarter of what
  nmap takes for the half of the devices that it identifies. Asked once, a device that drops
  function 43 without a word, as real ones do, would be called mute.
- **Order.** Every host is asked at its likeliest port before any at the others, so that long
  silences begin early and are waited for while others talk (decision 0039). What ends a scan under
  `brisk` is then its packets, and the 3 s of the last OPC UA server that accepts and says nothing.
  Knocking at all doors first would find that one sooner too, and would leave hundreds of
  connections open and idle meanwhile.
- **Rates.** Ten requests a second and one connection per host hold a gateway with eight questions
  for 0.8 s. 100 new hosts/s and 1 000 packets/s, with 2 % of margin for clocks that run fast, bound
  `brisk` from below, however idle the machine is: 11 packets a device. nmap's scripts are bound by
  no rate: its packets a second stand in the rows, and its wall time is no measure of what 1 000
  packets/s allow.
- **Python.** Starting takes longer than all of braa's run, which prints one text per agent and
  keeps nothing. The row `profile` says where the processor's time goes. No single function takes a
  twentieth of it: what is left to gain is in doing without asyncio, or without Python.
- **Drawing the conclusions** begins when the last silence is over. Done before, for those who are
  finished, it would save half a second for 1 000 devices, and cost the promise that answers are
  durable within a tenth of a second, or keys made from identities known in part (decision 0041).
- **Dead space.** A dead address is under way for 2.9 s at one port (0.9 s, silence until 2 s are
  over, 0.9 s), 4 096 at once: 46 s for a /16, whatever the processor does; bare epoll tries twice
  without the wait, 30 s. In a routed /20 the first 32 of each /24 are asked by SNMP and, since each
  might become a conversation, waited for 2 s before more are asked, which leaves up to 1.5 s idle.
- **100 000 devices.** Deriving, judging and printing them takes some 100 seconds of processor time
  that two processors share, and 6 that one process takes alone. More than half of it is judging,
  and no rule takes a twentieth of that. The code before (decision 0046) took 146 CPU seconds where
  this one took 91, and 101 to 127 on quieter hours of the same day: the machine varies by a third.
  A site with switch tables, which are made out first, takes a fifth longer (decision 0035).
- **An own segment.** Each silent address is asked twice by ARP, at 1 000/s: 7.9 s for a /20, and
  1 s for the last answer. Hosts are talked to meanwhile.
- OPC UA servers are asked for endpoints without a session at `identify`: maker and product stand in
  the product URI. Firmware and serial stand in the session's address space, which `--depth points`
  reads (the row "in depth").
"""


def table(head: Sequence[str], rows: Iterator[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _verdict(results: Found) -> Iterator[str]:
    """How many targets are met, and which are not."""
    every = [(name, item) for name in ROWS for item in results.get(name, {}).get("targets", ())]
    if not every:
        return
    missed = [(name, item) for name, item in every if not item["met"]]
    yield f"{len(every) - len(missed)} of {len(every)} targets met."
    if missed:
        yield "Not met:\n"
        yield table(("row", *TARGET[:-1], *FLOOR), (_missed(*one) for one in missed))
        yield LIMITS


FLOOR = ("limits alone", "and start and end")

LIMITS = """*Limits alone* is the same figure if our program and the machine took no time at all:
what the rates, places and time-outs of the profile ask of these devices, played by the plan's
arithmetic. *And start and end* adds the seconds before the first packet and after the last: Python,
its imports, the file, and drawing the conclusions. What is left is the wire's own processor time:
the row `profile` says where it goes, and the last section what all this rests on.
"""


def _missed(name: str, item: Found) -> Sequence[Any]:
    """A target that was not met, with what stands between."""
    return (name, *_target(item)[:-1], *item.get("floors", (None, None)))


COLUMNS = ("tool", "wall s", "CPU s", "MB", "sent", "back", "identified", "complete", "serial")
PHASES = (
    "where the seconds went",
    "until the first packet",
    "until the last identity",
    "silence waited for",
    "concluding",
)
TARGET = ("target", "found", "wanted", "met")


def _section(name: str, item: Found) -> str:
    text = f"## {ROWS[name].title}\n\n`python -m benchmarks --row {name}`. {_machine(item)}\n\n"
    if item.get("error"):
        return text + f"Did not run: {item['error']}\n"
    if item.get("rows"):
        text += table(COLUMNS, (_tool(row) for row in item["rows"])) + "\n"
    spent = [row for row in item.get("rows", ()) if row.get("phases")]
    if spent:
        text += table(PHASES, (_phases(row) for row in spent)) + "\n"
    if item.get("targets"):
        text += table(TARGET, (_target(one) for one in item["targets"])) + "\n"
    text += "".join(f"{note}\n\n" for note in _notes(item))
    return text.rstrip() + "\n"


def _machine(result: Found) -> str:
    item = result["machine"]
    counters = "kernel counters" if item["kernel_counters"] else "no kernel counters (not root)"
    nice = f", all programs at nice {item['nice']}" if item.get("nice") else ""
    return (
        f"Taken {item['time']} on {item['cores']} cores, Python {item['python']}, "
        f"Linux {item['kernel']}, load {item['load']} before{nice}, {counters}."
    )


def _tool(row: Found) -> Sequence[Any]:
    name = _name(row)
    if row.get("missing"):
        return (f"{name} (not installed)", *[None] * 8)
    if row["code"] < 0:
        name += f" (ended by signal {-row['code']})"
    basic = (row["wall"], row["cpu"], row["memory_mb"], row["packets"], row["back"])
    if "answering" not in row:
        return (name, *basic, None, None, None)
    whole = row["answering"]
    serial = f"{row['serial']}/{row['serial_there']}"
    return (name, *basic, f"{row['identified']}/{whole}", f"{row['complete']}/{whole}", serial)


def _phases(row: Found) -> Sequence[Any]:
    return (_name(row), *(row["phases"][name] for name in ("start", "answers", "tail", "end")))


def _name(row: Found) -> str:
    return f"{row['name']} {row.get('profile', '')}".strip()


def _target(item: Found) -> Sequence[Any]:
    sign = "≥" if item["least"] else "≤"
    return (
        item["what"],
        item["found"],
        f"{sign} {item['wanted']:g}",
        "yes" if item["met"] else "no",
    )


def _notes(item: Found) -> Iterable[str]:
    yield from item.get("notes", ())
    for row in item.get("rows", ()):
        if not row.get("missing") and row["name"] != "untrap":
            flags = re.sub(r"/[^ ]*/(?=[^ /]+( |$))", "", row["flags"])  # folders of this machine
            flags = flags if len(flags) < 300 else flags[:120] + " …"
            yield f"{_name(row)}: `{flags}`"
        if row.get("summary", {}).get("error"):
            yield f"{row['name']} said: {row['summary']['error']}"
