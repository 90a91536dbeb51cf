"""The page's table of memory is what the benchmark printed; ten times the devices take no more
than a quarter more."""

from __future__ import annotations

import re

from benchmarks.exports import BEGIN, COMMANDS, END, FILES, PAGE, SINGLE, figures, table

LINES = ("output\tdevices\tCPU s\tMB added\tMB peak", "csv-gaps\t10000\t3.4\t13.8\t61.1",
         "csv-gaps\t100000\t33.0\t14.0\t61.4", "json\t10000\t1.0\t2.0\t3.0",
         "csv-gaps: 10 times the devices, 1.00 times the peak")  # fmt: skip


def test_printed_lines_become_rows_of_outputs_that_have_both_sizes() -> None:
    found = table(figures(LINES)).splitlines()
    assert len(found) == 3
    assert found[2] == "| `csv-gaps` | 61 | 61 | 3 | 33 |"


def test_every_output_is_in_the_table_or_named_below_it_and_those_measured_are_flat() -> None:
    text, rest = PAGE.read_text("utf-8").split(BEGIN)[1].split(END)
    rows = re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    named = set(re.findall(r"`(.+?)`", rest))
    assert {name for name, _, _ in rows} | named >= {*SINGLE, *FILES, *COMMANDS}
    grown = {name: int(large) / int(small) for name, small, large in rows}
    assert [name for name, times in grown.items() if times > 1.25] == []
