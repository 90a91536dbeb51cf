"""Which letters the bytes of a text file mean: by its mark, by UTF-8, by a person's word, or by
what the letters make.

One rule keeps it simple: what a file does not say is guessed from what it holds, and a guess is
shown as one. Under a wrong encoding headings are no known words, and letters make no words: a sign
stands within one, Cyrillic within Latin, a rare character where only common ones would be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice, pairwise

from inventory.imports.columns import plain

NO_WORDS: frozenset[str] = frozenset()
HEADING_LINES = 20
LINES_LOOKED_AT = 2_000
"""Lines with letters beyond ASCII by which an encoding is told."""


class EncodingError(Exception):
    """A named encoding does not exist, or is not that of the file."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says, in which encoding, and what has to be said of that."""

    text: str
    told: str


def decode(content: bytes, named: str = "", headings: Collection[str] = NO_WORDS) -> Text:
    """The text of a file; `headings` are the known ones, as they are compared (`plain`).

    Raises `EncodingError` for a `named` encoding that there is not, or that the bytes are not in.
    """
    if named:
        return _by_name(content, named)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Text(content.decode("utf-16", "replace"), "UTF-16")
    if b"\0" in content and (unmarked := _unmarked_utf16(content)):
        return unmarked
    try:
        return Text(content.decode("utf-8-sig"), "UTF-8")
    except UnicodeDecodeError:
        return _mostly_utf8(content) or _guessed(content, headings)


def _unmarked_utf16(content: bytes) -> Text | None:
    """Text of UTF-16 without its mark: each sign of ASCII has a zero byte on the same side."""
    sides = {place % 2 for place, byte in enumerate(content[:4096]) if not byte}
    if len(sides) != 1 or len(content) % 2:
        return None
    try:
        found = content.decode("utf-16-le" if sides == {1} else "utf-16-be")
    except UnicodeDecodeError:
        return None
    return Text(found, "UTF-16 without its mark") if "\n" in found else None


def _by_name(content: bytes, named: str) -> Text:
    try:
        "a".encode(named)  # LookupError also for what is no encoding of text
    except (LookupError, UnicodeError) as error:
        raise EncodingError(
            f"no encoding {named!r}; write one like utf-8, cp1252, cp1251, gb18030, shift_jis"
        ) from error
    try:
        return Text(content.decode(named).removeprefix("\ufeff"), named)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EncodingError(f"line {line} is not in the encoding {named}") from error


def _mostly_utf8(content: bytes) -> Text | None:
    """UTF-8 of which some bytes are broken, as where a text was cut; no other text looks so."""
    text = content.decode("utf-8-sig", "replace")
    broken = text.count("\ufffd")
    if sum(not letter.isascii() for letter in text) < 10 * broken:
        return None
    return Text(text, f"UTF-8, of which {broken} letters cannot be read")


def _guessed(content: bytes, headings: Collection[str]) -> Text:
    sample = _sample(content)
    best, evidence = CANDIDATES[0], (-1, -1.0)
    for one in CANDIDATES:
        try:
            text = sample.decode(one.codec)
        except UnicodeDecodeError:
            continue
        found = (_known(text, headings), _natural(text, one.letters))
        if found > evidence:
            best, evidence = one, found
    told = f"{best.name}, a guess by its letters (--encoding NAME decides)"
    if evidence[0] < 1 and evidence[1] < 0.5:
        told = f"{best.name}, though its letters make few words in it; name it: --encoding NAME"
    text = content.decode(best.codec, "replace")
    if lost := text.count("\ufffd"):
        told += f"; {lost} letters cannot be read"
    return Text(text, told)


def _sample(content: bytes) -> bytes:
    """The first lines, and lines with more than ASCII. No encoding here has a line feed within a
    letter."""
    lines = content.split(b"\n")
    more = (line for line in lines[HEADING_LINES:] if not line.isascii())
    return b"\n".join([*lines[:HEADING_LINES], *islice(more, LINES_LOOKED_AT)])


