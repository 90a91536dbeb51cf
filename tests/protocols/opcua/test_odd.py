"""Odd servers that are not hostile: what is true of one node is not lost, nor told of another."""

from __future__ import annotations

import asyncio

import pytest
from asyncua import ua

from protocols.contract import Depth, Observation, Outcome
from protocols.opcua.numbers import REDUNDANCY, SERVER_STATES, SERVER_STATUS
from protocols.opcua.status import CODES, TOO_MUCH, refusal
from tests.protocols.opcua.identities import certificate, rsa_key
from tests.protocols.opcua.responder import Responder, endpoint, fault, plant, reference, variable
from tests.protocols.opcua.test_probe import USER, climb, link_to, run, values
from tests.support.plain import PlainLink

DI = "http://opcfoundation.org/UA/DI/"


def walked(peer: Responder) -> PlainLink:
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    return link


def said(link: PlainLink, name: str) -> dict[str, object]:
    return {f.part: f.value for o in link.observations for f in o.facts if f.name == name}


def machines(peer: Responder, *places: tuple[str, str, str]) -> None:
    """Lines with a machine each, of which an Identification holds the serial number."""
    spaces = ["http://opcfoundation.org/UA/", "urn:double", DI]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(spaces))
    lines: dict[str, list[ua.ReferenceDescription]] = {}
    for number, (line, machine, serial) in enumerate(places, 1):
        base = 100 * number
        lines.setdefault(line, []).append(reference(f"ns=2;i={base}", machine, 1, 47, 58))
        peer.references[f"ns=2;i={base}"] = [
            reference(f"ns=2;i={base + 1}", "Identification", 1, 47, 58)
        ]
        peer.references[f"ns=2;i={base + 1}"] = [
            reference(f"ns=2;i={base + 2}", "SerialNumber", kind=46, definition=68)
        ]
        peer.values[f"ns=2;i={base + 2}", 13] = ua.DataValue(ua.Variant(serial))
    peer.references["i=85"] = [
        reference(f"ns=2;s={line}", line, 1, 35, 61) for line in dict.fromkeys(lines)
    ]
    for line, found in lines.items():
        peer.references[f"ns=2;s={line}"] = found


def test_two_machines_of_one_name_are_two() -> None:
    peer = Responder()
    machines(peer, ("Line1", "Press", "A-1"), ("Line2", "Press", "B-2"), ("Line2", "Saw", "C-3"))
    link = walked(peer)
    assert said(link, "serial") == {"Line1/Press": "A-1", "Line2/Press": "B-2", "Saw": "C-3"}


def test_two_machines_of_one_name_in_one_place_are_two() -> None:
    peer = Responder()
    machines(peer, ("Line1", "Press", "A-1"), ("Line1", "Press", "B-2"))
    assert sorted(map(str, said(walked(peer), "serial").values())) == ["A-1", "B-2"]


def test_a_broken_range_costs_no_unit() -> None:
    peer = Responder()
    plant(peer)
    peer.values["ns=2;i=5", 13] = ua.DataValue(
        ua.Variant(ua.ExtensionObject(ua.NodeId(886, 0), b"\x00\x01"))
    )
    (point,) = (p for o in walked(peer).observations for p in o.points if p.name == "Temp")
    assert (point.unit, point.low, point.high) == ("CEL", None, None)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (10.0, -10.0)])
def test_a_range_that_holds_nothing_is_none(low: float, high: float) -> None:
    """0 to 0 is what many servers show where nobody set a range."""
    peer = Responder()
    plant(peer)
    peer.values["ns=2;i=5", 13] = ua.DataValue(ua.Variant(ua.Range(low, high)))
    (point,) = (p for o in walked(peer).observations for p in o.points if p.name == "Temp")
    assert (point.unit, point.low, point.high) == ("CEL", None, None)


@pytest.mark.parametrize(
    ("node", "value", "fact"),
    [
        ("i=2259", 0, ("server_state", "running")),
        ("i=2259", 3, ("server_state", "suspended")),
        ("i=2259", 77, None),
        ("i=2267", 190, ("service_level", 190)),
        ("i=2267", 0, ("service_level", 0)),
        ("i=3709", 2, ("redundancy", "warm")),
        ("i=3709", 0, None),
        ("i=3709", True, None),
    ],
)
def test_a_server_says_how_it_is(node: str, value: int, fact: tuple[str, object] | None) -> None:
    peer = Responder()
    plant(peer)
    peer.values[node, 13] = ua.DataValue(ua.Variant(value))
    told = [(f.name, f.value) for o in walked(peer).observations for f in o.facts]
    names = ("server_state", "service_level", "redundancy")
    assert [one for one in told if one[0] in names] == ([fact] if fact else [])


