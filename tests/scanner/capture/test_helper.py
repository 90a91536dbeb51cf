"""What the capture helper writes is taken within bounds, however much comes."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from protocols.contract import Observation
from scanner.capture import live
from scanner.capture.live import answering
from scanner.capture.observations import Origin
from scanner.layer2.helper import Heard, Helper, Layer2Error
from scanner.layer2.plan import Layer2, Segment
from scanner.layer2.run import Before
from scanner.targets import Range
from tests.scanner.capture.packets import ethernet, mac
from tests.support.patience import HUNG_SECONDS

ORIGIN = Origin("here", "scan", "test")
WORDS = ("listen", "here0", "1")
STRANGERS = 300
SENT = '{"sent": 2}'
SEGMENT = Segment("here", "10.7.0.254", (Range(4, 0x0A070001, 0x0A070009),))


def announcement(number: int) -> bytes:
    """An ARP request (RFC 826) in which 10.7.x.y speaks for itself."""
    address = bytes((10, 7, number >> 8, number & 255))
    sender = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    body = bytes.fromhex("0001080006040001") + mac(sender) + address + bytes(6) + address
    return ethernet(sender, "ff:ff:ff:ff:ff:ff", 0x0806, body)


def says(*lines: str) -> tuple[str, ...]:
    """A program in the helper's place that prints these lines and ends."""
    return (sys.executable, "-c", f"print({chr(10).join(lines)!r})")


def frames(count: int) -> list[str]:
    return [f'{{"time": {n}, "frame": "{announcement(n).hex()}"}}' for n in range(count)]


def test_of_those_that_speak_arp_only_who_was_asked_is_kept() -> None:
    told: list[set[str]] = []
    helper = Helper(
        told.append,
        asks=lambda address: address == "10.7.0.9",
        command=says(*frames(STRANGERS), SENT),
    )
    heard = helper.run(WORDS, ORIGIN)
    assert (heard.packets, heard.sent) == (STRANGERS, 2)
    assert heard.answered == {"10.7.0.9"}
    assert told == [{"10.7.0.9"}]


def test_the_plan_says_who_is_asked() -> None:
    async def run() -> list[bool]:
        plan = Layer2(
            segments=(Segment("here", "10.7.0.254", (Range(4, 0x0A070001, 0x0A070009),)),)
        )
        before = Before(plan, ORIGIN, list[Observation]().append, lambda: False)
        found: list[bool] = []

        def job(*, helper: Helper) -> Heard:
            found.extend(helper.asks(address) for address in ("10.7.0.9", "10.7.0.77"))
            return Heard((), 0, 0)

        await before._one(job)
        return found

    assert asyncio.run(run()) == [True, False]


def test_the_helper_itself_remembers_only_answers_of_those_it_asked() -> None:
    asked = frozenset({0x0A070009})
    assert [answering(announcement(n), asked) for n in (8, 9)] == [set(), asked]
    assert answering(announcement(9)[:30], asked) == set()
    assert (
        answering(ethernet("02:00:00:00:00:09", "02:00:00:00:00:05", 0x0800, b""), asked) == set()
    )


FLOOD = (sys.executable, "-c", f"while True: print({frames(1)[0]!r})")
"""A helper that never ends, and whose pipe is full whenever nobody reads."""


def test_at_the_limit_of_packets_listening_ends_and_what_was_heard_is_kept() -> None:
    heard = Helper(command=FLOOD, most=STRANGERS).run(WORDS, ORIGIN)
    assert heard.packets == STRANGERS
    assert heard.answered == {"10.7.0.0"}
    assert heard.problem == f"listening on here0 ended after {STRANGERS} packets"


def test_a_helper_that_dies_leaves_what_it_said() -> None:
    heard = Helper(command=says(*frames(3))).run(WORDS, ORIGIN)
    assert (heard.packets, heard.problem) == (3, "the capture helper on here0 ended early")


def test_a_helper_that_said_all_and_does_not_go_is_ended() -> None:
    stays = (sys.executable, "-c", f"import signal; print({SENT!r}, flush=True); signal.pause()")
    heard = Helper(command=stays, grace_seconds=0.0).run(WORDS, ORIGIN)
    assert (heard.sent, heard.problem) == (2, "")


def test_a_helper_that_hangs_is_ended_and_what_it_said_is_kept() -> None:
    said = "\n".join(frames(3))
    hangs = (sys.executable, "-c", f"import signal; print({said!r}, flush=True); signal.pause()")
    for silence in (1, 10, 100):  # on a busy machine it has not even started after a second
        heard = Helper(command=hangs, silence_seconds=float(silence)).run(WORDS, ORIGIN)
        assert heard.problem == f"the capture helper on here0 said nothing for {silence} s"
        if heard.packets:
            break
    assert heard.packets == 3


