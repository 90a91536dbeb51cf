"""What an application certificate says (OPC 10000-6 v1.05, 6.2.2), as facts.

`cryptography` is imported only when a certificate is there to be read.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from protocols.contract import Fact

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as X509

MOST_BYTES = 16_384
_MOST_NAMES = 20
LEAST_BITS = 2_048  # OPC 10000-7: Basic256Sha256 and the policies after it
_OLD_DIGESTS = frozenset({"md5", "sha1"})
_SOURCE = "opcua GetEndpoints certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The fields that decide whether a client will accept it."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_bits: int | None
    hosts: tuple[str, ...]
    uris: tuple[str, ...]
    rsa: bool = True
    digest: str = ""  # the hash that it is signed with
    key_kind: str = ""


def leaf(chain: bytes) -> bytes:
    """The first certificate of a chain of DER certificates; all of it when it is no DER."""
    if len(chain) < 4 or chain[:2] != b"\x30\x82":
        return chain
    return chain[: 4 + int.from_bytes(chain[2:4], "big")]


def parse(der: bytes) -> Certificate | None:
    """The certificate, or None when it cannot be read."""
    if not der or len(der) > MOST_BYTES:
        return None
    from cryptography import x509  # 60 ms: only where a server shows a certificate
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    errors = (
        ValueError,
        TypeError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old devices: deprecated encodings are their business
        try:
            found = x509.load_der_x509_certificate(der)
            return Certificate(
                found.subject.rfc4514_string(),
                found.issuer.rfc4514_string(),
                found.not_valid_before_utc,
                found.not_valid_after_utc,
                getattr(found.public_key(), "key_size", None),
                *_names(found),
                isinstance(found.public_key(), RSAPublicKey),
                _digest(found, UnsupportedAlgorithm),
                type(found.public_key()).__name__.lstrip("_").removesuffix("PublicKey"),
            )
        except errors:
            return None


def _digest(found: X509, unknown: type[Exception]) -> str:
    try:
        return found.signature_hash_algorithm.name if found.signature_hash_algorithm else ""
    except unknown:
        return ""


def _names(found: X509) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from cryptography import x509

    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (), ()
    hosts = (
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    )
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return tuple(hosts[:_MOST_NAMES]), tuple(uris[:_MOST_NAMES])


def facts(der: bytes, certificate: Certificate | None, part: str = "") -> tuple[Fact, ...]:
    """The digest always; the rest where the certificate could be read."""
    found = [("certificate", sha256(der).hexdigest())]
    if certificate:
        found += [
            ("certificate.subject", certificate.subject),
            ("certificate.issuer", certificate.issuer),
            ("certificate.not_before", _stamp(certificate.not_before)),
            ("certificate.not_after", _stamp(certificate.not_after)),
            ("certificate.hosts", " ".join(certificate.hosts)),
            ("certificate.uri", " ".join(certificate.uris)),
            ("certificate.key_kind", certificate.key_kind),
            ("certificate.digest", certificate.digest),
        ]
    stated = [Fact(name, value, _SOURCE, part) for name, value in found if value]
    if certificate and certificate.key_bits:
        stated.append(Fact("certificate.key_bits", certificate.key_bits, _SOURCE, part))
    return tuple(stated)


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def doubts(
    certificate: Certificate, address: str, application_uri: str, now: datetime
) -> tuple[str, ...]:
    """Why a careful client would not accept it, each with the step to take."""
    found = []
    if now > certificate.not_after:
        found.append(f"certificate expired {_stamp(certificate.not_after)}: renew it")
    if now < certificate.not_before:
        found.append(
            f"certificate not valid before {_stamp(certificate.not_before)}: check the clocks"
        )
    if certificate.hosts and address not in certificate.hosts:
        found.append(
            f"certificate names {', '.join(certificate.hosts[:3])}, not {address}: "
            "reach the server by that name or renew the certificate with this address"
        )
    if certificate.rsa and certificate.key_bits and certificate.key_bits < LEAST_BITS:
        found.append(
            f"certificate has a key of {certificate.key_bits} bits: clients of today ask for "
            f"{LEAST_BITS}; renew it with a longer key"
        )
    if certificate.digest in _OLD_DIGESTS:
        found.append(
            f"certificate is signed with {certificate.digest.upper()}: clients of today refuse "
            "that; renew it with SHA-256"
        )
    if application_uri and certificate.uris and application_uri not in certificate.uris:
        found.append("certificate names another application URI: renew it with the server's own")
    return tuple(found)
