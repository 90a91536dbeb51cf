"""From attributes to points, samples and identity facts. Pure."""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from protocols._identity import usable
from protocols.contract import Fact, Garbled, Point, Quality, Sample
from protocols.opcua.binary import Cursor
from protocols.opcua.discovery import read_application
from protocols.opcua.makers import is_toolkit
from protocols.opcua.nodes import DataValue, NodeId, Scalar, Structure, Variant
from protocols.opcua.numbers import (
    CURRENT_READ,
    CURRENT_WRITE,
    DATA_TYPES,
    EU_INFORMATION_BODY,
    HEALTH,
    OPERATION_LIMITS,
    RANGE_BODY,
    REDUNDANCY,
    SERVER_STATES,
    SERVER_STATUS,
    SESSION_DIAGNOSTICS_BODY,
    TYPE_NAMES,
    UNECE,
)
from protocols.opcua.services import SESSION_NAME
from protocols.opcua.status import is_bad, limit_of, name_of, quality_of, refuses_reading
from protocols.opcua.walk import Variable

_SHORT = 200
_MOST_SPACES = 64
_COMPANION = "http://opcfoundation.org/UA/"
_NAMEPLATE = {
    "Manufacturer": "vendor",
    "Model": "model",
    "ProductCode": "product",
    "SerialNumber": "serial",
    "SoftwareRevision": "firmware",
    "HardwareRevision": "hardware",
    "DeviceRevision": "revision",
    "ProductInstanceUri": "product_uri",
    "Location": "location",
    "ComponentName": "name",
}
_DESCRIBED = (
    *("DeviceClass", "YearOfConstruction", "MonthOfConstruction", "InitialOperationDate"),
    *("ManufacturerUri", "AssetId", "DeviceHealth", "SoftwareReleaseDate", "PatchIdentifiers"),
    *("DeviceManual", "RevisionCounter"),
)
"""Nameplate properties (OPC 10000-100 5.5, OPC 40001-1 8.3); the latter go into descriptions."""
_VALUES_OF_SIGNALS = ("AnalogSignal", "DiscreteSignal", "ControlSignal", "TotalizerSignal")
"""What PA-DIM and Machinery call the value of any signal, which is the object around it
(OPC 30081 v1.01, 7; OPC 40001-2 v1.01, 7)."""
_ABSTRACT = ("Number", "Integer", "UInteger", "Variant")
"""Data types that no value has (OPC 10000-3, 8)."""
_HOLDERS = ("Identification", "MachineIdentification", "MachineryBuildingBlocks")
_BUILD = {
    "ManufacturerName": "vendor",
    "ProductName": "product",
    "ProductUri": "product_uri",
    "SoftwareVersion": "firmware",
}


