"""The rungs against a scripted server: what is learned, and why there is no session."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from protocols.contract import Credential, Depth, Observation, Outcome, Quality, Secret, Target
from protocols.opcua import PROBE
from tests.protocols.opcua.responder import (
    BASIC,
    Responder,
    endpoint,
    fault,
    plant,
    reference,
    variable,
)
from tests.support.plain import PlainLink

USER = Credential("plant-user", "opcua-user", Secret(lambda: "secret-word"), user="reader")


def run(
    peer: Responder, depth: Depth = Depth.POINTS, *credentials: Credential
) -> dict[str, Observation]:
    """All rungs up to `depth`; the last observation of each operation."""
    link = link_to(peer, *credentials)
    asyncio.run(climb(link, depth))
    return {seen.question.operation: seen for seen in link.observations}


def link_to(peer: Responder, *credentials: Credential) -> PlainLink:
    target = Target("site", "127.0.0.1", "tcp", 4840)
    return PlainLink(PROBE, target, responder=peer, credentials=credentials)


async def climb(link: PlainLink, depth: Depth) -> None:
    for rung in sorted(PROBE.rungs):
        if rung <= depth:
            await PROBE.rungs[rung].run(link)


def values(seen: Observation, name: str) -> list[object]:
    return [fact.value for fact in seen.facts if fact.name == name]


def test_endpoints_say_security_and_identity() -> None:
    offers = [endpoint(), endpoint(policy=BASIC, mode=3, tokens=(("a", 1, ""), ("b", 0, "")))]
    seen = run(Responder(offers), Depth.IDENTIFY)["get_endpoints"]
    assert values(seen, "security") == [
        "None/None/anonymous",
        "Basic256Sha256/SignAndEncrypt/anonymous+username",
    ]
    assert values(seen, "application_uri") == ["urn:double"]
    assert values(seen, "role") == []


def test_a_discovery_server_says_so() -> None:
    seen = run(Responder([endpoint(kind=3)]), Depth.IDENTIFY)["get_endpoints"]
    assert values(seen, "role") == ["discovery server"]


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("opc.tcp://127.0.0.1:4840/", "same"),
        ("opc.tcp://127.0.0.1", "same"),  # 4840 where none is named
        ("OPC.TCP://localhost:4840/UA", "same"),
        ("opc.tcp://127.0.0.1:4841/", "other_port"),
        ("opc.tcp://127.0.0.1:99999/", "unresolved"),
        ("opc.https://127.0.0.1:443/", "other_transport"),
        ("opc.tcp://10.1.2.3:4840/", "other_host"),
        ("opc.tcp://plc-7:4840/", "unresolved"),
        ("opc.tcp://[::", "unresolved"),
    ],
)
def test_advertised_urls_are_kept_and_never_followed(url: str, reach: str) -> None:
    seen = run(Responder([endpoint(url)]), Depth.IDENTIFY)["get_endpoints"]
    assert values(seen, "endpoint_url") == [url]
    assert values(seen, "endpoint_reach") == [reach]
    assert ("no advertised URL" in seen.detail) == (reach != "same")


@pytest.mark.parametrize(
    ("urls", "told"),
    [
        (["opc.tcp://127.0.0.1:4841/"], "names this port"),
        (["opc.tcp://10.1.2.3:4840/", "opc.tcp://127.0.0.1:4841/"], "names this port"),
        (["opc.https://127.0.0.1:443/"], "names this transport"),
        (["opc.https://127.0.0.1:443/", "opc.tcp://plc-7:4840/"], "names this address"),
        (["opc.tcp://127.0.0.1:4841/", "opc.tcp://127.0.0.1:4840/"], ""),
    ],
)
def test_a_list_that_leads_elsewhere_says_what_is_wrong_with_it(urls: list[str], told: str) -> None:
    detail = run(Responder([endpoint(url) for url in urls]), Depth.IDENTIFY)["get_endpoints"].detail
    assert (told in detail) if told else (detail == "")


def test_known_servers_are_listed_but_not_asked() -> None:
    def servers(peer: Responder, _request: object) -> object:
        found = ua.FindServersResponse()
        found.Servers = [endpoint().Server, endpoint().Server, endpoint(kind=1).Server]
        found.Servers[2].ApplicationUri = "urn:client"
        found.Servers[1].ApplicationUri = "urn:other"
        found.Servers[1].ApplicationName = ua.LocalizedText("Line B")
        found.Servers[1].DiscoveryUrls = ["opc.tcp://10.9.9.9:4840"]
        return found

    seen = run(Responder(special={"FindServers": servers}), Depth.IDENTIFY)["find_servers"]
    (known,) = (fact for fact in seen.facts if fact.name == "server_known")
    assert (known.value, known.part) == ("opc.tcp://10.9.9.9:4840", "Line B")


def test_an_unreadable_certificate_is_a_detail() -> None:
    seen = run(Responder([endpoint(certificate=b"junk")]), Depth.IDENTIFY)["get_endpoints"]
    assert len(values(seen, "certificate")) == 1
    assert values(seen, "certificate.subject") == []
    assert "cannot be read" in seen.detail


def test_a_pump_is_read_with_unit_range_and_rights() -> None:
    peer = Responder()
    plant(peer)
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    points = {point.name: point for seen in link.observations for point in seen.points}
    samples = [sample for seen in link.observations for sample in seen.samples]
    temperature = points["Temp"]
    assert temperature.address == "nsu=urn:plant;s=Temp;i=3"
    assert (temperature.unit, temperature.low, temperature.high) == ("CEL", -20.0, 120.0)
    assert (temperature.type, temperature.access) == ("Double", "r")
    assert temperature.path == "Objects/Pump/Temp"
    assert temperature.semantic == "AnalogItemType"
    assert points["Secret"].access == "-"
    assert [sample.point for sample in samples] == [temperature.address]
    last = {seen.question.operation: seen for seen in link.observations}
    assert last["browse"].outcome is Outcome.COMPLETE
    assert (last["read"].outcome, last["read"].reason) == (Outcome.PARTIAL, "refused_part")
    assert peer.requests[-2:] == ["CloseSession", "CloseSecureChannel"] or peer.requests[-1] == (
        "CloseSession"
    )


def test_sampling_reads_again_in_a_session_of_its_own() -> None:
    peer = Responder()
    plant(peer)
    link = link_to(peer)
    asyncio.run(climb(link, Depth.SAMPLE))
    rounds = [s for s in link.observations if s.question.operation == "sample_read"]
    assert len(rounds) == 6
    assert link.waited_seconds == 50.0
    assert link.observations[-2].outcome is Outcome.COMPLETE


def test_nothing_published_is_empty() -> None:
    assert run(Responder())["browse"].outcome is Outcome.EMPTY


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_not_shown(number: float) -> None:
    peer = Responder()
    plant(peer)
    variable(peer, "ns=2;s=Temp;i=3", ua.Variant(number))
    (sample,) = run(peer)["read"].samples
    assert sample.value is None
    assert sample.status in ("NaN", "Inf")


def test_a_bad_status_is_a_sample_without_a_value() -> None:
    peer = Responder()
    plant(peer)
    peer.values["ns=2;s=Temp;i=3", 13] = ua.DataValue(
        StatusCode=ua.StatusCode(ua.StatusCodes.BadNotConnected)
    )
    (sample,) = run(peer)["read"].samples
    assert (sample.value, sample.quality, sample.status) == (None, Quality.BAD, "BadNotConnected")


def test_anonymous_off_names_the_step() -> None:
    seen = run(Responder([endpoint(tokens=(("u", 1, BASIC),))]))["session"]
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "anonymous_not_offered")
    assert "read-only user" in seen.detail


def test_security_only_is_mode_not_offered_without_a_second_connection() -> None:
    peer = Responder([endpoint(policy=BASIC, mode=3)])
    seen = run(peer)["session"]
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "mode_not_offered")
    assert "CreateSession" not in peer.requests


def test_a_policy_that_is_not_offered_is_named() -> None:
    wanted = Credential(
        "cert", "opcua-certificate", Secret(lambda: "x"), privacy="Aes256_Sha256_RsaPss"
    )
    link = link_to(Responder([endpoint(policy=BASIC, mode=3)]), wanted)
    asyncio.run(climb(link, Depth.POINTS))
    verdicts = [(s.reason, s.credential) for s in link.observations if s.outcome not in _SAID]
    assert verdicts[0] == ("policy_not_offered", "cert")


_SAID = (Outcome.COMPLETE, Outcome.EMPTY)


def test_a_password_is_never_sent_in_clear() -> None:
    peer = Responder([endpoint(tokens=(("anon", 0, ""), ("user", 1, "")))])
    link = link_to(peer, USER)
    asyncio.run(climb(link, Depth.POINTS))
    held = [s for s in link.observations if s.reason == "safety_hold"]
    assert held[0].outcome is Outcome.NOT_ASKED
    assert held[0].credential == "plant-user"
    assert not any(b"secret-word" in request for request in link.requests)


@pytest.mark.parametrize(
    ("service", "code", "outcome", "reason"),
    [
        ("CreateSession", "BadTooManySessions", Outcome.REFUSED_RESOURCE, "BadTooManySessions"),
        ("CreateSession", "BadLicenseExpired", Outcome.REFUSED_RESOURCE, "BadLicenseExpired"),
        (
            "CreateSession",
            "BadCertificateUntrusted",
            Outcome.REFUSED_AUTH,
            "certificate_untrusted",
        ),
        (
            "CreateSession",
            "BadCertificateTimeInvalid",
            Outcome.REFUSED_AUTH,
            "certificate_expired",
        ),
        (
            "CreateSession",
            "BadCertificateHostNameInvalid",
            Outcome.REFUSED_AUTH,
            "certificate_host",
        ),
        ("CreateSession", "BadInvalidTimestamp", Outcome.REFUSED_AUTH, "clock_skew"),
        ("CreateSession", "BadSecurityModeRejected", Outcome.REFUSED_AUTH, "mode_not_offered"),
        ("CreateSession", "BadSecurityPolicyRejected", Outcome.REFUSED_AUTH, "policy_not_offered"),
        ("ActivateSession", "BadIdentityTokenRejected", Outcome.REFUSED_AUTH, "user_rejected"),
        ("ActivateSession", "BadUserAccessDenied", Outcome.REFUSED_AUTH, "access_denied"),
    ],
)
def test_each_refusal_is_told_apart(service: str, code: str, outcome: Outcome, reason: str) -> None:
    number = getattr(ua.StatusCodes, code)
    peer = Responder(special={service: lambda _peer, _request: fault(number)})
    operation = "create_session" if service == "CreateSession" else "session"
    seen = run(peer)[operation]
    assert (seen.outcome, seen.reason) == (outcome, reason)
    assert ":" in seen.detail  # the status, then the step to take


def test_small_operation_limits_are_honoured() -> None:
    peer = Responder()
    plant(peer)
    peer.values["i=11710", 13] = ua.DataValue(ua.Variant(1, ua.VariantType.UInt32))
    peer.values["i=11705", 13] = ua.DataValue(ua.Variant(4, ua.VariantType.UInt32))
    run(peer)
    browsed = [
        len(b.Parameters.NodesToBrowse)
        for b in peer.bodies
        if hasattr(b, "Parameters") and hasattr(b.Parameters, "NodesToBrowse")
    ]
    reads = [
        len(b.Parameters.NodesToRead)
        for b in peer.bodies
        if hasattr(b, "Parameters") and hasattr(b.Parameters, "NodesToRead")
    ]
    assert max(browsed) == 1
    assert max(reads[1:]) <= 4


def test_a_server_that_reads_seven_nodes_at_once_loses_nothing() -> None:
    asked: list[int] = []

    def picky(peer: Responder, request: object) -> object:
        asked.append(len(request.Parameters.NodesToRead))  # type: ignore[attr-defined]
        if asked[-1] > 7:
            return fault(ua.StatusCodes.BadTooManyOperations)
        return peer._Read(request)

    peer = Responder(special={"Read": picky})
    plant(peer)
    peer.values["i=11705", 13] = ua.DataValue(ua.Variant(7, ua.VariantType.UInt32))
    peer.values["i=2261", 13] = ua.DataValue(ua.Variant("Product"))
    peer.values["i=2264", 13] = ua.DataValue(ua.Variant("4.2"))
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    found = {fact.name: fact.value for seen in link.observations for fact in seen.facts}
    assert (found["product"], found["firmware"]) == ("Product", "4.2")
    assert found["limit"] == "MaxNodesPerRead=7"
    assert max(asked) == 7
    assert {point.unit for seen in link.observations for point in seen.points} == {"CEL", ""}


def test_no_request_is_longer_than_every_server_takes() -> None:
    peer = Responder()
    plant(peer)
    nodes = [f"ns=2;s={'long' * 60}{number}" for number in range(120)]
    peer.references["ns=2;i=1"] = [reference(node, node[-9:]) for node in nodes]
    for node in nodes:
        variable(peer, node, ua.Variant(1.0))
    link = link_to(peer)
    asyncio.run(climb(link, Depth.SAMPLE))
    assert max(map(len, link.requests)) <= 8192
    assert len({point.address for seen in link.observations for point in seen.points}) == 120
    first = [s for s in link.observations if s.question.argument.startswith("0.")]
    assert sum(len(seen.samples) for seen in first) == 120


def test_the_walk_counts_what_it_found() -> None:
    peer = Responder()
    plant(peer)
    assert run(peer)["browse"].items == 2


def test_a_long_address_is_kept_as_far_as_is_shown_and_many_as_many_as_are_of_use() -> None:
    long = "opc.tcp://" + "h" * 10_000 + ":4840"
    offers = [endpoint(long), *(endpoint(f"opc.tcp://h{n}:4840") for n in range(100))]
    seen = run(Responder(offers), Depth.IDENTIFY)["get_endpoints"]
    urls = values(seen, "endpoint_url")
    assert urls[:2] == [long[:4096], "opc.tcp://h0:4840"]
    assert len(urls) == len(values(seen, "endpoint_reach")) == 64


def test_an_address_of_usual_length_is_kept_whole() -> None:
    url = "opc.tcp://historian-of-the-north-plant.cell-7.example.com:48010/" + "way/" * 200
    seen = run(Responder([endpoint(url)]), Depth.IDENTIFY)["get_endpoints"]
    assert values(seen, "endpoint_url") == [url]


def test_a_namespace_is_kept_whole_or_goes_by_its_index() -> None:
    """A part of it would be another namespace's name."""
    peer = Responder()
    plant(peer)
    usual = "urn:" + "maker:" * 300
    names = ["http://opcfoundation.org/UA/", "urn:double", "urn:" + "x" * 9_000, usual]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(names))
    seen = run(peer)
    assert values(seen["read_server"], "namespace") == ["1=urn:double", f"3={usual}"]
    assert {p.address for p in seen["read"].points} == {"ns=2;i=3", "ns=2;s=Temp;i=3"}


