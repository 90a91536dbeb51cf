"""Hostile servers: every behaviour that hurt a plain library ends in an outcome, soon."""

from __future__ import annotations

import asyncio
import random
import struct

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from protocols.contract import (
    Depth,
    Foreign,
    Garbled,
    Options,
    Outcome,
    Refused,
    Stale,
    Target,
)
from protocols.opcua import PROBE
from protocols.opcua.binary import Cursor
from protocols.opcua.channel import answer_length, read_acknowledge, reply_length
from protocols.opcua.discovery import stored_endpoints
from protocols.opcua.services import read_listings, read_session, read_values
from tests.protocols.opcua.responder import Responder, endpoint, plant
from tests.protocols.opcua.test_probe import climb, link_to, run
from tests.support.patience import least_cpu
from tests.support.plain import PlainLink


def body_of(value: object) -> bytes:
    return struct_to_binary(value)


def raw_read(body: bytes):  # type: ignore[no-untyped-def]
    """A Read answer whose results are these bytes."""

    def answer(peer: Responder, request: object) -> bytes:
        head = struct.pack("<BBH", 1, 0, 634) + struct.pack("<qI", 0, handle(request))
        return peer.chunk(b"MSG", request_id(peer), head + bytes(9) + body)

    return answer


def handle(request: object) -> int:
    return int(request.RequestHeader.RequestHandle)  # type: ignore[attr-defined]


def request_id(peer: Responder) -> int:
    return int(peer.bodies[-1].RequestHeader.RequestHandle)  # type: ignore[attr-defined]