def test_on_a_quiet_segment_the_helper_says_that_it_lives(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a second, however often it looks."""
    times = iter([n / 2 for n in range(1000)])
    monkeypatch.setattr(live.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(live, "alive", live.Alive())

    class Quiet:
        def select(self, sockets: object, patience: float) -> list[object]:
            return []

    live.receive(Quiet(), 20.0)  # type: ignore[arg-type]
    said = capsys.readouterr().out.splitlines()
    assert set(said) == {'{"alive":true}'}
    assert 10 <= len(said) <= 21


class Late:
    """A segment on which frames wait, and a clock that has gone on while nobody read them."""

    def __init__(self, waiting: int) -> None:
        self.waiting, self.now = waiting, 0.0

    def monotonic(self) -> float:
        return self.now

    def select(self, sockets: object, patience: float) -> list[object]:
        self.now += 100.0
        return [self] if self.waiting else []

    def recv_raw(self, size: int) -> tuple[None, bytes, float]:
        self.waiting -= 1
        return None, announcement(self.waiting & 0xFFFF), 1.0


def test_what_came_in_time_is_heard_by_a_helper_that_a_busy_machine_held_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[bytes] = []
    segment = Late(40)
    monkeypatch.setattr(live.time, "monotonic", segment.monotonic)
    live.receive(segment, 1.0, heard.append)  # type: ignore[arg-type]
    assert len(heard) == 40
    assert capsys.readouterr().out.count("frame") == 40


def test_a_flood_ends_with_its_time_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = Late(1_000_000)
    monkeypatch.setattr(live.time, "monotonic", segment.monotonic)
    live.receive(segment, 1.0)  # type: ignore[arg-type]
    assert segment.waiting >= 1_000_000 - live.WAITING_FRAMES - 1
    capsys.readouterr()


def test_a_helper_that_is_cancelled_before_it_starts_is_ended_at_once() -> None:
    waits = (sys.executable, "-c", "import signal; signal.pause()")
    helper = Helper(command=waits)
    helper.cancel()
    heard = helper.run(WORDS, ORIGIN)
    assert (helper.cancelled, heard.packets, heard.problem) == (True, 0, "")


def test_a_helper_that_has_ended_is_not_called_cancelled() -> None:
    helper = Helper(command=says(SENT))
    helper.run(WORDS, ORIGIN)
    helper.cancel()
    assert not helper.cancelled


def test_a_helper_that_does_not_start_is_told_as_a_problem() -> None:
    with pytest.raises(Layer2Error, match="did not start"):
        Helper(command=("/nowhere/python",)).run(WORDS, ORIGIN)


def test_after_a_sweep_that_was_cut_nobody_counts_as_dead() -> None:
    async def run() -> Before:
        plan = Layer2(segments=(SEGMENT,))
        before = Before(plan, ORIGIN, list[Observation]().append, lambda: False)

        def job(*, helper: Helper) -> Heard:
            return Heard((), 7, 0, frozenset({"10.7.0.9"}), problem="too much")

        assert await before._one(job) is None
        return before

    before = asyncio.run(run())
    assert (before.found.packets, before.found.problems) == (7, ["too much"])
    assert before.found.heard("10.7.0.9")
    assert not before.found.asked


OBEYS = (
    sys.executable,
    "-c",
    "import sys\n"
    "first = sys.stdin.readline()\n"
    f"print({frames(1)[0]!r}, flush=True)\n"
    "print('{\"sent\": %d}' % ([first, sys.stdin.readline()] == ['wait\\n', 'go\\n']))",
)
"""Says a frame once it was told to wait, and 1 where it was told to go on afterwards."""


def test_a_helper_is_told_to_wait_and_to_go_on() -> None:
    helper = Helper(lambda _: helper.hold(False), command=OBEYS)
    helper.hold(True)  # before it runs: it is told as soon as it does
    assert helper.run(WORDS, ORIGIN).sent == 1
    helper.hold(True)  # it has ended: nobody is there to be told


def test_a_pause_of_the_scan_holds_the_helper() -> None:
    paused, held = [True], list[bool]()

    async def run() -> None:
        before = Before(
            Layer2(segments=(SEGMENT,)),
            ORIGIN,
            list[Observation]().append,
            lambda: False,
            lambda: paused[0],
        )

        def job(*, helper: Helper) -> Heard:
            told = threading.Event()
            held.append(helper.held)  # from its beginning
            helper.hold = lambda wait: (held.append(wait), told.set())  # type: ignore[method-assign,assign,return-value]
            paused[0] = False
            assert told.wait(HUNG_SECONDS)
            return Heard((), 0, 0)

        async with before._watched():
            await before._one(job)

    asyncio.run(run())
    assert held[:2] == [True, False]


def test_no_broadcast_leaves_while_the_helper_is_told_to_wait() -> None:
    """Also not the rest of the round, and afterwards everybody is asked as if nothing had been."""
    pytest.importorskip("scapy")
    done: list[str] = []

    class Segment1:
        """A segment on which nobody answers."""

        def send(self, frame: object) -> None:
            done.append("sent")

        def select(self, sockets: object, patience: float) -> list[object]:
            return []

    def waits() -> bool:
        wait = 3 <= len(done) < 6 or 10 <= len(done) < 12
        if wait:
            done.append("waited")
        return wait

    sent = live.arp(Segment1(), "lo", "10.7.0.254", "10.7.0.1-10.7.0.5", 1e6, 0.0, waits)  # type: ignore[arg-type]
    assert sent == done.count("sent") == 10
    assert done[3:6] == ["waited"] * 3
    assert done[10:12] == ["waited"] * 2


def test_what_the_helper_was_told_last_holds_until_it_is_told_otherwise() -> None:
    reads, writes = os.pipe()
    told = live.Told(reads)
    assert not told()
    os.write(writes, b"wait\n")
    assert [told(), told()] == [True, True]
    os.write(writes, b"go\nwait\ngo\n")
    assert not told()
    os.write(writes, b"wait\n")
    os.close(writes)
    with pytest.raises(SystemExit):  # whoever would say "go" is gone
        while told():
            pass
    os.close(reads)
