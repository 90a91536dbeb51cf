"""Every passive decoder against bytes that mean harm: `Garbled`, `Foreign` or a reading."""

from __future__ import annotations

import math
import os
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.contract import FACTS, Foreign, Garbled, Overheard, Segment
from protocols.passive import Passive, passives
from scanner.capture.files import CaptureFile
from scanner.capture.walk import Walk

TIME = datetime(2026, 1, 1, tzinfo=UTC)
CORPUS = Path(os.environ.get("UNTRAP_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))


def segment(passive: Passive, payload: bytes, answer: bool) -> Segment:
    port = passive.ports[0] if passive.ports else 0
    ports = (port, 40_000) if answer else (40_000, port)
    link = "link" in passive.transports
    here, there = ("02:00:00:00:00:05", "02:00:00:00:00:09") if link else ("10.0.0.5", "10.0.0.9")
    return Segment(TIME, passive.transports[0], here, ports[0], there, ports[1], payload)


def check(items: tuple[Overheard, ...] | list[Overheard]) -> None:
    for item in items:
        for sample in item.samples:
            assert sample.point
            assert not isinstance(sample.value, float) or math.isfinite(sample.value)
        for fact in item.facts:
            assert fact.name in FACTS
            assert fact.source
            assert not isinstance(fact.value, str) or fact.value.isprintable()


def run(passive: Passive, payload: bytes) -> None:
    """All functions of one decoder, as the walk calls them."""
    if passive.recognise is not None:
        passive.recognise(payload)
    if passive.proof is not None:
        passive.proof(payload)
    with suppress(Garbled, Foreign):
        if passive.frame is not None and payload:
            length = passive.frame(payload)
            assert length is None or length > 0
    if len(payload) < passive.least:
        return
    if passive.alike is not None:
        assert isinstance(passive.alike(payload), bytes)
    if passive.side is not None:
        assert passive.side(payload) in ("client", "server", "")
    for answer in (False, True):
        one = segment(passive, payload, answer)
        with suppress(Garbled, Foreign):
            check(list(passive.decode(one)))
        with suppress(Garbled, Foreign):
            if passive.uses is not None:
                passive.uses(payload)
        with suppress(Garbled, Foreign):
            if passive.pair is not None:
                check(list(passive.pair(one, segment(passive, payload, True))))
        with suppress(Garbled, Foreign):
            if passive.whole is not None:
                held = bytearray(payload[:40])
                passive.whole(held, payload)
                assert len(held) <= 40 + len(payload)
        with suppress(Garbled, Foreign):
            if passive.remember is not None and passive.recall is not None:
                passive.remember(payload)
                check(list(passive.recall([one, one], segment(passive, payload, True))))
        with suppress(Garbled, Foreign):
            if passive.values is not None:
                answered = segment(passive, payload, True)
                check(list(passive.values(None if passive.reports else one, answered)))


BEGINNINGS = (
    b"",
    b"\x68\x0e\0\0\0\0",
    b"\x05\x64\x20\x44",
    b"\x81\x0a\0\x20\1\x20",
    b"\3\0\0\x30\2\xf0\x80\x32",
    b"\x30\x40\2\1\1\4\6public\xa2",
    b"MSGF\x60\0\0\0" + bytes(16) + b"\1\0",
    b"FINS\0\0\0\x40\0\0\0\2",
    b"\xaa\x31\0\x60",
    b"\x6f\0\x40\0" + bytes(20),
    b"\x63\0\x40\0" + bytes(20),
    b"\x6f\0\x18\0" + bytes(20) + bytes(6) + b"\2\0\0\0\0\0\xb2\0\x08\0\x0a\2\x20\2\x24\1",
    b"\x16\3\1\0\x60\x0b",
    b"\x10\x40\0\4MQTT\4\2\0\x3c",
    b"\x30\x40\0\x0aspBv1.0/a/",
    b"\1\1\3\0\0\1\0\x30\x86",
    b"\0\0\x40\0\0\0",
    b"\4\0\x20\0\x10\0\0\0",
    b"\xfe\xff\5\1",
    b"\0\1\x08\0\6\4",
    b"\x02\7\4",
    b"\xaa\xaa\3\0\0\x0c\x20\0\2\xb4",
    b"\x60\x40\xa2",
    b"\0\1\0\0\x00\x20\1\x2b\x0e\1",
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=160))
def test_no_decoder_raises_anything_else(beginning: bytes, rest: bytes) -> None:
    for passive in passives():
        run(passive, beginning + rest)


class Recorder(Walk):
    """Keeps every payload that reaches a decoder."""

    def __init__(self) -> None:
        self.kept: list[tuple[Passive, bytes]] = []
        super().__init__(tuple(self._tap(passive) for passive in passives()))

    def _tap(self, passive: Passive) -> Passive:
        from dataclasses import replace

        def decode(one: Segment) -> tuple[Overheard, ...]:
            if len(self.kept) < 20_000:
                self.kept.append((passive, one.payload))
            return tuple(passive.decode(one))

        return replace(passive, decode=decode)


def payloads() -> list[tuple[Passive, bytes]]:
    """Messages of the recordings, a few per decoder and file."""
    if not (CORPUS / "pcap").is_dir():
        pytest.skip("no recordings here: UNTRAP_CORPUS")
    kept: list[tuple[Passive, bytes]] = []
    for path in sorted((CORPUS / "pcap").rglob("*.*cap*")):
        walk = Recorder()
        for batch in CaptureFile(path).batches():
            walk.feed(batch)
        per: dict[str, int] = {}
        for passive, payload in walk.kept:
            per[passive.name] = per.get(passive.name, 0) + 1
            if per[passive.name] <= 6:
                kept.append((passive, payload[:1500]))
    return kept


def mutate(rng: random.Random, payload: bytes) -> bytes:
    data = bytearray(payload)
    for _ in range(rng.randint(1, 4)):
        kind = rng.randrange(4)
        at = rng.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        elif data:
            data[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def campaign(count: int) -> None:
    rng = random.Random(6)
    seeds = payloads()
    for _ in range(count):
        passive, payload = rng.choice(seeds)
        run(passive, mutate(rng, payload))


@pytest.mark.corpus
def test_every_truncation_of_recorded_messages() -> None:
    rng = random.Random(1)
    for passive, payload in rng.sample(payloads(), 60):
        for end in range(min(len(payload), 200)):
            run(passive, payload[:end])


@pytest.mark.corpus
def test_ten_thousand_mutations() -> None:
    campaign(10_000)


@pytest.mark.corpus
@pytest.mark.soak
def test_a_hundred_thousand_mutations_and_more() -> None:
    campaign(300_000)
