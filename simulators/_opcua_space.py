"""The address space of a light OPC UA double: standard server nodes, nameplate, process values.

One rule keeps it simple: a space is a dictionary of frozen nodes; a node that changes holds a
function of the time instead of a value. Clause numbers: OPC 10000-5 (server object), OPC 10000-8
(units), OPC 10000-100 (DeviceSet, nameplate).
"""

from __future__ import annotations

import difflib
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulators._opcua_binary import (
    BUILT_IN,
    NodeId,
    parse_node,
    write_extension,
    write_list,
    write_localized,
    write_node,
    write_text,
    write_time,
    write_variant,
)
from simulators._opcua_identity import describe
from simulators._opcua_names import (
    CAPABILITIES,
    HAS_COMPONENT,
    HAS_PROPERTY,
    HAS_TYPE,
    LIMITS,
    ORGANIZES,
    STATUS,
)
from simulators.contract import Device, Point, Service

UA = "http://opcfoundation.org/UA/"
DI = "http://opcfoundation.org/UA/DI/"
UNITS = "http://www.opcfoundation.org/UA/units/un/cefact"
OBJECT, VARIABLE, OBJECT_TYPE, VARIABLE_TYPE = 1, 2, 8, 16
FOLDER_TYPE, OBJECT_BASE, VARIABLE_BASE, PROPERTY_TYPE = 61, 58, 63, 68
SERVER_TYPE, ANALOG_TYPE = 2004, 2368
ROOT, OBJECTS, TYPES, VIEWS, SERVER = (NodeId(0, key) for key in (84, 85, 86, 87, 2253))
DEVICE_SET_KEY, DEVICE_TYPE_KEY = 5001, 1002  # OPC 10000-100, DeviceSet and DeviceType

ACCESS = {"r": 1, "rw": 3, "w": 2, "-": 0}
"""AccessLevel bits by the word of a plant file (OPC 10000-3, 8.57)."""

CODES = {"°C": "CEL", "V": "VLT", "A": "AMP", "Hz": "HTZ", "bar": "BAR", "%": "P1", "kW": "KWT"}
CODES |= {"kWh": "KWH", "m³/h": "MQH", "mm/s": "C16", "rpm": "RPM", "W": "WTT", "s": "SEC"}
"""UNECE Recommendation 20 codes of the symbols that plant files use."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `value` is what its type encodes, or a function of the time that gives it."""

    id: NodeId
    name: str
    node_class: int = OBJECT
    namespace: int = 0
    type_definition: NodeId | None = None
    type: str = ""
    value: object = None
    status: str = "Good"
    source_time: Callable[[datetime], datetime | None] | None = None
    access: int = 1
    readers: frozenset[str] | None = None
    viewers: frozenset[str] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference as its source node sees it."""

    type: int
    forward: bool
    target: NodeId


@dataclass(slots=True)
class Space:
    """All nodes of one server."""

    namespaces: tuple[str, ...]
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    references: dict[NodeId, list[Reference]] = field(default_factory=dict)

    def add(self, node: Node, parent: NodeId | None = None, by: int = ORGANIZES) -> NodeId:
        """Put a node below another."""
        self.nodes[node.id] = node
        if node.type_definition is not None:
            self.refer(node.id, HAS_TYPE, node.type_definition)
        if parent is not None:
            self.refer(parent, by, node.id)
            self.refer(node.id, by, parent, forward=False)
        return node.id

    def refer(self, source: NodeId, kind: int, target: NodeId, *, forward: bool = True) -> None:
        """Add one reference."""
        self.references.setdefault(source, []).append(Reference(kind, forward, target))

    def property(self, parent: NodeId, key: NodeId, name: str, kind: str, value: object) -> None:
        """Add a property."""
        node = Node(
            key, name, VARIABLE, type_definition=NodeId(0, PROPERTY_TYPE), type=kind, value=value
        )
        self.add(node, parent, HAS_PROPERTY)


def build(device: Device, service: Service, application_uri: str) -> Space:
    """The whole space of a device's OPC UA service."""
    extra = service.options.get("namespaces")
    uris = [UA, application_uri, str(service.options.get("namespace", "urn:process-values")), DI]
    uris += [str(uri) for uri in extra] if isinstance(extra, list | tuple) else []
    space = Space(tuple(uris))
    _standard(space)
    _server(space, device, service, application_uri)
    if service.options.get("nameplate", True):
        _nameplate(space, device, service)
    for point in service.points:
        _point(space, point)
    bulk = service.options.get("extra_variables", 0)
    for number in range(bulk if isinstance(bulk, int) else 0):
        _point(space, Point(f"Bulk/{number // 100:04}/Value{number:06}", "", "Double", number))
    for number in range(_whole(service.options.get("cycles", 0))):
        folder = _folders(space, OBJECTS, f"Loop{number}", 2)
        space.refer(folder, ORGANIZES, folder)
        space.refer(folder, ORGANIZES, OBJECTS)
    return space


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _standard(space: Space) -> None:
    folder = NodeId(0, FOLDER_TYPE)
    space.add(Node(ROOT, "Root", type_definition=folder))
    for key, name in ((OBJECTS, "Objects"), (TYPES, "Types"), (VIEWS, "Views")):
        space.add(Node(key, name, type_definition=folder), ROOT)
    for type_key, name, kind in (
        (FOLDER_TYPE, "FolderType", OBJECT_TYPE),
        (OBJECT_BASE, "BaseObjectType", OBJECT_TYPE),
        (SERVER_TYPE, "ServerType", OBJECT_TYPE),
        (VARIABLE_BASE, "BaseDataVariableType", VARIABLE_TYPE),
        (PROPERTY_TYPE, "PropertyType", VARIABLE_TYPE),
        (ANALOG_TYPE, "AnalogItemType", VARIABLE_TYPE),
    ):
        space.add(Node(NodeId(0, type_key), name, kind), TYPES)


