"""Reads a plant file (TOML): configuration of the doubles and answer key in one.

One rule keeps it simple: `schema.TABLES` says which keys there are; this module checks a document
by it and turns tables into values. What the writer of a plant got wrong is a `PlantError` naming
the place, the bad key or value and a good one.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import cast

from simulators import schema
from simulators.contract import Device, Fault, Point, Scalar, Service, Unit

BUNDLED = Path(__file__).resolve().parent / "plants"
Table = Mapping[str, object]


class PlantError(Exception):
    """A plant file that cannot be played; the text is one line for its writer."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A whole plant file. Tables that only the written files and the tests use stay tables."""

    name: str
    site: str
    about: str
    targets: tuple[str, ...]
    devices: tuple[Device, ...]
    equipment: tuple[Table, ...] = ()
    links: tuple[Table, ...] = ()
    register: tuple[Table, ...] = ()
    maps: tuple[Table, ...] = ()
    site_file: Table = field(default_factory=dict)
    expected: Table = field(default_factory=dict)


def bundled() -> tuple[str, ...]:
    """Names of the plants that come with the program."""
    return tuple(sorted(path.stem for path in BUNDLED.glob("*.toml")))


def find(name: str) -> Path:
    """The file of a bundled plant's name, or the path itself; raises PlantError."""
    if name in bundled():
        return BUNDLED / f"{name}.toml"
    path = Path(name)
    if path.is_file():
        return path
    raise PlantError(f"no plant {name!r}; bundled: {', '.join(bundled())}, or give a TOML file")


