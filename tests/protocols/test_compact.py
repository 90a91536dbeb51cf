"""Short JSON is what `json` writes and reads, to the byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Outcome, compact, expand

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_it_writes_what_json_writes(value: object) -> None:
    text = compact(value)
    assert text == json.dumps(value, separators=(",", ":"))
    assert repr(expand(text)) == repr(json.loads(text))


def test_words_of_a_closed_list_are_written_as_text() -> None:
    assert compact([Outcome.COMPLETE, {"a": Outcome.CLOSED}]) == '["complete",{"a":"closed"}]'


def test_what_json_cannot_write_is_refused() -> None:
    with pytest.raises(TypeError):
        compact([{1, 2}])


@pytest.mark.parametrize("text", ["", "[", "[1] 2", '{"a":1}x', "nul", '["\\u12"]'])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        expand(text)


def test_white_space_around_it_is_read() -> None:
    assert expand(" [1] \n") == expand("[1]\n") == [1]
