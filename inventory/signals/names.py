"""What a tag name says: measurand, place, and whether it is a measurement at all.

One rule keeps it simple: naming systems first (KKS, ISA-5.1), then the dictionary; whatever means
two things is given as two candidates, and the caller abstains (domain model 4.5).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from inventory.judge.openness import document
from inventory.signals.words import CJK, SHORTEST_PART, STRONG, WEAK, Words, fold, repair, words

SUMMED = frozenset(
    {"power", "reactive_power", "apparent_power", "power_factor", "current", "energy"}
    | {"reactive_energy", "apparent_energy", "hours"}
)
"""What is still a measurement when it is called total: a sum of places, or a counter by nature."""
COUNTED = frozenset({"energy", "reactive_energy", "apparent_energy", "hours"})
"""What is counted over a day or a season; anything else of a day is what is wanted then."""
NO_EXTREME = frozenset({"pressure", "energy", "hours"})
"""What is measured also where it is called low or high: both sides of a pressure, both tariffs."""
WATCHED = frozenset({"flow", "level"})
"""What is usually watched by a switch: low or high, it is no measurement."""
TOP_OR_BOTTOM = frozenset({"haut", "haute", "bas", "basse", "alto", "bajo", "basso", "baixo"})
"""Words that also say where a value is taken: only a flow or a level is watched under them."""
STATES = frozenset({"running", "fault", "charge"})
"""What a name that ends in a word of state may measure ("pump status", "state of charge")."""
CUT_LENGTHS = frozenset({8, 16, 24})
"""Lengths at which old controllers and gateways cut a name."""

KKS = re.compile(r"(?<![A-Z])C([TPFLSGYMEQ])(\d{3})(?!\d)")
KKS_TAG = re.compile(r"(?<![A-Z0-9])\d{0,2}[A-Z]{3}\d{2}C([TPFLSGYMEQ])\d{3}")
ISA = re.compile(
    r"(?<![A-Za-z])([AFIJLPSTVWZ])(D?)([TIECRY]{1,3})[-_ .]?(\d{2,5}[A-Z]?)(?![A-Za-z0-9]{3})"
)
PROGRAMME = re.compile(r"(?i)(?<![a-z])(?:program(?:me|m|ma)?|timer) ?\d")
"""Numbered programmes of a controller ("Program 4 Power"), not the PLC's scope "Program:Main"."""
LINE_CONDUCTOR = re.compile(r"(?<![A-Za-z0-9])L[123](?![0-9])")
ISA_SUFFIX = re.compile(
    r"(?<![A-Za-z0-9])\d{2,5}[-_ .]?([AFIJLPSTVWZ])(D?)([TIECRY]{1,3})(?![A-Za-z])"
)
ISA_SWITCH = re.compile(r"(?<![A-Za-z])[AFIJLPSTVWZ]D?(?:S[HL]{0,2}|A[HL]{1,2})[-_ .]?\d{2,5}")
ISA_TOTAL = re.compile(r"(?<![A-Za-z])[FJW]Q[IT]?[-_ .]?\d{2,5}")
RESISTANCE_SENSOR = re.compile(r"(?<![A-Za-z])PT[-_ ]?(?:100|500|1000)(?![0-9])", re.IGNORECASE)
HIGH_OR_LOW_END = re.compile(r"(?i)[\W_](?:hi|lo)\d?$")
"""How a limit or a switch is written after a tag ("TT-101 HI"); "LO" elsewhere is lube oil."""
NUMBERED = re.compile(r"(?i)par[aâ]m[^\W\d_]*[\W_]*\d+")
END_OF_A_SHAFT = re.compile(
    r"(?i)(?<![^\W\d_])(?:(?:non|opposite|anti)[\W_]?)?(?:drive|driven|coupling|free)[\W_]?(?:end|side)"
    r"(?![^\W\d_])"
)
"""Where a bearing is: no end of anything, and no negation."""
LONGEST_VAGUE = 3
"""Letters of a word that may mean many things."""
WORD = re.compile(r"\d+|[^\W\d_]+")
PHRASE = re.compile(r"(?:(?<=[\s/-])|^)[^\W\d_]{2,}(?=[\s.,;:)]|$)")
"""Words of a phrase: parted by spaces, not by the marks and case changes of a tag."""
PARTS = re.compile(r"[./\\\\:]+")
PREFIXED_UNIT = re.compile(r"(?<![A-Za-z])[kMm](?:Wh|VAh|varh|W|VA|VAr|A|V|Pa|Hz)(?![A-Za-z])")
"""A unit whose case change is none between two words ("kWh")."""
HIGH_OR_LOW = re.compile(
    r"(?:[高低]|(?<=[流压圧度位速])大|上昇|低下|満了|不足)(?:[\s\d_]|警報|报警|報警|アラーム|$)"
    r"|[高低](?![速压圧炉])\w{0,6}?(?:电压|電圧|电流|電流|温度|液位|水位|流量|频率|周波数|レベル)"
)
"""What a switch says in Chinese and Japanese: a measurand that is high, low, rising or full."""
SENSOR_WORDS = ("wert", "istwert", "messung", "messwert", "sensor", "fuehler", "geber", "meting")
"""What a compound may add to a measurand's word without changing it ("Druckmesswert")."""
CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zß-ÿ])")


