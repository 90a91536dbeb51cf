"""Makes big plants for benchmarks: N mixed devices over subnets, a share of them misbehaving.

One rule keeps it simple: the same numbers and seed give the same plant.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from simulators.contract import Device, Fault, Point, Service, Unit
from simulators.plant import Plant, PlantError

FAULTS = (
    *(Fault("mute"), Fault("silent"), Fault("hangup"), Fault("garbage"), Fault("echo")),
    *(Fault("cut", 5), Fault("slow", 1.0), Fault("wrong_transaction")),
)
METERS = (  # the last word: whether its registers hold the SunSpec models, and so its serial
    ("Schneider Electric", "METSEPM5560", "2.3.1", False),
    ("Siemens", "7KM PAC3200", "2.4.1", False),
    ("ABB", "M4M 30", "1.12.0", True),
    ("Janitza", "UMG 604-PRO", "5.011", False),
    ("Fronius", "Symo 15.0-3-M", "3.17.1", True),
    ("SMA", "STP 25000TL-30", "3.10.16", True),
)
AGENTS = (
    ("Hirschmann", "RSP25", "10.1.00", 248, "1.3.6.1.4.1.248.14.10.126"),
    ("Moxa", "EDS-408A", "3.8", 8691, "1.3.6.1.4.1.8691.7.7"),
    ("APC", "Smart-UPS 1500", "6.9.6", 318, "1.3.6.1.4.1.318.1.3.27"),
    ("Phoenix Contact", "FL SWITCH 2208", "3.25", 4346, "1.3.6.1.4.1.4346.11.1.2"),
)
SERVERS = (
    ("Beckhoff Automation", "TcOpcUaServer", "4.4.1", "urn:BeckhoffAutomation:TcOpcUaServer"),
    ("Unified Automation", "UaServerCpp", "1.8.3", "urn:UnifiedAutomation:UaServerCpp"),
)
UNITS_PER_GATEWAY = 4
V3_USER = {
    **{"name": "ot-monitor", "auth": "SHA", "auth_secret": "generated-auth-1"},
    **{"privacy": "AES-128", "privacy_secret": "generated-priv-1"},
}
CREDENTIALS = {
    "snmp": ("snmp-public", {"type": "snmp-v2c", "secret_value": "public"}),
    "snmp-v1": ("snmp-public-v1", {"type": "snmp-v1", "secret_value": "public"}),
    "snmp-v3": (
        "ot-monitor",
        {
            **{"type": "snmp-v3", "user": V3_USER["name"], "auth": V3_USER["auth"]},
            **{"privacy": V3_USER["privacy"], "secret_value": V3_USER["auth_secret"]},
            "privacy_secret_value": V3_USER["privacy_secret"],
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make. `misbehaving` is a share of the devices; `prefix` two octets of 127/8."""

    devices: int
    misbehaving: float = 0.0
    seed: int = 1
    prefix: str = "127.30"
    per_subnet: int = 250
    protocols: tuple[str, ...] = ("modbus", "snmp", "gateway")


def generate(recipe: Recipe) -> Plant:
    """A plant of mixed devices; deterministic in the recipe."""
    dice = random.Random(recipe.seed)
    bad = set(dice.sample(range(recipe.devices), round(recipe.devices * recipe.misbehaving)))
    devices = tuple(_device(recipe, dice, place, place in bad) for place in range(recipe.devices))
    return Plant(
        name=f"generated-{recipe.devices}",
        site="Generated",
        about=f"{recipe.devices} mixed devices, {len(bad)} misbehaving, seed {recipe.seed}",
        targets=(),
        devices=devices,
        site_file={"credentials": _credentials(recipe)},
        expected={"assets": [_expected(device) for device in devices]},
    )


def _credentials(recipe: Recipe) -> dict[str, object]:
    """One for each version that the plant speaks; version 2c is named in any case."""
    spoken = dict.fromkeys(("snmp", *recipe.protocols))
    return dict(CREDENTIALS[name] for name in spoken if name in CREDENTIALS)


def _protocols(text: str) -> tuple[str, ...]:
    """`snmp*8+snmp-v1+modbus`: names, each as often as it says, in turn."""
    names: list[str] = []
    for part in text.split("+"):
        name, _, times = part.partition("*")
        names += [name] * int(times or 1)
    return tuple(names)


