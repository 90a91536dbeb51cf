"""What was heard before a scan was cut is replayed, and the network asked for the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import pytest

from protocols.contract import Anew, Observation, Outcome, Question, Reason
from scanner.wire.link import Conversation
from scanner.wire.past import Past, SessionCut, usable
from tests.scanner.test_link import ASK, Bench, Serve, probe, reader, saying, serving, toy_frame
from tests.support.virtual import virtually


def heard_from(serve: Serve, asks: int) -> list[Observation]:
    """Observations of a conversation with a toy server."""

    async def run() -> list[Observation]:
        async with serving(serve) as port:
            bench = Bench(port)
            for number in range(asks):
                await bench.ask(number + 1)
            await bench.link.close()
            return bench.emitted

    return virtually(run())


def again(
    past: list[Observation], serve: Serve, asks: int, session: bool = False
) -> tuple[list[Outcome], Bench, int]:
    """The same conversation resumed: outcomes, the bench, connections that were opened."""

    async def run() -> tuple[list[Outcome], Bench, int]:
        async with serving(serve) as port:
            bench = Bench(port)
            here = replace(probe("tcp"), session=session)
            bench.link = Conversation(
                bench.wire, bench.host, here, port, most_requests=50, seconds=30, past=past
            )
            found = []
            for number in range(asks):
                answer = await bench.link.ask(
                    ASK, b"?%d\n" % (number + 1), frame=toy_frame, read=reader(number + 1)
                )
                found.append(answer.outcome)
            await bench.link.close()
            return found, bench, bench.link.connections

    return virtually(run())


TWO = (b"!1 one\n", b"!2 two\n", b"!3 three\n")


def test_an_answered_question_is_not_asked_again() -> None:
    past = heard_from(saying(*TWO), 2)
    found, bench, connections = again(past, saying(TWO[2]), 3)
    assert found == [Outcome.COMPLETE] * 3
    assert bench.wire.sent.requests == connections == 1
    assert bench.link.replayed == 2
    assert [item.outcome for item in bench.emitted] == [Outcome.COMPLETE]  # only what is new


def test_a_whole_conversation_is_replayed_without_a_packet() -> None:
    past = heard_from(saying(*TWO), 3)
    found, bench, connections = again(past, saying(), 3)
    assert found == [Outcome.COMPLETE] * 3
    assert connections == bench.wire.sent.packets == 0


def test_an_answer_that_was_not_kept_is_asked_for_again() -> None:
    past = [replace(item, raw=b"") for item in heard_from(saying(*TWO), 2)]
    _, bench, _ = again(past, saying(*TWO), 2)
    assert bench.wire.sent.requests == 2


def test_an_answer_that_the_decoder_no_longer_accepts_is_asked_for_again() -> None:
    past = heard_from(saying(*TWO), 2)
    past[0], past[1] = past[1], past[0]
    _, bench, _ = again(past, saying(*TWO), 2)
    assert bench.wire.sent.requests == 2


def test_silence_and_refusal_are_replayed_too() -> None:
    past = heard_from(saying(b"!no\n"), 2)  # refused, then silent
    found, bench, _ = again(past, saying(), 2)
    assert found == [Outcome.REFUSED_AUTH, Outcome.SILENT]
    assert bench.wire.sent.requests == 0


def test_a_session_that_was_cut_begins_anew() -> None:
    past = heard_from(saying(*TWO), 2)
    with pytest.raises(SessionCut) as cut:
        again(past, saying(*TWO), 3, session=True)
    assert cut.value.kept == 0


def test_a_session_that_only_lacks_its_goodbye_is_not_repeated() -> None:
    past = heard_from(saying(*TWO), 2)

    async def run() -> tuple[Outcome, int]:
        async with serving(saying()) as port:
            bench = Bench(port)
            here = replace(probe("tcp"), session=True)
            link = Conversation(
                bench.wire, bench.host, here, port, most_requests=50, seconds=30, past=past
            )
            for number in (1, 2):
                await link.ask(ASK, b"?%d\n" % number, frame=toy_frame, read=reader(number))
            goodbye = Question("toy", "bye")
            answer = await link.ask(goodbye, b"?3\n", frame=toy_frame, read=reader(3), parting=True)
            await link.close(b"?4\n")
            return answer.outcome, bench.wire.sent.packets

    assert virtually(run()) == (Outcome.NOT_ASKED, 0)


def test_connections_that_were_closed_stand_on_their_own() -> None:
    question = Question("toy", "other")
    items = [replace(item, question=question) for item in heard_from(saying(*TWO), 2)]
    past = Past(items, bound=True)
    assert past.take(question)
    past.part()
    assert past.take(question)
    with pytest.raises(SessionCut) as cut:
        past.leave()
    assert cut.value.kept == 1


def test_nothing_is_replayed_from_where_the_scan_itself_was_in_the_way() -> None:
    one, two, three = heard_from(saying(*TWO), 3)
    stopped = replace(two, outcome=Outcome.NOT_ASKED, reason=Reason.MAX_TIME)
    ours = replace(two, outcome=Outcome.FAILED_HERE, reason="EMFILE")
    assert usable([one, stopped, three]) == (one,)
    assert usable([one, ours, three]) == (one,)
    assert usable([one, two, three]) == (one, two, three)


def test_a_stop_while_waiting_is_ours_and_not_the_devices_silence() -> None:
    async def run() -> list[Observation]:
        async with serving(saying()) as port:
            bench = Bench(port)
            bench.wire.limits = replace(bench.wire.limits, answer_timeout=20)
            asyncio.get_running_loop().call_later(0.1, bench.wire.stop, Reason.ABORTED)
            await bench.ask(1)
            await bench.link.close()
            return bench.emitted

    (found,) = virtually(run())
    assert (found.outcome, found.reason) == (Outcome.FAILED_HERE, Reason.ABORTED)


def test_answers_that_stand_are_borrowed_in_order_up_to_the_first_that_differs() -> None:
    one, two = heard_from(saying(*TWO), 2)
    other = Question("toy", "other")
    past = Past(standing=deque([one, two]))
    assert past.borrow(other) is None  # a set-up is not among them
    assert past.borrow(one.question) is one
    past.standing[0] = replace(two, question=replace(two.question, argument="second"))
    assert past.borrow(one.question) is None  # the same kind of question, and another one
    assert not past.standing


def test_a_session_set_up_anew_borrows_what_stands_and_asks_the_rest() -> None:
    past = heard_from(saying(*TWO), 2)

    async def run() -> tuple[list[Outcome], int, list[Observation], Sequence[Observation]]:
        async with serving(saying(b"!0 hello\n", TWO[2])) as port:
            bench = Bench(port)
            here = replace(probe("tcp"), session=True)
            link = Conversation(
                *(bench.wire, bench.host, here, port),
                most_requests=50,
                seconds=30,
                standing=past,
            )
            hello = Question("toy", "hello")
            found = [await link.ask(hello, b"?0\n", frame=toy_frame, read=reader(0))]
            for number in (1, 2, 3):
                read = Anew(reader(number), reader(number))
                found.append(await link.ask(ASK, b"?%d\n" % number, frame=toy_frame, read=read))
            await link.close()
            outcomes = [answer.outcome for answer in found]
            return outcomes, bench.wire.sent.requests, bench.emitted, link.news()

    outcomes, requests, emitted, news = virtually(run())
    assert outcomes == [Outcome.COMPLETE] * 4
    assert requests == 2
    assert emitted == list(news)
    assert [item.question.operation for item in emitted] == ["hello", ASK.operation]