HOSTILE_BODIES = {
    "array of 2^31-1": struct.pack("<i", 0x7FFFFFFF) + bytes(40),
    "values of 2^31-1 booleans": struct.pack("<iBBi", 1, 1, 0x81, 0x7FFFFFFF) + bytes(40),
    "string of 2^31-1": struct.pack("<iBBi", 1, 1, 12, 0x7FFFFFFF) + bytes(40),
    "variant in variant": struct.pack("<iB", 1, 1) + b"\x18" * 50_000,
    "data value in variant": struct.pack("<iB", 1, 1) + b"\x17\x01" * 25_000,
    "inner diagnostics": struct.pack("<iBB", 1, 1, 25) + b"\x40" * 50_000,
    "null strings": struct.pack("<iBBi", 1, 1, 0x8C, 16_000) + b"\xff" * 64_000,
    "too many elements": struct.pack("<iBBi", 1, 1, 0x98, 60_000) + bytes(60_000),
    "unknown type": struct.pack("<iBB", 1, 1, 63),
    "array of 2^31-1 nothings": struct.pack("<iBBi", 1, 1, 0x80, 0x7FFFFFFF),
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_a_hostile_answer_is_garbled_at_once(name: str) -> None:
    peer = Responder(special={"Read": raw_read(HOSTILE_BODIES[name])})
    assert run(peer)["read_limits"].outcome is Outcome.GARBLED
    assert least_cpu(lambda: run(peer)) < 1.0


def test_a_token_of_no_life_is_never_renewed() -> None:
    peer = Responder(lifetime=0)
    plant(peer)
    seen = run(peer)
    assert peer.requests.count("OpenSecureChannel") == 2  # one for each connection
    assert seen["read"].points
    assert "not renewed" in seen["open_channel"].detail


def test_an_acknowledge_never_lifts_our_limits() -> None:
    peer = Responder(
        special={"Hello": lambda *_: b"ACKF" + struct.pack("<6I", 28, 0, *[0xFFFFFFFF] * 4)}
    )
    run(peer, Depth.IDENTIFY)
    with pytest.raises(Garbled):
        reply_length(b"MSGF" + struct.pack("<I", 0x7FFFFFFF))


def test_endless_continuation_points_end_at_our_cap() -> None:
    def endless() -> ua.BrowseResult:
        result = ua.BrowseResult()
        result.ContinuationPoint = b"more"
        return result

    def first(_peer: Responder, _request: object) -> object:
        found = ua.BrowseResponse()
        found.Results = [endless()]
        return found

    def further(_peer: Responder, _request: object) -> object:
        found = ua.BrowseNextResponse()
        found.Parameters.Results = [endless()]
        return found

    peer = Responder(special={"Browse": first, "BrowseNext": further})
    seen = run(peer)
    assert peer.requests.count("BrowseNext") == 50
    assert (seen["browse"].outcome, seen["browse"].reason) == (Outcome.PARTIAL, "our_cap")
    assert peer.requests[-1] == "CloseSession"


def test_an_endless_tree_ends_at_our_cap() -> None:
    def deeper(_peer: Responder, request: object) -> object:
        found = ua.BrowseResponse()
        for item in request.Parameters.NodesToBrowse:  # type: ignore[attr-defined]
            result = ua.BrowseResult()
            for step in (1, 2, 3):
                child = ua.ReferenceDescription()
                child.ReferenceTypeId = ua.NodeId(35, 0)
                number = item.NodeId.Identifier * 3 + step
                child.NodeId = ua.NodeId(number % 4_000_000_000, 2)
                child.BrowseName = ua.QualifiedName("x" * 50, 2)
                child.NodeClass = ua.NodeClass.Object
                result.References.append(child)
            found.Results.append(result)
        return found

    peer = Responder(special={"Browse": deeper})
    seen = run(peer)["browse"]
    assert (seen.outcome, seen.reason) == (Outcome.PARTIAL, "our_cap")
    assert peer.requests.count("Browse") < 40


def test_an_answer_to_another_handle_is_garbled() -> None:
    seen = run(Responder(handle_shift=5), Depth.IDENTIFY)
    assert seen["open_channel"].outcome is Outcome.GARBLED


def test_an_answer_of_another_type_is_garbled() -> None:
    peer = Responder(special={"GetEndpoints": lambda *_: ua.FindServersResponse()})
    assert run(peer, Depth.IDENTIFY)["get_endpoints"].outcome is Outcome.GARBLED


def test_an_answer_of_another_channel_is_garbled() -> None:
    def moved(peer: Responder, request: object) -> object:
        peer.channel += 1
        return ua.GetEndpointsResponse()

    peer = Responder(special={"GetEndpoints": moved})
    assert run(peer, Depth.IDENTIFY)["get_endpoints"].outcome is Outcome.GARBLED


def test_a_jump_in_sequence_is_garbled() -> None:
    def jump(peer: Responder, request: object) -> object:
        peer.sequence += 7
        return ua.GetEndpointsResponse()

    peer = Responder(special={"GetEndpoints": jump})
    assert run(peer, Depth.IDENTIFY)["get_endpoints"].outcome is Outcome.GARBLED


def error(code: int, text: bytes = b"") -> bytes:
    body = struct.pack("<Ii", code, len(text)) + text
    return b"ERRF" + struct.pack("<I", 8 + len(body)) + body


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("BadTcpServerTooBusy", Outcome.REFUSED_RESOURCE, "BadTcpServerTooBusy"),
        ("BadTcpEndpointUrlInvalid", Outcome.REFUSED_CAPABILITY, "endpoint_url"),
        ("BadSecurityPolicyRejected", Outcome.REFUSED_AUTH, "policy_not_offered"),
    ],
)
def test_an_error_message_is_a_refusal(name: str, outcome: Outcome, reason: str) -> None:
    answer = error(getattr(ua.StatusCodes, name), b"said")
    seen = run(Responder(special={"Hello": lambda *_: answer}), Depth.IDENTIFY)
    assert (seen["hello"].outcome, seen["hello"].reason) == (outcome, reason)
    assert "said" in seen["hello"].detail
    assert "open_channel" not in seen


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01", b"x"])
def test_another_protocol_is_told_at_its_first_bytes(junk: bytes) -> None:
    with pytest.raises(Foreign):
        answer_length(junk)
    seen = run(Responder(special={"Hello": lambda *_: junk}), Depth.IDENTIFY)
    assert seen["hello"].outcome is Outcome.OTHER