def _server(space: Space, device: Device, service: Service, application_uri: str) -> None:
    """Server object with status, capabilities and limits (OPC 10000-5, 6.3)."""
    options = service.options
    base = NodeId(0, OBJECT_BASE)
    space.add(Node(SERVER, "Server", type_definition=NodeId(0, SERVER_TYPE)), OBJECTS)
    space.property(SERVER, NodeId(0, 2254), "ServerArray", "String", (application_uri,))
    space.property(SERVER, NodeId(0, 2255), "NamespaceArray", "String", space.namespaces)
    space.property(SERVER, NodeId(0, 2267), "ServiceLevel", "Byte", 255)
    space.property(SERVER, NodeId(0, 2994), "Auditing", "Boolean", False)
    _status(space, device, service)
    _clients(space, service)
    capabilities, limits = NodeId(0, 2268), NodeId(0, 11704)
    space.add(Node(capabilities, "ServerCapabilities", type_definition=base), SERVER, HAS_COMPONENT)
    space.property(capabilities, NodeId(0, 2269), "ServerProfileArray", "String", ())
    space.property(capabilities, NodeId(0, 2271), "LocaleIdArray", "String", ("en",))
    stated = options.get("limits", {})
    stated = stated if isinstance(stated, Mapping) else {}
    for name, (key, kind) in CAPABILITIES.items():
        if name in stated:
            space.property(capabilities, NodeId(0, key), name, kind, stated[name])
    space.add(Node(limits, "OperationLimits", type_definition=base), capabilities, HAS_COMPONENT)
    for name, key in LIMITS.items():
        if name in stated:
            space.property(limits, NodeId(0, key), name, "UInt32", stated[name])


def _clients(space: Space, service: Service) -> None:
    """SessionDiagnosticsArray: option `clients`, who else has a session (OPC 10000-5, 12.9)."""
    rows = service.options.get("clients")
    if not isinstance(rows, list | tuple):
        return
    base, now = NodeId(0, OBJECT_BASE), datetime.now(UTC)
    diagnostics, summary = NodeId(0, 2274), NodeId(0, 3706)
    space.add(Node(diagnostics, "ServerDiagnostics", type_definition=base), SERVER, HAS_COMPONENT)
    space.add(
        Node(summary, "SessionsDiagnosticsSummary", type_definition=base),
        diagnostics,
        HAS_COMPONENT,
    )
    sessions = tuple(
        _session(number, row, now) for number, row in enumerate(rows) if isinstance(row, dict)
    )
    _variable(space, summary, 3707, "SessionDiagnosticsArray", "SessionDiagnostics", sessions)


def _session(number: int, row: Mapping[str, object], now: datetime) -> bytes:
    """SessionDiagnosticsDataType of another client, with quiet counters."""
    name, uri = str(row.get("name", "")), str(row.get("uri", ""))
    counters = struct.pack("<2I", _whole(row.get("requests", 0)), 0)
    body = (
        write_node(NodeId(1, 900_000 + number))
        + write_text(str(row.get("session", name)))
        + describe(uri, "", name, 1, ())
        + write_text(None) * 2
        + write_list(())
        + struct.pack("<dI", 60_000, 0)
        + write_time(now)
        + write_time(now)
        + struct.pack("<3I", 1, _whole(row.get("items", 0)), 1)
        + counters
        + bytes(4)  # unauthorized requests
        + counters  # Read
        + bytes(8 * 27)  # the other services
    )
    return write_extension(867, body)


