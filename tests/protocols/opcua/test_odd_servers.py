"""Servers as they are: a clock of their own, nodes where none should be, listings without end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua

from protocols.contract import Depth, Observation, Outcome, Point
from protocols.opcua.nodes import NodeId
from protocols.opcua.numbers import CURRENT_TIME, MOST_NODES, START_TIME
from protocols.opcua.services import Listing
from protocols.opcua.walk import Place, Walk
from tests.protocols.opcua.responder import Responder, fault, plant, reference, variable
from tests.protocols.opcua.test_probe import climb, link_to, run, values

DAY = timedelta(days=1)


def points_of(seen: dict[str, Observation]) -> list[Point]:
    return [point for one in seen.values() for point in one.points]


def with_times(start: object, current: object, peer: Responder | None = None) -> Responder:
    peer = peer or Responder()
    for node, value in ((START_TIME, start), (CURRENT_TIME, current)):
        if value is not None:
            peer.values[f"i={node}", 13] = ua.DataValue(ua.Variant(value))
    return peer


@pytest.mark.parametrize(
    ("start", "current", "seconds"),
    [
        (-DAY - timedelta(seconds=41), -DAY, [41]),  # its clock is a day behind ours
        (DAY, DAY + timedelta(seconds=7), [7]),
        (timedelta(), -timedelta(seconds=1), []),  # set back since it began
        (-timedelta(seconds=9), None, []),
    ],
)
def test_how_long_it_runs_is_told_by_its_own_clock(
    start: timedelta, current: timedelta | None, seconds: list[int]
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    peer = with_times(now + start, None if current is None else now + current)
    assert values(run(peer)["read_server"], "uptime_seconds") == seconds


def test_it_is_told_too_where_only_one_value_may_be_read_at_once() -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    peer = with_times(now - timedelta(seconds=5), now)
    peer.values["i=11705", 13] = ua.DataValue(ua.Variant(1, ua.VariantType.UInt32))
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    told = [fact for seen in link.observations for fact in seen.facts]
    assert [fact.value for fact in told if fact.name == "uptime_seconds"] == [5]


@pytest.mark.parametrize(("number", "outcome"), [(50_041, "complete"), (15_606, "empty")])
def test_own_nodes_in_the_standards_namespace_are_something(number: int, outcome: str) -> None:
    peer = Responder(references={"i=85": [reference(f"i={number}", "Temperature")]})
    variable(peer, f"i={number}", ua.Variant(22.5))
    assert run(peer)["browse"].outcome == outcome


def test_what_nobody_may_read_is_not_denied_to_us() -> None:
    peer = Responder()
    plant(peer)
    peer.references["ns=2;i=1"] += [reference("ns=2;i=8", "None"), reference("ns=2;i=9", "Order")]
    variable(peer, "ns=2;i=8", ua.Variant(1.0), access=0, user=0)
    variable(peer, "ns=2;i=9", ua.Variant(1.0), access=2, user=2)
    for node in ("ns=2;i=8", "ns=2;i=9"):
        peer.values[node, 13] = ua.DataValue(
            StatusCode=ua.StatusCode(ua.StatusCodes.BadNotReadable)
        )
    seen = run(peer)
    assert {point.name: point.access for point in points_of(seen)} == {
        "Temp": "r",
        "Secret": "-",
        "None": "",
        "Order": "w",
    }
    assert seen["read"].detail.startswith("1 of 4 ")


class Chunked(Responder):
    """Long answers in chunks that our Hello allows."""

    def message(self, kind: bytes, request_id: int, decoded: object, answer: object) -> bytes:
        """All chunks of one answer."""
        whole = super().message(kind, request_id, decoded, answer)
        if len(whole) <= 65_536:
            return whole
        body, sent = whole[24:], b""
        for at in range(0, len(body), 60_000):
            self.sequence += bool(at)
            mark = b"C" if at + 60_000 < len(body) else b"F"
            sent += self.chunk(kind, request_id, body[at : at + 60_000], mark)
        return sent


def wide(count: int, folder: str = "ns=2;i=1") -> list[ua.ReferenceDescription]:
    return [reference(f"{folder};v{n}".replace(";i=", ";s=i"), f"V{n}") for n in range(count)]


def test_a_server_that_ignores_the_maximum_is_read_as_far_as_we_take() -> None:
    peer = Chunked()
    plant(peer)
    peer.references["ns=2;i=1"] = [*peer.references["ns=2;i=1"], *wide(4000)]
    seen = run(peer)
    assert (seen["browse"].outcome, seen["browse"].reason) == (Outcome.PARTIAL, "our_cap")
    assert seen["browse"].items == MOST_NODES
    assert "V997" in {point.name for point in points_of(seen)}
    assert seen["close_session"].outcome is Outcome.COMPLETE


def test_folders_behind_a_long_listing_are_asked_again_one_by_one() -> None:
    walk = Walk()
    places = tuple(Place(NodeId(2, number), ("Objects",), 1) for number in range(3))
    walk.add(places, (Listing(0, b"more", (), cut=True), *[Listing(0, b"", (), unread=True)] * 2))
    assert walk.cut == "our_cap"
    assert walk.open_points == []
    assert {walk.next_batch(100)[0].node.identifier for _ in range(2)} == {1, 2}


def test_many_folders_are_asked_a_few_at_first_and_more_where_they_are_short() -> None:
    folders = [reference(f"ns=2;s=f{n}", f"F{n}", 1, 35, 61) for n in range(60)]
    peer = Responder(references={"i=85": folders})
    run(peer)
    asked = [
        len(body.Parameters.NodesToBrowse)  # type: ignore[attr-defined]
        for name, body in zip(peer.requests, peer.bodies, strict=True)
        if name == "Browse"
    ]
    assert asked == [1, 20, 40]


def test_a_refused_read_leaves_the_rest_refused_and_not_out_of_budget() -> None:
    peer = Responder()
    plant(peer)
    read = peer._Read

    def refuse(_server: Responder, request: object) -> object:
        asked = request.Parameters.NodesToRead  # type: ignore[attr-defined]
        data = any(int(item.AttributeId) == 18 for item in asked)
        return fault(ua.StatusCodes.BadServiceUnsupported) if data else read(request)

    peer.special["Read"] = refuse
    left = run(peer)["read"]
    assert (left.outcome, left.reason) == (Outcome.PARTIAL, "refused_part")


def companion(peer: Responder, name: str, parent: str, space: int) -> None:
    """A variable in an object, named in namespace `space`."""
    names = ["http://opcfoundation.org/UA/", "urn:own", "http://opcfoundation.org/UA/PADIM/"]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(names))
    peer.references["i=85"] = [reference("ns=1;s=o", parent, 1, 35, 58)]
    found = reference("ns=1;s=v", name)
    found.BrowseName = ua.QualifiedName(name, space)
    peer.references["ns=1;s=o"] = [found]
    variable(peer, "ns=1;s=v", ua.Variant(3.25))


@pytest.mark.parametrize(
    ("name", "space", "shown"),
    [("AnalogSignal", 2, "Pressure"), ("AnalogSignal", 1, "AnalogSignal"), ("Level", 2, "Level")],
)
def test_the_value_of_a_signal_bears_the_signals_name(name: str, space: int, shown: str) -> None:
    peer = Responder()
    companion(peer, name, "Pressure", space)
    (point,) = points_of(run(peer))
    assert (point.name, point.path) == (shown, f"Objects/Pressure/{name}")


@pytest.mark.parametrize("name", ["RevisionCounter", "DeviceManual", "PatchIdentifiers"])
def test_what_a_nameplate_counts_is_no_value_of_the_process(name: str) -> None:
    peer = Responder()
    companion(peer, name, "PT-101", 2)
    seen = run(peer)
    assert points_of(seen) == []
    assert values(seen["read_nameplate"], "description") == [f"{name}=3.25"]


def test_what_people_are_shown_is_kept_where_it_says_more_than_the_name() -> None:
    peer = Responder()
    speaking, alike = reference("ns=2;s=a", "x7"), reference("ns=2;s=b", "Speed")
    speaking.DisplayName = ua.LocalizedText("Bearing temperature", "en")
    peer.references["i=85"] = [speaking, alike]
    for node in ("ns=2;s=a", "ns=2;s=b"):
        variable(peer, node, ua.Variant(1.0))
    told = {point.name: point.description for point in points_of(run(peer))}
    assert told == {"x7": "Bearing temperature", "Speed": ""}


def test_an_abstract_type_is_told_by_the_value() -> None:
    peer = Responder(references={"i=85": [reference("ns=2;s=a", "a"), reference("ns=2;s=b", "b")]})
    for node, value in (("ns=2;s=a", ua.Variant(1.5, ua.VariantType.Float)), ("ns=2;s=b", None)):
        variable(peer, node, ua.Variant(1.0))
        peer.values[node, 13] = ua.DataValue(value) if value else ua.DataValue()
        peer.values[node, 14] = ua.DataValue(ua.Variant(ua.NodeId(26, 0)))
    types = {point.name: point.type for point in points_of(run(peer))}
    assert types == {"a": "Float", "b": "Number"}