@dataclass(frozen=True, slots=True)
class Name:
    """What a name says. `scores` holds measurands with how sure the name alone is."""

    scores: tuple[tuple[str, float], ...] = ()
    kind: str = ""  # "" measurement, or a kind of names.toml: setpoint, limit, alarm, … doubtful
    places: frozenset[str] = frozenset()
    unclear: bool = False  # a phrase with a word that is not known: too little to go by alone
    near: bool = False  # its place may be where the machine stands ("Room 3 motor temperature")
    vague: bool = False  # a letter or three that mean many things ("Pos1", "CT 1", "F8:3")


@lru_cache(maxsize=65_536)
def read_name(text: str) -> Name:
    """Measurands, kind and places that the name states; empty where it states none."""
    text = END_OF_A_SHAFT.sub(" brg ", repair(text))
    tokens = tokenize(text)
    telling = _unswallowed(tokens, words())
    kind = _kind(text, telling)
    places = _places(text, tokens)
    system = _system(text)
    scores = system if system else _dictionary(text, tokens)
    if len(scores) > 1:
        scores = _last_part(text, scores)
    if _differs(tokens):
        scores = {name: score for name, score in scores.items() if name == "pressure"}
    if LINE_CONDUCTOR.search(text) and scores.get("level", 1.0) < STRONG:
        del scores["level"]  # "Load L1": a phase, no level
    if "level" in scores and _no_filling(tokens):
        del scores["level"]
    if not kind and scores.keys() - STATES and _of_state(tokens):
        kind = "doubtful"
    if not kind and scores and scores.keys() <= STATES and not words().negations.isdisjoint(tokens):
        kind = "doubtful"
    if not kind and scores.keys() == {"power"} and tokens[-1] in words().of_a_supply:
        kind = "doubtful"
    if not kind and scores and _extreme(tokens, scores):
        kind = "alarm" if scores.keys() <= WATCHED else "doubtful"
    if not kind and scores.keys() - COUNTED and _scheduled(telling):
        kind = "doubtful"
    if kind == "limit" and "vibration" in scores:
        kind = _kind(text, [token for token in telling if token not in words().peaks])
    if kind == "total" and scores and SUMMED.issuperset(scores) and _sums(tokens):
        kind = ""
    if kind == "parameter" and not scores and NUMBERED.fullmatch(text.strip()):
        kind = ""  # "Param_12" may hold anything
    unclear = bool(scores) and _unclear(text, telling)
    vague = bool(scores) and not kind and _vague(text, tokens, scores)
    near = bool(places) and (bool(system) or _beside(text, tokens, places))
    return Name(tuple(sorted(scores.items())), kind, places, unclear, near, vague)


@lru_cache(maxsize=16_384)
def stands_alone(text: str) -> str:
    """The measurand that a name says which states no other: "operating mode", "spindle load"; ""
    for none, for several, and where it is a set point or a limit of it."""
    known = words()
    tokens = tokenize(repair(text))
    said = [token for token in tokens if token in known.alone]
    found = {known.alone[token] for token in said}
    rest = [token for token in tokens if not any(token in one for one in said)]
    return found.pop() if len(found) == 1 and _kind("", rest) in SAID_OF_IT else ""


SAID_OF_IT = frozenset({"", "parameter"})
"""Kinds beside which a state is still that state ("mode enabled", "program name")."""


def _beside(text: str, tokens: list[str], places: frozenset[str]) -> bool:
    """Whether a name speaks of a machine beside a place, or names the place further up a path."""
    if not words().machines.isdisjoint(tokens):
        return True
    last = PARTS.split(text)[-1]
    return last != text and places.isdisjoint(_places(last, tokenize(last)))


