"""The authoritative side of SNMPv3's user-based security (RFC 3414, RFC 3826, RFC 7860).

One rule keeps it simple: `Engine.open` either gives the plain scoped PDU or raises `ReportError`
with the counter that the standard names; it never guesses.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulators import _ber as ber
from simulators._ber import Oid, Reader, oid_of

STATISTICS = oid_of("1.3.6.1.6.3.15.1.1")
LEVEL, WINDOW, USER, ENGINE, DIGEST, DECRYPTION = 1, 2, 3, 4, 5, 6
AUTH, PRIVACY, REPORTABLE = 1, 2, 4
TIME_WINDOW_SECONDS = 150
TRUNCATED = {
    "MD5": ("md5", 12),
    "SHA": ("sha1", 12),
    "SHA-224": ("sha224", 16),
    "SHA-256": ("sha256", 24),
    "SHA-384": ("sha384", 32),
    "SHA-512": ("sha512", 48),
}


@dataclass(frozen=True, slots=True)
class User:
    """One user that the agent knows. Empty `auth` or `privacy`: not offered."""

    name: str
    auth: str = ""
    auth_secret: str = ""
    privacy: str = ""
    privacy_secret: str = ""


class ReportError(Exception):
    """A Report is due; `signed` as `user` where the standard asks for an authentic one."""

    def __init__(self, counter: int, user: User | None = None) -> None:
        super().__init__(f"usmStats {counter}")
        self.counter = counter
        self.user = user


@dataclass(frozen=True, slots=True)
class Header:
    """One SNMPv3 message before its scoped PDU is opened."""

    message_id: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: str
    digest: bytes
    salt: bytes
    payload: bytes  # scoped PDU, or ciphertext
    whole: bytes = field(repr=False)


def parse(message: bytes) -> Header:
    """Take a message apart; raises BadEncodingError."""
    outer = Reader(message).inner()
    if outer.number() != 3:
        raise ber.BadEncodingError("version")
    head = outer.inner()
    message_id = head.number()
    head.number()
    flags = head.element(ber.OCTETS)
    if head.number() != 3 or len(flags) != 1:
        raise ber.BadEncodingError("security model")
    security = Reader(outer.element(ber.OCTETS)).inner()
    engine_id = security.element(ber.OCTETS)
    boots, seconds = security.number(), security.number()
    user = security.element(ber.OCTETS).decode("utf-8", "replace")
    digest, salt = security.element(ber.OCTETS), security.element(ber.OCTETS)
    if flags[0] & PRIVACY:
        payload = outer.element(ber.OCTETS)
    else:
        payload = ber.tlv(ber.SEQUENCE, outer.element(ber.SEQUENCE))
    return Header(
        message_id, flags[0], engine_id, boots, seconds, user, digest, salt, payload, message
    )


@dataclass(slots=True)
class Engine:
    """One authoritative engine: its id, boots, clock, users and statistics."""

    engine_id: bytes
    boots: int
    users: Sequence[User]
    skew_seconds: int = 0
    counters: dict[int, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    keys: dict[tuple[str, str], bytes] = field(default_factory=dict)
    salt: int = 1

    @property
    def seconds(self) -> int:
        """snmpEngineTime."""
        return int(time.monotonic() - self.started) + 86_400 + self.skew_seconds

    def statistics(self) -> dict[Oid, Callable[[], bytes]]:
        """usmStats, as the agent's own objects."""

        def counter(number: int) -> Callable[[], bytes]:
            return lambda: ber.integer(self.counters.get(number, 0), ber.COUNTER32)

        return {(*STATISTICS, number, 0): counter(number) for number in range(1, 7)}

    def open(self, header: Header) -> bytes:
        """The plain scoped PDU, checked in the order of RFC 3414, 3.2; raises ReportError."""
        if header.engine_id != self.engine_id:
            raise ReportError(ENGINE)
        user = next((one for one in self.users if one.name == header.user), None)
        if user is None:
            raise ReportError(USER)
        wants_auth, wants_privacy = bool(header.flags & AUTH), bool(header.flags & PRIVACY)
        if (wants_auth and not user.auth) or (wants_privacy and not (wants_auth and user.privacy)):
            raise ReportError(LEVEL)
        if wants_auth:
            blank = header.whole.replace(header.digest, bytes(len(header.digest)), 1)
            if not header.digest or not hmac.compare_digest(self._sign(user, blank), header.digest):
                raise ReportError(DIGEST)
            late = abs(header.time - self.seconds) > TIME_WINDOW_SECONDS
            if header.boots != self.boots or late:
                raise ReportError(WINDOW, user)
        if not wants_privacy:
            if user.auth and not wants_auth:
                raise ReportError(LEVEL)  # this agent grants nothing below the user's own level
            return header.payload
        plain = self._crypt(user, header.payload, header.salt, header.boots, header.time, False)
        if plain[:1] != b"\x30":
            raise ReportError(DECRYPTION)
        return plain

    def seal(self, message_id: int, scoped: bytes, user: User | None, flags: int) -> bytes:
        """A whole answer at that security level."""
        boots, seconds = self.boots, self.seconds
        digest = bytes(TRUNCATED[user.auth][1]) if user and flags & AUTH else b""
        salt, payload = b"", scoped
        if user and flags & PRIVACY:
            self.salt += 1
            salt = self.salt.to_bytes(8, "big")
            cipher = self._crypt(user, scoped, salt, boots, seconds, True)
            payload = ber.octets(cipher)

        def message(signature: bytes) -> bytes:
            security = ber.sequence(
                ber.octets(self.engine_id),
                ber.integer(boots),
                ber.integer(seconds),
                ber.octets(user.name if user else ""),
                ber.octets(signature),
                ber.octets(salt),
            )
            head = ber.sequence(
                ber.integer(message_id),
                ber.integer(65_507),
                ber.octets(bytes([flags & (AUTH | PRIVACY)])),
                ber.integer(3),
            )
            return ber.sequence(ber.integer(3), head, ber.octets(security), payload)

        whole = message(digest)
        return message(self._sign(user, whole)) if user and digest else whole

    def _sign(self, user: User, message: bytes) -> bytes:
        name, length = TRUNCATED[user.auth]
        return hmac.new(self._key(user, user.auth_secret), message, name).digest()[:length]

    def _key(self, user: User, secret: str) -> bytes:
        """RFC 3414, A.2: a megabyte of the secret, then localised to this engine."""
        known = self.keys.get((user.auth, secret))
        if known is None:
            name = TRUNCATED[user.auth][0]
            raw = secret.encode()
            stretched = (raw * (1_048_576 // len(raw) + 1))[:1_048_576]
            first = hashlib.new(name, stretched).digest()
            known = hashlib.new(name, first + self.engine_id + first).digest()
            self.keys[(user.auth, secret)] = known
        return known

    def _crypt(
        self, user: User, data: bytes, salt: bytes, boots: int, seconds: int, encrypt: bool
    ) -> bytes:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES

        if len(salt) != 8:
            raise ReportError(DECRYPTION)
        key = self._key(user, user.privacy_secret)[:16]
        vector = boots.to_bytes(4, "big") + seconds.to_bytes(4, "big") + salt
        cipher = Cipher(AES(key), CFB(vector))
        worker = cipher.encryptor() if encrypt else cipher.decryptor()
        return worker.update(data) + worker.finalize()