def load(path: Path) -> Plant:
    """Read and check one file; raises PlantError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlantError(f"{path}: {error.strerror}; give a readable TOML file") from error
    except UnicodeDecodeError as error:
        raise PlantError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise PlantError(f"{path}: not TOML: {error}") from error
    return parse(document, str(path))


def parse(document: Table, source: str = "plant") -> Plant:
    """Check a document and make its values; raises PlantError."""
    _check(document, "", source)
    head = _table(document, "plant")
    plant = Plant(
        name=_text(head, "name"),
        site=_text(head, "site"),
        about=_text(head, "about"),
        targets=tuple(cast("list[str]", head.get("targets", []))),
        devices=tuple(_device(table) for table in _tables(document, "device")),
        equipment=_tables(document, "equipment"),
        links=_tables(document, "link"),
        register=_tables(document, "register"),
        maps=_tables(document, "map"),
        site_file=_table(document, "site"),
        expected=_table(document, "expected"),
    )
    _check_whole(plant, source)
    return plant


def names(plant: Plant) -> frozenset[str]:
    """Everything that a link or an expected row may name."""
    devices = {device.id for device in plant.devices}
    units = {f"{one.id}/unit {unit.unit}" for one in plant.devices for unit in one.units}
    rows = {_text(row, "tag") for row in (*plant.equipment, *plant.register)}
    return frozenset(devices | units | rows)


def _check(table: Table, kind: str, place: str) -> None:
    """Every key known, every value of its type, nothing missing."""
    fields = schema.TABLES[kind]
    for key, value in table.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.4)
            hint = near[0] if near else ", ".join(fields)
            raise PlantError(f"{place}: unknown key {key!r}; a good one: {hint}")
        _check_value(value, fields[key], f"{place}: {key}")
    for key, one in fields.items():
        if one.required and key not in table:
            raise PlantError(f"{place}: key {key!r} is missing; it is {one.meaning}")


def _check_value(value: object, field: schema.Field, place: str) -> None:
    shape, _, name = field.kind.partition(":")
    if shape == "table":
        if not isinstance(value, dict):
            raise PlantError(f"{place} must be a table, as [{name}]")
        _check(value, name, place)
    elif shape == "tables":
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise PlantError(f"{place} must be a list of tables, as [[{name}]]")
        for number, row in enumerate(value, 1):
            if name != "free":
                label = row.get("id") or row.get("tag") or row.get("unit") or number
                _check(row, name, f"{place} {label}")
    elif not _fits(value, field.kind):
        raise PlantError(f"{place} is {value!r}; it must be {field.kind}")
    elif field.choices and value not in field.choices:
        good = ", ".join(choice for choice in field.choices if choice)
        raise PlantError(f"{place} is {value!r}; good ones: {good}")


def _fits(value: object, kind: str) -> bool:
    if kind == schema.TEXT:
        return isinstance(value, str)
    if kind == schema.ADDRESS:
        return isinstance(value, str) and _is_address(value)
    if kind == schema.FLAG:
        return isinstance(value, bool)
    if kind == schema.WHOLE:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == schema.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == schema.TABLE:
        return isinstance(value, dict)
    if kind == schema.TEXTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == schema.FAULTS:
        return isinstance(value, list) and all(_is_fault(item) for item in value)
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float | bool) for item in items)


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_fault(item: object) -> bool:
    if not isinstance(item, dict):
        return isinstance(item, str)
    value = item.get("value", 0)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(item.get("kind"), str) and number


def _check_whole(plant: Plant, source: str) -> None:
    """What one table alone cannot tell: doubles, and names that lead nowhere."""
    seen: dict[str, str] = {}
    for device in plant.devices:
        for label in (device.id, device.address):
            if label in seen:
                raise PlantError(f"{source}: {label!r} stands twice ({seen[label]}, {device.id})")
            seen[label] = device.id
        _check_numbers(device, source)
    known = names(plant)
    wanted = [(row, _texts(row, "monitored_by")) for row in plant.equipment]
    wanted += [(row, [_text(row, "device")]) for row in plant.links]
    for key, column in (("assets", "id"), ("gaps", "subject"), ("questions", "subject")):
        wanted += [(row, [_text(row, column)]) for row in _tables(plant.expected, key)]
    for row, needed in wanted:
        _check_names(needed, known, f"{source}: {row.get('tag') or row.get('rule') or 'row'}")


def _check_names(needed: Iterable[str], known: frozenset[str], place: str) -> None:
    for name in needed:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
            raise PlantError(f"{place} names {name!r}; a good one: {near[0] if near else 'none'}")


def _check_numbers(device: Device, source: str) -> None:
    for service in device.services:
        if not 0 <= service.port <= 65_535:
            raise PlantError(f"{source}: {device.id}: port {service.port}; good: 1 to 65535")
    units = [unit.unit for unit in device.units]
    for unit in units:
        if not 0 <= unit <= 255 or units.count(unit) > 1:
            raise PlantError(f"{source}: {device.id}: unit {unit}; good: 0 to 255, each once")


def _device(table: Table) -> Device:
    return Device(
        id=_text(table, "id"),
        address=_text(table, "address"),
        mac=_text(table, "mac"),
        vendor=_text(table, "vendor"),
        product=_text(table, "product"),
        model=_text(table, "model"),
        firmware=_text(table, "firmware"),
        hardware=_text(table, "hardware"),
        serial=_text(table, "serial"),
        name=_text(table, "name"),
        location=_text(table, "location"),
        contact=_text(table, "contact"),
        services=tuple(_service(row) for row in _tables(table, "service")),
        units=tuple(_unit(row) for row in _tables(table, "unit")),
    )


def _service(table: Table) -> Service:
    faults = cast("list[str | dict[str, object]]", table.get("faults", []))
    return Service(
        protocol=_text(table, "protocol"),
        port=cast(int, table.get("port", 0)),
        options=_table(table, "options"),
        faults=tuple(_fault(item) for item in faults),
        points=_points(table),
    )


def _fault(item: str | dict[str, object]) -> Fault:
    if isinstance(item, str):
        return Fault(item)
    value = item.get("value", 0)
    rest = {key: entry for key, entry in item.items() if key not in ("kind", "value")}
    return Fault(_text(item, "kind"), float(cast("int | float", value)), MappingProxyType(rest))


def _unit(table: Table) -> Unit:
    return Unit(
        unit=cast(int, table["unit"]),
        vendor=_text(table, "vendor"),
        product=_text(table, "product"),
        model=_text(table, "model"),
        firmware=_text(table, "firmware"),
        hardware=_text(table, "hardware"),
        serial=_text(table, "serial"),
        answers=bool(table.get("answers", True)),
        points=_points(table),
        options=_table(table, "options"),
    )


def _points(table: Table) -> tuple[Point, ...]:
    return tuple(
        Point(
            address=_text(row, "address"),
            name=_text(row, "name"),
            type=_text(row, "type"),
            value=_value(row.get("value")),
            unit=_text(row, "unit"),
            description=_text(row, "description"),
            status=_text(row, "status"),
            options=_table(row, "options"),
        )
        for row in _tables(table, "points")
    )


def _value(value: object) -> Scalar | tuple[Scalar, ...] | None:
    if isinstance(value, list):
        return tuple(cast("list[Scalar]", value))
    return cast("Scalar | None", value)


def _text(table: Table, key: str) -> str:
    return cast(str, table.get(key, ""))


def _texts(table: Table, key: str) -> list[str]:
    return cast("list[str]", table.get(key, []))


def _table(table: Table, key: str) -> Table:
    return MappingProxyType(cast("dict[str, object]", table.get(key, {})))


def _tables(table: Table, key: str) -> tuple[Table, ...]:
    return tuple(cast("list[dict[str, object]]", table.get(key, [])))