def _vague(text: str, tokens: list[str], scores: dict[str, float]) -> bool:
    """Whether all that speaks of a measurand are letters that mean many things."""
    if max(scores.values()) >= STRONG or STATES & scores.keys() or RESISTANCE_SENSOR.search(text):
        return False
    known = words().measurands
    return all(len(token) <= LONGEST_VAGUE for token in tokens if token in known)


def tokenize(text: str) -> list[str]:
    """Folded words of a name: split at case changes, digits and punctuation; CJK by dictionary."""
    text = re.sub(r"C([TPFLSGYMEQ])(?=\d{3})", " ", text) if KKS_TAG.search(text) else text
    tokens: list[str] = []
    known = words()
    text = PREFIXED_UNIT.sub(lambda unit: unit[0].lower(), unicodedata.normalize("NFC", text))
    for piece in WORD.findall(CAMEL.sub(" ", text)):
        accented = piece.casefold() in known.measurands  # "débit" is a flow, "debit" is none
        tokens += (
            _wide(piece) if CJK.search(piece) else [piece.casefold() if accented else fold(piece)]
        )
    for first, second in _pairs(
        tokens
    ):  # "set point", "run hours", "top oil" are one word elsewhere
        pair = first + second
        if pair in known.joined:
            tokens.append(pair)
    return tokens


def _pairs(tokens: list[str]) -> list[tuple[str, str]]:
    """Neighbouring words, and neighbours that only small words part ("state of charge")."""
    small = words().particles
    near = list(pairwise(tokens))
    return near + [
        pair for pair in pairwise([t for t in tokens if t not in small]) if pair not in near
    ]


def _no_filling(tokens: list[str]) -> bool:
    """Whether the level is one of a quality, not of a tank ("oxygen level")."""
    known = words()
    plain = [token for token in tokens if token not in known.particles]
    return any(
        token == word or (len(word) >= 5 and token.startswith(word))
        for place, level in enumerate(plain)
        if "level" in dict(known.measurands.get(level, ()) or _compound(level))
        for token in plain[max(place - 1, 0) : place + 2]
        for word in known.no_level
    )


def _sums(tokens: list[str]) -> bool:
    """Whether every word that calls it a total is one of a sum, none of a counter."""
    known = words()
    return all(token in known.sums for token in tokens if known.kinds.get(token) == "total")


def _wide(piece: str) -> list[str]:
    found = []
    while piece:
        word = next((word for word in words().wide if piece.startswith(word)), "")
        if word:
            found.append(word)
        piece = piece[len(word) or 1 :]
    return found


def _kind(text: str, tokens: list[str]) -> str:
    known = words().kinds
    if ISA_TOTAL.search(text):
        return "total"
    if ISA_SWITCH.search(text):
        return "alarm"
    order = ("setpoint", "limit", "alarm", "total", "simulated", "parameter", "doubtful")
    found = {known[token] for token in tokens if token in known}
    found |= {known.get(end, "parameter") for token in tokens if (end := _ended(token))}
    found |= {kind for token in tokens for kind in _begun(token)}
    found |= {known[rest] for token in tokens if (rest := _rest(token)) in known}
    found |= {kind for token in tokens if (kind := _stemmed(token))}
    if PROGRAMME.search(text):
        found.add("parameter")
    if HIGH_OR_LOW_END.search(text):
        found.add("limit")
    if CJK.search(text) and HIGH_OR_LOW.search(text):
        found.add("alarm")
    return next((kind for kind in order if kind in found), "")


@lru_cache(maxsize=16_384)
def _ended(token: str) -> str:
    """End by which a compound says that it is no value ("Druckgrenzwert")."""
    known = words()
    end = None if token in known.measurands else known.end.search(token)
    return end[0] if end else ""


@lru_cache(maxsize=16_384)
def _stemmed(token: str) -> str:
    """Kind by the beginning of a word, whatever its ending ("limitación", "limitazioni")."""
    known = words()
    stem = None if token in known.measurands else known.stem.match(token)
    return known.stems[stem[0]] if stem else ""


@cache
def _wide_words() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words().wide)))


def _unclear(text: str, tokens: list[str]) -> bool:
    """Whether it is a phrase, a word of which is long and not known, or a compound, the rest of
    which is not known ("Notfalltemperatur"); two signs in CJK script."""
    known = words()
    if CJK.search(text):
        return len(CJK.findall(_wide_words().sub("", text))) >= 2
    if any(_half_known(token) for token in tokens):
        return True
    if len(PHRASE.findall(text)) < 2:
        return False
    return any(
        len(token) >= 4
        and token not in known.neutral
        and token not in known.measurands
        and token not in known.places
        and token not in known.particles
        and token not in known.sums
        and token not in known.kinds
        and not CJK.search(token)
        and not _compound(token)
        for token in tokens
    )


