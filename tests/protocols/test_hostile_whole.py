"""Every hostile behaviour that is known, for each protocol, has a test that plays it.

The behaviours are those that broke plain libraries, measured against pysnmp 7.1.30, pymodbus
3.16.1 and asyncua 2.1.0, each asked of all three protocols. A place holds the tests that play it
as a double, or the words why the protocol cannot have it.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.protocols.snmp.measure import corpus
from tests.support.plants import ROOT

SNMP = "tests/protocols/snmp/test_hostile.py::"
SNMP_CODEC = "tests/protocols/snmp/test_codec.py::"
MODBUS = "tests/protocols/modbus/test_hostile.py::"
MODBUS_CODEC = "tests/protocols/modbus/test_codec.py::"
OPCUA = "tests/protocols/opcua/test_hostile.py::"
BOUNDS = "tests/protocols/opcua/test_bounds.py::"
PLANT = "tests/scanner/test_hostile_plant.py::"
BLOCKED = "tests/protocols/test_worst_decode.py::test_no_single_answer_blocks_the_event_loop"
HEALTHY = PLANT + "test_every_hostile_answer_has_an_outcome_and_the_healthy_are_complete"
NO_TOKEN = "no: the protocol has no channel or token to renew"

TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "a length or count that lies, up to 2^31-1": {
        "snmp": (SNMP + "test_an_undecodable_answer_is_garbled",),
        "modbus": (
            MODBUS + "test_hostile_answer_has_its_outcome_and_no_fact",
            MODBUS_CODEC + "test_impossible_length_is_garbled",
        ),
        "opcua": (
            OPCUA + "test_a_hostile_answer_is_garbled_at_once",
            OPCUA + "test_chunk_bombs_are_bounded",
        ),
    },
    "a token lifetime of 0 ms": {
        "snmp": (NO_TOKEN,),
        "modbus": (NO_TOKEN,),
        "opcua": (OPCUA + "test_a_token_of_no_life_is_never_renewed",),
    },
    "an answer that lifts our own size limit": {
        "snmp": (SNMP_CODEC + "test_too_many_bindings_are_garbled",),
        "modbus": (MODBUS_CODEC + "test_impossible_length_is_garbled",),
        "opcua": (OPCUA + "test_an_acknowledge_never_lifts_our_limits",),
    },
    "pages without end": {
        "snmp": (
            SNMP + "test_endless_oids_end_at_our_cap",
            SNMP + "test_one_binding_a_page_is_bounded_by_pages",
        ),
        "modbus": (MODBUS + "test_identification_that_never_ends_is_bounded",),
        "opcua": (
            OPCUA + "test_endless_continuation_points_end_at_our_cap",
            OPCUA + "test_an_endless_tree_ends_at_our_cap",
        ),
    },
    "nesting without end": {
        "snmp": (SNMP + "test_an_undecodable_answer_is_garbled",),
        "modbus": ("no: a frame holds no frame",),
        "opcua": (
            OPCUA + "test_a_hostile_answer_is_garbled_at_once",
            BOUNDS + "test_what_would_take_too_long_is_refused_by_its_weight",
        ),
    },
    "a listing that repeats, goes round or goes back": {
        "snmp": (
            SNMP + "test_a_walk_that_loops_is_garbled_and_the_other_tables_are_read",
            SNMP_CODEC + "test_a_walk_that_does_not_grow_is_garbled",
        ),
        "modbus": (MODBUS + "test_identification_that_never_ends_is_bounded",),
        "opcua": (OPCUA + "test_an_endless_tree_ends_at_our_cap",),
    },
    "an answer to what was not asked": {
        "snmp": (
            SNMP + "test_values_of_oids_never_asked_are_not_believed",
            SNMP + "test_a_next_value_outside_the_column_is_not_read",
            SNMP_CODEC + "test_another_request_id_is_stale",
        ),
        "modbus": (
            MODBUS + "test_hostile_answer_has_its_outcome_and_no_fact",
            MODBUS_CODEC + "test_late_answer_is_stale_not_garbled",
            MODBUS + "test_answers_owed_to_somebody_else_cost_no_device",
        ),
        "opcua": (
            OPCUA + "test_an_answer_to_another_handle_is_garbled",
            OPCUA + "test_an_answer_of_another_type_is_garbled",
            OPCUA + "test_an_answer_of_another_channel_is_garbled",
            OPCUA + "test_a_jump_in_sequence_is_garbled",
        ),
    },
    "one bad field among good ones": {
        "snmp": (SNMP + "test_one_bad_field_costs_no_other",),
        "modbus": (MODBUS + "test_bad_register_block_gives_no_value",),
        "opcua": (
            OPCUA + "test_one_bad_field_costs_no_other",
            OPCUA + "test_silence_in_the_walk_keeps_what_was_found",
        ),
    },
    "keeping alive and renewing beside the questions": {
        "snmp": ("no: a datagram is sent by a question only, and no session is kept",),
        "modbus": ("no: a request is sent by a question only, and nothing expires",),
        "opcua": (
            OPCUA + "test_nothing_is_asked_beside_the_questions_however_long_the_session_waits",
        ),
    },
    "numbers wider than any type": {
        "snmp": (SNMP + "test_one_bad_field_costs_no_other",),
        "modbus": ("no: a register is 16 bits, and a map says how many make a number",),
        "opcua": ("no: every number of the encoding has its width",),
    },
    "too many values, or half of one": {
        "snmp": (SNMP_CODEC + "test_too_many_bindings_are_garbled",),
        "modbus": (
            MODBUS + "test_bad_register_block_gives_no_value",
            MODBUS_CODEC + "test_byte_counts_must_be_those_asked_for",
        ),
        "opcua": (OPCUA + "test_a_hostile_answer_is_garbled_at_once",),
    },
    "nonsense, or another protocol": {
        "snmp": (SNMP + "test_an_undecodable_answer_is_garbled", HEALTHY),
        "modbus": (MODBUS_CODEC + "test_other_protocols_are_foreign", HEALTHY),
        "opcua": (OPCUA + "test_another_protocol_is_told_at_its_first_bytes", HEALTHY),
    },
    "cut short": {
        "snmp": (SNMP_CODEC + "test_every_truncation_is_garbled", HEALTHY),
        "modbus": (
            MODBUS_CODEC + "test_every_truncation_of_a_good_answer_is_garbled",
            HEALTHY,
        ),
        "opcua": (OPCUA + "test_every_truncation_is_garbled_or_shorter", HEALTHY),
    },
    "silence, closing, slowness and refusal, told apart": {
        "snmp": (HEALTHY,),
        "modbus": (
            MODBUS + "test_bad_stream_ends_in_time_with_two_connections_at_most",
            MODBUS + "test_no_answer_at_connect_is_not_asked_twice",
            HEALTHY,
        ),
        "opcua": (
            OPCUA + "test_an_error_message_is_a_refusal",
            OPCUA + "test_an_aborted_message_is_a_refusal",
            HEALTHY,
        ),
    },
    "text that is hostile where it is shown": {
        "snmp": (SNMP + "test_hostile_text_is_kept_as_bounded_text", HEALTHY),
        "modbus": (MODBUS + "test_hostile_text_is_kept_as_bounded_text", HEALTHY),
        "opcua": (OPCUA + "test_hostile_text_is_kept_as_bounded_text", HEALTHY),
    },
    "any mutation of a good answer": {
        "snmp": (
            SNMP_CODEC + "test_mutated_answers_never_raise_anything_else",
            SNMP_CODEC + "test_the_long_campaign_of_mutated_answers",
            SNMP + "test_agents_with_mutated_answers_never_break_the_probe",
        ),
        "modbus": (
            MODBUS_CODEC + "test_mutated_answers_give_the_words_of_the_contract_only",
            MODBUS_CODEC + "test_a_hundred_thousand_mutations_per_parser",
        ),
        "opcua": (
            OPCUA + "test_mutated_answers_raise_nothing_unknown",
            OPCUA + "test_many_mutated_answers_raise_nothing_unknown",
        ),
    },
    "the answer that costs most to decode": dict.fromkeys(("snmp", "modbus", "opcua"), (BLOCKED,)),
    "all of it in one scan with healthy hosts": dict.fromkeys(
        ("snmp", "modbus", "opcua"), (HEALTHY,)
    ),
}
"""Behaviour to protocol to the tests that play it, or "no: " and why it cannot be."""

LISTED: dict[str, tuple[str, ...]] = {
    "array length 2^31": ("a length or count that lies, up to 2^31-1",),
    "0 ms token lifetime": ("a token lifetime of 0 ms",),
    "lifts the client's own size limit": ("an answer that lifts our own size limit",),
    "endless continuation points": ("pages without end",),
    "nested Variants": ("nesting without end",),
    "keep-alive read": ("keeping alive and renewing beside the questions",),
    "walks have no loop guard": (
        "a listing that repeats, goes round or goes back",
        "pages without end",
    ),
    "OIDs never asked": ("an answer to what was not asked",),
    "looks like a time-out": (
        "nonsense, or another protocol",
        "cut short",
        "silence, closing, slowness and refusal, told apart",
    ),
    "one bad field loses the whole answer": ("one bad field among good ones",),
    "garbage raises inside the event loop": (
        "nonsense, or another protocol",
        "any mutation of a good answer",
        "the answer that costs most to decode",
    ),
    "accepts a wrong function code, transaction id 0": (
        "an answer to what was not asked",
        "too many values, or half of one",
        "a length or count that lies, up to 2^31-1",
    ),
    "a malformed frame becomes": ("nonsense, or another protocol", "cut short"),
    "control bytes": ("text that is hostile where it is shown",),
    "a leading `=`": ("text that is hostile where it is shown",),
    "lone surrogates": ("text that is hostile where it is shown",),
    "NUL cuts": ("text that is hostile where it is shown",),
    "integers of 5 000 digits": ("numbers wider than any type",),
}
"""What the safety design lists of plain libraries, by words of each, to rows of the table."""


def clauses(page: str) -> list[str]:
    """The behaviours of the design page's section 4: what stands between its semicolons."""
    section = page.split("## 4.")[1].split("## 5.")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [clause for row in rows for clause in row.split("|")[2].split(";")]


