"""The golden files: every format of one small fixed inventory, byte for byte.

    python -m tests.inventory.outputs.golden      renews golden/; look at `git diff` then

One rule keeps it simple: the inventory is written down here and nothing in it is derived or
judged, so a golden file changes when a *format* changes and for no other reason. What changes with
each release (the program's and the rules' version) stands as a word; the report's style and script,
which have files of their own, are left out; XML is broken into lines so that a difference shows.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from inventory.conclude import rules_digest
from inventory.derive.assets import Inventory
from inventory.derive.devices import PlaceOf
from inventory.model import (
    Because,
    Category,
    Confidence,
    Coverage,
    Declaration,
    Device,
    Effort,
    Equipment,
    Finding,
    Kind,
    Level,
    Link,
    OpenQuestion,
    RegisterRow,
    Remedy,
    Scan,
    Service,
    Severity,
    Verdict,
)
from inventory.outputs.report.gather import gather
from inventory.outputs.report.page import Case, Change, Changes, Matrix, Page, Share
from inventory.outputs.report.render import render
from inventory.store import Store
from protocols.contract import (
    Fact,
    Observation,
    Openness,
    Outcome,
    Point,
    Quality,
    Question,
    Sample,
    Target,
    digest,
)
from tests.inventory.making import START
from tests.inventory.outputs.every import outputs

FOLDER = Path(__file__).parent / "golden"
SITE = "North works"
SCAN = "11111111-0000-4000-8000-000000000001"
DRIVE, METER, PRESS, UPS, GATEWAY, LOST, PUMP = (
    f"{n:08d}-0000-5000-8000-000000000000" for n in range(1, 8)
)
LATER = START + timedelta(seconds=60)
LEFT_OUT = re.compile(r"docProps/|theme1\.xml|\.rels$|Content_Types")
"""Parts of a workbook that hold nothing of ours."""


def row(tag: str, name: str, address: str = "", **more: str) -> RegisterRow:
    """One register row of line 1."""
    fixed = {"area": "Filling", "line": "Line 1", "owner": "Ann", "document": "register.csv"}
    return RegisterRow(tag=tag, name=name, address=address, site=SITE, **(fixed | more))


def service(protocol: str, port: int, outcome: Outcome = Outcome.COMPLETE) -> Service:
    """One service of the fixed inventory."""
    transport = "udp" if protocol == "snmp" else "tcp"
    openness = Openness.O1 if protocol == "modbus" else Openness.O0
    security = ("None/None/username",) if protocol == "opcua" else ()
    return Service(protocol, transport, port, outcome, security=security, openness=openness)


def devices() -> tuple[Device, ...]:
    """A drive, a gateway with a meter behind it, a press, a UPS, and one that never answered."""
    seen = {"site": SITE, "first_seen": START, "last_seen": LATER}
    return (
        Device(DRIVE, name='Filler "drive"', role="drive", vendor="Acme", product="D1", model="D1",
               firmware="1.2", hardware="B", serial="SN-1", mac="00:1b:1b:00:00:01",
               addresses=("10.0.0.1",), aliases=("FILLER-DRIVE",), points=4, readable=4,
               services=(service("modbus", 502), service("opcua", 4840, Outcome.CLOSED)),
               facts=(Fact("vendor", "Acme", "modbus 43/14 object 0x00"),
                      Fact("map", "declared: d1.csv", "map")),
               register=row("DRV-1", "Filler drive", "10.0.0.1", criticality="C3"), **seen),
        Device(GATEWAY, name="Gateway", role="gateway", vendor="Acme", product="GW",
               addresses=("10.0.0.3",), services=(service("modbus", 502),), **seen),
        Device(METER, vendor="Meter, Inc.", product="M1", role="meter", parent=GATEWAY,
               part="unit 3", addresses=("10.0.0.3",), services=(service("modbus", 502),),
               points=1, readable=1, **seen),
        Device(PRESS, name="Press", vendor="Acme", product="P7", role="plc", points=2, readable=1,
               addresses=("10.0.0.4",), services=(service("opcua", 4840),), facts=PRESS_FACTS,
               **seen),
        Device(UPS, name="UPS", vendor="APC", product="Smart", role="ups", points=1, readable=1,
               addresses=("10.0.0.5",), services=(service("snmp", 161),), **seen),
        Device(LOST, SITE, name="=Lost meter", addresses=("10.0.0.99",), seen=False,
               services=(service("modbus", 502, Outcome.SILENT),),
               register=row("GONE-1", "=Lost meter", "10.0.0.99", vendor="Acme", model="M9")),
    )  # type: ignore[arg-type]  # fmt: skip


def equipment() -> tuple[Equipment, ...]:
    """A pump that the drive monitors."""
    link = Link("P-1", DRIVE, "", "current", complete=True)
    return (
        Equipment(PUMP, SITE, "P-1", "Product pump", "pump", "Filling", "Line 1", "C3", "A", "Ann",
                  (link,), True, row("P-1", "Product pump", kind="equipment")),
    )  # fmt: skip


PRESS_FACTS = (
    Fact("security", "None/None/username", "opcua get_endpoints"),
    Fact("namespace", "2=urn:acme:press", "opcua read"),
    Fact("endpoint_url", "opc.tcp://press:4840/ua", "opcua get_endpoints"),
)


def reading(
    address: str, protocol: str, port: int, argument: str, points: tuple[Point, ...],
    values: tuple[float | None, ...], part: str = "", credential: str = "", sequence: int = 1,
) -> Observation:  # fmt: skip
    """One answer that listed points and gave values."""
    samples = tuple(
        Sample(p.address, v, Quality.GOOD if v is not None else Quality.BAD,
               "" if v is not None else "BadNotConnected", part)
        for p, v in zip(points, values, strict=True)
    )  # fmt: skip
    target = Target(SITE, address, "udp" if protocol == "snmp" else "tcp", port)
    asked = Question(protocol, "read", part, argument)
    raw = f"{protocol} {address}".encode()
    time = START + timedelta(seconds=sequence)
    return Observation(SCAN, "here", target, asked, Outcome.COMPLETE, time, sequence,
                       credential=credential, duration_seconds=0.02, points=points,
                       samples=samples, raw=raw, digest=digest(raw))  # fmt: skip


def observations() -> tuple[Observation, ...]:
    """What was read: mapped and raw registers, a unit, nodes, an object."""
    drive = (
        Point("holding:100", "Motor current", unit="AMP", type="uint16", access="r",
              signal="current", encoding="scale=0.1"),
        Point("holding:102", "Power", unit="KWT", type="float32", access="r",
              encoding="words=little"),
        Point("coil:3", "Running", type="bit", access="r"),
        Point("holding:300", type="uint16", access="r"),
    )  # fmt: skip
    voltage = (
        Point("holding:10", "Voltage", unit="VLT", type="float32", access="r", part="unit 3"),
    )
    press = (
        Point("nsu=urn:acme:press;s=P.V", "Vibration", "Objects/P/V", "C16", "Double", "r",
              low=0.0, high=20.0),
        Point("nsu=urn:acme:press;s=P.F", "Flow", "Objects/P/F", "MQH", "Float", "r"),
    )  # fmt: skip
    battery = (
        Point("1.3.6.1.2.1.33.1.2.5.0", "Battery voltage", unit="VLT", type="INTEGER", access="r",
              encoding="scale=0.1"),
    )  # fmt: skip
    silent = Target(SITE, "10.0.0.99", "tcp", 502)
    identity = Question("modbus", "43/14")
    return (
        reading("10.0.0.1", "modbus", 502, "unit 255 holding:100-300", drive, (123, 4.5, 1, 9)),
        reading("10.0.0.3", "modbus", 502, "holding:10-11", voltage, (230.5,), part="unit 3",
                sequence=2),
        replace(reading("10.0.0.4", "opcua", 4840, "", press, (1.5, None),
                        credential="historian", sequence=3), facts=PRESS_FACTS),
        reading("10.0.0.5", "snmp", 161, "", battery, (27.1,), credential="snmp-public",
                sequence=4),
        Observation(SCAN, "here", silent, identity, Outcome.SILENT, START, 5),
    )  # fmt: skip


def declarations() -> tuple[Declaration, ...]:
    """A zone and the credential of the press."""

    def said(kind: Kind, subject: str, **fields: str) -> Declaration:
        return Declaration(SITE, kind, subject, fields, "Ann", "site.toml", START)

    return (
        said(Kind.ZONE, "cell", name="cell", addresses="10.0.0.0/29", level="1"),
        said(Kind.CREDENTIAL, "historian", name="historian", type="opcua-user", user="hist"),
    )


def verdicts(cited: Mapping[str, str]) -> tuple[Verdict, ...]:
    """What is concluded: each category of text that a format has a place for."""

    def gap(
        rule: str, category: Category, label: str, asset: str, name: str, severity: Severity,
        value: float, subject: str = "", waived: str = "",
    ) -> Finding:  # fmt: skip
        because = (
            Because(cited.get(asset, ""), "complete", f"asked {name}: complete"),
            Because("", "", "the links of P-1 are complete", "22222222-aaaa"),
        )
        fixes = (
            Remedy(f"Ask the owner of {name}", Effort.E0, cause=f"{rule}:{name}"),
            Remedy("Replace it", Effort.E4, True),
        )
        return Finding(rule, 2, category, label, asset, name, SITE, subject, severity,
                       Confidence.MEDIUM, value, because, fixes, 3, waived=waived)  # fmt: skip

    step = "declare the links complete"
    asked = OpenQuestion("U01", PUMP, "P-1", SITE, "vibration", "whether others monitor it", step,
                         "untrap import links FILE")  # fmt: skip
    return (
        Verdict(DRIVE, "sufficient", Level(3, 3, ("T03 no limits",)), findings=(
            gap("G01", Category.UNGOVERNED, "Insecure collection path", DRIVE, 'Filler "drive"',
                Severity.CRITICAL, 9.5, "modbus"),)),
        Verdict(GATEWAY, "trapped", Level(2, 3)),
        Verdict(METER, "trapped", Level(2, 2), findings=(
            gap("T07", Category.TRAPPED, "Opaque unit behind a gateway", METER, "M1",
                Severity.HIGH, 4.0),)),
        Verdict(PRESS, "poor-quality", Level(3, 5), findings=(
            gap("Q05", Category.POOR_QUALITY, "Unit or range contradicts the value", PRESS,
                "Press", Severity.MEDIUM, 2.0, "nsu=urn:acme:press;s=P.F", "old line, until 2027"),
        )),
        Verdict(UPS, "not-data-bearing", Level(3, 5)),
        Verdict(LOST, "inaccessible", Level(0, 5), findings=(
            gap("A08", Category.INACCESSIBLE, "Declared, not observed", LOST, "=Lost meter",
                Severity.LOW, 1.0),)),
        Verdict(PUMP, "uninstrumented", Level(3, 3), Coverage(0.25, 0.75), questions=(asked,),
                findings=(gap("U01", Category.UNINSTRUMENTED, "Required signal missing", PUMP,
                              "P-1", Severity.HIGH, 6.0, "temperature:discharge"),)),
    )  # fmt: skip


def scan() -> Scan:
    """The scan that it was found by, with its summary."""
    sent = {"connections": 4, "requests": 40, "packets": 90, "bytes": 4_800, "seconds": 20.0}
    summary = {
        "hosts": 6, "answered": 4, "unasked_hosts": 1, "planned": {"ceiling": sent}, "sent": sent,
        "outcomes": {"complete": 4, "silent": 1}, "functions": {"Modbus 3": 12}, "retries": 1,
        "stopped": [{"host": "10.0.0.9", "reason": "distress"}],
        "harm": {"writes_sent": 0, "refused_by_guard": 0, "hosts_left_alone": 1, "pauses": 0},
    }  # fmt: skip
    return Scan(SCAN, SITE, "here", START, LATER, ("10.0.0.0/24",), ("10.0.0.200",), "points",
                "gentle", status="done", summary=summary)  # fmt: skip


def written(folder: Path) -> Path:
    """A database of exactly this, where nothing was derived or judged."""
    path = folder / "golden.db"
    with Store.open(path, SITE) as store:
        store.begin_scan(scan())
        store.finish_scan(scan())
        store.append(observations())
        store.declare(declarations())
        found = devices()
        always = ("", "9999-12-31T00:00:00.000000Z")
        places = tuple(PlaceOf(SITE, one.addresses[0], one.part, *always, one.key) for one in found)
        store.replace_inventory(Inventory(SITE, found, equipment(), (), places=places))
        cited = {
            key: one.id for key, one in zip((DRIVE, METER, PRESS), observations(), strict=False)
        }
        store.replace_verdicts(verdicts(cited))
    return path


def page(store: Store) -> Page:
    """The report's values; what rules and profiles compute is written down here."""
    some = Share(1, 3, 5)
    return replace(
        gather(store, START),
        critical=some,
        everything=some,
        level4=Share(0, 2, 5),
        index=(0.25, 0.75),
        unrated=0.4,
        coverage=(0.25, 0.75),
        machines_covered=1,
        matrices=(Matrix("Pump", ("current", "bearing temperature"),
                         (("P-1", ("yes", "no")),), (Share(1, 1, 1), Share(0, 0, 1)), 1),),
        cases=(Case("pump efficiency", Share(0, 0, 1), (("P-1", "flow, power or current"),), ()),),
        changes=Changes((Change("firmware", "Press", "firmware 1 → 2"),), (("firmware", 2),)),
        spares=(("P-1B", "P-1"),),
    )  # fmt: skip


