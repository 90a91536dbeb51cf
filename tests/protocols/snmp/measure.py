"""Plays every recording to the probe and compares what it says with the labels.

`python -m tests.protocols.snmp.measure` writes `docs/tables/snmp-recordings.md`. The labels are an
analyst's reading and partly wrong; `DISPUTED` says where and why the recording proves it.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from protocols.contract import Credential, Depth, Secret, Target
from protocols.snmp import PROBE
from protocols.snmp.identity import known
from tests.protocols.snmp.player import recording
from tests.support.plain import PlainLink

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "tables" / "snmp-recordings.md"
PUBLIC = Credential("snmp-public", "snmp-v2c", Secret(lambda: "public"))
FIELDS = ("vendor", "model", "firmware", "serial")
_SET_SERIAL = "the label is snmpSetSerialNo (RFC 3418), a lock for SET, not a serial number"
_OEM = "the UPS names itself ABB Upscale (upsIdent); only its network card is made by Generex"
DISPUTED: dict[tuple[str, str], str] = {
    ("endrun_meridian2", "serial"): _SET_SERIAL,
    ("endrun_tempus", "serial"): _SET_SERIAL,
    ("generex-ups_cs141-v22036", "vendor"): _OEM,
    ("generex-ups_cs141-v22036", "model"): _OEM,
    ("hytera", "vendor"): "the only word is enterprise 26381, which lwIP puts on anybody's device",
    ("jetdirect_m130nw", "model"): "sysDescr names the model M130nw, the label its series",
    ("moxa-etherdevice_pt-7528-tx", "model"): "the device gives both names, ENTITY-MIB the longer",
    ("junos", "firmware"): "sysDescr says 12.3X48-D35.7; the label is a virtual chassis member's",
}


def corpus() -> Path:
    """Where the recordings are: UNTRAP_CORPUS, or the sibling folder."""
    return Path(os.environ.get("UNTRAP_CORPUS") or ROOT.parent / "shared" / "corpus")


@dataclass(frozen=True, slots=True)
class Case:
    """One recording: what the label says, what the probe says and how many datagrams it took."""

    name: str
    label: dict[str, str]
    said: dict[str, str]
    verdicts: dict[str, str]
    requests: int


def link_to(path: Path, credential: Credential = PUBLIC) -> PlainLink:
    """A conversation with the agent of one recording."""
    target = Target("test", "127.0.0.1", "udp", 161)
    return PlainLink(PROBE, target, responder=recording(path), credentials=(credential,))


async def climb(link: PlainLink, depth: Depth) -> None:
    """Run the rungs up to a depth."""
    for rung in sorted(PROBE.rungs):
        if rung <= depth:
            await PROBE.rungs[rung].run(link)
    await link.close()


def plain(words: str) -> str:
    """Letters and digits only, lower case."""
    return re.sub(r"[^a-z0-9]", "", words.lower())


def _padded(words: str) -> str:
    """A hardware address with its zeros: some labels leave them out ("b8:a4:4f:2:fe:1")."""
    parts = words.split(":")
    return ":".join(part.zfill(2) for part in parts) if len(parts) == 6 else words


def agrees(field: str, label: dict[str, str], said: dict[str, str]) -> bool:
    """Whether what was said is what the label means."""
    got = said.get(field, "")
    if field == "vendor":
        names = [label["vendor"], *label["vendor_aliases"].split("|")]
        names += re.split(r"[/()]", label["vendor"])
        return any(plain(n) and plain(n) in plain(got) for n in names)
    if field == "model":
        answers = [plain(got), plain(said.get("product", ""))]
        answers.append(plain(said.get("product", "") + got))
        wanted = [plain(w) for w in label["product"].split("|")]
        return any(a and (a in w or w in a) for a in answers for w in wanted)
    wanted = [plain(_padded(w)) for w in label[field].split("|")]
    forms = {re.sub(r"^(version|software|firmware|v|r)", "", w) for w in wanted} | set(wanted)
    short = re.sub(r"^(version|software|firmware|v|r)", "", plain(got))
    return any(short in w or w in short for w in forms if w and short)


def judge(label: dict[str, str], said: dict[str, str], name: str) -> dict[str, str]:
    """Per field: right, wrong, missing, disputed, unlabelled."""
    verdicts = {}
    for field in FIELDS:
        wanted = label["product" if field == "model" else field]
        if (name, field) in DISPUTED:
            verdicts[field] = "disputed"
        elif not wanted:
            verdicts[field] = "unlabelled"
        elif field not in said and not (field == "model" and "product" in said):
            verdicts[field] = "missing"
        else:
            verdicts[field] = "right" if agrees(field, label, said) else "wrong"
    return verdicts


@cache
def cases() -> tuple[Case, ...]:
    """Every labelled recording, played at depth identify."""
    found = []
    with (corpus() / "labels.csv").open(newline="", encoding="utf-8") as lines:
        for label in csv.DictReader(lines):
            if not label["file"].endswith(".snmprec"):
                continue
            link = link_to(corpus() / label["file"])
            asyncio.run(climb(link, Depth.IDENTIFY))
            facts = [f for o in link.observations for f in o.facts]
            said = {n: v for n, v in known(facts).items() if n != "product"}
            said |= {f.name: str(f.value) for f in reversed(facts) if f.name == "product"}
            name = Path(label["file"]).stem
            found.append(Case(name, label, said, judge(label, said, name), len(link.requests)))
    return tuple(found)


def share(field: str) -> tuple[int, int]:
    """Right answers and labelled recordings of one field."""
    verdicts = [c.verdicts[field] for c in cases()]
    return verdicts.count("right"), sum(v in ("right", "wrong", "missing") for v in verdicts)


def manifest_digest() -> str:
    """SHA-256 of the list of recordings."""
    return hashlib.sha256((corpus() / "manifest.csv").read_bytes()).hexdigest()


def page() -> str:
    """The table's text."""
    digest = manifest_digest()
    lines = [
        "# SNMP recordings: what the probe says of each",
        "",
        "Made by `python -m tests.protocols.snmp.measure`; do not edit. Each recording is played",
        "to the probe at depth *identify* with one v2c community.",
        "",
        f"Recordings: {len(cases())}. Manifest SHA-256: `{digest}`.",
        "",
        "| field | right | labelled | share | wrong |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for field in FIELDS:
        right, labelled = share(field)
        wrong = sum(c.verdicts[field] == "wrong" for c in cases())
        lines.append(
            f"| {field} | {right} | {labelled} | {100 * right / max(1, labelled):.1f} % | {wrong} |"
        )
    requests = sum(c.requests for c in cases())
    lines += [
        "",
        f"Datagrams sent: {requests} for {len(cases())} recordings, "
        f"{2 * requests / len(cases()):.2f} packets (both ways) a recording.",
        "",
        "## Labels that the recording contradicts",
        "",
        "| recording | field | reason |",
        "| --- | --- | --- |",
        *(f"| {name} | {field} | {why} |" for (name, field), why in sorted(DISPUTED.items())),
        "",
        "## All recordings",
        "",
        "| recording | vendor | model | firmware | serial | datagrams |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    for case in sorted(cases(), key=lambda c: c.name):
        cells = [_cell(case, field) for field in FIELDS]
        lines.append(f"| {case.name} | {' | '.join(cells)} | {case.requests} |")
    return "\n".join(lines) + "\n"


def _cell(case: Case, field: str) -> str:
    mark = {"right": "✓", "wrong": "✗", "missing": "-", "disputed": "≠", "unlabelled": ""}
    said = case.said.get(field, "").replace("|", "\\|")
    return f"{mark[case.verdicts[field]]} {said}".strip()


if __name__ == "__main__":
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(page(), "utf-8")
