"""Application certificates for tests, as files and as credentials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocols.contract import Credential, Secret


@cache
def rsa_key(bits: int, number: int = 0) -> rsa.RSAPrivateKey:
    """One key of that length; making one is slow, so tests share them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate(
    key: rsa.RSAPrivateKey, uri: str | None = "urn:test:client", days: int = 10, host: str = ""
) -> bytes:
    """Self-signed, DER, valid from 20 days ago until so many days from now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Client")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(11)
        .not_valid_before(now - timedelta(days=20))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.KeyUsage(True, True, True, True, False, True, False, False, False), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    if uri is not None:
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
        names += [x509.DNSName(host)] if host else []
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def pem(key: rsa.RSAPrivateKey, word: bytes | None = None) -> str:
    """The private key as text."""
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if word:
        lock = serialization.BestAvailableEncryption(word)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock
    ).decode()


def held(folder: Path, policy: str = "", bits: int = 2048, days: int = 10) -> Credential:
    """A credential whose certificate lies in `folder`."""
    key = rsa_key(bits)
    path = folder / f"client-{bits}-{days}.der"
    path.write_bytes(certificate(key, days=days))
    return Credential(
        "machine", "opcua-certificate", Secret(lambda: pem(key)), auth=str(path), privacy=policy
    )