@dataclass(frozen=True, slots=True)
class Attributes:
    """The four attributes of one variable, as they came."""

    value: DataValue
    data_type: DataValue
    access: DataValue
    user_access: DataValue


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the properties of a variable say."""

    unit: str = ""
    low: float | None = None
    high: float | None = None


def unit_of(body: bytes) -> str:
    """The UNECE code of an EUInformation (OPC 10000-8, 5.6.3), else its own symbol.

    The code's ASCII bytes are the unit id, big-endian; servers put 0 or -1 there beside a good
    symbol, so only an id that spells a code counts.
    """
    cursor = Cursor(body)
    space, number = cursor.text(), cursor.number("i")
    symbol, description = cursor.localized_text(), cursor.localized_text()
    if space in ("", UNECE) and number > 0:
        code = number.to_bytes(4, "big").lstrip(b"\0")
        if 2 <= len(code) <= 3 and code.isalnum() and code.isupper() | code.isdigit():
            return code.decode("ascii")
    return (symbol or description)[:_SHORT]


def meaning(properties: Mapping[str, DataValue]) -> Meaning:
    """Unit and range of a variable from the values of its properties."""
    ranges = (_range(properties.get(name)) for name in ("EURange", "InstrumentRange"))
    low, high = next((found for found in ranges if found != (None, None)), (None, None))
    return Meaning(_unit(properties.get("EngineeringUnits")), low, high)


def _unit(value: DataValue | None) -> str:
    body = _body(value, EU_INFORMATION_BODY)
    try:
        return unit_of(body) if body else ""
    except Garbled:  # one broken property costs its own meaning, not that of the others
        return ""


def _range(value: DataValue | None) -> tuple[float | None, float | None]:
    """The ends of a range; none of one that holds nothing: 0 to 0 is where nobody set it."""
    body = _body(value, RANGE_BODY)
    try:
        cursor = Cursor(body)
        low, high = _finite(cursor.real()), _finite(cursor.real())
    except Garbled:
        return None, None
    if low is not None and high is not None and low >= high:
        return None, None
    return low, high


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _body(value: DataValue | None, kind: int) -> bytes:
    scalar = value.variant.scalar if value and value.variant else None
    if isinstance(scalar, Structure) and scalar.type.is_core(kind):
        return scalar.body
    return b""


def point_of(
    variable: Variable,
    attributes: Attributes,
    meant: Meaning,
    type_name: str,
    namespaces: tuple[str, ...],
) -> Point:
    """One variable as a point."""
    name = _name(variable, namespaces)
    return Point(
        address=variable.node.text(namespaces),
        name=name[:_SHORT],
        path="/".join(variable.path)[:1000],
        unit=meant.unit,
        type=_type(attributes),
        access=_access(attributes),
        semantic=type_name,
        description="" if variable.shown in (variable.name, name) else variable.shown[:_SHORT],
        low=meant.low,
        high=meant.high,
    )


def _name(variable: Variable, namespaces: tuple[str, ...]) -> str:
    """Its name; that of the signal where a companion specification calls its value by a word that
    all signals share."""
    shared = variable.name in _VALUES_OF_SIGNALS and _is_companion(variable, namespaces)
    return variable.path[-2] if shared and len(variable.path) > 1 else variable.name


def _is_companion(variable: Variable, namespaces: tuple[str, ...]) -> bool:
    """Whether a companion specification of the OPC Foundation defines its name."""
    space = namespaces[variable.name_space] if variable.name_space < len(namespaces) else ""
    return space.startswith(_COMPANION) and space != _COMPANION


def _type(attributes: Attributes) -> str:
    stated = attributes.data_type.variant
    scalar = stated.scalar if stated else None
    name = ""
    if isinstance(scalar, NodeId) and not scalar.namespace and isinstance(scalar.identifier, int):
        name = DATA_TYPES.get(scalar.identifier, "")
    variant = attributes.value.variant
    if name in _ABSTRACT and variant and variant.type in DATA_TYPES:
        name = ""  # what it holds now says more
    if not name and variant:
        name = DATA_TYPES.get(variant.type, "")
    return f"{name}[]" if name and variant and variant.count is not None else name


def _access(attributes: Attributes) -> str:
    """What this identity may do; "-" where the server says that others may read and it may not.

    Where nobody may (AccessLevel), nothing is withheld from us: "", or "w".
    """
    user, everybody = _bits(attributes.user_access), _bits(attributes.access)
    bits = everybody if user is None else user
    if everybody is not None and not everybody & CURRENT_READ:
        return "w" if bits and bits & CURRENT_WRITE else ""
    if refuses_reading(attributes.value.status):
        return "w" if bits is not None and bits & CURRENT_WRITE and not bits & 1 else "-"
    if bits is None:
        return "" if is_bad(attributes.value.status) else "r"
    readable, writable = bits & CURRENT_READ, bits & CURRENT_WRITE
    if not readable:
        return "-" if not writable or (everybody or 0) & CURRENT_READ else "w"
    return "rw" if writable else "r"


def _bits(value: DataValue) -> int | None:
    scalar = value.variant.scalar if value.variant and not is_bad(value.status) else None
    return scalar if isinstance(scalar, int) and not isinstance(scalar, bool) else None


def sample_of(address: str, value: DataValue, received: datetime) -> Sample | None:
    """One value as a sample; None where reading was refused."""
    if refuses_reading(value.status):
        return None
    shown = None if is_bad(value.status) else show(value.variant)
    status, quality = name_of(value.status), quality_of(value.status)
    if quality is Quality.GOOD and (limit := limit_of(value.status)):
        status = f"{status} ({limit})"  # a bad value's name is what is decided on
    if isinstance(shown, float) and not math.isfinite(shown):
        status = "NaN" if math.isnan(shown) else "Inf"
        shown, quality = None, Quality.BAD  # whatever the server thinks of it: it is no value
    return Sample(
        address,
        shown,
        quality,
        status,
        source_time=value.source_time,
        server_time=value.server_time,
        received_time=received,
    )


def show(variant: Variant | None) -> str | int | float | bool | None:
    """A scalar as it is, an array as short text, a structure as nothing."""
    if variant is None:
        return None
    if variant.count is None:
        return _plain(variant.scalar)
    first = ", ".join(str(_plain(value)) for value in variant.values[:8])
    more = ", …" if variant.count > 8 else ""
    return f"[{variant.count}] {first}{more}"[:_SHORT]


def _plain(value: Scalar) -> str | int | float | bool | None:
    match value:
        case str():
            return value[:_SHORT]
        case bytes():
            return value[: _SHORT // 2].hex()
        case datetime():
            return _stamp(value)
        case uuid.UUID():
            return str(value)
        case NodeId():
            return value.text(())[:_SHORT]
        case Structure():
            return None
        case _:
            return value


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refused(attributes: Attributes) -> bool:
    """Whether this node exists and this identity may not read it (rule A05)."""
    return _access(attributes) == "-"


def semantic_of(definition: NodeId, names: Mapping[NodeId, str]) -> str:
    """Name of the variable's type: plain in namespace 0, with its namespace elsewhere."""
    if definition.namespace == 0 and isinstance(definition.identifier, int):
        return TYPE_NAMES.get(definition.identifier, "")
    return names.get(definition, "")


