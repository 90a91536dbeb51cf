"""What is found in kept text by a pattern is what decoding all of it would give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.store import codec
from protocols.contract import Point, Quality, Sample, expand

TELLING = ('{"point":"', ',"value":', '"part":"x"', '","name":"', "\\", '\\",', "é", "{", "", " ")
TEXTS = st.sampled_from(TELLING) | st.text(max_size=6) | st.text("ab1.=;", max_size=6)
NUMBERS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | TEXTS
PLACES = st.just("") | TEXTS
SAMPLES = st.builds(Sample, TEXTS, NUMBERS, st.sampled_from(Quality), TEXTS, PLACES)
POINTS = st.builds(
    Point, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(("", "r")), PLACES, description=TEXTS
)


@given(st.lists(SAMPLES, min_size=1, max_size=3))
def test_samples_by_a_pattern_are_those_that_decoding_gives(several: list[Sample]) -> None:
    kept = codec.pack(several)
    told = [
        (one.get("part", ""), one["point"], one.get("value") is not None)
        for one in expand(kept)
    ]  # fmt: skip
    good = [one.quality is not Quality.BAD for one in several]
    wanted = [(*one[:2], one[2] and fine) for one, fine in zip(told, good, strict=True)]
    assert list(codec.sampled(kept)) == wanted


@given(st.lists(POINTS, min_size=1, max_size=3))
def test_points_by_a_pattern_are_those_that_decoding_gives(several: list[Point]) -> None:
    kept = codec.pack(several)
    decoded = codec.unpack(Point, kept)
    assert codec.named(kept) == [(p.part, p.address, p.name, p.unit) for p in decoded]
    assert list(codec.listed(kept)) == [(p.part, p.address) for p in decoded]
