"""Writes the files that a scan of a played plant needs: targets, site file, register, links, maps.

One rule keeps it simple: only what an operator would have is written; nothing of the answer key.
"""

from __future__ import annotations

import csv
import ipaddress
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from simulators.contract import Simulator
from simulators.plant import Plant, Table

REGISTER = (
    *("Tag", "Kind", "Name", "Class", "Site", "Area", "Line", "Address", "MAC", "Protocol"),
    *("Unit", "Parent", "Vendor", "Model", "Serial", "Criticality", "Redundancy", "Owner"),
)
LINKS = ("Equipment", "Device", "Part", "Signal", "Complete")
MAP = (
    *("Vendor", "Model", "Firmware", "Unit", "Table", "Address", "Type", "WordOrder"),
    *("ByteOrder", "Scale", "Offset", "EngineeringUnit", "Name", "Signal", "Complete"),
)


def write(plant: Plant, folder: Path, simulators: Mapping[str, Simulator], shift: int) -> None:
    """Write the whole folder; raises OSError, and then leaves none that was not there before."""
    made = not folder.exists()
    try:
        _write(plant, folder, simulators, shift)
    except OSError:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(plant: Plant, folder: Path, simulators: Mapping[str, Simulator], shift: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "targets.txt").write_text("\n".join(targets(plant)) + "\n", encoding="utf-8")
    (folder / "site.toml").write_text(_site(plant, folder, simulators, shift), encoding="utf-8")
    _csv(folder / "register.csv", REGISTER, _register(plant))
    _csv(folder / "links.csv", LINKS, links(plant))
    if plant.maps:
        (folder / "maps").mkdir(exist_ok=True)
    for table in plant.maps:
        name = Path(cast(str, table["file"])).name
        _csv(folder / "maps" / name, MAP, _map(table))


def targets(plant: Plant) -> tuple[str, ...]:
    """What to scan: the plant's own list, or every device and every registered address."""
    if plant.targets:
        return plant.targets
    addresses = {device.address for device in plant.devices}
    addresses |= {str(row["address"]) for row in plant.register if row.get("address")}
    return tuple(sorted(addresses, key=ipaddress.ip_address))


def links(plant: Plant) -> list[Sequence[str]]:
    """Rows of links.csv: from `monitored_by`, then the links that name a signal."""
    address = {device.id: device.address for device in plant.devices}
    rows: list[Sequence[str]] = []
    for unit in plant.equipment:
        watchers = cast("list[str]", unit.get("monitored_by", []))
        complete = "yes" if unit.get("complete") else "no"
        for watcher in watchers:
            device, _, part = watcher.partition("/")
            rows.append((str(unit["tag"]), address.get(device, device), part, "", complete))
        if not watchers and unit.get("complete"):
            rows.append((str(unit["tag"]), "", "", "", complete))
    for link in plant.links:
        device = str(link["device"])
        complete = "yes" if link.get("complete") else "no"
        signal, part = str(link.get("signal", "")), str(link.get("part", ""))
        rows.append((str(link["equipment"]), address.get(device, device), part, signal, complete))
    return rows


def _register(plant: Plant) -> Iterable[Sequence[str]]:
    for row in plant.register:
        found = {"site": plant.site} | {key: str(value) for key, value in row.items()}
        yield [found.get(column.lower(), "") for column in REGISTER]
    listed = {row.get("tag") for row in plant.register}
    for unit in plant.equipment:
        if unit["tag"] not in listed:
            found = {key: str(value) for key, value in unit.items()} | {"kind": "equipment"}
            found["site"] = plant.site
            yield [found.get(column.lower(), "") for column in REGISTER]


def _map(table: Table) -> Iterable[Sequence[str]]:
    complete = "yes" if table.get("complete") else "no"
    for row in cast("list[dict[str, object]]", table.get("row", [])):
        yield [
            *(str(table.get(key, "")) for key in ("vendor", "model", "firmware", "unit")),
            *(str(row.get(key, "")) for key in ("table", "address", "type")),
            *(str(row.get(key, "big")) for key in ("word_order", "byte_order")),
            *(str(row.get("scale", 1)), str(row.get("offset", 0))),
            *(str(row.get(key, "")) for key in ("unit", "name", "signal")),
            complete,
        ]


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _site(plant: Plant, folder: Path, simulators: Mapping[str, Simulator], shift: int) -> str:
    site = plant.site_file
    lines = ["[site]", f"name = {_toml(plant.site)}", f"areas = {_toml(site.get('areas', []))}"]
    exclude = site.get("exclude", [])
    if exclude:
        lines.insert(0, f"exclude = {_toml(exclude)}\n")
    used = {name: _used(plant, name, one.default_port) for name, one in simulators.items()}
    if shift or any(used[name] != [one.default_port] for name, one in simulators.items()):
        lines += ["", "[ports]"]
        shifted = {name: [port + shift for port in found] for name, found in used.items()}
        lines += [
            f"{name} = {found[0] if len(found) == 1 else found}" for name, found in shifted.items()
        ]
    credentials = cast("Mapping[str, Mapping[str, object]]", site.get("credentials", {}))
    for name, table in credentials.items():
        lines += ["", f"[credentials.{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in _secrets(name, table, folder)]
    for vantage in cast("list[Mapping[str, object]]", site.get("vantage", [])):
        lines += ["", "[[vantage]]", *(f"{key} = {_toml(one)}" for key, one in vantage.items())]
    thresholds = cast("Mapping[str, object]", site.get("thresholds", {}))
    if thresholds:
        lines += ["", "[thresholds]", *(f"{key} = {_toml(one)}" for key, one in thresholds.items())]
    return "\n".join(lines) + "\n"


def _used(plant: Plant, protocol: str, default: int) -> list[int]:
    """The ports at which devices of the plant speak a protocol."""
    services = (service for device in plant.devices for service in device.services)
    return sorted({one.port or default for one in services if one.protocol == protocol})


def _secrets(name: str, table: Mapping[str, object], folder: Path) -> Iterable[tuple[str, object]]:
    """A `secret_value` of the plant goes to a file of its own, mode 0600, and is referred to."""
    for key, value in table.items():
        if not key.endswith("_value"):
            yield key, value
            continue
        place = folder / "secrets" / f"{name}.{key.removesuffix('_value')}"
        place.parent.mkdir(mode=0o700, exist_ok=True)
        place.touch(mode=0o600, exist_ok=True)
        place.chmod(0o600)
        place.write_text(str(value), encoding="utf-8")
        yield key.removesuffix("_value"), f"file:{place.resolve()}"


def _toml(value: object) -> str:
    """A TOML value; JSON has the same form for texts, numbers, flags and lists of them."""
    return json.dumps(value, ensure_ascii=False)
