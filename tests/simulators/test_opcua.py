"""The light OPC UA double as asyncua's client, which nobody here wrote, sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import Client, ua
from cryptography import x509

from simulators import _opcua_names as names
from simulators.contract import Fault, Point
from tests.simulators.opcua_bench import Played, Raw, play
from tests.support.patience import HUNG_SECONDS

WALL = {"endpoints": ["Basic256Sha256/SignAndEncrypt"]}


def run(
    body: Callable[[Played], Awaitable[None]],
    options: dict[str, object] | None = None,
    faults: tuple[Fault, ...] = (),
    points: tuple[Point, ...] | None = None,
) -> None:
    async def whole() -> None:
        more = {} if points is None else {"points": points}
        async with play(options, faults, **more) as played:
            await body(played)

    asyncio.run(whole())


def asking(played: Played) -> Client:
    return Client(played.url, timeout=HUNG_SECONDS)


async def status_of(action: Awaitable[object]) -> str:
    """Name of the status that an action fails with."""
    with pytest.raises(ua.UaStatusCodeError) as caught:
        await action
    return ua.status_codes.get_name_and_doc(caught.value.code)[0]


async def failed_login(played: Played, client: Client | None = None) -> str:
    """Status that the session ends with, one connection and no session left."""
    client = client or asking(played)
    return await status_of(client.connect())


def test_points_are_browsed_and_read_with_unit_range_status_and_time() -> None:
    async def body(played: Played) -> None:
        async with asking(played) as client:
            pressure = await client.nodes.objects.get_child(
                ["2:Press", "2:Hydraulics", "2:Pressure"]
            )
            value = await pressure.read_data_value()
            assert value.Value.Value == 162.5
            assert value.Value.VariantType is ua.VariantType.Double
            assert value.SourceTimestamp is not None
            assert datetime.now(UTC) - value.SourceTimestamp > timedelta(minutes=59)
            unit = await (await pressure.get_child(["0:EngineeringUnits"])).read_value()
            assert (unit.UnitId, unit.DisplayName.Text) == (0x424152, "bar")
            limits = await (await pressure.get_child(["0:EURange"])).read_value()
            assert (limits.Low, limits.High) == (0, 250)
            assert await pressure.read_type_definition() == ua.NodeId(2368)
            assert await client.get_node("ns=2;s=Oil").read_value() == pytest.approx(48.25)
            broken = await client.get_node("ns=2;s=Press/Vibration").read_data_value(
                raise_on_bad_status=False
            )
            assert broken.StatusCode is not None
            assert broken.StatusCode.name == "BadNotConnected"
            curve = await client.get_node("ns=2;s=Press/Curve").read_data_value()
            assert curve.Value.Value == [1, 2, 3]
            assert curve.SourceTimestamp is None

    run(body)


def test_server_status_and_nameplate_tell_the_device() -> None:
    async def body(played: Played) -> None:
        async with asking(played) as client:
            build = await client.get_node(ua.NodeId(2260)).read_value()
            assert (build.ManufacturerName, build.ProductName) == ("Acme Presses", "HydroPress 400")
            assert build.SoftwareVersion == "2.7.1"
            status = await client.get_node(ua.NodeId(2256)).read_value()
            assert status.State == ua.ServerState.Running
            space = await client.get_namespace_array()
            assert space[3] == "http://opcfoundation.org/UA/DI/"
            plate = await client.nodes.objects.get_child(["3:DeviceSet", "2:Press 4"])
            found = {
                (await child.read_browse_name()).Name: await child.read_value()
                for child in await plate.get_properties()
            }
            assert found["SerialNumber"] == "AP-0042"
            assert found["Model"].Text == "HP400-B"
            assert found["HardwareRevision"] == "C"

    run(body)


def test_a_role_sees_what_it_may_see() -> None:
    options = {"tokens": ["anonymous", "username"], "users": {"engineer": "pw"}}

    async def body(played: Played) -> None:
        async with asking(played) as client:
            recipe = client.get_node("ns=2;s=Press/Recipe")
            assert await recipe.get_access_level() == {ua.AccessLevel.CurrentRead}
            assert await recipe.get_user_access_level() == set()
            assert await status_of(recipe.read_value()) == "BadUserAccessDenied"
            press = client.get_node("ns=2;s=Press")
            seen = {(await child.read_browse_name()).Name for child in await press.get_children()}
            assert "Secret" not in seen
        client = asking(played)
        client.set_user("engineer")
        client.set_password("pw")
        async with client:
            assert await client.get_node("ns=2;s=Press/Recipe").read_value() == "A-17"
            assert await client.get_node("ns=2;s=Press/Secret").read_value() is True

    run(body, options)


@pytest.mark.parametrize("policy", ["None", "Basic256Sha256"])
def test_a_wrong_password_is_denied_and_a_good_one_taken(policy: str) -> None:
    options = {
        "tokens": ["username"],
        "users": {"engineer": "pw"},
        "password_policy": policy,
        "certificate": "valid",
    }

    async def body(played: Played) -> None:
        for password, good in (("wrong", False), ("pw", True)):
            client = asking(played)
            client.set_user("engineer")
            client.set_password(password)
            if good:
                async with client:
                    assert await client.get_node("ns=2;s=Press/Strokes").read_value() == 71_204
            else:
                assert await failed_login(played, client) == "BadUserAccessDenied"

    run(body, options)


def test_a_certificate_wall_shows_endpoints_and_refuses_the_session() -> None:
    async def body(played: Played) -> None:
        endpoints = await Client(
            played.url, timeout=HUNG_SECONDS
        ).connect_and_get_server_endpoints()
        assert [e.SecurityMode for e in endpoints] == [ua.MessageSecurityMode.SignAndEncrypt]
        assert [e.SecurityPolicyUri.rpartition("#")[2] for e in endpoints] == ["Basic256Sha256"]
        assert endpoints[0].EndpointUrl == played.url
        certificate = x509.load_der_x509_certificate(endpoints[0].ServerCertificate)
        assert certificate.not_valid_after_utc > datetime.now(UTC)
        assert await failed_login(played) in ("BadSecurityModeRejected", "BadIdentityTokenInvalid")
        assert played.witness.sessions == 0

    run(body, WALL)


@pytest.mark.parametrize("kind", ["expired", "not_yet", "wrong_host"])
def test_a_bad_certificate_is_bad_in_the_way_that_was_asked(kind: str) -> None:
    async def body(played: Played) -> None:
        endpoints = await Client(
            played.url, timeout=HUNG_SECONDS
        ).connect_and_get_server_endpoints()
        certificate = x509.load_der_x509_certificate(endpoints[0].ServerCertificate)
        now = datetime.now(UTC)
        hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert (certificate.not_valid_after_utc < now) == (kind == "expired")
        assert (certificate.not_valid_before_utc > now) == (kind == "not_yet")
        assert bool(hosts.get_values_for_type(x509.DNSName)) == (kind == "wrong_host")

    run(body, {**WALL, "certificate": kind})


def test_sessions_run_out_and_come_back_when_closed() -> None:
    async def body(played: Played) -> None:
        async with asking(played):
            assert await failed_login(played) == "BadTooManySessions"
        async with asking(played):
            pass
        assert played.witness.sessions == 2
        assert played.witness.open_sessions == 0

    run(body, {"max_sessions": 1})


def test_a_session_that_is_left_is_counted_and_holds_its_place() -> None:
    async def body(played: Played) -> None:
        raw = await Raw.connect(played)
        await raw.session()
        await raw.close()
        assert played.witness.open_sessions == 1
        assert await failed_login(played) == "BadTooManySessions"

    run(body, {"max_sessions": 1})


def test_never_sent_services_are_counted_and_refused() -> None:
    async def body(played: Played) -> None:
        async with asking(played) as client:
            strokes = client.get_node("ns=2;s=Press/Strokes")
            refused = await status_of(strokes.write_value(ua.Variant(1, ua.VariantType.UInt32)))
            assert refused == "BadServiceUnsupported"
            assert await strokes.read_value() == 71_204
        assert played.witness.functions["opcua Write"] == 1
        assert played.witness.forbidden == 1
        assert played.witness.functions["opcua CloseSession"] == 1
        assert played.witness.peak_connections == 1

    run(body)


def test_pages_and_operation_limits_are_kept() -> None:
    limits = {"MaxNodesPerRead": 5, "MaxBrowseContinuationPoints": 2}

    async def body(played: Played) -> None:
        async with asking(played) as client:
            folder = client.get_node("ns=2;s=Bulk/0000")
            assert len(await folder.get_children()) == 100
            assert await client.get_node(ua.NodeId(11705)).read_value() == 5
            many = [client.get_node(f"ns=2;s=Bulk/0000/Value{n:06}") for n in range(6)]
            assert await status_of(client.read_values(many)) == "BadTooManyOperations"
            assert await client.read_values(many[:5]) == [0, 1, 2, 3, 4]
        assert played.witness.functions["opcua BrowseNext"] >= 9

    run(body, {"extra_variables": 100, "browse_page": 10, "limits": limits})


def test_a_discovery_server_names_others_and_gives_no_session() -> None:
    options = {
        "application_type": "discovery",
        "servers": [{"uri": "urn:mixer", "name": "Mixer", "url": "opc.tcp://10.9.9.9:4840"}],
    }

    async def body(played: Played) -> None:
        servers = await asking(played).connect_and_find_servers()
        assert [s.ApplicationUri for s in servers] == ["urn:press-4:opcua", "urn:mixer"]
        assert servers[0].ApplicationType is ua.ApplicationType.DiscoveryServer
        assert servers[1].DiscoveryUrls == ["opc.tcp://10.9.9.9:4840"]
        assert await failed_login(played) == "BadServiceUnsupported"

    run(body, options)


def test_an_advertised_url_can_name_another_host() -> None:
    async def body(played: Played) -> None:
        endpoints = await Client(
            played.url, timeout=HUNG_SECONDS
        ).connect_and_get_server_endpoints()
        assert endpoints[0].EndpointUrl == "opc.tcp://plc-old:4840"

    run(body, {"advertised_url": "opc.tcp://plc-old:4840"})


def test_a_wrong_clock_shows() -> None:
    async def body(played: Played) -> None:
        async with asking(played) as client:
            clock = await client.get_node(ua.NodeId(2258)).read_value()
            assert clock < datetime.now(UTC) - timedelta(days=300)

    run(body, {"clock_skew_seconds": -86_400 * 365})


def test_anonymous_is_refused_where_it_is_not_offered() -> None:
    async def body(played: Played) -> None:
        answer = await failed_login(played)
        assert answer in ("BadIdentityTokenRejected", "BadIdentityTokenInvalid")

    run(body, {"tokens": ["username"], "users": {"engineer": "pw"}})


def test_a_value_can_move() -> None:
    points = (Point("Level", "", "Double", 50.0, options={"swing": 10, "period_seconds": 1e-3}),)

    async def body(played: Played) -> None:
        async with asking(played) as client:
            node = client.get_node("ns=2;s=Level")
            values = [await node.read_value() for _ in range(5)]
            assert len(set(values)) > 1
            assert all(40 <= value <= 60 for value in values)

    run(body, points=points)


def test_other_clients_show_in_the_session_diagnostics() -> None:
    clients = [{"session": "Historian 1", "name": "Historian", "uri": "urn:historian"}]

    async def body(played: Played) -> None:
        async with asking(played) as client:
            (other,) = await client.get_node(ua.NodeId(3707)).read_value()
            assert isinstance(other, ua.SessionDiagnosticsDataType)
            assert other.SessionName == "Historian 1"
            assert other.ClientDescription.ApplicationUri == "urn:historian"
            assert other.UnregisterNodesCount.TotalCount == 0

    run(body, {"clients": clients})


def test_numbers_are_those_of_a_library_nobody_here_wrote() -> None:
    for name, code in names.STATUS.items():
        assert getattr(ua.StatusCodes, name) == code, name
    for number, name in names.SERVICES.items():
        assert getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary") == number, name
    for name, number in names.LIMITS.items():
        full = f"Server_ServerCapabilities_OperationLimits_{name}"
        assert getattr(ua.ObjectIds, full) == number, name
    for name, (number, _) in names.CAPABILITIES.items():
        assert getattr(ua.ObjectIds, f"Server_ServerCapabilities_{name}") == number, name


def test_an_unknown_option_names_good_ones() -> None:
    with pytest.raises(ValueError, match="SignAndEncrypt"):
        run(_nothing, {"endpoints": ["Basic256Sha256/Loud"]})


@pytest.mark.parametrize(
    ("point", "names_"),
    [
        (Point("A", "", "Doubel", 1.0), "Double"),
        (Point("A", "", "Double", 1.0, status="BadNotConected"), "BadNotConnected"),
        (Point("A", "", "Byte", 300), "Byte"),
        (Point("A", "", "Double", 1.0, options={"access": "x"}), "rw"),
    ],
)
def test_a_point_that_cannot_be_served_is_told_before_the_double_listens(
    point: Point, names_: str
) -> None:
    with pytest.raises(ValueError, match=names_):
        run(_nothing, points=(point,))


async def _nothing(played: Played) -> None:
    raise AssertionError("does not start")
