"""A plant's answer key beside what a run found: misses and false alarms alike.

One rule keeps it simple: `differences` is empty only if inventory, gaps and questions are exactly
what the key says; nothing is judged by a rule that the key does not speak of.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

IDENTITY = ("vendor", "product", "model", "firmware", "hardware", "serial")
Row = Mapping[str, Any]


@dataclass
class Found:
    """What the reading commands print, as they print it."""

    assets: list[Row] = field(default_factory=list)
    gaps: list[Row] = field(default_factory=list)
    questions: list[Row] = field(default_factory=list)


def read(database: Path | str, site: str) -> Found:
    """Inventory, gaps and questions by the commands that people use, in this process."""

    def lines(*words: str) -> list[Row]:
        from scanner.cli import untrap

        arguments = ["--db", str(database), "--site", site, *words, "--json"]
        done = CliRunner().invoke(untrap, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    return Found(lines("assets"), lines("gaps", "--all"), lines("questions"))


@dataclass
class Key:
    """The plant file, which is configuration and answer key at once."""

    plant: Row

    @staticmethod
    def load(path: Path) -> Key:
        return Key(tomllib.loads(path.read_text(encoding="utf-8")))

    @property
    def expected(self) -> Row:
        return {"assets": [], "gaps": [], "questions": [], **self.plant["expected"]}

    @property
    def site(self) -> str:
        return str(self.plant["plant"]["site"])

    def named(self, found: Found) -> dict[str, str]:
        """Name in the key → key of the asset that was found there."""
        at = {
            (address, asset["part"]): asset["key"]
            for asset in found.assets
            if asset["kind"] == "device"
            for address in asset["addresses"][:1]
        }
        tags = {a["tag"]: a["key"] for a in found.assets if a["kind"] == "equipment"}
        names = {tag: key for tag, key in tags.items() if tag}
        for device in self.plant["device"]:
            own = at.get((device["address"], ""))
            if own:
                names[device["id"]] = own
            for unit in device.get("unit", ()):
                key = at.get((device["address"], f"unit {unit['unit']}"))
                if key:
                    names[f"{device['id']}/unit {unit['unit']}"] = key
        return names

    def truths(self, name: str) -> set[str]:
        """Everything that may be said of a device's identity: by itself or by the register."""
        owner, _, part = name.partition("/unit ")
        device = next((one for one in self.plant["device"] if one["id"] == owner), None)
        if device is None:
            return set()
        rows = [
            row
            for row in self.plant.get("register", ())
            if row.get("address") == device["address"] and str(row.get("unit", "")) == part
        ]
        units = [one for one in device.get("unit", ()) if part and one["unit"] == int(part)]
        sources = [*units, *rows] if part else [device, *rows]
        return {plain(source[name]) for source in sources for name in IDENTITY if source.get(name)}


def differences(key: Key, found: Found) -> list[str]:
    """One line per miss and false alarm; empty when all is as the key says."""
    names = key.named(found)
    back = {asset: name for name, asset in names.items()}
    rows = key.expected
    said = [*_assets(key, rows["assets"], found, names)]
    judged = frozenset(rows["rules"])

    def named(row: Row) -> str:
        return back.get(row["asset"], f"unexpected asset {row['asset_name']!r}")

    exact = {(g["rule"], g["subject"]) for g in rows["gaps"] if g.get("signal")}
    wanted = Counter(
        (g["rule"], g["subject"], g.get("signal", ""), g["severity"], g["confidence"])
        for g in rows["gaps"]
    )
    got = Counter(
        (g["rule"], name, signal, g["severity"], g["confidence"])
        for g in found.gaps
        if g["rule"] in judged
        for name in (named(g),)
        for signal in (g["subject"] if (g["rule"], name) in exact else "",)
    )
    said += [f"missed gap {' '.join(one)}" for one in (wanted - got).elements()]
    said += [f"false gap {' '.join(one)}" for one in (got - wanted).elements()]
    return [*said, *_questions(rows["questions"], found, named, judged)]


def _questions(
    rows: list[Row], found: Found, named: Callable[[Row], str], judged: frozenset[str]
) -> Iterator[str]:
    asked: dict[tuple[str, str], list[str]] = {}
    for question in found.questions:
        if question["rule"] in judged:
            place = (question["rule"], named(question))
            asked.setdefault(place, []).append(question["subject"])
    for row in rows:
        place = (row["rule"], row["subject"])
        subjects = asked.pop(place, None)
        if subjects is None:
            yield f"missed question {' '.join(place)}"
        elif "signals" in row and sorted(subjects) != sorted(row["signals"]):
            yield f"question {' '.join(place)} about {sorted(subjects)}, not {row['signals']}"
    yield from (f"false question {' '.join(place)}" for place in asked)


def _assets(key: Key, rows: list[Row], found: Found, names: Mapping[str, str]) -> Iterator[str]:
    by_key = {asset["key"]: asset for asset in found.assets}
    known = {names[row["id"]] for row in rows if row["id"] in names}
    for asset in found.assets:
        if asset["key"] not in known:
            yield f"false asset {asset['name']!r} at {asset['addresses']} {asset['part']}"
    for row in rows:
        if row["id"] not in names:
            yield f"missed asset {row['id']}"
            continue
        asset = by_key[names[row["id"]]]
        yield from (f"{row['id']}: {text}" for text in _asset(row, asset, names))
        yield from (f"{row['id']}: {text}" for text in _untrue(key, row, asset))


def _asset(row: Row, asset: Row, names: Mapping[str, str]) -> Iterator[str]:
    level, services = asset["level"], {s["protocol"]: s["outcome"] for s in asset["services"]}
    seen = {name: asset[name] for name in (*IDENTITY, "kind", "category", "part")}
    seen |= {"lo": level["lo"], "hi": level["hi"], "points": asset["points"]}
    for name, value in seen.items():
        if name in row and row[name] != value:
            yield f"{name} is {value!r}, not {row[name]!r}"
    if "name" in row and row["name"] not in (asset["name"], *asset["aliases"]):
        yield f"it does not call itself {row['name']!r}"
    parent = names.get(row["parent"], "missing") if "parent" in row else None
    if parent != asset["parent"]:
        yield f"its parent is {asset['parent']}, not {row.get('parent')}"
    for protocol, outcome in row.get("outcomes", {}).items():
        if services.get(protocol) != outcome:
            yield f"{protocol} is {services.get(protocol)}, not {outcome}"


def _untrue(key: Key, row: Row, asset: Row) -> Iterator[str]:
    """Identity that the key does not list must at least be true of the device."""
    if asset["kind"] != "device":
        return
    truths = key.truths(row["id"]) | {plain(str(row[name])) for name in IDENTITY if name in row}
    for name in IDENTITY:
        if name not in row and asset[name] and plain(asset[name]) not in truths:
            yield f"{name} {asset[name]!r} is not true of it"


def plain(text: str) -> str:
    """Letters and digits only: spaces in an order number are nobody's mistake."""
    return "".join(letter for letter in str(text).casefold() if letter.isalnum())