def test_the_words_for_a_server_are_those_of_the_standard() -> None:
    plain = [member.name.replace("_", "") for member in (*ua.ServerState, *ua.RedundancySupport)]
    ours = [word.title().replace(" ", "") for word in (*SERVER_STATES, *REDUNDANCY)]
    assert [word.casefold() for word in ours] == [name.casefold() for name in plain]
    assert {ua.ObjectIds.Server_ServiceLevel, 3709} <= SERVER_STATUS.keys()
    assert ua.ObjectIds.Server_ServerRedundancy_RedundancySupport == 3709


@pytest.mark.parametrize(("value", "word"), [(0, "normal"), (1, "failure"), (9, None)])
def test_an_instrument_says_how_it_is(value: int, word: str | None) -> None:
    peer = Responder()
    machines(peer, ("Line1", "Valve", "A-1"))
    health = reference("ns=2;i=150", "DeviceHealth", definition=63)
    peer.references["ns=2;i=101"].append(health)
    peer.values["ns=2;i=150", 13] = ua.DataValue(ua.Variant(value))
    link = walked(peer)
    assert said(link, "health") == ({"Valve": word} if word else {})
    assert ("DeviceHealth=9" in said(link, "description").values()) == (word is None)


def test_a_read_that_is_refused_is_told_so_and_not_as_time_that_ran_out() -> None:
    peer = Responder()
    plant(peer)
    plain = peer._Read

    def grudging(_peer: Responder, request: object) -> object:
        asked = request.Parameters.NodesToRead  # type: ignore[attr-defined]
        rights = any(item.AttributeId == ua.AttributeIds.AccessLevel for item in asked)
        return fault(ua.StatusCodes.BadServiceUnsupported) if rights else plain(request)

    peer.special["Read"] = grudging
    (left,) = (o for o in walked(peer).observations if o.question.argument == "left")
    assert (left.outcome, left.reason) == (Outcome.PARTIAL, "refused_part")
    assert {point.name for point in left.points} == {"Temp", "Secret"}


def test_a_walk_that_ends_at_a_bound_says_at_which() -> None:
    peer = Responder()
    plant(peer)
    peer.references["ns=2;i=1"] = [reference("ns=2;s=0", "Deep0", 1, 35, 58)]
    for level in range(30):
        below = reference(f"ns=2;s={level + 1}", f"Deep{level + 1}", 1, 35, 58)
        peer.references[f"ns=2;s={level}"] = [below]
    (browse,) = (o for o in walked(peer).observations if o.question.operation == "browse")
    assert (browse.outcome, browse.reason) == (Outcome.PARTIAL, "our_cap")
    assert "below level 20 nothing was looked at" in browse.detail


def test_what_is_shown_to_people_describes_a_technical_name() -> None:
    peer = Responder()
    plant(peer)
    technical = reference("ns=2;i=7", "x7")
    technical.DisplayName = ua.LocalizedText("Bearing temperature", "en")
    peer.references["ns=2;i=1"].append(technical)
    variable(peer, "ns=2;i=7", ua.Variant(71.2))
    said = {p.name: p.description for o in walked(peer).observations for p in o.points}
    assert (said["x7"], said["Temp"]) == ("Bearing temperature", "")


def test_a_unit_without_a_range_is_a_unit() -> None:
    peer = Responder()
    plant(peer)
    del peer.references["ns=2;s=Temp;i=3"][1]
    (point,) = (p for o in walked(peer).observations for p in o.points if p.name == "Temp")
    assert (point.unit, point.low, point.high) == ("CEL", None, None)


def test_what_everybody_may_read_and_this_user_may_not_is_told_so() -> None:
    peer = Responder()
    plant(peer)
    variable(peer, "ns=2;i=3", ua.Variant(1.0), access=3, user=2)
    peer.values["ns=2;i=3", 13] = ua.DataValue(
        StatusCode=ua.StatusCode(ua.StatusCodes.BadUserAccessDenied)
    )
    (point,) = (p for o in walked(peer).observations for p in o.points if p.name == "Secret")
    assert point.access in ("-", "w")


