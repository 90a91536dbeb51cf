"""What one secured request costs us and pysnmp: `python -m tests.protocols.snmp.measure_v3`.

Prints the figures of `docs/decisions/0004-own-snmpv3.md`. Starts Debian's snmpd on loopback.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.patience import HUNG_SECONDS

ADDRESS = "127.0.0.1"
REQUESTS = 300
AUTH, PRIVATE = "Signing-Secret-1", "Private-Secret-2"
CONFIGURATION = f"createUser bench SHA {AUTH} AES {PRIVATE}\nrouser bench priv\n"
IMPORTS = {"pysnmp": "pysnmp.hlapi.v3arch.asyncio", "ours": "protocols.snmp"}


def resident_megabytes() -> float:
    """Memory of this process now."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


async def theirs(port: int, requests: int) -> float:
    """Milliseconds of CPU a request."""
    from pysnmp.hlapi.v3arch import asyncio as api

    user = api.UsmUserData("bench", AUTH, PRIVATE, api.USM_AUTH_HMAC96_SHA, api.USM_PRIV_CFB128_AES)
    engine, context = api.SnmpEngine(), api.ContextData()
    target = await api.UdpTransportTarget.create((ADDRESS, port))
    names = [f"1.3.6.1.2.1.1.{n}.0" for n in range(1, 7)]
    asked = [api.ObjectType(api.ObjectIdentity(name)) for name in names]
    began = time.process_time()
    for n in range(requests + 1):
        if n == 1:
            began = time.process_time()
        error, *_ = await api.get_cmd(engine, user, target, context, *asked, lookupMib=False)
        assert not error, error
    return (time.process_time() - began) * 1_000 / requests


async def ours(port: int, requests: int) -> float:
    """Milliseconds of CPU a request."""
    from protocols.contract import Credential, Secret, Target
    from protocols.snmp import PROBE, codec
    from protocols.snmp.discover import discover
    from protocols.snmp.exchange import exchange, question
    from protocols.snmp.first import SYSTEM_GROUP, read_system
    from protocols.snmp.sessions import working
    from tests.support.plain import PlainLink

    user = Credential(
        *("bench", "snmp-v3", Secret(lambda: AUTH), "bench", "SHA", "AES-128"),
        privacy_secret=Secret(lambda: PRIVATE),
    )
    link = PlainLink(PROBE, Target("bench", ADDRESS, "udp", port), credentials=(user,))
    await discover(link)
    session = working(link)
    assert session is not None
    began = time.process_time()
    for _ in range(requests):
        topic = question("get", "system")
        answer, _ = await exchange(link, session, topic, codec.GET, SYSTEM_GROUP, read_system)
        assert answer.spoke
    return (time.process_time() - began) * 1_000 / requests


def child(what: str, who: str, port: int) -> None:
    """One measurement in a process of its own."""
    before, began = resident_megabytes(), time.perf_counter()
    if what == "import":
        __import__(IMPORTS[who])
        spent = time.perf_counter() - began
        print(f"{who}: import {spent:.2f} s, {resident_megabytes() - before:+.1f} MB")  # noqa: T201
        return
    measured = theirs if who == "pysnmp" else ours
    each = asyncio.run(measured(port, REQUESTS))
    grown = resident_megabytes() - before
    print(f"{who}: {each:.2f} ms CPU a request, {grown:+.1f} MB in all")  # noqa: T201


def main() -> None:
    """Run every measurement three times."""
    from tests.protocols.snmp.test_snmpd import await_agent, free_port
    from tests.support.peers import need

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "snmpd.conf").write_text(CONFIGURATION)
        port = free_port()
        command = [need("snmpd"), "-f", "-Lf", f"{folder}/log", "-C", "-c", f"{folder}/snmpd.conf"]
        command += ["-p", f"{folder}/pid", f"udp:{ADDRESS}:{port}"]
        environment = os.environ | {"SNMP_PERSISTENT_DIR": folder, "MIBS": ""}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as agent:
            try:
                await_agent(port)
                for what in ("import", "request"):
                    for who in list(IMPORTS) * 3:
                        again = [sys.executable, "-W", "ignore", "-m", __spec__.name]
                        subprocess.run(
                            [*again, what, who, str(port)], check=True, timeout=HUNG_SECONDS
                        )
            finally:
                agent.terminate()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