def test_every_cost_is_below_its_ceiling() -> None:
    for rung in PROBE.rungs.values():
        usual, most = rung.cost(rung.usual), rung.cost(rung.most)
        assert usual.requests <= most.requests
        assert usual.bytes <= most.bytes


def test_a_nameplate_names_the_nested_device() -> None:
    peer = Responder()
    plant(peer)
    names = ["http://opcfoundation.org/UA/", "urn:double", "http://opcfoundation.org/UA/DI/"]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(names))
    peer.references["ns=2;i=1"] = [
        reference("ns=2;i=50", "Identification", 1, 47, 58),
    ]
    peer.references["ns=2;i=50"] = [
        reference("ns=2;i=51", "Manufacturer", kind=46, definition=68),
        reference("ns=2;i=52", "SerialNumber", kind=46, definition=68),
        reference("ns=2;i=53", "YearOfConstruction", kind=46, definition=68),
        reference("ns=2;i=54", "DeviceRevision", kind=46, definition=68),
    ]
    peer.values["ns=2;i=51", 13] = ua.DataValue(ua.Variant(ua.LocalizedText("Pump works")))
    peer.values["ns=2;i=52", 13] = ua.DataValue(ua.Variant("S-77"))
    peer.values["ns=2;i=53", 13] = ua.DataValue(ua.Variant(2019, ua.VariantType.UInt16))
    peer.references["ns=2;i=50"].append(
        reference("ns=2;i=55", "HardwareRevision", kind=46, definition=68)
    )
    peer.values["ns=2;i=55", 13] = ua.DataValue(StatusCode=ua.StatusCode(0x803A0000))
    peer.values["ns=2;i=54", 13] = ua.DataValue(ua.Variant("C.2"))
    seen = run(peer)
    found = {(f.name, f.value, f.part) for f in seen["read_nameplate"].facts}
    given = sum(len(o.points) for o in seen.values()) + (seen["read_nameplate"].items or 0)
    assert seen["browse"].items == given  # so that a lost answer shows
    assert found == {
        ("vendor", "Pump works", "Pump"),
        ("serial", "S-77", "Pump"),
        ("description", "YearOfConstruction=2019", "Pump"),
        ("revision", "C.2", "Pump"),
    }
    assert values(seen["read_server"], "companion") == ["http://opcfoundation.org/UA/DI/"]


