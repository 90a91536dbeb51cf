"""Keys, digests and ciphers: vectors of the standards, and pysnmp as the other opinion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.entity import engine as _engine  # noqa: F401 - pysnmp's modules load in this order only
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, SNMPv3Message
from pysnmp.proto.rfc3412 import MsgAndPduDispatcher as _dispatcher  # noqa: F401
from pysnmp.proto.secmod.eso.priv import aes192, aes256
from pysnmp.proto.secmod.rfc3414.auth import hmacmd5, hmacsha
from pysnmp.proto.secmod.rfc3826.priv import aes
from pysnmp.proto.secmod.rfc7860.auth import hmacsha2

from protocols.contract import Garbled
from protocols.snmp import codec, message, usm
from protocols.snmp.message import Engine, Message
from protocols.snmp.usm import UnusableError

MAPLE = b"maplesyrup"
RFC_ENGINE = bytes(11) + b"\x02"  # RFC 3414, A.3
ENGINE = Engine(bytes.fromhex("80001f8803001b1b001b1b"), 7, 86_400)
HMACS = {
    "MD5": hmacmd5.HmacMd5(),
    "SHA": hmacsha.HmacSha(),
    "SHA-224": hmacsha2.HmacSha2(hmacsha2.HmacSha2.SHA224_SERVICE_ID),
    "SHA-256": hmacsha2.HmacSha2(hmacsha2.HmacSha2.SHA256_SERVICE_ID),
    "SHA-384": hmacsha2.HmacSha2(hmacsha2.HmacSha2.SAH384_SERVICE_ID),
    "SHA-512": hmacsha2.HmacSha2(hmacsha2.HmacSha2.SHA512_SERVICE_ID),
}
CIPHERS = {
    "AES-128": aes.Aes(),
    "AES-192": aes192.AesBlumenthal192(),
    "AES-256": aes256.AesBlumenthal256(),
    "AES-192-C": aes192.Aes192(),
    "AES-256-C": aes256.Aes256(),
}
LEVELS = [(a, p) for a in HMACS for p in ("", *CIPHERS)]


def keys(auth: str, privacy: str = "", engine_id: bytes = ENGINE.id) -> usm.Keys:
    return usm.make_keys(
        usm.authentication_named(auth),
        usm.privacy_named(privacy),
        "signing-secret",
        "other-secret",
        engine_id,
    )


@pytest.mark.parametrize(
    ("name", "stretched", "localised"),
    [
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        (
            "sha1",
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_keys_are_those_of_rfc_3414_annex_a_3(name: str, stretched: str, localised: str) -> None:
    key = usm.stretched(MAPLE, name)
    assert key.hex() == stretched
    assert usm.localised(key, RFC_ENGINE, name).hex() == localised


def test_the_cipher_is_cfb128_of_sp_800_38a() -> None:
    vector = Engine(b"", 0x00010203, 0x04050607)
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
    cipher = "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"  # F.3.13
    given = bytes.fromhex("08090a0b0c0d0e0f")
    wanted = usm.Keys(None, usm.privacy_named("AES"), b"", key)
    answer = Message(1, 3, vector, b"", b"", given, bytes.fromhex(cipher))
    assert usm.decrypt(answer, wanted) == plain


@pytest.mark.parametrize(("auth", "privacy"), LEVELS)
def test_keys_are_those_of_pysnmp(auth: str, privacy: str) -> None:
    ours = keys(auth, privacy)
    service = HMACS[auth]
    number = (1, 3, 6, 1, 6, 3, 10, 1, 1, 2 + list(HMACS).index(auth))
    identity = v2c.OctetString(ENGINE.id)
    stretched = service.hash_passphrase(b"signing-secret")
    assert ours.signing == bytes(service.localize_key(stretched, identity))
    if privacy:
        cipher = CIPHERS[privacy]
        private = cipher.hash_passphrase(number, b"other-secret")
        wanted = bytes(cipher.localize_key(number, private, identity))
        assert ours.encrypting == wanted[: len(ours.encrypting)]


def sealed(auth: str, privacy: str, number: int = 9) -> bytes:
    pdu = codec.encode_pdu(codec.GET, number, (codec.oid("1.3.6.1.2.1.1.1.0"),), 0, 0)
    plain = message.decode(message.encode_plain(number, ENGINE.id, b"reader", pdu))
    return usm.seal(plain, keys(auth, privacy), ENGINE, b"12345678")


@pytest.mark.parametrize(("auth", "privacy"), LEVELS)
def test_pysnmp_believes_and_reads_what_we_seal(auth: str, privacy: str) -> None:
    data = sealed(auth, privacy)
    ours = message.decode(data)
    whole, rest = decoder.decode(data, asn1Spec=SNMPv3Message())
    assert not rest
    assert bytes(whole["msgGlobalData"]["msgFlags"]) == bytes((7 if privacy else 5,))
    signed = HMACS[auth].authenticate_incoming_message(
        v2c.OctetString(keys(auth).signing), v2c.OctetString(ours.digest), data
    )
    assert signed
    if not privacy:
        return
    payload = whole["msgData"]["encryptedPDU"]
    parameters = (ENGINE.boots, ENGINE.time, list(ours.salt))
    key = v2c.OctetString(keys(auth, privacy).encrypting)
    plain = CIPHERS[privacy].decrypt_data(key, parameters, payload)
    scoped, _ = decoder.decode(bytes(plain), asn1Spec=ScopedPDU())
    assert bytes(scoped["contextEngineId"]) == ENGINE.id
    assert encoder.encode(scoped) == usm.decrypt(ours, keys(auth, privacy))


@pytest.mark.parametrize(("auth", "privacy"), LEVELS)
def test_what_is_sealed_is_opened(auth: str, privacy: str) -> None:
    data = sealed(auth, privacy)
    answer = message.decode(data)
    usm.verify(data, answer, keys(auth, privacy))
    payload = usm.decrypt(answer, keys(auth, privacy)) if privacy else answer.payload
    engine_id, context, pdu = message.decode_scoped(payload)
    assert (engine_id, context, pdu.kind, pdu.request_id) == (ENGINE.id, b"", codec.GET, 9)


def test_every_changed_byte_breaks_the_digest() -> None:
    data, held = sealed("SHA-256", "AES-128"), keys("SHA-256", "AES-128")
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises(Garbled):
            usm.verify(changed, message.decode(changed), held)


def test_a_digest_of_another_length_is_garbled() -> None:
    answer = message.decode(sealed("SHA-256", ""))
    with pytest.raises(Garbled, match="24 bytes"):
        usm.verify(b"", replace(answer, digest=answer.digest[:12]), keys("SHA-256"))


def test_a_salt_of_another_length_is_garbled() -> None:
    answer = message.decode(sealed("SHA", "AES"))
    with pytest.raises(Garbled, match="salt"):
        usm.decrypt(replace(answer, salt=b"123"), keys("SHA", "AES"))


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.binary(max_size=32))
@settings(max_examples=50)
def test_messages_round_trip(boots: int, time: int, user: bytes) -> None:
    engine = Engine(ENGINE.id, boots, time)
    given = Message(5, 3, engine, user, bytes(12), b"saltsalt", b"cipher")
    data = message.encode(given)
    read = message.decode(data)
    assert replace(read, digest_at=0) == given
    assert data[read.digest_at : read.digest_at + 12] == bytes(12)


@pytest.mark.parametrize("name", ["DES", "des", "3DES", "3DES-EDE", "IDEA"])
def test_broken_ciphers_are_named_as_such(name: str) -> None:
    with pytest.raises(UnusableError, match="broken and not spoken here; use AES-128"):
        usm.privacy_named(name)


def test_unknown_names_are_answered_with_good_ones() -> None:
    with pytest.raises(UnusableError, match="'SHA-3' is not one of MD5, SHA, SHA-224"):
        usm.authentication_named("SHA-3")
    with pytest.raises(UnusableError, match="'AES-512' is not one of AES-128"):
        usm.privacy_named("AES-512")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("sha1", "SHA"), ("SHA-1", "SHA"), ("sha256", "SHA-256"), ("HMAC-MD5-96", "MD5")],
)
def test_usual_spellings_of_a_hash_are_understood(written: str, meant: str) -> None:
    found = usm.authentication_named(written)
    assert found is not None
    assert found.name == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("AES", "AES-128"),
        ("aes256", "AES-256"),
        ("AES-256-C", "AES-256-C"),
        ("AES-192-Cisco", "AES-192-C"),
        ("AES256-Blumenthal", "AES-256"),
    ],
)
def test_usual_spellings_of_a_cipher_are_understood(written: str, meant: str) -> None:
    found = usm.privacy_named(written)
    assert found is not None
    assert found.name == meant


def test_an_empty_secret_makes_no_key() -> None:
    with pytest.raises(UnusableError, match="empty"):
        usm.make_keys(usm.authentication_named("SHA"), None, "", "", ENGINE.id)


def test_keys_never_show() -> None:
    held = keys("SHA", "AES")
    assert held.signing.hex() not in repr(held)
    assert "signing" not in repr(held)
