"""A real asyncua server in a process of its own: `python asyncua_server.py MODE DIR`.

MODE is open, user, secured, or names of asyncua's policies joined by commas
("Basic256Sha256_Sign"): then it trusts the certificates in DIR/trusted and takes anonymous and the
user; where there is a DIR/people, it takes nobody but who shows a certificate from there. Prints
its port when it listens; ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.user_managers import User, UserRole
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID


class Users:
    """One user that may read, or those whose certificates lie in a folder."""

    def __init__(self, people: Path) -> None:
        self.people = [file.read_bytes() for file in people.glob("*")] if people.exists() else None

    def get_user(self, _session, username=None, password=None, certificate=None):  # type: ignore[no-untyped-def]
        if self.people is not None:
            known = certificate is not None and _der(certificate) in self.people
            return User(role=UserRole.User) if known else None
        if username is None:
            return User(role=UserRole.User)
        known = username == "reader" and password in ("right", b"right")
        return User(role=UserRole.User) if known else None


def _der(certificate: object) -> bytes:
    plain = getattr(certificate, "public_bytes", None)
    return bytes(plain(Encoding.DER)) if plain else bytes(certificate)  # type: ignore[call-overload]


async def main(mode: str, folder: Path) -> None:
    """Serve until standard input ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    named = mode not in ("open", "user", "secured")
    server = Server(user_manager=Users(folder / "people") if mode == "user" or named else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/peer")
    server.set_server_name("Peer")
    await server.set_application_uri("urn:asyncua:peer")
    secured = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt
    open_policy = ua.SecurityPolicyType.NoSecurity
    if mode != "open":
        key, certificate = folder / "key.pem", folder / "certificate.der"
        await setup_self_signed_certificate(
            key,
            certificate,
            "urn:asyncua:peer",
            "peer-host",
            [ExtendedKeyUsageOID.SERVER_AUTH],
            {"commonName": "Peer"},
        )
        await server.load_certificate(str(certificate))
        await server.load_private_key(str(key))
    if named:
        store = TrustStore([folder / "trusted"], [])
        await store.load()
        options = (
            CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
        )
        server.set_certificate_validator(CertificateValidator(options, store))
        server.set_security_policy([getattr(ua.SecurityPolicyType, n) for n in mode.split(",")])
        if (folder / "people").exists():
            server.set_identity_tokens([ua.X509IdentityToken])
    policies = {"open": [open_policy], "user": [open_policy, secured], "secured": [secured]}
    if not named:
        server.set_security_policy(policies[mode])
    if mode == "user":
        server.set_identity_tokens([ua.UserNameIdentityToken])
    space = await server.register_namespace("urn:plant")
    pump = await server.nodes.objects.add_object(space, "Pump")
    for number in range(250):
        await pump.add_variable(space, f"Value{number}", float(number))
    await pump.add_variable(space, "Curve", [1.0, 2.0, 3.0])
    async with server:
        print(json.dumps({"port": port}), flush=True)  # noqa: T201 - the parent waits for it
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