def test_a_server_without_endpoints_is_empty_and_not_silent() -> None:
    peer = Responder(special={"GetEndpoints": lambda _peer, _request: ua.GetEndpointsResponse()})
    seen = run(peer, Depth.POINTS, USER)
    assert seen["get_endpoints"].outcome is Outcome.EMPTY
    assert (seen["session"].outcome, seen["session"].reason) == (Outcome.NOT_ASKED, "dependency")
    assert "lists no endpoint" in seen["session"].detail
    assert peer.requests.count("GetEndpoints") == 1
    assert "CreateSession" not in peer.requests


def test_a_server_that_offers_other_transports_only_says_so() -> None:
    offer = endpoint("opc.https://127.0.0.1:443/")
    offer.TransportProfileUri = "http://opcfoundation.org/UA-Profile/Transport/https-uabinary"
    seen = run(Responder([offer]), Depth.POINTS)
    assert seen["session"].outcome is Outcome.REFUSED_AUTH
    assert values(seen["get_endpoints"], "endpoint_url") == ["opc.https://127.0.0.1:443/"]


def test_a_wrong_password_that_is_met_with_silence_is_not_shown_again() -> None:
    """A server that locks an account often just stops answering: one try per credential."""
    peer = Responder([endpoint(tokens=(("user", 1, ""), ("anon", 0, "")))])
    plant(peer)
    peer.special["ActivateSession"] = lambda _peer, _request: None
    seen: dict[str, Observation] = run(peer, Depth.SAMPLE, USER)
    assert peer.requests.count("ActivateSession") <= 1
    assert seen["session"].outcome is not Outcome.COMPLETE


@pytest.mark.parametrize("limit", [1, 3, 2**32 - 1])
def test_a_stated_limit_that_lies_costs_requests_and_nothing_else(limit: int) -> None:
    """It says that it takes so many nodes, and takes two."""
    peer = Responder()
    plant(peer)
    for node in ("i=11705", "i=11710"):
        peer.values[node, 13] = ua.DataValue(ua.Variant(limit, ua.VariantType.UInt32))
    plain = {name: getattr(peer, f"_{name}") for name in ("Read", "Browse")}

    def short(name: str, field: str):  # type: ignore[no-untyped-def]
        def answer(_peer: Responder, request: object) -> object:
            if len(getattr(request.Parameters, field)) > 2:  # type: ignore[attr-defined]
                fault = ua.ServiceFault()
                fault.ResponseHeader.ServiceResult = ua.StatusCode(
                    ua.StatusCodes.BadTooManyOperations
                )
                return fault
            return plain[name](request)

        return answer

    peer.special["Read"] = short("Read", "NodesToRead")
    peer.special["Browse"] = short("Browse", "NodesToBrowse")
    found = [p for o in walked(peer).observations for p in o.points]
    assert "Temp" in {p.name for p in found}
    assert len(peer.requests) < 60


@pytest.mark.parametrize("name", sorted(TOO_MUCH))
def test_too_much_at_once_is_not_busy(name: str) -> None:
    """Busy twice in a row ends a visit (safety.md 2): a batch halved twice must not."""
    assert refusal(CODES[name]).outcome is Outcome.REFUSED_CAPABILITY
    assert refusal(CODES["BadServerTooBusy"]).outcome is Outcome.REFUSED_RESOURCE


@pytest.mark.parametrize(("bits", "told"), [(1024, True), (2048, False)])
def test_a_short_key_is_a_reason_why_clients_refuse(bits: int, told: bool) -> None:
    der = certificate(rsa_key(bits, 5), "urn:double", host="127.0.0.1")
    seen = run(Responder([endpoint(certificate=der)]), Depth.IDENTIFY)["get_endpoints"]
    assert values(seen, "certificate.key_bits") == [bits]
    assert values(seen, "certificate.key_kind") == ["RSA"]
    assert values(seen, "certificate.digest") == ["sha256"]
    assert (f"a key of {bits} bits" in seen.detail) == told
    assert "signed with" not in seen.detail
