"""The same plant service played by a real asyncua server: 1.5 s and 47 MB, so one or two a plant.

One rule keeps it simple: asyncua does the protocol; this module sets it up through its own calls
and counts at two places, the connection and the decrypted request, so that encrypted traffic is
counted as well. Options: identity, `endpoints`, `tokens`, `users`, `certificate`, `limits` do not
apply here beyond what asyncua offers; faults and roles need the light server.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators import _opcua_identity as identity
from simulators._opcua_binary import parse_node
from simulators._opcua_names import NEVER_SENT, SERVICES
from simulators._opcua_space import CODES, DEVICE_SET_KEY, DI, UNITS
from simulators.contract import Bind, Device, Point, Service, Witness

MESSAGES = {"HEL": "Hello", "OPN": "OpenSecureChannel", "CLO": "CloseSecureChannel"}


@dataclass(slots=True)
class RealServer:
    """A running asyncua server. `Any` stands for its classes, which are published untyped."""

    server: Any
    listener: socket.socket
    closing: list[bool] = field(default_factory=list)

    async def close(self) -> None:
        """Stop it; idempotent."""
        if not self.closing:
            self.closing.append(True)
            await self.server.stop()
            self.listener.close()


async def start_asyncua(
    device: Device, service: Service, bind: Bind, witness: Witness
) -> RealServer:
    """Set up and start; raises OSError where the port is taken, ValueError for faults."""
    if service.faults:
        raise ValueError(f"{device.id}: faults need options.server = 'light'")
    listener = _listen(bind)
    try:
        server = await _set_up(device, service, listener.getsockname()[1])
        handle = RealServer(server, listener)
        await _serve(server, listener, witness, handle.closing)
    except BaseException:
        listener.close()
        raise
    return handle


def _library(name: str) -> Any:
    """An asyncua module, imported when a plant plays one: 1.2 s and 96 MB."""
    return importlib.import_module(name)


def _listen(bind: Bind) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if bind.board is not None:  # stands beside the wildcard socket of the other doubles
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((bind.host, bind.port))
    except OSError:
        listener.close()
        raise
    return listener


async def _set_up(device: Device, service: Service, port: int) -> Any:
    server_class, ua = _library("asyncua").Server, _library("asyncua.ua")

    person = identity.person(device, service, lambda: port)
    server = server_class(user_manager=_users(service))
    await server.init()
    server.set_endpoint(person.urls()[0])
    server.set_server_name(person.name)
    server.product_uri = person.product_uri
    await server.set_application_uri(person.uri)
    if person.certificate is not None:
        await server.load_certificate(person.certificate, "DER")
        await server.load_private_key(identity.private_key_der(), None, "DER")
    offered = [
        "NoSecurity" if mode == "None" else f"{policy}_{mode}" for policy, mode in person.endpoints
    ]
    server.set_security_policy([getattr(ua.SecurityPolicyType, name) for name in offered])
    tokens = {"anonymous": ua.AnonymousIdentityToken, "username": ua.UserNameIdentityToken}
    tokens["certificate"] = ua.X509IdentityToken
    server.set_identity_tokens([tokens[name] for name in person.tokens])
    started = datetime.now(UTC) - timedelta(hours=1)
    product = device.product or device.name
    await server.set_build_info(
        person.product_uri, device.vendor, product, device.firmware, "", started
    )
    await _fill(server, device, service)
    return server


def _users(service: Service) -> Any:
    rules = _library("asyncua.crypto.permission_rules")

    users = service.options.get("users", {})
    known = dict(users) if isinstance(users, dict) else {}

    class Users:
        """Who may log in: the plant's users by password, and everybody else without a name."""

        def get_user(
            self,
            iserver: object,
            username: str | None = None,
            password: str | None = None,
            certificate: object = None,
        ) -> Any:
            wrong = username is not None and known.get(username) != password
            return None if wrong else rules.User(role=rules.UserRole.User, name=username)

    return Users()


async def _fill(server: Any, device: Device, service: Service) -> None:
    ua = _library("asyncua.ua")

    await server.register_namespace(str(service.options.get("namespace", "urn:process-values")))
    await server.register_namespace(DI)
    plate = await server.nodes.objects.add_object(ua.NodeId(DEVICE_SET_KEY, 3), "3:DeviceSet")
    own = await plate.add_object(
        ua.NodeId("Nameplate", 2), ua.QualifiedName(device.name or device.product or "Device", 2)
    )
    texts = {"Manufacturer": device.vendor, "Model": device.model or device.product}
    for name, text in texts.items():
        await own.add_property(3, name, ua.LocalizedText(text))
    revisions = {"SerialNumber": device.serial, "SoftwareRevision": device.firmware}
    for name, text in {**revisions, "HardwareRevision": device.hardware}.items():
        await own.add_property(3, name, text)
    folders: dict[str, Any] = {"": server.nodes.objects}
    for point in service.points:
        await _add_point(server, folders, point)