def is_nameplate(variable: Variable, namespaces: tuple[str, ...]) -> bool:
    """Whether a variable is a nameplate entry that a companion specification defines."""
    known = variable.name in _NAMEPLATE or variable.name in _DESCRIBED
    return known and _is_companion(variable, namespaces)


def parts_of(plates: Sequence[Variable], namespaces: tuple[str, ...]) -> dict[NodeId, str]:
    """By nameplate entry, the device that it belongs to: its name, as far as that tells it apart.

    Devices of one name in several places take the names of the places; those that stand in one
    place under one name take their node's.
    """
    places = {plate.node: _place(plate) for plate in plates}
    twins = Counter(plate.path for plate in plates)
    found = {}
    for plate in plates:
        place = places[plate.node]
        others = {other for other in places.values() if other != place}
        depth = next(
            (n for n in range(1, len(place)) if all(o[-n:] != place[-n:] for o in others)),
            len(place),
        )
        part = "/".join(place[len(place) - depth :])
        if twins[plate.path] > 1:
            part = f"{part} ({plate.parent.text(namespaces)})"
        found[plate.node] = part[-_SHORT:]
    return found


def _place(plate: Variable) -> tuple[str, ...]:
    return tuple(name for name in plate.path[1:-1] if name not in _HOLDERS)


def nameplate_fact(variable: Variable, value: DataValue, part: str) -> Fact | None:
    """One nameplate entry of the nested device `part`."""
    shown = show(value.variant) if not is_bad(value.status) else None
    if shown is None or shown == "":
        return None
    source = f"opcua {'/'.join(variable.path)[:_SHORT]}"
    name = _NAMEPLATE.get(variable.name)
    if variable.name == "DeviceHealth" and (word := _word(shown, HEALTH)):
        return Fact("health", word, source, part)
    if name:
        said = usable(str(shown))
        return Fact(name, said, source, part) if said else None
    return Fact("description", f"{variable.name}={shown}", source, part)


def companions(namespaces: tuple[str, ...]) -> tuple[Fact, ...]:
    """The companion specifications that the namespace table names, and the table itself."""
    named = tuple(
        Fact("companion", uri, "opcua NamespaceArray")
        for uri in namespaces[1:]
        if uri.startswith(_COMPANION)
    )
    return (*named, *spaces(namespaces))


def spaces(namespaces: tuple[str, ...]) -> tuple[Fact, ...]:
    """The namespace table after the standard's own entry: clients that know no URI need it."""
    return tuple(
        Fact("namespace", f"{index}={uri}", "opcua NamespaceArray")
        for index, uri in enumerate(namespaces[:_MOST_SPACES])
        if index and uri
    )


