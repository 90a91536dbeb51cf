"""What an SNMP double holds: object identifiers and encoded values, made from the plant file.

Tables by their standard: system and IF-MIB (RFC 3418, RFC 2863), IP-MIB address and ARP tables
(RFC 4293), BRIDGE-MIB and Q-BRIDGE-MIB (RFC 4188, RFC 4363), UPS-MIB (RFC 1628), ENTITY-MIB
(RFC 6933), ENTITY-SENSOR-MIB (RFC 3433), LLDP-MIB (IEEE 802.1AB-2005). A table is there only when
the plant names it.
"""

from __future__ import annotations

import ipaddress
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from simulators import _ber as ber
from simulators._ber import Oid, oid_of
from simulators.contract import Device, Point, Service

Encoded = bytes | Callable[[], bytes]
Row = Mapping[str, object]

SYSTEM = oid_of("1.3.6.1.2.1.1")
INTERFACES = oid_of("1.3.6.1.2.1.2")
INTERFACES_X = oid_of("1.3.6.1.2.1.31.1.1.1")
IP_ADDRESSES = oid_of("1.3.6.1.2.1.4.20.1")
ARP = oid_of("1.3.6.1.2.1.4.22.1")
BRIDGE = oid_of("1.3.6.1.2.1.17")
UPS = oid_of("1.3.6.1.2.1.33.1")
ENTITY = oid_of("1.3.6.1.2.1.47.1.1.1.1")
SENSOR = oid_of("1.3.6.1.2.1.99.1.1.1")
LLDP = oid_of("1.0.8802.1.1.2.1")


@dataclass(slots=True)
class Tree:
    """All objects of an agent in lexicographic order."""

    values: dict[Oid, Encoded]
    order: list[Oid]

    def get(self, name: Oid) -> bytes:
        """The value, or which kind of absence it is (RFC 3416, 4.2.1)."""
        value = self.values.get(name)
        if value is None:
            place = bisect_right(self.order, name[:-1])
            known = place < len(self.order) and self.order[place][: len(name) - 1] == name[:-1]
            return ber.NO_INSTANCE if known and len(name) > 1 else ber.NO_OBJECT
        return value() if callable(value) else value

    def next(self, name: Oid) -> tuple[Oid, bytes] | None:
        """The object after `name`, None at the end."""
        place = bisect_right(self.order, name)
        if place == len(self.order):
            return None
        found = self.order[place]
        return found, self.get(found)


def tree(device: Device, service: Service, engine: Mapping[Oid, Encoded]) -> Tree:
    """Everything that this agent holds."""
    options = service.options
    values: dict[Oid, Encoded] = dict(engine)
    values.update(_system(device, options))
    values.update(_interfaces(_rows(options, "interfaces")))
    values.update(_addresses(device, options))
    values.update(_bridge(device, options))
    values.update(_entities(device, options))
    values.update(_sensors(_rows(options, "sensors")))
    values.update(_lldp(device, options))
    if isinstance(options.get("ups"), Mapping):
        values.update(_ups(device, cast(Row, options["ups"])))
    for point in service.points:
        values[oid_of(point.address)] = encoded(point)
    hidden = [oid_of(text) for text in cast("Sequence[str]", options.get("hidden", ()))]
    kept = {
        name: value
        for name, value in values.items()
        if not any(name[: len(one)] == one for one in hidden)
    }
    return Tree(kept, sorted(kept))


def encoded(point: Point) -> bytes:
    """A point's value in its SNMP type."""
    value = point.value if point.value is not None else ""
    tags = {
        "Integer32": ber.INTEGER,
        "INTEGER": ber.INTEGER,
        "Gauge32": ber.GAUGE32,
        "Counter32": ber.COUNTER32,
        "Counter64": ber.COUNTER64,
        "TimeTicks": ber.TICKS,
    }
    if point.type in tags:
        return ber.integer(int(cast(float, value)), tags[point.type])
    if point.type == "ObjectIdentifier":
        return ber.oid(oid_of(str(value)))
    if point.type == "IpAddress":
        return ber.tlv(ber.ADDRESS, ipaddress.IPv4Address(str(value)).packed)
    if point.type == "Hex":
        return ber.octets(bytes.fromhex(str(value)))
    return ber.octets(str(value))


