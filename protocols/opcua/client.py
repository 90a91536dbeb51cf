"""Our own application certificate: what a server decides about before it lets us in.

It comes from a named credential: `auth` is the path of the certificate (PEM or DER), the secret
its private key (PEM). Nothing here makes or writes one; `RECIPE` says how.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Final

from protocols.contract import Credential
from protocols.opcua.policies import LEAST_BITS, MOST_BITS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

URI: Final = "urn:read-only-inventory-scan"
MOST_BYTES: Final = 65_536

RECIPE: Final = (
    "openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 1095 -keyout client-key.pem "
    f"-out client.pem -subj /CN=read-only-inventory-scan -addext subjectAltName=URI:{URI} "
    "-addext keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,"
    "keyCertSign -addext extendedKeyUsage=clientAuth && chmod 600 client-key.pem; then "
    '[credentials.NAME] type = "opcua-certificate", auth = "client.pem", '
    'secret = "file:client-key.pem"'
)
"""How to make a certificate and name it (OPC 10000-6 v1.05, 6.2.2)."""


@dataclass(frozen=True, slots=True)
class Client:
    """A certificate with its key. `uri` is the application URI that it names and that we send."""

    certificate: bytes = field(repr=False)
    key: RSAPrivateKey = field(repr=False)
    uri: str
    not_before: datetime
    not_after: datetime

    @property
    def thumbprint(self) -> str:
        """As certificate lists of servers show it: SHA-1 in hexadecimal capitals."""
        return sha1(self.certificate, usedforsecurity=False).hexdigest().upper()


def load(credential: Credential, now: datetime) -> Client:
    """The client of a credential; `ValueError` says what is wrong with it and what to do."""
    if not credential.auth:
        raise ValueError(f"it names no certificate file (auth = …); to make one: {RECIPE}")
    certificate = _certificate(credential.auth)
    key = _key(credential)
    if key.public_key() != certificate.public_key():
        raise ValueError(f"the key does not belong to {credential.auth}")
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise ValueError(f"its key has {key.key_size} bits, {LEAST_BITS} to {MOST_BITS} needed")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= now <= end:
        raise ValueError(
            f"{credential.auth} is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d} only: set this "
            f"computer's clock, or make a new one: {RECIPE}"
        )
    from cryptography.hazmat.primitives.serialization import Encoding

    return Client(certificate.public_bytes(Encoding.DER), key, _uri(certificate), begin, end)


def _certificate(path: str) -> Certificate:
    from cryptography import x509

    try:
        with Path(path).expanduser().open("rb") as file:
            raw = file.read(MOST_BYTES)
    except OSError as error:
        raise ValueError(f"certificate file {path}: {error.strerror}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if b"-----BEGIN" in raw:
                return x509.load_pem_x509_certificate(raw)
            return x509.load_der_x509_certificate(raw)
    except ValueError as error:
        raise ValueError(f"{path} holds no certificate in PEM or DER form") from error


def _key(credential: Credential) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = credential.secret.reveal().encode()
    word = credential.privacy_secret
    try:
        key = load_pem_private_key(text, word.reveal().encode() if word else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the cause is not chained: a parser may quote what it was given
        raise ValueError(
            "its secret is no private key in PEM form, or needs a pass phrase (privacy_secret)"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("its key is no RSA key, which all policies that we speak need")
    return key


def _uri(certificate: Certificate) -> str:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        found = []
    if not found:
        raise ValueError(f"it names no application URI, which servers compare; make one: {RECIPE}")
    return found[0]
