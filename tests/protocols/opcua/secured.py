"""The scripted server behind a secured channel whose every byte of security is asyncua's."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1

from asyncua import ua
from asyncua.common.connection import MessageChunk
from asyncua.common.utils import Buffer
from asyncua.crypto import security_policies, uacrypto

from tests.protocols.opcua.identities import certificate, rsa_key
from tests.protocols.opcua.responder import NONE, Responder, endpoint

POLICIES = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
ROOT = "http://opcfoundation.org/UA/SecurityPolicy#"
PLAIN = struct.pack("<I", len(NONE)) + NONE.encode() + b"\xff" * 8
Spoil = Callable[[bytes], bytes]


@dataclass
class Secured:
    """Call it with a request, get the answer; `spoil` changes the secured bytes on their way."""

    policy: str = "Basic256Sha256"
    mode: int = 3
    bits: int = 2048
    inner: Responder = field(default_factory=Responder)
    spoil: dict[str, Spoil] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    nonce: bytes = bytes(range(32))
    session_certificate: bytes | None = None
    session_spoil: Spoil | None = None

    def __post_init__(self) -> None:
        self.key = rsa_key(self.bits, 1)
        self.certificate = certificate(self.key, "urn:double", days=11)
        tokens = (("anon", 0, ""), ("user", 1, ""))
        self.inner.endpoints = [
            endpoint(
                policy=ROOT + self.policy,
                mode=self.mode,
                tokens=tokens,
                certificate=self.certificate,
            )
        ]
        self.inner.special.setdefault("OpenSecureChannel", self._open)
        self.inner.special.setdefault("CreateSession", self._create)
        self.suite: object = None

    def __call__(self, request: bytes) -> bytes | None:
        if request[:3] == b"HEL":
            self.suite = None
            return self.inner(request)
        if request[:3] == b"OPN" and NONE.encode() in request[:80]:
            return self.inner(request)
        if self.suite is None and request[:3] == b"MSG":
            return self.inner(request)
        plain = self._opened(request)
        answer = self.inner(plain)
        if answer is None:
            return None
        if self.inner.requests[-1] == "OpenSecureChannel":
            out = self._sealed_open(answer)
            self._agree()
        else:
            out = self._sealed(answer)
        self.sent.append(out)
        return self.spoil.get(self.inner.requests[-1], lambda raw: raw)(out)

    def _opened(self, request: bytes) -> bytes:
        if request[:3] == b"OPN":
            header = Buffer(request[12:])
            uri, theirs = ua.ua_binary.Primitives.String.unpack(header), b""
            theirs = ua.ua_binary.Primitives.Bytes.unpack(header)
            assert uri == ROOT + self.policy
            self.theirs = theirs
            mode = ua.MessageSecurityMode(self.mode)
            self.suite = POLICIES[self.policy](
                theirs, uacrypto.x509_from_der(self.certificate), self.key, mode
            )
        chunk = MessageChunk.from_binary(self.suite, Buffer(request))
        sequence = chunk.SequenceHeader
        body = struct.pack("<II", sequence.SequenceNumber, sequence.RequestId) + chunk.Body
        middle = PLAIN if request[:3] == b"OPN" else request[12:16]
        whole = request[8:12] + middle + body
        return request[:4] + struct.pack("<I", len(whole) + 8) + whole

    def _open(self, peer: Responder, request: object) -> object:
        found = peer._OpenSecureChannel(request)
        parameters = request.Parameters  # type: ignore[attr-defined]
        if parameters.SecurityMode == ua.MessageSecurityMode.None_:
            return found
        assert int(parameters.SecurityMode) == self.mode
        self.client_nonce = parameters.ClientNonce
        found.Parameters.ServerNonce = self.nonce  # type: ignore[attr-defined]
        return found

    def _agree(self) -> None:
        self.suite.make_local_symmetric_key(self.client_nonce, self.nonce)  # type: ignore[attr-defined]
        self.suite.make_remote_symmetric_key(self.nonce, self.client_nonce, 60_000)  # type: ignore[attr-defined]

    def _create(self, peer: Responder, request: object) -> object:
        found = peer._CreateSession(request)
        if self.suite is None:
            return found
        asked = request.Parameters  # type: ignore[attr-defined]
        assert asked.ClientCertificate == self.theirs
        shown = found.Parameters  # type: ignore[attr-defined]
        shown.ServerCertificate = self.session_certificate or self.certificate
        shown.ServerEndpoints = peer.endpoints
        signed = self.theirs + asked.ClientNonce
        signature = self.suite.asymmetric_cryptography.signature(signed)  # type: ignore[attr-defined]
        shown.ServerSignature.Algorithm = self.suite.AsymmetricSignatureURI  # type: ignore[attr-defined]
        shown.ServerSignature.Signature = (
            self.session_spoil(signature) if self.session_spoil else signature
        )
        return found

    def _sealed_open(self, answer: bytes) -> bytes:
        body = answer[12 + len(PLAIN) :]
        crypto = self.suite.asymmetric_cryptography  # type: ignore[attr-defined]
        chunk = MessageChunk(crypto, body[8:], ua.MessageType.SecureOpen)
        chunk.SecurityHeader.SecurityPolicyURI = ROOT + self.policy
        chunk.SecurityHeader.SenderCertificate = self.certificate
        chunk.SecurityHeader.ReceiverCertificateThumbPrint = sha1(
            self.theirs, usedforsecurity=False
        ).digest()
        return self._numbered(chunk, answer, body)

    def _sealed(self, answer: bytes) -> bytes:
        out, at = b"", 0
        while at < len(answer):
            (size,) = struct.unpack_from("<I", answer, at + 4)
            piece, at = answer[at : at + size], at + size
            kinds = {b"F": "Single", b"C": "Intermediate", b"A": "Abort"}
            kind = getattr(ua.ChunkType, kinds[piece[3:4]])
            crypto = self.suite.symmetric_cryptography  # type: ignore[attr-defined]
            chunk = MessageChunk(crypto, piece[24:], ua.MessageType.SecureMessage, kind)
            chunk.SecurityHeader.TokenId = int.from_bytes(piece[12:16], "little")
            out += self._numbered(chunk, piece, piece[16:])
        return out

    @staticmethod
    def _numbered(chunk: MessageChunk, answer: bytes, body: bytes) -> bytes:
        chunk.MessageHeader.ChannelId = int.from_bytes(answer[8:12], "little")
        sequence, request = struct.unpack_from("<II", body)
        chunk.SequenceHeader.SequenceNumber = sequence
        chunk.SequenceHeader.RequestId = request
        return bytes(chunk.to_binary())
