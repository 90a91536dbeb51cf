"""The security policies that we speak, and their algorithms on RSA keys (OPC 10000-7 v1.05, 6.6).

Basic128Rsa15 and Basic256 rest on SHA-1 signatures or PKCS#1 v1.5 encryption: no channel uses
them. Pure; `cryptography` is imported when a channel or a password needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from protocols.contract import Garbled
from protocols.opcua.numbers import POLICY_ROOT

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import OAEP, AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

LEAST_BITS, MOST_BITS = 2048, 4096
"""Key lengths that all three policies allow."""
NONCE_BYTES: Final = 32
SIGNATURE_BYTES: Final = 32  # HMAC-SHA-256
BLOCK_BYTES: Final = 16  # AES
MOST_BLOCKS: Final = 12
"""RSA blocks of one answer: a private operation with 4096 bits takes some 6 ms."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One suite. `key_bytes` is that of AES in CBC mode; messages are signed by HMAC-SHA-256."""

    name: str
    strength: int
    key_bytes: int
    oaep: str  # "SHA1" or "SHA256"
    pss: bool
    encryption: str
    signature: str

    @property
    def uri(self) -> str:
        """How endpoints name it."""
        return POLICY_ROOT + self.name


_OAEP: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep"
_OAEP_SHA256: Final = "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256"
_RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_PSS_SHA256: Final = "http://opcfoundation.org/UA/security/rsa-pss-sha2-256"

AES128: Final = Policy("Aes128_Sha256_RsaOaep", 1, 16, "SHA1", False, _OAEP, _RSA_SHA256)
BASIC256_SHA256: Final = Policy("Basic256Sha256", 2, 32, "SHA1", False, _OAEP, _RSA_SHA256)
AES256: Final = Policy("Aes256_Sha256_RsaPss", 3, 32, "SHA256", True, _OAEP_SHA256, _PSS_SHA256)
POLICIES: Final = {policy.name: policy for policy in (AES128, BASIC256_SHA256, AES256)}

PASSWORDS: Final = {**POLICIES, "Basic256": BASIC256_SHA256}
"""What may encrypt a password. Basic256 does it as Basic256Sha256 does; its broken part is the
signature, which a password does not have."""


def _oaep(policy: Policy) -> OAEP:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP

    digest = hashes.SHA1() if policy.oaep == "SHA1" else hashes.SHA256()  # noqa: S303 - OAEP's own
    return OAEP(mgf=MGF1(digest), algorithm=digest, label=None)


def _signing(policy: Policy) -> AsymmetricPadding:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

    return PSS(mgf=MGF1(hashes.SHA256()), salt_length=32) if policy.pss else PKCS1v15()


def plain_block(policy: Policy, key_bits: int) -> int:
    """Bytes that one RSA block holds (RFC 8017, 7.1.1)."""
    return key_bits // 8 - 2 * (20 if policy.oaep == "SHA1" else 32) - 2


def encrypt(policy: Policy, key: RSAPublicKey, plain: bytes) -> bytes:
    """Any length, block by block; the last block may be short."""
    block, padding = plain_block(policy, key.key_size), _oaep(policy)
    pieces = (plain[at : at + block] for at in range(0, len(plain), block))
    return b"".join(key.encrypt(piece, padding) for piece in pieces)


def decrypt(policy: Policy, key: RSAPrivateKey, cipher: bytes) -> bytes:
    """The plain text; `Garbled` for what was not encrypted for us."""
    size = key.key_size // 8
    if not cipher or len(cipher) % size or len(cipher) > MOST_BLOCKS * size:
        raise Garbled(
            f"{len(cipher)} encrypted bytes, expected 1 to {MOST_BLOCKS} blocks of {size}"
        )
    padding = _oaep(policy)
    pieces = (cipher[at : at + size] for at in range(0, len(cipher), size))
    try:
        return b"".join(key.decrypt(piece, padding) for piece in pieces)
    except ValueError as error:
        raise Garbled("answer that is not encrypted for our certificate") from error


def sign(policy: Policy, key: RSAPrivateKey, data: bytes) -> bytes:
    """Our signature."""
    from cryptography.hazmat.primitives import hashes

    return key.sign(data, _signing(policy), hashes.SHA256())


def verify(policy: Policy, key: RSAPublicKey, signature: bytes, data: bytes) -> None:
    """`Garbled` unless the signature is that of the key's owner."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes

    try:
        key.verify(signature, data, _signing(policy), hashes.SHA256())
    except InvalidSignature as error:
        raise Garbled("signature that is not the server's") from error


def public_key(der: bytes) -> RSAPublicKey:
    """The key of a server's certificate; `ValueError` with the step to take when it will not do."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if not der:
        raise ValueError("the server shows no certificate to encrypt for: give it one")
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("the server's certificate cannot be read: replace it") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the server's certificate holds no RSA key: replace it")
    return key


def fitting_key(der: bytes) -> RSAPublicKey:
    """As `public_key`, and of a length that a channel may use."""
    key = public_key(der)
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise ValueError(
            f"the server's key has {key.key_size} bits, {LEAST_BITS} to {MOST_BITS} are allowed: "
            "renew its certificate"
        )
    return key