def test_other_clients_are_named_and_our_own_session_is_not() -> None:
    def diagnostics(name: str, client: str) -> ua.SessionDiagnosticsDataType:
        found = ua.SessionDiagnosticsDataType()
        found.SessionName = name
        found.ClientDescription.ApplicationName = ua.LocalizedText(client)
        return found

    peer = Responder()
    plant(peer)
    both = [diagnostics("s1", "Historian"), diagnostics("read-only inventory scan", "scan")]
    peer.values["i=3707", 13] = ua.DataValue(ua.Variant(both))
    assert values(run(peer)["read_server"], "session") == ["s1 (Historian)"]


@pytest.mark.parametrize("service", ["Browse", "Read"])
def test_too_many_operations_halves_the_batch(service: str) -> None:
    sizes: list[int] = []

    def picky(peer: Responder, request: object) -> object:
        parameters = request.Parameters  # type: ignore[attr-defined]
        asked = parameters.NodesToBrowse if service == "Browse" else parameters.NodesToRead
        if service == "Read" and asked[0].NodeId.NamespaceIndex == 0:
            return peer._Read(request)
        sizes.append(len(asked))
        if len(asked) > (1 if service == "Browse" else 4):
            return fault(ua.StatusCodes.BadTooManyOperations)
        return peer._Browse(request) if service == "Browse" else peer._Read(request)

    peer = Responder(special={service: picky})
    plant(peer)
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    assert max(sizes) > min(sizes)
    assert {point.name for seen in link.observations for point in seen.points} == {
        "Temp",
        "Secret",
    }


