"""Security of one channel: plain chunks in, secured chunks out, and back (OPC 10000-6, 6.7).

    OPN  8 header | channel 4, policy, our certificate, thumbprint of theirs | RSA( … )
    MSG  8 header | channel 4, token 4                                      | AES-CBC( … )
         inside: sequence 8 | body | padding size 1, padding, (extra size 1) | signature

The plain form of a message is the message as it would look without security: the guard judges it,
the decoder reads it, and neither knows of this module. Signatures are checked before padding, in
constant time, and every failure reads alike.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Final

from protocols.contract import Garbled
from protocols.opcua.binary import Cursor
from protocols.opcua.certificate import leaf
from protocols.opcua.client import Client
from protocols.opcua.encode import put_octets, put_text
from protocols.opcua.numbers import POLICY_NONE
from protocols.opcua.policies import (
    BLOCK_BYTES,
    NONCE_BYTES,
    SIGNATURE_BYTES,
    Policy,
    decrypt,
    encrypt,
    plain_block,
    sign,
    verify,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ENCRYPTED: Final = 3  # MessageSecurityMode SignAndEncrypt (OPC 10000-4, 7.20)
_MOST_NONCE: Final = 1024
_PLAIN_SECURITY: Final = put_text(POLICY_NONE) + put_octets(None) + put_octets(None)
_HEAD: Final = 16  # of a MSG or CLO chunk: header, channel, token


def p_sha256(secret: bytes, seed: bytes, length: int) -> bytes:
    """P_SHA256 of RFC 5246, 5 with an empty label (OPC 10000-6, 6.7.5)."""
    found, link = b"", seed
    while len(found) < length:
        link = hmac.digest(secret, link, "sha256")
        found += hmac.digest(secret, link + seed, "sha256")
    return found[:length]


@dataclass(frozen=True, slots=True)
class Keys:
    """What one direction signs and encrypts with."""

    signing: bytes = field(repr=False)
    encrypting: bytes = field(repr=False)
    vector: bytes = field(repr=False)


def derive(policy: Policy, secret: bytes, seed: bytes) -> Keys:
    """The keys of the party whose nonce is the seed."""
    first, second = SIGNATURE_BYTES, SIGNATURE_BYTES + policy.key_bytes
    found = p_sha256(secret, seed, second + BLOCK_BYTES)
    return Keys(found[:first], found[first:second], found[second:])


@dataclass(slots=True)
class Envelope:
    """One secured channel. `nonce` is fresh random of `NONCE_BYTES`, made by who opens it."""

    policy: Policy
    mode: int
    client: Client
    server: bytes = field(repr=False)  # certificate, DER
    server_key: RSAPublicKey = field(repr=False)
    nonce: bytes = field(repr=False)
    ours: Keys | None = None
    theirs: Keys | None = None

    def agree(self, nonce: bytes) -> None:
        """Take the server's nonce: from now on messages can be sealed."""
        if not NONCE_BYTES <= len(nonce) <= _MOST_NONCE or nonce == self.nonce:
            raise Garbled(f"server nonce of {len(nonce)} bytes, expected {NONCE_BYTES} of its own")
        self.ours = derive(self.policy, nonce, self.nonce)
        self.theirs = derive(self.policy, self.nonce, nonce)

    def seal(self, plain: bytes) -> bytes:
        """The secured form of one plain chunk."""
        if plain[:3] == b"OPN":
            return self._seal_open(plain)
        if self.ours is None:
            raise ValueError("a message before the channel was open")
        encrypts = self.mode == ENCRYPTED
        body = plain[_HEAD:]
        if encrypts:
            padding = -(len(body) + 1 + SIGNATURE_BYTES) % BLOCK_BYTES
            body += bytes([padding]) * (padding + 1)
        size = _HEAD + len(body) + SIGNATURE_BYTES
        head = plain[:4] + struct.pack("<I", size) + plain[8:_HEAD]
        body += hmac.digest(self.ours.signing, head + body, "sha256")
        return head + (_aes(self.ours, body, forward=True) if encrypts else body)

    def _seal_open(self, plain: bytes) -> bytes:
        """OPN is signed and encrypted in both modes (6.7.2.3)."""
        key = self.server_key
        security = plain[8:12] + put_text(self.policy.uri) + put_octets(self.client.certificate)
        security += put_octets(sha1(self.server, usedforsecurity=False).digest())
        body = plain[12 + len(_PLAIN_SECURITY) :]
        extra, own = key.key_size > 2048, self.client.key.key_size // 8
        block = plain_block(self.policy, key.key_size)
        padding = -(len(body) + 1 + extra + own) % block
        body += bytes([padding & 0xFF]) * (padding + 1) + bytes([padding >> 8]) * extra
        size = 8 + len(security) + (len(body) + own) // block * (key.key_size // 8)
        head = plain[:4] + struct.pack("<I", size) + security
        body += sign(self.policy, self.client.key, head + body)
        return head + encrypt(self.policy, key, body)

    def unseal(self, raw: bytes) -> bytes:
        """The plain form of one whole answer; `Garbled` unless the server made all of it for us.

        ERR and ACK are never secured and come back as they are.
        """
        if raw[:3] == b"OPN":
            return self._unseal_open(raw)
        if raw[:3] != b"MSG":
            return raw
        parts, at = [], 0
        while at < len(raw):
            size = int.from_bytes(raw[at + 4 : at + 8], "little")
            if size < _HEAD + SIGNATURE_BYTES or size > len(raw) - at:
                raise Garbled(f"secured chunk of {size} bytes, {len(raw) - at} there")
            parts.append(self._unseal_chunk(raw[at : at + size]))
            at += size
        return b"".join(parts)

    def _unseal_chunk(self, chunk: bytes) -> bytes:
        if self.theirs is None:
            raise Garbled("a message before the channel was open")
        encrypts = self.mode == ENCRYPTED
        head, body = chunk[:_HEAD], chunk[_HEAD:]
        if encrypts:
            if len(body) % BLOCK_BYTES:
                raise Garbled(f"{len(body)} encrypted bytes, expected whole blocks")
            body = _aes(self.theirs, body, forward=False)
        body, signature = body[:-SIGNATURE_BYTES], body[-SIGNATURE_BYTES:]
        right = hmac.digest(self.theirs.signing, head + body, "sha256")
        if not hmac.compare_digest(right, signature):
            raise Garbled("signature that is not the server's")
        body = _without_padding(body, extra=False) if encrypts else body
        return head[:4] + struct.pack("<I", _HEAD + len(body)) + head[8:] + body

    def _unseal_open(self, raw: bytes) -> bytes:
        cursor = Cursor(raw)
        head = cursor.take(12)
        policy, sender, receiver = cursor.text(), cursor.octets() or b"", cursor.octets() or b""
        if policy != self.policy.uri:
            raise Garbled(f"expected policy {self.policy.name}, got {policy[:80]!r}")
        if leaf(sender) != self.server:
            raise Garbled(
                "the channel shows another certificate than the endpoint list: "
                + sha256(leaf(sender)).hexdigest()
            )
        if receiver != sha1(self.client.certificate, usedforsecurity=False).digest():
            raise Garbled("answer for the holder of another certificate")
        at = len(raw) - cursor.left
        body = decrypt(self.policy, self.client.key, raw[at:])
        own = self.server_key.key_size // 8
        if len(body) < own:
            raise Garbled(f"{len(body)} bytes, expected a signature of {own}")
        body, signature = body[:-own], body[-own:]
        verify(self.policy, self.server_key, signature, raw[:at] + body)
        body = _without_padding(body, extra=self.client.key.key_size > 2048)
        size = 12 + len(_PLAIN_SECURITY) + len(body)
        return head[:4] + struct.pack("<I", size) + head[8:] + _PLAIN_SECURITY + body


def _without_padding(body: bytes, *, extra: bool) -> bytes:
    """What stands before the padding, whose signature was right (6.7.2.5)."""
    if len(body) < 2:
        raise Garbled("no room for padding")
    high = body[-1] if extra else 0
    low = body[-1 - extra]
    size = (high << 8 | low) if extra else low
    end = len(body) - extra - 1 - size
    if end < 0 or body[end : end + size + 1] != bytes([size & 0xFF]) * (size + 1):
        raise Garbled(f"padding of {size} bytes that is none")
    return body[:end]


def _aes(keys: Keys, data: bytes, *, forward: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    cipher = Cipher(AES(keys.encrypting), CBC(keys.vector))
    context = cipher.encryptor() if forward else cipher.decryptor()
    return context.update(data) + context.finalize()