def test_chunk_bombs_are_bounded() -> None:
    tiny = b"MSGC" + struct.pack("<I", 24) + bytes(16)
    with pytest.raises(Garbled, match="chunks"):
        reply_length(tiny * 1100)
    large = b"MSGC" + struct.pack("<I", 65_536) + bytes(65_528)
    with pytest.raises(Garbled, match="more than"):
        reply_length(large * 129)
    for size in (0, 7, 65_537):
        with pytest.raises(Garbled):
            reply_length(b"MSGC" + struct.pack("<I", size))


def test_a_message_in_many_chunks_is_joined() -> None:
    def chunked(peer: Responder, request: object) -> bytes:
        found = ua.GetEndpointsResponse()
        found.Endpoints = [endpoint()]
        found.ResponseHeader.RequestHandle = handle(request)
        body, out = struct_to_binary(found), b""
        pieces = [body[at : at + 40] for at in range(0, len(body), 40)]
        for number, piece in enumerate(pieces):
            mark = b"F" if number == len(pieces) - 1 else b"C"
            out += peer.chunk(b"MSG", handle(request), piece, mark)
            peer.sequence += 1
        peer.sequence -= 1
        return out

    seen = run(Responder(special={"GetEndpoints": chunked}), Depth.IDENTIFY)
    assert seen["get_endpoints"].items == 1
    assert seen["find_servers"].outcome is Outcome.COMPLETE


def test_an_aborted_message_is_a_refusal() -> None:
    def aborted(peer: Responder, request: object) -> bytes:
        body = struct.pack("<Ii", ua.StatusCodes.BadResponseTooLarge, -1)
        return peer.chunk(b"MSG", handle(request), body, b"A")

    seen = run(Responder(special={"GetEndpoints": aborted}), Depth.IDENTIFY)
    assert seen["get_endpoints"].outcome is Outcome.REFUSED_CAPABILITY


@pytest.mark.parametrize(
    "words",
    ["\x1b]0;owned\x07", "\u202ereversed", "\0" * 2_000, "=cmd|'/c calc'!A0", "A" * 20_000],
    ids=["escape", "bidi", "zeros", "formula", "long"],
)
def test_hostile_text_is_kept_as_bounded_text(words: str) -> None:
    offer = endpoint()
    offer.Server.ApplicationName = ua.LocalizedText(words)
    offer.Server.ProductUri = words
    link = link_to(Responder(endpoints=[offer]))
    asyncio.run(climb(link, Depth.IDENTIFY))
    texts = [f.value for o in link.observations for f in o.facts if isinstance(f.value, str)]
    assert texts
    for text in texts:
        assert len(text) <= 4_096
        text.encode()  # NUL and escapes stay, and are written out where a text is stored or shown


def test_one_bad_field_costs_no_other() -> None:
    """A unit of no known form, a range of three bytes, a status that nobody defined."""
    peer = Responder()
    plant(peer)
    broken = ua.ExtensionObject(ua.NodeId(889, 0), b"\xff\xff\xff\x7f")
    peer.values["ns=2;i=4", 13] = ua.DataValue(ua.Variant(broken))
    short = ua.ExtensionObject(ua.NodeId(886, 0), b"\1\2\3")
    peer.values["ns=2;i=5", 13] = ua.DataValue(ua.Variant(short))
    peer.values["ns=2;i=3", 13] = ua.DataValue(StatusCode=ua.StatusCode(0x8FFF0000))
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    points = {p.name: p for o in link.observations for p in o.points}
    samples = {s.point: s.value for o in link.observations for s in o.samples}
    assert samples[points["Temp"].address] == 21.5
    assert (points["Temp"].unit, points["Temp"].low) == ("", None)
    assert "Secret" in points
    assert all(o.outcome is not Outcome.GARBLED for o in link.observations)