def canonical(name: str, text: str) -> str:
    """The text as it is kept: without versions; XML and HTML so that a difference shows."""
    text = text.replace(rules_digest(), "RULES").replace(
        f"untrap {version('untrap')}", "untrap VERSION"
    )
    text = text.replace(f'"tool": "{version("untrap")}"', '"tool": "VERSION"')
    if name.endswith(".html"):
        text = re.sub(r"<(style|script)>.*?</\1>", r"<\1>…</\1>", text, flags=re.DOTALL)
        text = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", text)
    elif ".xlsx/" in name:
        text = text.replace("><", ">\n<") + "\n"
    return text


def files(folder: Path) -> dict[str, str]:
    """Name and canonical text of every golden file, made now."""
    with Store.open(written(folder), SITE) as store:
        place = folder / "out"
        place.mkdir()
        found = dict(outputs(store, place, now=START))
        found["report.html"] = render(page(store))
    kept = {name: text for name, text in found.items() if not LEFT_OUT.search(name)}
    return {name: canonical(name, text) for name, text in sorted(kept.items())}


def main() -> None:
    """Writes the golden files anew."""
    with tempfile.TemporaryDirectory() as folder:
        found = files(Path(folder))
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, text in found.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    print(f"{len(found)} golden files in {FOLDER.name}/; look at `git diff` before you commit")  # noqa: T201


if __name__ == "__main__":
    main()
