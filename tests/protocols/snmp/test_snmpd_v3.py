"""Against Debian's net-snmp agent: SNMPv3 users of every level, and every way to be refused."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from protocols.contract import Answer, Credential, Depth, Outcome, Reason, Secret, Target
from protocols.snmp import PROBE
from tests.protocols.snmp.test_probe import facts, run
from tests.protocols.snmp.test_snmpd import ADDRESS, DESCRIPTION, await_agent, free_port
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plain import PlainLink

pytestmark = pytest.mark.peer("snmpd")
AUTH, PRIVATE = "Signing-Secret-1", "Private-Secret-2"
HASHES = ("MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
CIPHERS = ("AES-128", "AES-192", "AES-256")
_NET_SNMP = {"AES-128": "AES", "AES-192": "AES-192", "AES-256": "AES-256"}


def user_name(auth: str, privacy: str = "") -> str:
    return f"{auth}{privacy}".replace("-", "").lower()


def configuration() -> str:
    """Users of every hash and cipher; those that must be encrypted, signed, or neither."""
    lines = [f"sysDescr {DESCRIPTION}", "sysObjectID 1.3.6.1.4.1.4329.6.1.2.1.2"]
    lines += ["createUser open", "rouser open noauth", "createUser hidden SHA " + AUTH]
    for auth in HASHES:
        lines.append(f"createUser {user_name(auth)} {auth} {AUTH}")
        lines.append(f"rouser {user_name(auth)} auth")
        for privacy in CIPHERS:
            name = user_name(auth, privacy)
            cipher = _NET_SNMP[privacy]
            lines.append(f"createUser {name} {auth} {AUTH} {cipher} {PRIVATE}")
            lines.append(f"rouser {name} priv")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A running agent's port."""
    path = need("snmpd")
    where: Path = tmp_path_factory.mktemp("snmpd-v3")
    (where / "snmpd.conf").write_text(configuration())
    chosen = free_port()
    command = [path, "-f", "-Lf", str(where / "log"), "-C", "-c", str(where / "snmpd.conf")]
    command += ["-p", str(where / "pid"), f"udp:{ADDRESS}:{chosen}"]
    environment = os.environ | {"SNMP_PERSISTENT_DIR": str(where), "MIBS": ""}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as child:
        try:
            await_agent(chosen)
            yield chosen
        finally:
            child.terminate()
            child.wait(HUNG_SECONDS)


def user(
    name: str, auth: str = "", privacy: str = "", secret: str = AUTH, private: str = PRIVATE
) -> Credential:
    return Credential(
        "plant-v3",
        "snmp-v3",
        Secret(lambda: secret),
        user=name,
        auth=auth,
        privacy=privacy,
        privacy_secret=Secret(lambda: private),
    )


class Late(PlainLink):
    """A link whose clock may be moved on, and that waits less long for what follows discovery."""

    late = timedelta()
    then_seconds = HUNG_SECONDS

    async def ask(self, *asked: Any, **options: Any) -> Answer[Any]:
        if self.observations:
            self.timeout_seconds = self.then_seconds
        return await super().ask(*asked, **options)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late


def link(port: int, *credentials: Credential) -> Late:
    target = Target("test", ADDRESS, "udp", port)
    return Late(PROBE, target, credentials=credentials)


def last(found: PlainLink) -> tuple[Outcome, str, str]:
    observation = found.observations[-1]
    return observation.outcome, observation.reason, observation.detail


@pytest.mark.parametrize("privacy", ["", *CIPHERS])
@pytest.mark.parametrize("auth", HASHES)
def test_every_level_identifies(port: int, auth: str, privacy: str) -> None:
    found = run(link(port, user(user_name(auth, privacy), auth, privacy)))
    assert facts(found, "model") == ["6GK5 208-0BA00-2AC2"]
    assert facts(found, "serial") == ["VPM0000001"]
    assert [(o.outcome, o.credential) for o in found.observations] == [
        (Outcome.COMPLETE, ""),
        (Outcome.COMPLETE, "plant-v3"),
    ]
    assert found.functions == ["SNMP v3 discovery", "SNMP get"]