async def _folder(folders: dict[str, Any], path: str) -> Any:
    if path not in folders:
        ua = _library("asyncua.ua")

        above, _, name = path.rpartition("/")
        parent = await _folder(folders, above)
        folders[path] = await parent.add_folder(ua.NodeId(path, 2), ua.QualifiedName(name, 2))
    return folders[path]


async def _add_point(server: Any, folders: dict[str, Any], point: Point) -> None:
    ua = _library("asyncua.ua")

    path, name = str(point.options.get("path", "")), point.name
    parsed = parse_node(point.address)
    if parsed is None:
        path, _, last = point.address.rpartition("/")
        name = name or last
        node_id = ua.NodeId(point.address, 2)
    else:
        node_id = ua.NodeId(parsed.key, parsed.namespace)
    value = list(point.value) if isinstance(point.value, tuple) else point.value
    variant = ua.Variant(value, getattr(ua.VariantType, point.type or _guess(value)))
    parent = await _folder(folders, path)
    title = ua.QualifiedName(name or str(node_id.Identifier), node_id.NamespaceIndex)
    node = await parent.add_variable(node_id, title, variant)
    if point.options.get("access") == "rw":
        await node.set_writable()
    if point.unit:
        await node.add_property(0, "EngineeringUnits", _unit(point.unit))
    if "low" in point.options:
        low, high = (float(str(point.options.get(edge, 0))) for edge in ("low", "high"))
        await node.add_property(0, "EURange", ua.Range(low, high))
    if point.status or "source_age_seconds" in point.options:
        age = float(str(point.options.get("source_age_seconds", 0)))
        code = getattr(ua.StatusCodes, point.status or "Good")
        stamp = datetime.now(UTC) - timedelta(seconds=age)
        await node.write_value(ua.DataValue(variant, ua.StatusCode(code), SourceTimestamp=stamp))


def _unit(unit: str) -> Any:
    ua = _library("asyncua.ua")

    code = CODES.get(unit, unit if unit.isascii() and unit.isupper() else "")
    number = int.from_bytes(code.encode()[:3], "big") if code else -1
    text = ua.LocalizedText(unit)
    return ua.EUInformation(UNITS, number, text, text)


def _guess(value: object) -> str:
    kinds = {bool: "Boolean", int: "Int32", float: "Double"}
    first = value[0] if isinstance(value, list) and value else value
    return kinds.get(type(first), "String")


async def _serve(
    server: Any, listener: socket.socket, witness: Witness, closing: list[bool]
) -> None:
    """What `Server.start` does, with our socket and a watched protocol."""
    binary_server = _library("asyncua.server.binary_server_asyncio").BinaryServer

    await server._setup_server_nodes()
    await server.iserver.start()
    host, port = listener.getsockname()
    binary = binary_server(server.iserver, host, port, server.limits)
    binary.set_policies(server._policies)
    plain = binary._make_protocol

    def watched() -> Any:
        protocol = plain()
        _watch(protocol, witness, closing)
        return protocol

    loop = asyncio.get_running_loop()
    binary._server = await loop.create_server(watched, sock=listener)
    binary.cleanup_task = loop.create_task(binary._close_task_loop())
    server.bserver = binary


def _watch(protocol: Any, witness: Witness, closing: list[bool]) -> None:
    """Count what one connection does, by wrapping the methods that asyncio and asyncua call."""
    made, lost, received = (
        protocol.connection_made,
        protocol.connection_lost,
        protocol.data_received,
    )
    seen = {"bytes": 0, "requests": 0}

    def connection_made(transport: asyncio.BaseTransport) -> None:
        witness.connection_opened()
        made(transport)
        _watch_requests(protocol.processor, witness, seen)

    def data_received(data: bytes) -> None:
        seen["bytes"] += len(data)
        received(data)

    def connection_lost(error: Exception | None) -> None:
        witness.connection_closed(
            exchanged=seen["requests"] > 0,
            reset=isinstance(error, ConnectionError),
            bare=not seen["bytes"],
            ours=bool(closing),
        )
        lost(error)

    protocol.connection_made = connection_made
    protocol.connection_lost = connection_lost
    protocol.data_received = data_received


def _watch_requests(processor: Any, witness: Witness, seen: dict[str, int]) -> None:
    process: Callable[[Any, Any], Any] = processor.process
    process_message: Callable[..., Any] = processor._process_message

    async def count_message(header: Any, body: Any) -> Any:
        kind = bytes(header.MessageType).decode("ascii", "replace")
        seen["requests"] += 1
        if kind in MESSAGES:
            witness.request(f"opcua {MESSAGES[kind]}")
        return await process(header, body)

    async def count_service(type_id: Any, head: Any, sequence: Any, body: Any) -> Any:
        name = SERVICES.get(type_id.Identifier, f"service {type_id.Identifier}")
        witness.request(f"opcua {name}", forbidden=name in NEVER_SENT)
        answer = await process_message(type_id, head, sequence, body)
        if name == "CreateSession":
            witness.session_opened()
        elif name == "CloseSession":
            witness.session_closed()
        return answer

    processor.process = count_message
    processor._process_message = count_service
