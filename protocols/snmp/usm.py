"""The user-based security model: keys, digests, ciphers (RFC 3414, RFC 3826, RFC 7860). Pure.

One rule keeps it simple: bytes in, bytes out; who may do what is decided elsewhere (`secured`).
HMACs come from the standard library, AES from `cryptography`, imported when it is first needed.

    password --1 MiB, hash--> Ku --hash(Ku, engine id, Ku)--> Kul: signs; its head encrypts
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from protocols.contract import Garbled
from protocols.snmp import message
from protocols.snmp.message import Engine, Message

STRETCHED_BYTES = 1_048_576  # RFC 3414, A.2
SALT_BYTES = 8  # RFC 3826, 3.1.2.1


@dataclass(frozen=True, slots=True)
class Authentication:
    """One HMAC: its hash and how many bytes of the result are sent."""

    name: str
    hash: str
    digest_bytes: int


@dataclass(frozen=True, slots=True)
class Privacy:
    """One cipher: AES in CFB128 mode. `extend` lengthens a key that the hash leaves too short."""

    name: str
    key_bytes: int
    extend: Callable[[bytes, Authentication, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Keys:
    """What one user signs and encrypts with at one engine; None: that level is not used."""

    authentication: Authentication | None = None
    privacy: Privacy | None = None
    signing: bytes = field(default=b"", repr=False)
    encrypting: bytes = field(default=b"", repr=False)

    @property
    def flags(self) -> int:
        """The level as message flags (RFC 3412, 6.4)."""
        signed = message.AUTH if self.authentication else 0
        return signed | (message.PRIVACY if self.privacy else 0)


class UnusableError(ValueError):
    """The credential names something that cannot be done; says what could."""


# ---- keys


def _hash(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()  # MD5 also on FIPS hosts


def stretched(secret: bytes, hash_name: str) -> bytes:
    """Ku: the hash of the secret repeated to a mebibyte (RFC 3414, A.2); raises ValueError."""
    if not secret:
        raise UnusableError("an SNMPv3 secret is empty")
    repeated = secret * (STRETCHED_BYTES // len(secret) + 1)
    return _hash(hash_name, repeated[:STRETCHED_BYTES])


def localised(key: bytes, engine_id: bytes, hash_name: str) -> bytes:
    """Kul: a key for one engine alone (RFC 3414, 2.6)."""
    return _hash(hash_name, key + engine_id + key)


def extend_blumenthal(key: bytes, authentication: Authentication, _engine_id: bytes) -> bytes:
    """One hash of all so far more (draft-blumenthal-aes-usm-04, 3.1.2.1; net-snmp)."""
    return key + _hash(authentication.hash, key)


def extend_reeder(key: bytes, authentication: Authentication, engine_id: bytes) -> bytes:
    """The key as the next password (draft-reeder-snmpv3-usm-3desede-00, 2.1; Cisco)."""
    following = localised(stretched(key, authentication.hash), engine_id, authentication.hash)
    return key + following


def octets_of(words: str) -> bytes:
    """A secret or user name as it goes on the wire; bytes that were no text come back as such."""
    return words.encode("utf-8", "surrogateescape")


def make_keys(
    authentication: Authentication | None,
    privacy: Privacy | None,
    secret: str,
    privacy_secret: str,
    engine_id: bytes,
) -> Keys:
    """The keys of a user at an engine. Costs two hashes of a mebibyte; raises UnusableError."""
    if authentication is None:
        return Keys()
    name = authentication.hash
    signing = localised(stretched(octets_of(secret), name), engine_id, name)
    if privacy is None:
        return Keys(authentication, None, signing)
    key = signing
    if privacy_secret != secret:
        key = localised(stretched(octets_of(privacy_secret), name), engine_id, name)
    while len(key) < privacy.key_bytes:
        key = privacy.extend(key, authentication, engine_id)
    return Keys(authentication, privacy, signing, key[: privacy.key_bytes])


# ---- names


_AUTHENTICATIONS = {
    "MD5": Authentication("MD5", "md5", 12),  # RFC 3414, 6
    "SHA": Authentication("SHA", "sha1", 12),  # RFC 3414, 7
    "SHA224": Authentication("SHA-224", "sha224", 16),  # RFC 7860, 4.2
    "SHA256": Authentication("SHA-256", "sha256", 24),
    "SHA384": Authentication("SHA-384", "sha384", 32),
    "SHA512": Authentication("SHA-512", "sha512", 48),
}
_PRIVACIES = {
    "AES128": Privacy("AES-128", 16, extend_blumenthal),  # RFC 3826; any hash is long enough
    "AES192": Privacy("AES-192", 24, extend_blumenthal),
    "AES256": Privacy("AES-256", 32, extend_blumenthal),
    "AES192C": Privacy("AES-192-C", 24, extend_reeder),
    "AES256C": Privacy("AES-256-C", 32, extend_reeder),
}
_SAME = {
    "HMACMD596": "MD5",
    "SHA1": "SHA",
    "HMACSHA96": "SHA",
    "AES": "AES128",
    **{f"AES{bits}BLUMENTHAL": f"AES{bits}" for bits in (192, 256)},
    **{f"AES{bits}{who}": f"AES{bits}C" for bits in (192, 256) for who in ("CISCO", "REEDER")},
}
_WEAK = frozenset({"DES", "3DES", "3DESEDE", "DES56", "DES168", "IDEA"})


def _plain(name: str) -> str:
    letters = "".join(c for c in name.upper() if c.isalnum())
    return _SAME.get(letters, letters)


def authentication_named(name: str) -> Authentication | None:
    """The HMAC of that name, None for no name; raises UnusableError."""
    if not name:
        return None
    found = _AUTHENTICATIONS.get(_plain(name))
    if found is None:
        names = ", ".join(a.name for a in _AUTHENTICATIONS.values())
        raise UnusableError(f"auth {name!r} is not one of {names}")
    return found


def privacy_named(name: str) -> Privacy | None:
    """The cipher of that name, None for no name; raises UnusableError."""
    if not name:
        return None
    found = _PRIVACIES.get(_plain(name))
    if found is None:
        weak = "is broken and not spoken here; use" if _plain(name) in _WEAK else "is not one of"
        names = ", ".join(p.name for p in _PRIVACIES.values())
        raise UnusableError(f"privacy {name!r} {weak} {names}")
    return found


# ---- messages


def seal(request: Message, keys: Keys, engine: Engine, salt: bytes) -> bytes:
    """A plain request, encrypted and signed as the keys say, at the engine's time."""
    payload, used = request.payload, b""
    if keys.privacy:
        payload, used = _aes(keys.encrypting, engine, salt, payload, encrypt=True), salt
    blank = bytes(keys.authentication.digest_bytes) if keys.authentication else b""
    flags = request.flags | keys.flags
    whole = replace(
        request, flags=flags, engine=engine, digest=blank, salt=used, payload=payload, digest_at=0
    )
    data = message.encode(whole)
    if keys.authentication is None:
        return data
    return message.encode(replace(whole, digest=digest_of(data, keys)))


