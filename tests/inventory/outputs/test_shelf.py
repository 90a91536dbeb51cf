"""A dictionary that keeps what does not fit on disk answers as one in memory does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.outputs.shelf import CACHE_KIB, Ledger, Shelf

KEYS = st.text(max_size=3)
PAIRS = st.lists(st.tuples(KEYS, KEYS))
STATUS = Path("/proc/self/status")


@given(PAIRS, st.booleans(), st.lists(KEYS))
def test_it_answers_as_a_dictionary(
    pairs: list[tuple[str, str]], last: bool, asked: list[str]
) -> None:
    known: dict[str, str] = {}
    for key, value in pairs:
        known[key] = value if last else known.get(key, value)
    shelf = Shelf()
    shelf.fill(pairs, last=last)
    assert list(shelf) == list(known.items())
    for key in (*known, *asked):
        assert shelf.get(key) == known.get(key)
        assert shelf.add(key) is (key not in known)
        known.setdefault(key, "")
    shelf.close()


def test_a_text_that_no_encoding_has_is_kept_too() -> None:
    shelf = Shelf()
    shelf.put("a\ud800\0", "\udfff")
    assert shelf.get("a\ud800\0") == "\udfff" and shelf.get("a") is None
    shelf.close()


def test_a_ledger_gives_back_each_value_at_its_place() -> None:
    kept: Ledger[tuple[int, str]] = Ledger()
    for n in range(300):
        kept.append((n, f"text {n}"))
    assert len(kept) == 300 and kept[299] == (299, "text 299")
    assert list(kept) == [(n, f"text {n}") for n in range(300)]


@pytest.mark.skipif(not STATUS.exists(), reason="memory is read from Linux")
def test_a_hundred_thousand_names_take_no_more_memory_than_its_cache() -> None:
    shelf = Shelf()
    shelf.fill((f"key-{n}", "v" * 100) for n in range(20_000))
    before = _held()
    shelf.fill((f"key-{n}", "v" * 100) for n in range(20_000, 100_000))  # 12 MB of text
    assert shelf.get("key-99999") == "v" * 100
    assert _held() - before < CACHE_KIB + 2048
    shelf.close()


def _held() -> int:
    """Memory that this process holds now, in KiB."""
    lines = STATUS.read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
