"""Who a light OPC UA double says it is: application description, endpoints, certificate.

One rule keeps it simple: everything is derived from the plant's options here and nowhere else.
Endpoint options are texts, "None" or "POLICY/MODE" ("Basic256Sha256/SignAndEncrypt").
"""

from __future__ import annotations

import functools
import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators._opcua_binary import write_bytes, write_list, write_localized, write_text
from simulators.contract import Device, Service

POLICY = "http://opcfoundation.org/UA/SecurityPolicy#"
BINARY = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
MODES = {"None": 1, "Sign": 2, "SignAndEncrypt": 3}  # OPC 10000-4, 7.20
TOKENS = {"anonymous": 0, "username": 1, "certificate": 2}  # OPC 10000-4, 7.42
TYPES = {"server": 0, "client": 1, "client_server": 2, "discovery": 3}  # OPC 10000-4, 7.2


@dataclass(frozen=True, slots=True)
class Person:
    """The application: what FindServers and GetEndpoints say."""

    uri: str
    product_uri: str
    name: str
    type: int
    endpoints: tuple[tuple[str, str], ...]  # (policy, mode)
    tokens: tuple[str, ...]
    password_policy: str
    known: tuple[tuple[str, str, tuple[str, ...]], ...]  # other servers: uri, name, urls
    urls: Callable[[], tuple[str, ...]]
    certificate: bytes | None

    @property
    def open(self) -> bool:
        """Whether a session without security is offered."""
        return ("None", "None") in self.endpoints

    def describe(self) -> bytes:
        """ApplicationDescription of this server (OPC 10000-4, 7.2)."""
        return describe(self.uri, self.product_uri, self.name, self.type, self.urls())

    def all_servers(self) -> list[bytes]:
        """Itself and, for a discovery server, those that registered."""
        others = [describe(uri, "", name, 0, urls) for uri, name, urls in self.known]
        return [self.describe(), *others]

    def all_endpoints(self) -> bytes:
        """The array of EndpointDescription (OPC 10000-4, 7.14)."""
        return write_list(
            self._endpoint(url, policy, mode)
            for url in self.urls()
            for policy, mode in self.endpoints
        )

    def _endpoint(self, url: str, policy: str, mode: str) -> bytes:
        tokens = write_list(self._token(name) for name in self.tokens)
        level = MODES[mode] * 10 if mode != "None" else 0
        return (
            write_text(url)
            + self.describe()
            + write_bytes(self.certificate)
            + struct.pack("<i", MODES[mode])
            + write_text(POLICY + policy)
            + tokens
            + write_text(BINARY)
            + bytes([level])
        )

    def _token(self, name: str) -> bytes:
        policy = self.password_policy if name == "username" else ""
        head = write_text(name) + struct.pack("<i", TOKENS[name])
        return head + write_text(None) * 2 + write_text(POLICY + policy if policy else None)


def describe(uri: str, product: str, name: str, kind: int, urls: tuple[str, ...]) -> bytes:
    """One ApplicationDescription."""
    head = write_text(uri) + write_text(product) + write_localized(name) + struct.pack("<i", kind)
    return head + write_text(None) * 2 + write_list(write_text(url) for url in urls)


def person(device: Device, service: Service, port: Callable[[], int]) -> Person:
    """The application of a device's OPC UA service; raises ValueError for an unknown option."""
    options = service.options
    name = str(options.get("application_name", device.name or device.product or device.id))
    uri = str(options.get("application_uri", f"urn:{device.id}:opcua"))
    endpoints = tuple(_endpoint(text) for text in _texts(options.get("endpoints"), "None"))
    tokens = _texts(options.get("tokens"), "anonymous")
    kind = str(options.get("application_type", "server"))
    if kind not in TYPES or not set(tokens) <= TOKENS.keys():
        raise ValueError(f"opcua: {kind!r} or {tokens!r}; good: {[*TYPES]}, {[*TOKENS]}")
    advertised = _texts(options.get("advertised_url"))
    secure = any(mode != "None" for _, mode in endpoints) or "certificate" in options
    return Person(
        uri,
        str(options.get("product_uri", "urn:product")),
        name,
        TYPES[kind],
        endpoints,
        tokens,
        str(options.get("password_policy", "None")),
        _known(options.get("servers")),
        lambda: advertised or (f"opc.tcp://{device.address}:{port()}",),
        make_certificate(uri, device.address, str(options.get("certificate", "valid")))
        if secure
        else None,
    )


def _endpoint(text: str) -> tuple[str, str]:
    policy, _, mode = text.partition("/")
    mode = mode or ("None" if policy == "None" else "SignAndEncrypt")
    if mode not in MODES:
        raise ValueError(f"opcua endpoint {text!r}; good: None, Basic256Sha256/SignAndEncrypt")
    return policy, mode


def _texts(value: object, default: str = "") -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(str(item) for item in value)
    return (default,) if default else ()


def _known(rows: object) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(rows, list | tuple):
        return ()
    return tuple(
        (str(row.get("uri", "")), str(row.get("name", "")), _texts(row.get("url")))
        for row in rows
        if isinstance(row, dict)
    )


@functools.cache
def private_key() -> object:
    """One RSA key for all doubles of this process: making it is the slow part."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def private_key_der() -> bytes:
    """The key as a real server wants to load it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = private_key()
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key was made")
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@functools.lru_cache(maxsize=256)
def make_certificate(uri: str, host: str, kind: str) -> bytes:
    """A self-signed application certificate, DER (OPC 10000-6, 6.2.2).

    `kind`: valid, expired (a year ago), not_yet (next year), wrong_host (names another host).
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = private_key()
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key was made")
    years = {"expired": (-6, -1), "not_yet": (1, 6)}.get(kind, (-1, 9))
    begins, ends = (datetime.now(UTC) + timedelta(days=365 * year) for year in years)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uri.rpartition(":")[2] or uri)])
    hosts: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    if kind == "wrong_host":
        hosts.append(x509.DNSName("engineering-station.invalid"))
    else:
        hosts.append(x509.IPAddress(ipaddress.ip_address(host)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def decrypt_password(secret: bytes, nonce: bytes) -> str | None:
    """The password of a UserNameIdentityToken under Basic256Sha256 (OPC 10000-4, 7.40.2.2)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = private_key()
    if not isinstance(key, rsa.RSAPrivateKey) or not secret or len(secret) % 256:
        return None
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the policy's
    try:
        clear = b"".join(
            key.decrypt(secret[start : start + 256], oaep) for start in range(0, len(secret), 256)
        )
    except ValueError:
        return None
    length = int.from_bytes(clear[:4], "little")
    content = clear[4 : 4 + length]
    if not content.endswith(nonce):
        return None
    return content[: len(content) - len(nonce)].decode("utf-8", "replace")