def _system(device: Device, options: Row) -> Iterator[tuple[Oid, Encoded]]:
    started = time.monotonic() - _whole(options, "uptime_seconds", 864_000)
    described = " ".join(part for part in (device.vendor, device.product, device.firmware) if part)
    yield (*SYSTEM, 1, 0), ber.octets(_text(options, "description", described))
    object_id = _text(options, "object_id", "1.3.6.1.4.1.8072.3.2.10")
    yield (*SYSTEM, 2, 0), ber.oid(oid_of(object_id))
    yield (
        (*SYSTEM, 3, 0),
        lambda: ber.integer(int((time.monotonic() - started) * 100) % 2**32, ber.TICKS),
    )
    yield (*SYSTEM, 4, 0), ber.octets(device.contact)
    yield (*SYSTEM, 5, 0), ber.octets(device.name)
    yield (*SYSTEM, 6, 0), ber.octets(device.location)
    yield (*SYSTEM, 7, 0), ber.integer(_whole(options, "services", 72))


def _interfaces(rows: Sequence[Row]) -> Iterator[tuple[Oid, Encoded]]:
    if rows:
        yield (*INTERFACES, 1, 0), ber.integer(len(rows))
    for place, row in enumerate(rows, 1):
        index = _whole(row, "index", place)
        name = _text(row, "name", f"port {index}")
        mega = _whole(row, "speed", 100)
        up = 1 if row.get("up", True) else 2
        columns: dict[int, bytes] = {
            1: ber.integer(index),
            2: ber.octets(_text(row, "description", name)),
            3: ber.integer(_whole(row, "type", 6)),
            4: ber.integer(1500),
            5: ber.integer(min(mega * 1_000_000, 2**32 - 1), ber.GAUGE32),
            6: ber.octets(hardware(_text(row, "mac", ""))),
            7: ber.integer(1),
            8: ber.integer(up),
            9: ber.integer(4200, ber.TICKS),
            10: ber.integer(_whole(row, "in_octets", 0) % 2**32, ber.COUNTER32),
            14: ber.integer(_whole(row, "in_errors", 0), ber.COUNTER32),
            16: ber.integer(_whole(row, "out_octets", 0) % 2**32, ber.COUNTER32),
            20: ber.integer(_whole(row, "out_errors", 0), ber.COUNTER32),
        }
        for column, value in columns.items():
            yield (*INTERFACES, 2, 1, column, index), value
        further: dict[int, bytes] = {
            1: ber.octets(name),
            6: ber.integer(_whole(row, "in_octets", 0), ber.COUNTER64),
            10: ber.integer(_whole(row, "out_octets", 0), ber.COUNTER64),
            15: ber.integer(mega, ber.GAUGE32),
            18: ber.octets(_text(row, "alias", "")),
        }
        for column, value in further.items():
            yield (*INTERFACES_X, column, index), value


def _addresses(device: Device, options: Row) -> Iterator[tuple[Oid, Encoded]]:
    for row in _rows(options, "addresses"):
        own = ipaddress.IPv4Address(_text(row, "address", device.address)).packed
        mask = ipaddress.IPv4Address(_text(row, "mask", "255.255.255.0")).packed
        yield (*IP_ADDRESSES, 1, *own), ber.tlv(ber.ADDRESS, own)
        yield (*IP_ADDRESSES, 2, *own), ber.integer(_whole(row, "interface", 1))
        yield (*IP_ADDRESSES, 3, *own), ber.tlv(ber.ADDRESS, mask)
    for row in _rows(options, "arp"):
        interface = _whole(row, "interface", 1)
        address = ipaddress.IPv4Address(_text(row, "address", "0.0.0.0")).packed  # noqa: S104 - a value
        index = (interface, *address)
        yield (*ARP, 1, *index), ber.integer(interface)
        yield (*ARP, 2, *index), ber.octets(hardware(_text(row, "mac", "")))
        yield (*ARP, 3, *index), ber.tlv(ber.ADDRESS, address)
        yield (*ARP, 4, *index), ber.integer(3)