def _of_state(tokens: list[str]) -> bool:
    """Whether it is the state of something: such a word ends it, or begins it ("state of")."""
    known = words()
    plain = [token for token in tokens if token not in known.measurands or token in known.states]
    begins = len(tokens) > 1 and tokens[0] in known.states and tokens[1] in known.particles
    return begins or bool(plain and plain[-1] in known.states and tokens[-1] == plain[-1])


def _extreme(tokens: list[str], scores: dict[str, float]) -> bool:
    """Whether it is what a switch says: too low or too high."""
    found = words().extremes & {*tokens}
    if not scores.keys() <= WATCHED:
        found -= TOP_OR_BOTTOM
    return bool(found) and not scores.keys() & NO_EXTREME


def _last_part(text: str, scores: dict[str, float]) -> dict[str, float]:
    """Of a path that names several measurands, the one of its last part ("Power.Frequency")."""
    for part in reversed(PARTS.split(text)[1:]):
        said = _dictionary(part, tokenize(part))
        if len(said) == 1 and said.keys() <= scores.keys():
            return said
    return scores


def _differs(tokens: list[str]) -> bool:
    """Whether it is a difference or a deviation of two values."""
    known = words().difference
    return any(known.match(token) for token in tokens)


@lru_cache(maxsize=16_384)
def _begun(token: str) -> tuple[str, ...]:
    """Kinds that a compound names by its beginning ("Nennleistung")."""
    return tuple(
        kind for start, kind in words().starts if token.startswith(start) and len(token) > 7
    )


def _places(text: str, tokens: list[str]) -> frozenset[str]:
    pairs = zip(tokens, (*tokens[1:], ""), strict=False)  # no token: no pair
    found = {place for one, after in pairs if _stands(one, after) for place in _place(one)}
    if re.search(r"(?<![A-Za-z])PD[IT]", text):
        found.add("differential")
    return frozenset(found)


def _stands(token: str, after: str) -> bool:
    """Whether a word that is a preposition too is meant for a place ("Motor temp DE"), by what
    comes after it; "de" is in half of all Romance names."""
    before = words().prepositions.get(token)
    return before is None or not after or after.isdigit() or after in before


@lru_cache(maxsize=16_384)
def _place(token: str) -> frozenset[str]:
    """Places that a word names, or begins with where it is a long compound."""
    known = words().places
    found = set(known.get(token, ()))
    if len(token) >= 8:
        found.update(
            place
            for word, listed in known.items()
            if len(word) >= 5 and token.startswith(word)
            for place in listed
        )
    return frozenset(found)


def _system(text: str) -> dict[str, float]:
    """Measurand by KKS or ISA-5.1; weak where the letters mean something else as often."""
    table = document("names")
    kks = KKS_TAG.search(text)
    if kks:
        name = table["kks"][kks[1]]
        return {} if name in ("electrical", "analysis") else {name: STRONG}
    if RESISTANCE_SENSOR.search(text):
        return {"temperature": WEAK}
    match = ISA.search(text) or ISA_SUFFIX.search(text)
    if match is None or _of_another(text[match.end() :]):
        return {}
    first, functions = match[1], match[3]
    name = table["isa"][first]
    letters = first + match[2] + functions
    measurands = _dictionary("", [fold(letters)]) if letters in table["isa"]["ambiguous"] else {}
    if letters in table["isa"]["ambiguous"]:
        named = _dictionary(text, tokenize(text.replace(match[0], " ")))
        return named or {name: WEAK, **dict.fromkeys(measurands, WEAK)}
    if name in ("analysis", "weight"):
        return {}
    return {name: STRONG}


def _of_another(rest: str) -> bool:
    """Whether a path goes on after a tag to something that is not the tag's own value: "PC_01.Run",
    "LIC101/OUT". The part after the tag says what it is, if anything does."""
    parts = [part for part in PARTS.split(rest)[1:] if part]
    own = document("names")["isa"]["attributes"]
    return bool(parts) and "".join(map(fold, WORD.findall(parts[-1]))) not in own