def from_text(text: str) -> Plant:
    """From `1000`, or `1000,misbehaving=0.15,seed=3,prefix=127.31,per_subnet=16`; raises
    PlantError."""
    count, *rest = text.split(",")
    try:
        given = dict(part.split("=", 1) for part in rest)
        recipe = Recipe(
            devices=int(count),
            misbehaving=float(given.pop("misbehaving", 0)),
            seed=int(given.pop("seed", 1)),
            prefix=given.pop("prefix", "127.30"),
            per_subnet=int(given.pop("per_subnet", 250)),
            protocols=_protocols(given.pop("protocols", "modbus+snmp+gateway")),
        )
    except ValueError as error:
        raise PlantError(f"generate:{text}: {error}; try generate:100,misbehaving=0.15") from error
    sound = 0 <= recipe.misbehaving <= 1 and 1 <= recipe.per_subnet <= 250
    if given or not 1 <= recipe.devices <= 60_000 or not sound:
        raise PlantError(f"generate:{text}; try generate:100,misbehaving=0.15,seed=1")
    return generate(recipe)


def _device(recipe: Recipe, dice: random.Random, place: int, bad: bool) -> Device:
    subnet, host = divmod(place, recipe.per_subnet)
    address = f"{recipe.prefix}.{subnet}.{host + 1}"
    protocol = recipe.protocols[place % len(recipe.protocols)]
    faults = (dice.choice(FAULTS),) if bad else ()
    mac = f"02:00:00:{place >> 16 & 255:02x}:{place >> 8 & 255:02x}:{place & 255:02x}"
    serial = f"G{recipe.seed:02d}{place:06d}"
    if protocol.startswith("snmp"):
        return _agent(dice, place, address, mac, serial, faults, protocol)
    if protocol == "opcua":
        return _server(dice, place, address, mac, serial, faults)
    return _meter(dice, place, address, mac, serial, faults, gateway=protocol == "gateway")


def _agent(
    dice: random.Random,
    place: int,
    address: str,
    mac: str,
    serial: str,
    faults: tuple[Fault, ...],
    protocol: str,
) -> Device:
    vendor, product, firmware, enterprise, object_id = dice.choice(AGENTS)
    options: dict[str, object] = {"object_id": object_id, "enterprise": enterprise, "entity": True}
    version = protocol.partition("-")[2]
    if version:
        options["versions"] = [version]
    if version == "v3":
        options["users"] = [V3_USER]
    service = Service("snmp", options=options, faults=faults)
    return Device(
        id=f"snmp-{place}",
        address=address,
        mac=mac,
        vendor=vendor,
        product=product,
        firmware=firmware,
        serial=serial,
        name=f"agent-{place}",
        services=(service,),
    )


STRAYS = {"wrong_transaction": Fault("wrong_request_id")}
"""What a fault is called among OPC UA servers."""


def _server(
    dice: random.Random, place: int, address: str, mac: str, serial: str, faults: tuple[Fault, ...]
) -> Device:
    vendor, product, firmware, uri = dice.choice(SERVERS)
    options = {"product_uri": uri, "nameplate": True}
    faults = tuple(STRAYS.get(fault.kind, fault) for fault in faults)
    return Device(
        id=f"opcua-{place}",
        address=address,
        mac=mac,
        vendor=vendor,
        product=product,
        firmware=firmware,
        serial=serial,
        name=f"server-{place}",
        services=(Service("opcua", options=options, faults=faults),),
    )


def _meter(
    dice: random.Random,
    place: int,
    address: str,
    mac: str,
    serial: str,
    faults: tuple[Fault, ...],
    *,
    gateway: bool,
) -> Device:
    vendor, product, firmware, sunspec = dice.choice(METERS)
    points = (
        Point("holding:0", "Current L1", "float32", round(dice.uniform(1, 90), 1), "A"),
        Point("holding:2", "Voltage L1-N", "float32", round(dice.uniform(225, 235), 1), "V"),
        Point("holding:4", "Active power", "float32", round(dice.uniform(1, 60), 1), "kW"),
    )
    units: tuple[Unit, ...] = ()
    if gateway:
        units = tuple(
            Unit(
                one,
                vendor,
                product,
                firmware=firmware,
                serial=f"{serial}-{one}",
                points=points,
                options={"sunspec": sunspec},
            )
            for one in range(1, UNITS_PER_GATEWAY + 1)
        )
        vendor, product, firmware = "Moxa", "MGate MB3180", "2.3"
    service = Service(
        "modbus",
        options={"sunspec": sunspec and not gateway},
        faults=faults,
        points=() if gateway else points,
    )
    return Device(
        id=f"{'gateway' if gateway else 'meter'}-{place}",
        address=address,
        mac=mac,
        vendor=vendor,
        product=product,
        firmware=firmware,
        serial=serial,
        services=(service,),
        units=units,
    )


def _expected(device: Device) -> dict[str, object]:
    found: dict[str, object] = {"id": device.id, "vendor": device.vendor, "product": device.product}
    return found | {"firmware": device.firmware, "serial": device.serial}
