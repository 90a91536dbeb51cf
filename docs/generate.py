"""Writes the pages that are made from the code; `--check` fails when one differs.

python -m docs.generate            write
python -m docs.generate --check    compare
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

DOCS = Path(__file__).resolve().parent


EXIT_CODES = (
    "| exit code | means |",
    "|---|---|",
    "| 0 | done; `gaps` says in its last line whether questions are open |",
    "| 1 | a gap at or above `--fail-on`, or a question with `--fail-on-questions` |",
    "| 2 | wrong use, bad input, an inventory that cannot be read or written: one line |",
    "| 3 | nothing answered |",
    "| 4 | done in part: hosts that were planned are left unasked; the resume command is printed |",
    "| 5 | refused by a safety rule; nothing was sent |",
    "| 130 | interrupted; what was learned is kept |",
    "",
    "Where several hold, the first of 130, 5, 2, 4, 3, 1, 0 counts.",
)


def cli_page() -> str:
    """Every command's help, as the program prints it."""
    from scanner.cli import COMMANDS, untrap

    shown = [
        "# Command line",
        "",
        "What `untrap COMMAND --help` prints; made by `python -m docs.generate`. Data goes to",
        "standard output and everything else to standard error. `--json` gives one JSON object a",
        "line; its keys stand in `output.schema.json`. Keys may be added; none goes or changes",
        "its type. What is not known is `null`, never 0: `assets`, `gaps` and `questions` of",
        "`scan --json` are a number, or `null` where the run ended before conclusions were drawn.",
        "",
        *EXIT_CODES,
        "",
        *_help("untrap", untrap),
    ]
    group = click.Context(untrap, info_name="untrap")
    for name in COMMANDS:
        command = untrap.get_command(group, name)
        if command is None:
            raise LookupError(name)
        shown += [f"## untrap {name}", "", *_help(f"untrap {name}", command)]
    return "\n".join(shown).rstrip() + "\n"


def _help(name: str, command: click.Command) -> list[str]:
    names = ["-h", "--help"]  # as the group sets them; a command keeps the first that it was told
    context = click.Context(command, info_name=name, terminal_width=80, help_option_names=names)
    return ["```", *command.get_help(context).splitlines(), "```", ""]


def protocols_page() -> str:
    """What each probe sends, from the probes themselves."""
    from protocols import probes

    shown = [
        "# Protocols",
        "",
        "What each probe sends to one device, rung by rung; made from the probes by",
        "`python -m docs.generate`. A host that does not answer costs one packet (closed) or one",
        "per try (silent). A conversation costs 2 packets to open, 2 per request and 2 to close.",
        "",
    ]
    for probe in probes():
        ports = ", ".join(f"{probe.transport}/{port}" for port in probe.ports)
        shown += [
            f"## {probe.title}",
            "",
            f"Probe `{probe.name}`, {ports}, openness {probe.openness}.",
        ]
        if probe.credentials:
            shown += ["", f"Credentials: {', '.join(probe.credentials)}."]
        connections = "none (UDP)" if probe.transport == "udp" else str(probe.most_connections)
        shown += ["", f"Connections to one port and scan, at most: {connections}.", ""]
        shown += ["| rung | usually | at most | functions |", "|---|---|---|---|"]
        for depth, rung in sorted(probe.rungs.items()):
            usual, most = rung.cost(rung.usual), rung.cost(rung.most)
            functions = ", ".join(most.functions)
            shown.append(f"| {depth.label} | {usual.requests} | {most.requests} | {functions} |")
        shown.append("")
    shown += ["## Never sent", "", *_never(), ""]
    return "\n".join(shown)


def _never() -> Iterator[str]:
    from scanner.planning.permission import NEVER

    yield "Refused by the guard, whatever a probe asks:"
    yield ""
    yield from (f"- {item}" for item in NEVER)