def _status(space: Space, device: Device, service: Service) -> None:
    """ServerStatus and BuildInfo, as structures and as single variables (OPC 10000-5, 12.10)."""
    options = service.options
    started = datetime.now(UTC) - timedelta(hours=float(str(options.get("up_hours", 100))))
    state = _whole(options.get("state", 0))
    texts = (
        (2262, "ProductUri", str(options.get("product_uri", "urn:product"))),
        (2263, "ManufacturerName", device.vendor),
        (2261, "ProductName", device.product or device.name),
        (2264, "SoftwareVersion", device.firmware),
        (2265, "BuildNumber", str(options.get("build_number", ""))),
    )
    build_info = b"".join(write_text(text) for _, _, text in texts) + write_time(started)

    def status(now: datetime) -> bytes:
        head = write_time(started) + write_time(now) + struct.pack("<i", state)
        return write_extension(864, head + build_info + struct.pack("<I", 0) + write_localized(""))

    top = _variable(space, SERVER, 2256, "ServerStatus", "ServerStatus", status)
    _variable(space, top, 2257, "StartTime", "Utc", started)
    _variable(space, top, 2258, "CurrentTime", "Utc", lambda now: now)
    _variable(space, top, 2259, "State", "Int32", state)
    info = _variable(space, top, 2260, "BuildInfo", "BuildInfo", write_extension(340, build_info))
    for key, name, text in texts:
        _variable(space, info, key, name, "String", text)
    _variable(space, info, 2266, "BuildDate", "Utc", started)


def _variable(
    space: Space, parent: NodeId, key: int, name: str, kind: str, value: object
) -> NodeId:
    node = Node(
        NodeId(0, key),
        name,
        VARIABLE,
        type_definition=NodeId(0, VARIABLE_BASE),
        type=kind,
        value=value,
    )
    return space.add(node, parent, HAS_COMPONENT)


def _nameplate(space: Space, device: Device, service: Service) -> None:
    """DeviceSet and one device with its nameplate (OPC 10000-100, 4.5 and 5.4)."""
    stated = (
        ("Manufacturer", "LocalizedText", device.vendor),
        ("Model", "LocalizedText", device.model or device.product),
        ("SerialNumber", "String", device.serial),
        ("HardwareRevision", "String", device.hardware),
        ("SoftwareRevision", "String", device.firmware),
        ("ProductInstanceUri", "String", str(service.options.get("product_instance_uri", ""))),
        ("DeviceManual", "String", str(service.options.get("device_manual", ""))),
    )
    if not any(text for _, _, text in stated):
        return
    device_set, own = NodeId(3, DEVICE_SET_KEY), NodeId(2, "Nameplate")
    space.add(
        Node(device_set, "DeviceSet", namespace=3, type_definition=NodeId(0, OBJECT_BASE)), OBJECTS
    )
    name = device.name or device.product or "Device"
    kind = NodeId(3, DEVICE_TYPE_KEY)
    space.add(Node(kind, "DeviceType", OBJECT_TYPE, namespace=3), TYPES)
    space.add(Node(own, name, namespace=2, type_definition=kind), device_set, HAS_COMPONENT)
    for title, type_name, text in stated:
        if text:
            node = Node(
                NodeId(2, f"Nameplate/{title}"),
                title,
                VARIABLE,
                namespace=3,
                type_definition=NodeId(0, PROPERTY_TYPE),
                type=type_name,
                value=text,
            )
            space.add(node, own, HAS_PROPERTY)


def _point(space: Space, point: Point) -> None:
    """One process value, with its unit and range as properties (OPC 10000-8, 5.3.2)."""
    options = point.options
    node_id = parse_node(point.address)
    path, name = str(options.get("path", "")), point.name
    if node_id is None:
        path, _, last = point.address.rpartition("/")
        name = name or last
        node_id = NodeId(2, point.address)
    name = name or str(node_id.key)
    kind = point.type or _guess(point.value)
    analog = bool(point.unit or "low" in options or "high" in options)
    definition = parse_node(str(options.get("type_definition", "")))
    node = Node(
        node_id,
        name,
        VARIABLE,
        namespace=node_id.namespace,
        type_definition=definition or NodeId(0, ANALOG_TYPE if analog else VARIABLE_BASE),
        type=kind,
        value=_moving(point, kind),
        status=point.status or "Good",
        source_time=_stamp(options),
        access=ACCESS[str(options.get("access", "r"))],
        readers=_people(options.get("readable_by")),
        viewers=_people(options.get("visible_to")),
        description=point.description,
    )
    space.add(node, _folders(space, OBJECTS, path, node_id.namespace), HAS_COMPONENT)
    _unit_and_range(space, node_id, point)