def _bridge(device: Device, options: Row) -> Iterator[tuple[Oid, Encoded]]:
    rows = _rows(options, "fdb")
    if not rows:
        return
    if device.mac:
        yield (*BRIDGE, 1, 1, 0), ber.octets(hardware(device.mac))  # dot1dBaseBridgeAddress
    for port in sorted({_whole(row, "port", 1) for row in rows}):
        yield (*BRIDGE, 1, 4, 1, 1, port), ber.integer(port)
        yield (*BRIDGE, 1, 4, 1, 2, port), ber.integer(port)
    for row in rows:
        mac = hardware(_text(row, "mac", ""))
        learned = ber.integer(_whole(row, "port", 1))
        yield (*BRIDGE, 4, 3, 1, 1, *mac), ber.octets(mac)
        yield (*BRIDGE, 4, 3, 1, 2, *mac), learned
        yield (*BRIDGE, 4, 3, 1, 3, *mac), ber.integer(3)
        vlan = _whole(row, "vlan", 1)
        yield (*BRIDGE, 7, 1, 2, 2, 1, 2, vlan, *mac), learned
        yield (*BRIDGE, 7, 1, 2, 2, 1, 3, vlan, *mac), ber.integer(3)


def _entities(device: Device, options: Row) -> Iterator[tuple[Oid, Encoded]]:
    rows = list(_rows(options, "entity"))
    if options.get("entity") is True:
        rows = [{"index": 1, "class": 3}]
    for place, row in enumerate(rows, 1):
        index = _whole(row, "index", place)
        own = index == 1  # the chassis has the identity of the device
        firmware = _text(row, "firmware", device.firmware if own else "")
        columns: dict[int, bytes] = {
            2: ber.octets(_text(row, "description", device.product if own else "")),
            4: ber.integer(_whole(row, "in", 0 if own else 1)),
            5: ber.integer(_whole(row, "class", 3 if own else 9)),
            6: ber.integer(_whole(row, "position", place)),
            7: ber.octets(_text(row, "name", "chassis" if own else "")),
            8: ber.octets(_text(row, "hardware", device.hardware if own else "")),
            9: ber.octets(firmware),
            10: ber.octets(_text(row, "software", firmware)),
            11: ber.octets(_text(row, "serial", device.serial if own else "")),
            12: ber.octets(_text(row, "vendor", device.vendor if own else "")),
            13: ber.octets(_text(row, "model", (device.model or device.product) if own else "")),
        }
        for column, value in columns.items():
            yield (*ENTITY, column, index), value


def _sensors(rows: Sequence[Row]) -> Iterator[tuple[Oid, Encoded]]:
    for place, row in enumerate(rows, 1):
        index = _whole(row, "index", 100 + place)
        yield (*ENTITY, 2, index), ber.octets(_text(row, "name", f"sensor {index}"))
        yield (*ENTITY, 4, index), ber.integer(1)
        yield (*ENTITY, 5, index), ber.integer(8)  # sensor(8)
        yield (*ENTITY, 7, index), ber.octets(_text(row, "name", f"sensor {index}"))
        yield (*SENSOR, 1, index), ber.integer(_whole(row, "type", 8))  # celsius(8)
        yield (*SENSOR, 2, index), ber.integer(_whole(row, "scale", 9))  # units(9)
        yield (*SENSOR, 3, index), ber.integer(_whole(row, "precision", 0))
        yield (*SENSOR, 4, index), ber.integer(_whole(row, "value", 0))
        yield (*SENSOR, 5, index), ber.integer(_whole(row, "status", 1))
        yield (*SENSOR, 6, index), ber.octets(_text(row, "units", ""))


