"""A plant whose names, addresses, units, serial numbers and order are others, by seed.

One rule keeps it simple: what a scan may not depend on is exchanged everywhere at once, in the
configuration and in the answer key, so that the same verdicts must come out (rulings 31).
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Table = dict[str, Any]
NUMBERED = re.compile(r"^([A-Z]{1,3})-(\d+)((?:-\d+)?)$")


def shuffle(source: Path, target: Path, seed: int) -> None:
    """Writes the same plant with everything exchanged that must not matter."""
    chance = random.Random(seed)
    plant = tomllib.loads(source.read_text(encoding="utf-8"))
    _units(plant, chance)
    words = _names(plant, chance) | _addresses(plant, chance) | _serials(plant, chance)
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
    plant = _walk(plant, lambda text: pattern.sub(lambda found: words[found[0]], text))
    for name in ("device", "equipment", "register", "map"):
        chance.shuffle(plant[name])
    for name in ("assets", "gaps", "questions"):
        chance.shuffle(plant["expected"][name])
    lines = [f"{key} = {_toml(value)}" for key, value in plant.items()]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _units(plant: Table, chance: random.Random) -> None:
    """Other bus addresses, the same in the register, the links and the key."""
    for device in plant["device"]:
        units = device.get("unit", [])
        fresh = chance.sample(range(2, 240), len(units))
        swap = {str(one["unit"]): str(new) for one, new in zip(units, fresh, strict=True)}
        owner = re.escape(device["id"])
        for one in units:
            one["unit"] = int(swap[str(one["unit"])])
        for row in plant["register"]:
            if row.get("address") == device["address"] and row.get("unit") in swap:
                row["unit"] = swap[row["unit"]]
        pattern = re.compile(rf"^({owner}/unit )(\d+)$")
        for name in ("equipment", "expected"):
            plant[name] = _walk(plant[name], lambda t, p=pattern, s=swap: _unit(t, p, s))  # type: ignore[misc]
        for row in plant["expected"]["assets"]:
            if row.get("parent") == device["id"]:
                row["part"] = "unit " + row["id"].rpartition(" ")[2]


def _unit(text: str, pattern: re.Pattern[str], swap: Mapping[str, str]) -> str:
    return pattern.sub(lambda found: found[1] + swap[found[2]], text)


def _names(plant: Table, chance: random.Random) -> dict[str, str]:
    """Ids, own names and tags; a tag keeps its letters, which say what it is."""
    numbers = iter(chance.sample(range(500, 990), 200))
    words = {device["id"]: f"thing-{next(numbers)}" for device in plant["device"]}
    own = {device["name"] for device in plant["device"] if device.get("name")}
    words |= {name: f"NODE{next(numbers)}" for name in sorted(own)}
    stems: dict[str, str] = {}
    for row in (*plant["equipment"], *plant["register"]):
        found = NUMBERED.match(row["tag"])
        assert found, row["tag"]
        stem = f"{found[1]}-{found[2]}"
        stems.setdefault(stem, f"{found[1]}-{next(numbers)}")
        words[row["tag"]] = stems[stem] + found[3]
    return words


def _addresses(plant: Table, chance: random.Random) -> dict[str, str]:
    """Other subnets, and other hosts in them."""
    used = sorted({device["address"] for device in plant["device"]})
    nets = sorted({address.rpartition(".")[0] for address in used})
    second, thirds = chance.randrange(60, 120), chance.sample(range(1, 250), len(nets))
    other = {net: f"127.{second}.{third}" for net, third in zip(nets, thirds, strict=True)}
    hosts = {net: iter(chance.sample(range(5, 250), 60)) for net in nets}
    words = dict.fromkeys(used, "")
    for address in used:
        net = address.rpartition(".")[0]
        words[address] = f"{other[net]}.{next(hosts[net])}"
    return words | {f"{net}.0/24": f"{new}.0/24" for net, new in other.items()}


def _serials(plant: Table, chance: random.Random) -> dict[str, str]:
    """Other digits in every serial number."""
    devices = [*plant["device"], *(u for d in plant["device"] for u in d.get("unit", []))]
    serials = sorted({one["serial"] for one in devices if one.get("serial")})
    return {
        serial: re.sub(r"\d", lambda _: str(chance.randrange(1, 10)), serial) for serial in serials
    }


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(one, change) for one in value]
    if isinstance(value, dict):
        return {key: _walk(one, change) for key, one in value.items()}
    return value


def _toml(value: Any) -> str:
    """Everything inline: lists of inline tables are TOML too."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items())
        return "{ " + inner + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