def check(points: Iterable[Point]) -> None:
    """Raise ValueError for a point that could not be served: before the double listens."""
    for point in points:
        kind, place = point.type or _guess(point.value), f"opcua point {point.address!r}"
        if kind not in KNOWN_TYPES:
            good = ", ".join(sorted(KNOWN_TYPES))
            raise ValueError(f"{place}: type {kind!r}; good ones: {good}")
        if point.status and point.status not in STATUS:
            good = ", ".join(difflib.get_close_matches(point.status, STATUS, 3, 0.3))
            raise ValueError(f"{place}: status {point.status!r}; good ones: {good}")
        if str(point.options.get("access", "r")) not in ACCESS:
            raise ValueError(f"{place}: access; good ones: {', '.join(ACCESS)}")
        try:
            write_variant(kind, point.value)
        except (struct.error, TypeError, ValueError) as error:
            raise ValueError(f"{place}: {point.value!r} is no {kind}: {error}") from error


def _unit_and_range(space: Space, node_id: NodeId, point: Point) -> None:
    options = point.options
    if point.unit:
        unit = write_extension(889, _unit(point.unit, options))
        key = NodeId(node_id.namespace, f"{node_id.key!s}.EngineeringUnits")
        space.property(node_id, key, "EngineeringUnits", "EUInformation", unit)
    if "low" in options or "high" in options:
        low, high = (float(str(options.get(edge, 0))) for edge in ("low", "high"))
        key = NodeId(node_id.namespace, f"{node_id.key!s}.EURange")
        packed = write_extension(886, struct.pack("<dd", low, high))
        space.property(node_id, key, "EURange", "Range", packed)


def _unit(unit: str, options: Mapping[str, object]) -> bytes:
    """EUInformation; `unit_id` states any number, also the nonsense that real servers give."""
    code = CODES.get(unit, unit if unit.isascii() and unit.isalnum() and unit.isupper() else "")
    number = options.get("unit_id", int.from_bytes(code.encode()[:3], "big") if code else -1)
    shown = str(options.get("unit_name", next((s for s, c in CODES.items() if c == unit), unit)))
    described = str(options.get("unit_description", ""))
    head = write_text(str(options.get("unit_namespace", UNITS)))
    return (
        head
        + struct.pack("<i", _whole(number))
        + write_localized(shown)
        + write_localized(described)
    )


def _moving(point: Point, kind: str) -> object:
    """The value, or one that swings around it with `period_seconds`."""
    swing = point.options.get("swing")
    base = point.value
    if not isinstance(swing, int | float) or not isinstance(base, int | float):
        return base
    period = float(str(point.options.get("period_seconds", 20)))

    def value(now: datetime) -> object:
        moved = base + swing * math.sin(2 * math.pi * now.timestamp() / period)
        return moved if kind in ("Float", "Double") else round(moved)

    return value


def _stamp(options: Mapping[str, object]) -> Callable[[datetime], datetime | None] | None:
    """Source time: now, none, a fixed time, or that many seconds ago."""
    if "source_time" in options:
        text = str(options["source_time"])
        fixed = None if text in ("", "none") else datetime.fromisoformat(text)
        return lambda now: fixed
    age = options.get("source_age_seconds")
    if isinstance(age, int | float):
        return lambda now: now - timedelta(seconds=age)
    return None


def _people(names: object) -> frozenset[str] | None:
    return frozenset(str(name) for name in names) if isinstance(names, list | tuple) else None


def _folders(space: Space, start: NodeId, path: str, namespace: int) -> NodeId:
    """The folder that a path leads to, made on the way."""
    here, walked = start, ""
    for name in filter(None, path.split("/")):
        walked = f"{walked}/{name}" if walked else name
        key = NodeId(max(namespace, 1), walked)
        if key not in space.nodes:
            folder = Node(
                key, name, namespace=key.namespace, type_definition=NodeId(0, FOLDER_TYPE)
            )
            space.add(folder, here)
        here = key
    return here


def _guess(value: object) -> str:
    first = value[0] if isinstance(value, tuple) and value else value
    if isinstance(first, bool):
        return "Boolean"
    if isinstance(first, int):
        return "Int32"
    return "Double" if isinstance(first, float) else "String"


KNOWN_TYPES = frozenset(BUILT_IN) | {"String", "DateTime", "ByteString", "LocalizedText", "NodeId"}
"""Types that a point may have."""
