"""The S7 probe against scripted stations: what it asks, what it concludes, what it leaves open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from protocols.contract import FACTS, Depth, Outcome, Size, Target
from protocols.s7comm import PROBE
from tests.protocols.s7comm import examples as ex
from tests.support.plain import PlainLink, Responder

Lists = Callable[[int, int, int], bytes]
"""(SZL id, reference, number of the request on this list, from 0) to an answer."""


def station(lists: Lists, tsaps: tuple[int, ...] = (0x0102,)) -> Responder:
    """A station that accepts some TSAPs, sets up, and answers lists as told."""
    asked: dict[int, int] = {}
    current = 0

    def respond(request: bytes) -> bytes:
        nonlocal current
        if request[5] == 0xE0:
            wanted = int.from_bytes(request[-2:], "big")
            return ex.CONFIRM if wanted in tsaps else ex.disconnect(3)
        reference = int.from_bytes(request[11:13], "big")
        if request[8] == 1:
            return ex.setup_answer(reference, 480)
        if request[20] == 4:
            current = int.from_bytes(request[-4:-2], "big")
            asked[current] = 0
        number = asked[current]
        asked[current] += 1
        return lists(current, reference, number)

    return respond


def talkative(szl_id: int, reference: int, number: int) -> bytes:
    whole = {0x1C: ex.szl(0x1C, 34, ex.COMPONENTS), 0x11: ex.szl(0x11, 28, ex.MODULES)}[szl_id]
    return ex.szl_answer(reference, whole)


def run(responder: Responder) -> PlainLink:
    link = PlainLink(PROBE, Target("t", "127.0.0.1", "tcp", 102), responder)

    async def both() -> None:
        await PROBE.rungs[Depth.DISCOVER].run(link)
        await PROBE.rungs[Depth.IDENTIFY].run(link)

    asyncio.run(both())
    return link


def facts(link: PlainLink) -> dict[tuple[str, str], set[object]]:
    found: dict[tuple[str, str], set[object]] = {}
    for observation in link.observations:
        for fact in observation.facts:
            assert fact.name in FACTS
            assert fact.source
            found.setdefault((fact.name, fact.part), set()).add(fact.value)
    return found


def outcomes(link: PlainLink) -> list[tuple[str, Outcome]]:
    return [(o.question.operation, o.outcome) for o in link.observations]


def test_a_talkative_station_tells_who_it_is() -> None:
    link = run(station(talkative))
    assert facts(link) == {
        ("vendor", ""): {"Siemens"},
        ("model", ""): {ex.ORDER},
        ("product", ""): {"CPU 317-2 PN/DP"},
        ("firmware", ""): {"V3.2.10"},
        ("hardware", ""): {"5"},
        ("serial", ""): {"S C-X4U421302009"},
        ("name", ""): {"Press line 4"},
        ("description", ""): {"Hall B"},
        ("location", ""): {"Cabinet 12"},
        ("role", ""): {"plc"},
        ("part", "rack 0 slot 2"): {"PLC_Press"},
        ("part", "memory card"): {"memory card MMC 8D1A22F0"},
    }
    assert {outcome for _, outcome in outcomes(link)} == {Outcome.COMPLETE}
    assert link.functions == ["cotp connect", "s7 setup", "s7 read szl", "s7 read szl"]


def test_a_refused_slot_is_followed_by_one_other_and_no_more() -> None:
    link = run(station(talkative, tsaps=(0x0100,)))
    assert outcomes(link)[:3] == [
        ("connect", Outcome.REFUSED_CAPABILITY),
        ("connect", Outcome.COMPLETE),
        ("setup", Outcome.COMPLETE),
    ]
    assert ("part", "rack 0 slot 0") in facts(link)
    silent = run(station(talkative, tsaps=()))
    assert outcomes(silent) == [("connect", Outcome.REFUSED_CAPABILITY)] * 2


def test_a_station_that_keeps_its_lists_is_refused_capability_without_facts() -> None:
    link = run(station(lambda szl_id, reference, number: ex.szl_refusal(reference, 0x8104)))
    assert outcomes(link)[2:] == [("read_szl", Outcome.REFUSED_CAPABILITY)] * 2
    assert facts(link) == {}


def test_a_refused_component_list_leaves_the_module_list() -> None:
    def lists(szl_id: int, reference: int, number: int) -> bytes:
        if szl_id == 0x1C:
            return ex.szl_refusal(reference, 0xD401)
        return talkative(szl_id, reference, number)

    found = facts(run(station(lists)))
    assert found["vendor", ""] == {"Siemens"}
    assert found["role", ""] == {"plc"}
    assert ("serial", "") not in found


def test_another_makers_number_outweighs_a_siemens_order_number() -> None:
    copied = (ex.component(7, "CPU 315"), ex.component(9, bytes.fromhex("022b0000")))

    def lists(szl_id: int, reference: int, number: int) -> bytes:
        if szl_id == 0x1C:
            return ex.szl_answer(reference, ex.szl(0x1C, 34, copied))
        return talkative(szl_id, reference, number)

    assert ("vendor", "") not in facts(run(station(lists)))


def test_a_list_in_fragments_is_put_together() -> None:
    def lists(szl_id: int, reference: int, number: int) -> bytes:
        if szl_id == 0x11:
            return talkative(szl_id, reference, number)
        whole = ex.szl(0x1C, 34, ex.COMPONENTS)
        pieces = (whole[:100], whole[100:200], whole[200:])
        return ex.szl_answer(reference, pieces[number], more=number < 2)

    link = run(station(lists))
    assert facts(link) == facts(run(station(talkative)))
    pieces = [o for o in link.observations if o.question.argument.startswith("0x001C")]
    assert [o.outcome for o in pieces] == [Outcome.PARTIAL, Outcome.PARTIAL, Outcome.COMPLETE]
    assert sum(o.items or 0 for o in pieces) == len(ex.COMPONENTS)
    told = [f for o in pieces for f in o.facts]
    assert len(told) == len(set(told)), "a fact is told once"


def test_endless_fragments_are_cut_and_said_to_be() -> None:
    def lists(szl_id: int, reference: int, number: int) -> bytes:
        piece = ex.szl(szl_id, 34, ex.COMPONENTS[:2], announced=9) if not number else b"\0" * 34
        return ex.szl_answer(reference, piece, more=True)

    link = run(station(lists))
    components = [o for o in link.observations if o.question.argument.startswith("0x001C")]
    assert len(components) == 4
    assert (components[-1].outcome, components[-1].reason) == (Outcome.PARTIAL, "our_cap")


def test_missing_records_are_partial() -> None:
    def lists(szl_id: int, reference: int, number: int) -> bytes:
        return ex.szl_answer(reference, ex.szl(0x1C, 34, ex.COMPONENTS[:3], announced=9))

    link = run(station(lists))
    assert (link.observations[2].outcome, link.observations[2].reason) == (
        Outcome.PARTIAL,
        "continuation_lost",
    )


def test_an_empty_list_is_empty() -> None:
    link = run(station(lambda i, reference, n: ex.szl_answer(reference, ex.szl(i, 34, ()))))
    assert outcomes(link)[2:] == [("read_szl", Outcome.EMPTY)] * 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"SSH-2.0-dropbear\r\n", Outcome.OTHER),
        (b"\x03\x00\xff\xff", Outcome.GARBLED),
        (ex.setup_answer(1, 480), Outcome.GARBLED),
        (None, Outcome.SILENT),
    ],
)
def test_what_is_no_confirm_ends_the_conversation(answer: bytes | None, outcome: Outcome) -> None:
    link = run(lambda request: answer)
    assert outcomes(link) == [("connect", outcome)]


def test_a_hang_up_is_tried_once_more_at_the_other_slot() -> None:
    def hang_up(request: bytes) -> bytes:
        raise ConnectionResetError

    assert outcomes(run(hang_up)) == [("connect", Outcome.HUNG_UP)] * 2


def test_an_mms_server_confirms_the_transport_but_is_not_taken_for_s7() -> None:
    def mms(request: bytes) -> bytes:
        return ex.CONFIRM if request[5] == 0xE0 else bytes.fromhex("0300000c02f080a903800101")

    link = run(mms)
    assert outcomes(link) == [("connect", Outcome.COMPLETE), ("setup", Outcome.OTHER)]


def test_cost_of_what_was_found_equals_what_was_sent() -> None:
    for tsaps in ((0x0102,), (0x0100,)):
        link = run(station(talkative, tsaps=tsaps))
        planned = 0
        for rung in PROBE.rungs.values():
            assert rung.size is not None
            planned += rung.cost(rung.size(link.observations)).requests
        assert planned == len(link.requests)


def test_cost_grows_with_every_field_of_size_and_stays_within_budget() -> None:
    for rung in PROBE.rungs.values():
        least, most = rung.cost(rung.usual), rung.cost(rung.most)
        assert least.requests <= most.requests
        assert least.bytes <= most.bytes
        assert rung.cost(Size(9, 9, 9)).connections <= PROBE.most_connections