def test_nothing_is_asked_beside_the_questions_however_long_the_session_waits() -> None:
    """No keep-alive, no renewal: every request in the sampling session is one of its rounds."""
    peer = Responder()
    plant(peer)
    options = Options(sample_seconds=55.0, sample_every_seconds=11.0)
    target = Target("site", "192.0.2.1", "tcp", 4840)
    link = PlainLink(PROBE, target, responder=peer, options=options)
    asyncio.run(climb(link, Depth.SAMPLE))
    assert link.waited_seconds >= 44
    last = link.functions[len(link.functions) - 1 - link.functions[::-1].index("OPC UA Hello") :]
    assert last == [
        *("OPC UA Hello", "OPC UA OpenSecureChannel"),
        *("OPC UA CreateSession", "OPC UA ActivateSession"),
        *["OPC UA Read"] * (len(last) - 6),
        *("OPC UA CloseSession", "OPC UA CloseSecureChannel"),
    ]
    rounds = [o for o in link.observations if o.question.operation == "sample_read"]
    assert len(rounds) == 5
    assert len(last) - 6 == len(rounds) + 2  # what may be asked at once, and what the server is


def test_silence_in_the_walk_keeps_what_was_found() -> None:
    peer = Responder()
    plant(peer)
    peer.special["Browse"] = lambda p, r: p._Browse(r) if p.requests.count("Browse") < 3 else None
    link = link_to(peer)
    asyncio.run(climb(link, Depth.POINTS))
    browse = next(s for s in link.observations if s.question.operation == "browse")
    assert (browse.outcome, browse.reason) == (Outcome.PARTIAL, "went_silent")
    left = next(s for s in link.observations if s.question.argument == "left")
    assert {point.name for point in left.points} == {"Temp", "Secret"}


def samples() -> list[tuple[bytes, object]]:
    """Good bodies and their decoders."""
    peer = Responder([endpoint(), endpoint(certificate=b"c" * 30)])
    plant(peer)
    listing = ua.BrowseResult()
    listing.References = peer.references["i=85"]
    listings = struct.pack("<i", 1) + struct_to_binary(listing) + struct.pack("<i", -1)
    data = [
        peer.values["ns=2;i=4", 13],
        peer.values["ns=2;s=Temp;i=3", 13],
        peer.values["i=2255", 13],
    ]
    values = struct.pack("<i", 3) + b"".join(map(struct_to_binary, data)) + struct.pack("<i", -1)
    session = peer._CreateSession(None)
    return [
        (listings, lambda raw: read_listings(Cursor(raw), 1)),
        (values, lambda raw: read_values(Cursor(raw), 3)),
        (struct_to_binary(session.Parameters), lambda raw: read_session(Cursor(raw))),  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_truncation_is_garbled_or_shorter(number: int) -> None:
    good, decode = samples()[number]
    whole = decode(good)  # type: ignore[operator]
    for length in range(len(good)):
        try:
            shorter = decode(good[:length])  # type: ignore[operator]
        except Garbled:
            continue
        assert shorter == whole


def mutate(count: int, seed: int) -> None:
    """Flip, cut and lengthen good answers; only the known exceptions may come."""
    generator = random.Random(seed)
    known = (Garbled, Refused, Foreign, Stale)
    bodies = samples()
    whole = Responder()(_requests()[0]) or b""
    for _ in range(count):
        good, decode = generator.choice(bodies)
        raw = bytearray(good)
        for _ in range(generator.randint(1, 6)):
            raw[generator.randrange(len(raw))] = generator.choice((0, 1, 127, 128, 255))
        if generator.random() < 0.3:
            del raw[generator.randrange(len(raw)) :]
        frame = bytearray(whole)
        frame[generator.randrange(len(frame))] = generator.randrange(256)
        for attempt, data in (
            (decode, raw),
            (answer_length, frame),
            (read_acknowledge, frame),
            (stored_endpoints, raw),
        ):
            try:
                attempt(bytes(data))  # type: ignore[operator]
            except known:
                continue


def _requests() -> list[bytes]:
    link = link_to(Responder())
    asyncio.run(climb(link, Depth.IDENTIFY))
    return link.requests


def test_mutated_answers_raise_nothing_unknown() -> None:
    mutate(3_000, 1)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_mutated_answers_raise_nothing_unknown() -> None:
    mutate(100_000 * len(samples()), 2)