def certificate(hosts: list[str], days: int) -> bytes:
    """A self-signed certificate that is valid until so many days from now."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Double")])
    now = datetime.now(UTC)
    names = [x509.DNSName(host) for host in hosts]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=500))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.UniformResourceIdentifier("urn:double")]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def test_an_expired_certificate_for_another_host_is_explained() -> None:
    peer = Responder([endpoint(certificate=certificate(["plc-7"], -10))])
    seen = run(peer, Depth.IDENTIFY)["get_endpoints"]
    assert "certificate expired" in seen.detail
    assert "names plc-7, not 127.0.0.1" in seen.detail
    assert values(seen, "certificate.key_bits") == [2048]
    assert values(seen, "certificate.hosts") == ["plc-7"]
    assert values(seen, "certificate.uri") == ["urn:double"]
    assert values(seen, "certificate.subject") == ["CN=Double"]


def test_a_password_that_cannot_be_encrypted_is_held() -> None:
    peer = Responder([endpoint(tokens=(("user", 1, BASIC),), certificate=b"junk")])
    link = link_to(peer, USER)
    asyncio.run(climb(link, Depth.POINTS))
    assert "ActivateSession" not in peer.requests
    assert [s.reason for s in link.observations if s.question.operation == "session"] == [
        "safety_hold"
    ]
    assert peer.requests[-1] == "CloseSession"


def test_importing_the_probe_needs_the_standard_library_only() -> None:
    code = (
        "import sys, protocols.opcua; "
        "print(*{'cryptography', 'asyncua', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