def uptime_fact(started: DataValue | None, current: DataValue | None) -> tuple[Fact, ...]:
    """How long it runs: both times are of its own clock, whatever ours shows."""
    start, now = (_time_of(value) for value in (started, current))
    if start is None or now is None or start > now:
        return ()
    seconds = int((now - start).total_seconds())
    return (Fact("uptime_seconds", seconds, "opcua ServerStatus StartTime"),)


def _time_of(value: DataValue | None) -> datetime | None:
    scalar = value.variant.scalar if value and value.variant and not is_bad(value.status) else None
    return scalar if isinstance(scalar, datetime) else None


def server_facts(values: Mapping[int, DataValue], now: datetime, *, kit: bool) -> tuple[Fact, ...]:
    """What ServerStatus, OperationLimits and session diagnostics say; `kit` as in `of_a_kit`."""
    facts: list[Fact] = []
    for number, value in values.items():
        shown = None if is_bad(value.status) or not value.variant else value.variant.scalar
        if number in SERVER_STATUS and shown not in (None, ""):
            word = SERVER_STATUS[number]
            facts += _kit_fact(word, shown) if kit and word in _BUILD else ()
            facts += () if kit and word in _BUILD else _status_fact(word, shown, now)
        elif number in OPERATION_LIMITS and isinstance(shown, int | float) and shown:
            name = OPERATION_LIMITS[number]
            facts.append(Fact("limit", f"{name}={shown}", f"opcua {name}"))
    return tuple(facts)


def of_a_kit(values: Mapping[int, DataValue]) -> bool:
    """Whether the build is a development kit's, left as it came: it tells nothing of the device."""
    number = next(n for n, word in SERVER_STATUS.items() if word == "ManufacturerName")
    said = show(values[number].variant) if number in values else None
    return isinstance(said, str) and is_toolkit(said)


def _kit_fact(name: str, value: Scalar) -> tuple[Fact, ...]:
    if not isinstance(value, str):
        return ()
    source = f"opcua ServerStatus {name} of a development kit"
    return (Fact("description", f"{name}={value[:_SHORT]}", source),)


def _status_fact(name: str, value: Scalar, now: datetime) -> tuple[Fact, ...]:
    source = f"opcua ServerStatus {name}"
    if name in _BUILD and isinstance(value, str):
        said = usable(value[:_SHORT])
        return (Fact(_BUILD[name], said, source),) if said else ()
    if name == "CurrentTime" and isinstance(value, datetime):
        skew = round((value - now).total_seconds(), 1) + 0.0
        return (
            Fact("device_time", _stamp(value), source),
            Fact("clock_skew_seconds", skew, source),
        )
    if name == "State" and (word := _word(value, SERVER_STATES)):
        return (Fact("server_state", word, source),)
    if name == "RedundancySupport" and (word := _word(value, REDUNDANCY)) and word != "none":
        return (Fact("redundancy", word, "opcua ServerRedundancy"),)
    if name == "ServiceLevel" and isinstance(value, int):
        return (Fact("service_level", value, "opcua ServiceLevel"),)
    return ()


def _word(number: object, words: tuple[str, ...]) -> str:
    """The word that an enumeration has for a number; "" where it has none."""
    sound = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(words)
    return words[number] if sound and isinstance(number, int) else ""


def session_facts(value: DataValue | None) -> tuple[Fact, ...]:
    """Who else reads: the clients of SessionDiagnosticsArray, ours left out."""
    values = value.variant.values if value and value.variant else ()
    facts: list[Fact] = []
    for item in values[:50]:
        if isinstance(item, Structure) and item.type.is_core(SESSION_DIAGNOSTICS_BODY):
            try:
                cursor = Cursor(item.body)
                cursor.node_id()
                name, client = cursor.text(), read_application(cursor)
            except Garbled:  # one broken record costs itself only
                continue
            if name != SESSION_NAME:
                text = f"{name} ({client.name or client.uri})"
                facts.append(Fact("session", text[:_SHORT], "opcua SessionDiagnosticsArray"))
    return tuple(facts)