def _ups(device: Device, ups: Row) -> Iterator[tuple[Oid, Encoded]]:
    ident = [device.vendor, device.product, device.firmware, _text(ups, "agent", "")]
    for column, text in enumerate([*ident, device.name, _text(ups, "load", "")], 1):
        yield (*UPS, 1, column, 0), ber.octets(text)
    battery = ["status", "on_battery", "minutes", "charge", "decivolts", "deciamps", "celsius"]
    defaults = [2, 0, 42, 100, 540, 0, 24]
    for column, (key, default) in enumerate(zip(battery, defaults, strict=True), 1):
        yield (*UPS, 2, column, 0), ber.integer(_whole(ups, key, default))
    yield (*UPS, 3, 1, 0), ber.integer(_whole(ups, "line_bads", 0), ber.COUNTER32)
    yield (*UPS, 3, 2, 0), ber.integer(1)
    incoming = ["input_decihertz", "input_volts", "input_deciamps", "input_watts"]
    for column, (key, default) in enumerate(zip(incoming, [500, 231, 56, 1240], strict=True), 2):
        yield (*UPS, 3, 3, 1, column, 1), ber.integer(_whole(ups, key, default))
    yield (*UPS, 4, 1, 0), ber.integer(_whole(ups, "source", 3))  # normal(3)
    yield (*UPS, 4, 2, 0), ber.integer(_whole(ups, "output_decihertz", 500))
    yield (*UPS, 4, 3, 0), ber.integer(1)
    output = ["output_volts", "output_deciamps", "output_watts", "output_load"]
    for column, (key, default) in enumerate(zip(output, [230, 52, 1180, 47], strict=True), 2):
        yield (*UPS, 4, 4, 1, column, 1), ber.integer(_whole(ups, key, default))
    yield (*UPS, 6, 1, 0), ber.integer(_whole(ups, "alarms", 0), ber.GAUGE32)


def _lldp(device: Device, options: Row) -> Iterator[tuple[Oid, Encoded]]:
    rows = _rows(options, "lldp")
    if not rows:
        return
    yield (*LLDP, 3, 1, 0), ber.integer(4)  # macAddress(4)
    yield (*LLDP, 3, 2, 0), ber.octets(hardware(device.mac))
    yield (*LLDP, 3, 3, 0), ber.octets(device.name)
    yield (*LLDP, 3, 4, 0), ber.octets(f"{device.vendor} {device.product}")
    for port in sorted({_whole(row, "port", 1) for row in rows}):
        yield (*LLDP, 3, 7, 1, 2, port), ber.integer(5)  # interfaceName(5)
        yield (*LLDP, 3, 7, 1, 3, port), ber.octets(f"port {port}")
        yield (*LLDP, 3, 7, 1, 4, port), ber.octets(f"port {port}")
    for place, row in enumerate(rows, 1):
        index = (0, _whole(row, "port", 1), place)
        columns: dict[int, bytes] = {
            4: ber.integer(4),
            5: ber.octets(hardware(_text(row, "mac", ""))),
            6: ber.integer(5),
            7: ber.octets(_text(row, "port_id", "port-001")),
            8: ber.octets(_text(row, "port_description", "")),
            9: ber.octets(_text(row, "name", "")),
            10: ber.octets(_text(row, "description", "")),
        }
        for column, value in columns.items():
            yield (*LLDP, 4, 1, 1, column, *index), value
        if address := _text(row, "address", ""):
            packed = ipaddress.IPv4Address(address).packed
            yield (*LLDP, 4, 2, 1, 3, *index, 1, 4, *packed), ber.integer(2)
            yield (*LLDP, 4, 2, 1, 4, *index, 1, 4, *packed), ber.integer(1)


def hardware(text: str) -> bytes:
    """Bytes of a hardware address; empty text gives none."""
    return bytes.fromhex(text.replace(":", "").replace("-", ""))


def _rows(options: Row, key: str) -> Sequence[Row]:
    value = options.get(key, ())
    return value if isinstance(value, list | tuple) else ()


def _text(row: Row, key: str, default: str) -> str:
    value = row.get(key, default)
    return value if isinstance(value, str) else default


def _whole(row: Row, key: str, default: int) -> int:
    value = row.get(key, default)
    return value if isinstance(value, int) else default
