"""A small inventory for the tests of outputs: devices, units, machines, scans, hostile text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from inventory.conclude import conclude
from inventory.model import Declaration, Kind, Scan
from inventory.store import Store
from protocols.contract import Observation, Outcome
from tests.inventory.making import SITE, START, listed, observed, stated

CANARY = "canary-7f3a9c-secret"
"""Stands for a secret; it is given to nobody, so no output may hold it."""

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "</style></title><svg onload=document.title=2>",
    "\u202egnp.exe\u202c \u200fRTL",
    "NUL\x00\x1b[31mred\x07",
    "=cmd|' /C calc'!A0",
    "{{ 7*7 }}{% raw %}<b>",
    "javascript:document.title=3",
    "line\nbreak\r\n\u2028two",
    "-->]]><!--",
)
"""Names that act somewhere: markup, templates, spreadsheets, terminals, reading order."""

WIDE = (
    "压缩机控制柜一号机组冷却水泵电机轴承温度传感器及其备用单元配电室",
    "冷却水ポンプ二号機の吐出圧力計予備第三工場ユーティリティ棟",
    "냉각수 펌프 제어반 이호기 예비 전동기 축수 온도 감지기",
    "Abwasserhebeanlagenhauptschaltschrankunterverteilungssteuerung" * 4,
    "e\u0301" * 90,
    "\U0001f3ed\U0001f527 boiler \U0001f468\u200d\U0001f527",
    "a" * 4_096,
)
"""Names that are wider than they are long, longer than a line, or longer than what they show."""

SUMMARY: dict[str, object] = {
    "hosts": 30,
    "answered": 12,
    "planned": {"ceiling": {"connections": 90, "requests": 900, "packets": 1800, "bytes": 1e6,
                            "seconds": 90.0}},
    "sent": {"connections": 20, "requests": 300, "packets": 600, "bytes": 48_000, "seconds": 20.0},
    "outcomes": {"complete": 24, "closed": 12},
    "functions": {"Modbus read holding registers (3)": 12},
    "stopped": [{"host": "10.0.0.9", "reason": "distress"}],
    "harm": {"writes_sent": 0, "refused_by_guard": 0, "hosts_left_alone": 1, "pauses": 0},
    "retries": 1,
    "unasked_hosts": 2,
}  # fmt: skip


def address(n: int) -> str:
    """The address of device `n`."""
    return f"10.{n // 40000}.{n // 200 % 200}.{n % 200 + 1}"


def devices(
    count: int,
    scan: str = "scan-1",
    *,
    at: float = 0.0,
    names: Sequence[str] = (),
    firmware: str = "1",
) -> Iterator[Observation]:
    """Identity, points and a closed port of each device; every seventh has a unit behind it."""
    for n in range(count):
        where, when = address(n), at + n * 0.01
        name = names[n % len(names)] if names else f"plc-{n}"
        facts: dict[str, object] = {
            "vendor": "Acme", "product": f"PLC {n % 40}", "serial": f"SN{n:08}", "name": name,
            "firmware": firmware,
        }  # fmt: skip
        raw = f"identity of {n} {name}".encode()
        yield observed(where, facts, at=when, scan=scan, raw=raw)
        yield observed(
            where, at=when + 0.001, scan=scan, operation="3", points=("holding:0", "holding:1"),
            values=(n, 1.5), raw=b"\x01\x03\x04",
        )  # fmt: skip
        yield observed(
            where, at=when + 0.002, scan=scan, protocol="opcua", operation="endpoints", port=4840,
            outcome=Outcome.REFUSED_AUTH if n % 3 else Outcome.CLOSED,
        )  # fmt: skip
        if n % 7 == 0:
            unit = {"vendor": "Meter", "product": "M1"}
            yield observed(where, unit, at=when + 0.003, scan=scan, part="unit 3")
    for n in range(3):
        yield observed(
            f"10.9.9.{n}", at=at + n, scan=scan, outcome=Outcome.CLOSED, operation="connect"
        )
    yield observed(
        address(0), at=at + 9, scan=scan, protocol="snmp", operation="get", port=161,
        transport="udp", outcome=Outcome.NOT_ASKED, reason="no_credential",
    )  # fmt: skip


def statements(count: int, *, names: Sequence[str] = ()) -> Iterator[Declaration]:
    """Register rows with ratings, machines with links, a planned device that is nowhere."""
    classes = ("pump", "motor", "fan")
    for n in range(0, count, 2):
        name = names[n % len(names)] if names else f"Controller {n}"
        yield listed(
            tag=f"PLC-{n}", kind_="device", name=name, address=address(n),
            criticality=f"C{n % 3 + 1}", area="Filling" if n % 4 else "Utilities",
        )  # fmt: skip
        tag = f"P-{n}"
        yield listed(
            tag=tag, kind_="equipment", name=f"Machine {n}", criticality="C3",
            class_=classes[n % 3],
        )  # fmt: skip
        yield stated(
            Kind.LINK, f"{tag}|{address(n)}", equipment=tag, device=address(n), complete="yes"
        )
    yield listed(tag="GONE-1", kind_="device", name="Lost meter", address="10.8.8.8")


def scan(name: str, at: float, seconds: float = 60.0) -> Scan:
    """One finished scan."""
    started = START + timedelta(seconds=at)
    return Scan(
        name, SITE, "here", started, started + timedelta(seconds=seconds), ("10.0.0.0/16",),
        ("10.0.0.200",), "points", "gentle", status="done", summary=SUMMARY | {"scan": name},
    )  # fmt: skip


def plant(
    folder: Path,
    count: int = 12,
    *,
    hostile: bool = False,
    twice: bool = False,
    names: Sequence[str] = (),
) -> Path:
    """A database with that many devices, concluded by today's rules."""
    names = HOSTILE if hostile else names
    path = folder / "plant.db"
    with Store.open(path, SITE) as store:
        first = scan("11111111-0000-4000-8000-000000000001", 0.0)
        store.begin_scan(first)
        store.finish_scan(first)
        store.append(devices(count, first.id, names=names))
        store.declare(replace(d, time=START) for d in statements(count, names=names))
        if twice:
            second = scan("22222222-0000-4000-8000-000000000002", 86_400.0)
            store.begin_scan(second)
            store.finish_scan(second)
            later = devices(count, second.id, at=86_400.0, names=names, firmware="2")
            store.append(one for one in later if one.target.address != address(1))
        conclude(store, today=START + timedelta(days=2))
    return path