def digest_of(data: bytes, keys: Keys) -> bytes:
    """The digest of a message whose own digest is zeros."""
    assert keys.authentication is not None  # noqa: S101 - narrows; callers sign at that level only
    full = hmac.digest(keys.signing, data, keys.authentication.hash)
    return full[: keys.authentication.digest_bytes]


def verify(data: bytes, answer: Message, keys: Keys) -> None:
    """Raises `Garbled` unless the answer was signed with the user's key; in constant time."""
    wanted = keys.authentication.digest_bytes if keys.authentication else 0
    if len(answer.digest) != wanted:
        raise Garbled(f"expected a digest of {wanted} bytes, got {len(answer.digest)}")
    start = answer.digest_at
    blank = data[:start] + bytes(wanted) + data[start + wanted :]
    if not hmac.compare_digest(digest_of(blank, keys), answer.digest):
        raise Garbled("expected an answer signed with the user's key, got another digest")


def decrypt(answer: Message, keys: Keys) -> bytes:
    """The scoped PDU of an encrypted answer, not yet decoded; raises `Garbled`."""
    if len(answer.salt) != SALT_BYTES:
        raise Garbled(f"expected a salt of {SALT_BYTES} bytes, got {len(answer.salt)}")
    return _aes(keys.encrypting, answer.engine, answer.salt, answer.payload, encrypt=False)


def _aes(key: bytes, engine: Engine, salt: bytes, data: bytes, *, encrypt: bool) -> bytes:
    """AES in CFB128 mode; the vector is boots, time and salt (RFC 3826, 3.1.2.1)."""
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES

    vector = engine.boots.to_bytes(4, "big") + engine.time.to_bytes(4, "big") + salt
    cipher = Cipher(AES(key), CFB(vector))
    worker = cipher.encryptor() if encrypt else cipher.decryptor()
    return worker.update(data) + worker.finalize()