def _dictionary(text: str, tokens: list[str]) -> dict[str, float]:
    known = words()
    if any(token in known.stops for token in tokens):
        tokens = [token for token in tokens if not _blocked(token, tokens, known)]
    tokens = _own_letters(text, _unswallowed(tokens, known))
    if tokens[1:] and tokens[0] in known.leading:
        name = known.measurands[tokens[0]][0][0]
        return {name: STRONG}
    scores: dict[str, float] = {}
    for place, token in enumerate(tokens):
        if _present(place, tokens, known):
            continue
        for name, score in known.measurands.get(token, ()) or _compound(token):
            scores[name] = max(score, scores.get(name, 0.0))
    if not scores and len(text) in CUT_LENGTHS and tokens and tokens[-1] not in known.neutral:
        scores = _cut(tokens[-1], known)
    strong = {name: score for name, score in scores.items() if score >= STRONG}
    return strong or scores


def _own_letters(text: str, tokens: list[str]) -> list[str]:
    """Without the single letters of what is above it in a path: "S7_1500.CPU.Load" is no speed."""
    parts = [part for part in PARTS.split(text) if any(map(str.isalpha, part))]
    if len(parts) < 2:
        return tokens
    own = set(tokenize(parts[-1]))
    return [token for token in tokens if token in own or len(token) > 1 or CJK.search(token)]


def _present(place: int, tokens: list[str], known: Words) -> bool:
    """Whether a word says "at present" of another measurand, not that a current flows."""
    before, after = known.present
    others = tokens[place + 1 :] if tokens[place] in before else tokens[:place]
    return tokens[place] in before | after and any(
        score >= STRONG
        for other in others
        if other != tokens[place]
        for _, score in known.measurands.get(other, ()) or _compound(other)
    )


def _blocked(token: str, tokens: list[str], known: Words) -> bool:
    """Whether a word belongs to a compound that means something else ("current user")."""
    if token in known.stops:
        return True
    return any(stop != token and token in stop for stop in tokens if stop in known.stops)


def _unswallowed(tokens: list[str], known: Words) -> list[str]:
    """Without the words that make up a longer one: "apparent power" is no power."""
    parts = {
        part
        for first, second in _pairs(tokens)
        if first + second in tokens and first + second in known.measurands
        for part in (first, second)
    }
    return [token for token in tokens if token not in parts]


@lru_cache(maxsize=16_384)
def _compound(token: str) -> tuple[tuple[str, float], ...]:
    """A word that ends in a measurand's word, as German builds them ("Lagertemperatur")."""
    known = words()
    if len(token) < 6 or any(token.startswith(stop) for stop in known.stops if len(stop) > 5):
        return ()
    for suffix in known.suffixes:
        if token.endswith(suffix):
            return known.measurands.get(suffix, ())
    for prefix in known.suffixes:
        if token.startswith(prefix) and token[len(prefix) :].lstrip("s") in SENSOR_WORDS:
            return known.measurands.get(prefix, ())
    return ()


def _half_known(token: str) -> bool:
    """Whether it is a compound, the rest of which is not known, and no word of ours itself."""
    known = token in words().measurands
    return not known and bool(_compound(token)) and not _understood(_rest(token))


@lru_cache(maxsize=16_384)
def _rest(token: str) -> str:
    """What a compound says besides its measurand."""
    for suffix in words().suffixes:
        if token.endswith(suffix):
            return token.removesuffix(suffix)
    return ""


@lru_cache(maxsize=16_384)
def _understood(text: str) -> bool:
    """Whether it is made of known words, with the letters that join them."""
    if len(text) < SHORTEST_PART:
        return True
    parts = words().parts
    return any(
        text[:end] in parts and any(_understood(rest) for rest in _after_joint(text[end:]))
        for end in range(len(text), SHORTEST_PART - 1, -1)
    )


def _after_joint(rest: str) -> Iterator[str]:
    """What may follow a part of a compound: with and without the letters that join two."""
    yield rest
    for joint in ("s", "n", "en", "er", "e", "ings"):
        if rest.startswith(joint):
            yield rest.removeprefix(joint)


def _scheduled(tokens: list[str]) -> bool:
    """Whether it is what holds at a time of day or year, or in a manner of running."""
    known = words()
    return any(
        token in known.schedule or (_compound(token) and _rest(token) in known.schedule)
        for token in tokens
    )


def _cut(token: str, known: Words) -> dict[str, float]:
    """A last word that was cut at a fixed length: what all words that begin so agree on."""
    if len(token) < 5:
        return {}
    found = {
        name
        for word, rows in known.measurands.items()
        if word.startswith(token)
        for name, score in rows
        if score >= STRONG
    }
    return {found.pop(): STRONG} if len(found) == 1 else {}
