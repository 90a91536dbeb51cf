"""A scripted OPC UA server whose bytes come from asyncua's encoder, not from ours.

It answers one request with one message; a test replaces single answers by hostile ones.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

NONE = "http://opcfoundation.org/UA/SecurityPolicy#None"
BASIC = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
Answer = Callable[["Responder", object], object]


def endpoint(
    url: str = "opc.tcp://127.0.0.1:4840/",
    policy: str = NONE,
    mode: int = 1,
    tokens: tuple[tuple[str, int, str], ...] = (("anon", 0, ""),),
    certificate: bytes | None = None,
    kind: int = 0,
) -> ua.EndpointDescription:
    """One offer; tokens are (policy id, kind, security policy)."""
    found = ua.EndpointDescription()
    found.EndpointUrl = url
    found.Server.ApplicationUri = "urn:double"
    found.Server.ProductUri = "urn:double:product"
    found.Server.ApplicationName = ua.LocalizedText("Double")
    found.Server.ApplicationType = ua.ApplicationType(kind)
    found.ServerCertificate = certificate
    found.SecurityMode = ua.MessageSecurityMode(mode)
    found.SecurityPolicyUri = policy
    found.TransportProfileUri = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
    found.UserIdentityTokens = [
        ua.UserTokenPolicy(name, ua.UserTokenType(token), None, None, security)
        for name, token, security in tokens
    ]
    return found


def fault(code: int) -> ua.ServiceFault:
    """A service fault of that status."""
    found = ua.ServiceFault()
    found.ResponseHeader.ServiceResult = ua.StatusCode(code)
    return found


@dataclass
class Responder:
    """Call it with a request, get the answer. `special` replaces answers by service name."""

    endpoints: list[ua.EndpointDescription] = field(default_factory=lambda: [endpoint()])
    special: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bodies: list[object] = field(default_factory=list)
    sequence: int = 0
    channel: int = 7
    handle_shift: int = 0
    clock_shift: timedelta = timedelta()
    lifetime: int = 60_000
    references: dict[str, list[ua.ReferenceDescription]] = field(default_factory=dict)
    values: dict[tuple[str, int], ua.DataValue] = field(default_factory=dict)

    def __call__(self, request: bytes) -> bytes | None:
        kind = request[:3]
        if kind == b"HEL":
            self.sequence = 0
            special = self.special.get("Hello")
            if special:
                return special(self, request)  # type: ignore[return-value]
            return b"ACKF" + struct.pack("<6I", 28, 0, 65536, 65536, 0xFFFFFFFF, 0)
        at = 8 + 4 + 4 + len(NONE) + 8 if kind == b"OPN" else 16
        self.sequence += 1
        _number, request_id = struct.unpack_from("<II", request, at)
        buffer = Buffer(request[at + 8 :])
        name = ua.extension_objects_by_typeid[nodeid_from_binary(buffer)].__name__
        request_type = getattr(ua, name)
        # asyncua's request structures begin with TypeId, which is consumed already
        decoded = struct_from_binary(request_type, Buffer(request[at + 8 :]))
        self.requests.append(name.removesuffix("Request"))
        self.bodies.append(decoded)
        answer = self.answer(name.removesuffix("Request"), decoded)
        if answer is None or isinstance(answer, bytes):
            return answer
        return self.message(kind, request_id, decoded, answer)

    def message(self, kind: bytes, request_id: int, decoded: object, answer: object) -> bytes:
        """One final chunk that holds the answer."""
        header = answer.ResponseHeader  # type: ignore[attr-defined]
        header.RequestHandle = decoded.RequestHeader.RequestHandle + self.handle_shift  # type: ignore[attr-defined]
        header.Timestamp = datetime.now(UTC).replace(tzinfo=None) + self.clock_shift
        return self.chunk(kind, request_id, struct_to_binary(answer))

    def chunk(self, kind: bytes, request_id: int, body: bytes, mark: bytes = b"F") -> bytes:
        """One chunk of any body."""
        middle = struct.pack("<I", 3)
        if kind == b"OPN":
            policy = NONE.encode()
            middle = struct.pack("<I", len(policy)) + policy + b"\xff" * 8
        whole = struct.pack("<I", self.channel) + middle
        whole += struct.pack("<II", self.sequence, request_id) + body
        return kind + mark + struct.pack("<I", len(whole) + 8) + whole

    def answer(self, name: str, request: object) -> object:
        """The answer to one service."""
        if name in self.special:
            return self.special[name](self, request)
        return getattr(self, f"_{name}")(request)

    def _OpenSecureChannel(self, _request: object) -> object:
        found = ua.OpenSecureChannelResponse()
        token = found.Parameters.SecurityToken
        token.ChannelId, token.TokenId, token.RevisedLifetime = self.channel, 3, self.lifetime
        return found

    def _CloseSecureChannel(self, _request: object) -> object:
        return ua.CloseSecureChannelResponse()  # made, and never sent by a server

    def _GetEndpoints(self, _request: object) -> object:
        found = ua.GetEndpointsResponse()
        found.Endpoints = self.endpoints
        return found

    def _FindServers(self, _request: object) -> object:
        found = ua.FindServersResponse()
        found.Servers = [self.endpoints[0].Server]
        return found

    def _CreateSession(self, _request: object) -> object:
        found = ua.CreateSessionResponse()
        found.Parameters.SessionId = ua.NodeId(1, 1)
        found.Parameters.AuthenticationToken = ua.NodeId(99, 0)
        found.Parameters.ServerNonce = b"n" * 32
        found.Parameters.ServerCertificate = self.endpoints[0].ServerCertificate
        return found

    def _ActivateSession(self, _request: object) -> object:
        return ua.ActivateSessionResponse()

    def _CloseSession(self, _request: object) -> object:
        return ua.CloseSessionResponse()

    def _Read(self, request: object) -> object:
        found = ua.ReadResponse()
        missing = ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadNodeIdUnknown))
        found.Results = [
            self.values.get((item.NodeId.to_string(), int(item.AttributeId)), missing)
            for item in request.Parameters.NodesToRead  # type: ignore[attr-defined]
        ]
        return found

    def _Browse(self, request: object) -> object:
        found = ua.BrowseResponse()
        for item in request.Parameters.NodesToBrowse:  # type: ignore[attr-defined]
            result = ua.BrowseResult()
            result.References = self.references.get(item.NodeId.to_string(), [])
            found.Results.append(result)
        return found


def reference(
    node: str, name: str, node_class: int = 2, kind: int = 47, definition: int = 63
) -> ua.ReferenceDescription:
    """One forward reference."""
    found = ua.ReferenceDescription()
    found.ReferenceTypeId = ua.NodeId(kind, 0)
    found.IsForward = True
    found.NodeId = ua.NodeId.from_string(node)
    found.BrowseName = ua.QualifiedName(name, 2)
    found.DisplayName = ua.LocalizedText(name)
    found.NodeClass = ua.NodeClass(node_class)
    found.TypeDefinition = ua.NodeId(definition, 0)
    return found


def variable(peer: Responder, node: str, value: ua.Variant, access: int = 1, user: int = 1) -> None:
    """The four attributes of a variable."""
    peer.values[node, 13] = ua.DataValue(value)
    peer.values[node, 14] = ua.DataValue(ua.Variant(ua.NodeId(11, 0)))
    peer.values[node, 17] = ua.DataValue(ua.Variant(access, ua.VariantType.Byte))
    peer.values[node, 18] = ua.DataValue(ua.Variant(user, ua.VariantType.Byte))


def plant(peer: Responder) -> None:
    """A pump with two values, one of them for other eyes, and a unit and range."""
    names = ["http://opcfoundation.org/UA/", "urn:double", "urn:plant"]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(names))
    peer.references["i=85"] = [
        reference("ns=2;i=1", "Pump", 1, 35, 58),
        reference("i=2253", "Server", 1, 35, 2004),
    ]
    peer.references["ns=2;i=1"] = [
        reference("ns=2;s=Temp;i=3", "Temp", definition=2368),
        reference("ns=2;i=3", "Secret"),
        reference("i=85", "Back", 1, 35, 61),
    ]
    peer.references["ns=2;s=Temp;i=3"] = [
        reference("ns=2;i=4", "EngineeringUnits", kind=46, definition=68),
        reference("ns=2;i=5", "EURange", kind=46, definition=68),
    ]
    variable(peer, "ns=2;s=Temp;i=3", ua.Variant(21.5))
    variable(peer, "ns=2;i=3", ua.Variant(1.0), access=1, user=0)
    peer.values["ns=2;i=3", 13] = ua.DataValue(
        StatusCode=ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)
    )
    unit = ua.EUInformation(
        "http://www.opcfoundation.org/UA/units/un/cefact",
        4408652,
        ua.LocalizedText("°C"),
        ua.LocalizedText("degree Celsius"),
    )
    peer.values["ns=2;i=4", 13] = ua.DataValue(ua.Variant(unit))
    peer.values["ns=2;i=5", 13] = ua.DataValue(ua.Variant(ua.Range(-20.0, 120.0)))