def test_a_user_without_a_key_identifies(port: int) -> None:
    found = run(link(port, user("open")))
    assert facts(found, "serial") == ["VPM0000001"]


def test_nothing_readable_leaves_at_the_encrypted_level(port: int) -> None:
    found = run(link(port, user("shaaes128", "SHA", "AES-128")))
    assert b"\x2b\x06\x01\x02\x01\x01\x01\x00" not in found.requests[-1]  # sysDescr.0
    assert DESCRIPTION.encode() not in found.observations[-1].raw


@pytest.mark.parametrize(
    ("auth", "privacy"), [("SHA", ""), ("SHA", "AES-128"), ("SHA-256", "AES-256")]
)
def test_tables_are_walked_as_in_version_2c(port: int, auth: str, privacy: str) -> None:
    found = run(link(port, user(user_name(auth, privacy), auth, privacy)), Depth.POINTS)
    assert "lo" in facts(found, "interface.name")
    outcomes = {o.outcome for o in found.observations}
    assert not outcomes & {Outcome.GARBLED, Outcome.SILENT, Outcome.BROKEN, Outcome.OTHER}
    assert not outcomes & {Outcome.REFUSED_AUTH}
    assert "SNMP getbulk" in found.functions


@pytest.mark.parametrize(
    ("credential", "reason", "words"),
    [
        (user("nobody", "SHA", "AES-128"), Reason.USER_REJECTED, "unknownUserNames"),
        (user("nobody", "SHA"), Reason.USER_REJECTED, "unknownUserNames"),
        (user("nobody"), Reason.USER_REJECTED, "unknownUserNames"),
        (user("sha", "SHA", secret="other"), Reason.USER_REJECTED, "wrongDigests"),
        (user("sha", "SHA-256"), Reason.USER_REJECTED, "wrongDigests"),
        (user("sha", "SHA", "AES-128"), Reason.MODE_NOT_OFFERED, "unsupportedSecLevels"),
        (user("open", "SHA"), Reason.MODE_NOT_OFFERED, "unsupportedSecLevels"),
        (user("shaaes128", "SHA"), Reason.ACCESS_DENIED, "error status 16"),
        (user("sha"), Reason.ACCESS_DENIED, "error status 16"),
        (user("hidden", "SHA"), Reason.ACCESS_DENIED, "error status 16"),
    ],
)
def test_a_refusal_has_its_reason(
    port: int, credential: Credential, reason: Reason, words: str
) -> None:
    found = run(link(port, credential), Depth.POINTS)
    outcome, said, detail = last(found)
    assert (outcome, said) == (Outcome.REFUSED_AUTH, reason)
    assert words in detail
    assert len(found.requests) == 2  # engine discovery and one try


def test_net_snmp_is_silent_to_what_it_cannot_decrypt(port: int) -> None:
    found = link(port, user("shaaes128", "SHA", "AES-128", private="another"))
    found.then_seconds = 0.5
    run(found, Depth.POINTS)
    assert [(o.outcome, o.credential) for o in found.observations] == [
        (Outcome.COMPLETE, ""),
        (Outcome.SILENT, "plant-v3"),
    ]


def test_the_clock_is_set_once_and_the_question_asked_again(port: int) -> None:
    found = link(port, user("sha", "SHA"))
    run(found, Depth.DISCOVER)
    found.late = timedelta(hours=5)  # our clock jumps: the agent's time is guessed wrong
    asked = len(found.requests)
    run(found, Depth.SAMPLE)
    assert len(found.requests) > asked + 3
    assert [o.reason for o in found.observations].count("not_in_time_window") >= 1
    assert not any(o.outcome is Outcome.REFUSED_AUTH for o in found.observations)
    assert "lo" in facts(found, "interface.name")


def test_a_refused_user_gives_way_to_the_next_credential(port: int) -> None:
    wrong = Credential("first", "snmp-v3", Secret(lambda: "x" * 8), user="nobody", auth="SHA")
    found = run(link(port, wrong, user("sha", "SHA")))
    assert [(o.credential, o.outcome) for o in found.observations] == [
        ("", Outcome.COMPLETE),
        ("first", Outcome.REFUSED_AUTH),
        ("plant-v3", Outcome.COMPLETE),
    ]
