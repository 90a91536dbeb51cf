"""The asyncua variant of the double: same plant, real server, counted also under encryption."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import Client, ua
from asyncua.crypto.cert_gen import generate_private_key, generate_self_signed_app_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.hazmat.primitives import serialization

from simulators.contract import Fault
from tests.simulators.opcua_bench import play
from tests.support.patience import HUNG_SECONDS

OPTIONS = {
    "server": "asyncua",
    "endpoints": ["None", "Basic256Sha256/SignAndEncrypt"],
    "tokens": ["anonymous", "username"],
    "users": {"engineer": "pw"},
}


def test_a_real_server_plays_the_same_plant_and_is_counted(tmp_path: Path) -> None:
    async def body() -> None:
        async with play(OPTIONS, host="127.46.9.1") as played:
            async with Client(played.url, timeout=HUNG_SECONDS) as client:
                pressure = client.get_node("ns=2;s=Press/Hydraulics/Pressure")
                value = await pressure.read_data_value()
                assert value.Value.Value == 162.5
                assert value.SourceTimestamp is not None
                assert datetime.now(UTC) - value.SourceTimestamp > timedelta(minutes=59)
                unit = await (await pressure.get_child(["0:EngineeringUnits"])).read_value()
                assert unit.UnitId == 0x424152
                build = await client.get_node(ua.NodeId(2260)).read_value()
                assert build.ManufacturerName == "Acme Presses"
                broken = await client.get_node("ns=2;s=Press/Vibration").read_data_value(
                    raise_on_bad_status=False
                )
                assert broken.StatusCode is not None
                assert broken.StatusCode.name == "BadNotConnected"
            plain = dict(played.witness.functions)
            assert plain["opcua CreateSession"] == plain["opcua CloseSession"] == 1
            assert played.witness.open_sessions == 0
            assert played.witness.forbidden == 0
            client = await _encrypted(played.url, tmp_path)
            async with client:
                strokes = client.get_node("ns=2;s=Press/Strokes")
                await strokes.write_value(ua.Variant(5, ua.VariantType.UInt32))
            assert played.witness.functions["opcua Write"] == 1
            assert played.witness.forbidden == 1
            assert played.witness.connections == 3  # set_security asks for endpoints first

    asyncio.run(body())


async def _encrypted(url: str, folder: Path) -> Client:
    """A client with a certificate of its own."""
    key = generate_private_key()
    certificate = generate_self_signed_app_certificate(key, "urn:test:client", {}, [], [], days=1)
    (folder / "key.der").write_bytes(
        key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "certificate.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    client = Client(url, timeout=HUNG_SECONDS)
    client.application_uri = "urn:test:client"
    client.set_user("engineer")
    client.set_password("pw")
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=str(folder / "certificate.der"),
        private_key=str(folder / "key.der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return client


def test_faults_need_the_light_server() -> None:
    async def body() -> None:
        async with play({"server": "asyncua"}, (Fault("mute"),)):
            pass

    with pytest.raises(ValueError, match="light"):
        asyncio.run(body())