def _known(text: str, headings: Collection[str]) -> int:
    """How many cells of the first lines are headings that are not in ASCII."""
    lines = text.split("\n", HEADING_LINES)[:HEADING_LINES]
    cells = (cell for line in lines for cell in re.split(r'[,;\t|"]+', line))
    return sum(not cell.isascii() and plain(cell) in headings for cell in cells)


def _natural(text: str, letters: Callable[[str], int]) -> float:
    """Which share of the letters beyond ASCII stands in words as people write them."""
    words = [word for word in WORD.findall(text) if not word.isascii()]
    count = sum(_beyond(word) for word in words)
    return sum(letters(word) for word in words) / count if count else 0.0


WORD = re.compile(r"(?:[A-Za-z]|[^\x00-\x7f\s\xa0])+")


def _beyond(word: str) -> int:
    return sum(not letter.isascii() for letter in word)


AROUND = "„“”‚‘’‹›«»–—…•·®™©№§¿¡"  # noqa: RUF001 - these signs are meant
"""Signs that stand at either end of a word."""
MEASURES = "°µ²³¹½¼¾±×÷Øø€£¥‰"  # noqa: RUF001
"""Signs that stand alone or with a unit ("°C", "m³"), never in a longer word."""


def _of_words(script: Callable[[str], bool]) -> Callable[[str], int]:
    """Letters beyond ASCII of a word, where it is one that people write with an alphabet."""

    def letters(word: str) -> int:
        bare = word.strip(AROUND)
        unit = bare.strip(MEASURES)
        if unit.isascii() and len(unit) <= 2:
            return _beyond(word)
        return _beyond(word) if bare.isalpha() and not _broken(bare) and script(bare) else 0

    return letters


def _broken(word: str) -> bool:
    """Whether a capital letter follows a small one, as it does in no word but a name of a thing."""
    return re.search(r"[a-z][A-Z]", word) is None and any(
        one.islower() and two.isupper() for one, two in pairwise(word)
    )


def _latin(word: str) -> bool:
    """Accents stand alone or in twos among plain letters."""
    return len(word) == 1 or (
        re.search(r"[A-Za-z]", word) is not None and not re.search(r"[^\x00-\x7f]{3}", word)
    )


def _cyrillic(word: str) -> bool:
    return all("\u0400" <= letter <= "\u04ff" for letter in word)


def _of_common(codec: str, *leads: tuple[int, int]) -> Callable[[str], int]:
    """Letters beyond ASCII that a character set keeps among its common ones, by their first
    byte."""

    def letters(word: str) -> int:
        return sum(_led(letter) for letter in word if not letter.isascii())

    def _led(letter: str) -> bool:
        try:
            code = letter.encode(codec)
        except UnicodeEncodeError:
            return False
        return len(code) == 2 and any(low <= code[0] <= high for low, high in leads)

    return letters


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding: Python's name, what it is called, and which letters of a word are natural."""

    codec: str
    name: str
    letters: Callable[[str], int]


# Rows of common characters: GB 2312-1980 (level 1: rows 16 to 55), JIS X 0208 (kana, level 1: rows
# 16 to 47), Big5 (level 1: A4 to C6), KS X 1001 (hangul: rows 16 to 40); rows in front are signs.
CANDIDATES = (
    Candidate("cp1252", "Windows-1252", _of_words(_latin)),
    Candidate("cp1250", "Windows-1250", _of_words(_latin)),
    Candidate("cp1251", "Windows-1251", _of_words(_cyrillic)),
    Candidate("gb18030", "GB18030", _of_common("gb2312", (0xA1, 0xA1), (0xA3, 0xA3), (0xB0, 0xD7))),
    Candidate("cp932", "Shift-JIS", _of_common("euc_jp", (0xA1, 0xA1), (0xA3, 0xA5), (0xB0, 0xCF))),
    Candidate("big5", "Big5", _of_common("big5", (0xA1, 0xC6))),
    Candidate("euc_kr", "EUC-KR", _of_common("euc_kr", (0xA1, 0xA1), (0xA3, 0xA3), (0xB0, 0xC8))),
)
"""In the order in which they are likely, where the letters leave it open."""