def peers_page() -> str:
    """What the tests are held against that nobody here wrote, from their table."""
    table = tomllib.loads((DOCS.parent / "tests" / "peers" / "peers.toml").read_text("utf-8"))
    shown = [
        "# Peers",
        "",
        "Servers that nobody here wrote, each scanned by `scan`, `assets` and `points` in",
        "`tests/scanner/test_peers_by_name.py`, with what must be found; `make peers` installs",
        "them. Made from `tests/peers/peers.toml` by `python -m docs.generate`.",
        "",
        "| peer | from | probe | it says of itself | points, at least |",
        "|---|---|---|---|---|",
    ]
    notes = []
    for name, row in table.items():
        says = ", ".join(f"{field} {value}" for field, value in row["says"].items()) or "nothing"
        shown.append(
            f"| {row['is']} | {row['from']} | {row['protocol']} | {says} | {row['least']} |"
        )
        if "note" in row:
            notes.append(f"- {name}: {row['note']}.")
    return "\n".join([*shown, "", *notes, ""])


def gaps_page() -> str:
    """The rules, from their data."""
    from inventory.rules.document import gaps_page as page

    return page()


def lists_page() -> str:
    """What lists may hold, from the tables of columns and statements."""
    from inventory.imports.document import lists_page as page

    return page()


SITE_FILE = """# The site file: what people know of a site before a packet is sent

`--config FILE` names it, and each command takes it; a flag goes over the file, the file over the
default. Everything in it is optional. A key that is not below, a zone that no table declares and a
value that cannot be meant are refused, with the nearest good one. What it states is kept in the
inventory as declarations, never a secret; what its next edition states no more is withdrawn.
A scan, an import and a command that shows verdicts (`gaps`, `questions`, `readiness` …) take it,
and say where it counts anew. Files of one name in two folders are two files. Made by
`python -m docs.generate`.

```toml
exclude = ["10.20.0.9", "10.20.7.0/24"]     # the safety controllers: never sent anything
windows = ["22:00-05:30"]

[site]
name = "Mill 4"
areas = ["Pulping", "Drying"]

[ports]
modbus = [502, 1502]

[credentials.switches]
type = "snmp-v3"
user = "ot-reader"
auth = "SHA-256"
secret = "env:SWITCHES_AUTH"
privacy = "AES-128"
privacy_secret = "file:switches.key"
applies_to = ["10.20.0.0/24"]
entitlement = "full"

[credentials.historian]
type = "opcua-user"
user = "historian"
secret = "keyring:mill4/historian"

[credentials.anonymous]
type = "opcua-anonymous"
entitlement = "partial"

[[zone]]
name = "plant"
addresses = ["10.20.0.0/16"]

[[zone]]
name = "dmz"
addresses = ["10.30.0.0/24"]

[[conduit]]
from = "dmz"
to = "plant"
protocols = ["opcua"]

[[vantage]]
name = "cell 7"
zone = "plant"

[[vantage]]
name = "collector"
zone = "dmz"
collection = true

[thresholds]
certificate_days = 180
```

`anonymous` stands for whoever does not log in. It is no credential and nothing about it is tried:
it says what a server shows to anybody. Without `entitlement = "full"` for the identity that listed
a device, a signal that is not there is an open question and never a gap: the server may hide it.
"""


def site_page() -> str:
    """What the site file may say, from the table that it is read by."""
    from inventory.judge.thresholds import Thresholds
    from scanner.site_values import keys

    shown = [SITE_FILE]
    for name, row in keys().items():
        title = f"[[{name}]]" if name in ("vantage", "zone", "conduit") else f"[{name}]"
        title = "[credentials.NAME]" if name == "credentials" else title
        shown += [f"## {title}" if name else "## Of the file itself", ""]
        limits = name == "thresholds"
        shown += ["| key | default | means |", "|---|---|---|"] if limits else [
            "| key | means |", "|---|---|",
        ]  # fmt: skip
        for key, means in row.items():
            default = f" {getattr(Thresholds(), key):g} |" if limits else ""
            shown.append(f"| `{key}` |{default} {means} |")
        shown.append("")
    ports = "`NAME = 1502` or a list, NAME being a probe (`untrap probes`)."
    return "\n".join([*shown, "## [ports]", "", ports, ""])


PAGES = {
    "site-file.md": site_page,
    "cli.md": cli_page,
    "protocols.md": protocols_page,
    "gaps.md": gaps_page,
    "lists.md": lists_page,
    "peers.md": peers_page,
}


def main(arguments: list[str]) -> int:
    """Write or compare all pages; 1 when one differs."""
    wrong = 0
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            click.echo(f"docs/{name} differs from the code: python -m docs.generate", err=True)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