def test_every_behaviour_of_the_list_has_a_row_for_all_three_protocols() -> None:
    for words, rows in LISTED.items():
        assert rows, words
        assert set(rows) <= set(TABLE), words
    spoken = {row for rows in LISTED.values() for row in rows}
    assert set(TABLE) - spoken == {"all of it in one scan with healthy hosts"}


def test_the_list_is_that_of_the_safety_design() -> None:
    page = corpus().parent / "design" / "safety.md"
    if not page.exists():
        pytest.skip("the design pages are not here")
    said = clauses(page.read_text(encoding="utf-8"))
    assert len(said) >= len(LISTED)
    for clause in said:
        assert sum(words in clause for words in LISTED) == 1, clause
    for words in LISTED:
        assert sum(words in clause for clause in said) == 1, words


@cache
def cases_in(path: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def named() -> set[str]:
    """Every test that the table names."""
    places = (tests for row in TABLE.values() for tests in row.values())
    return {test for tests in places for test in tests if not test.startswith("no: ")}


@pytest.mark.parametrize("behaviour", TABLE)
def test_each_protocol_plays_it_or_says_why_it_cannot(behaviour: str) -> None:
    row = TABLE[behaviour]
    assert set(row) == {"snmp", "modbus", "opcua"}
    assert all(row.values())
    for test in {t for tests in row.values() for t in tests if not t.startswith("no: ")}:
        path, _, name = test.partition("::")
        assert name in cases_in(path), test


@pytest.mark.parametrize("path", [SNMP, MODBUS, OPCUA])
def test_no_hostile_double_is_missing_from_the_table(path: str) -> None:
    left = {path + name for name in cases_in(path.removesuffix("::"))} - named()
    assert {t.partition("::")[2] for t in left} <= {
        "test_a_message_in_many_chunks_is_joined",  # the healthy counterpart of the chunk bombs
        "test_the_long_campaign_of_agents_with_mutated_answers",  # the soak of a test in the table
    }
