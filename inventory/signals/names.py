"""What a tag name says: measurand, place, and whether it is a measurement at all.

One rule keeps it simple: naming systems first (KKS, ISA-5.1), then the dictionary; whatever means
two things is given as two candidates, and the caller abstains (domain model 4.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from inventory.signals.compounds import compound, cut_off, half_known, rest_of
from inventory.signals.systems import ISA_SWITCH, ISA_TOTAL, PARTS, RESISTANCE_SENSOR, Tag, find_tag
from inventory.signals.tokens import pairs, tokenize
from inventory.signals.words import CJK, STRONG, WEAK, Words, fold, repair, words

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

PROGRAMME = re.compile(r"(?i)(?<![a-z])(?:program(?:me|m|ma)?|timer) ?\d")
"""Numbered programmes of a controller ("Program 4 Power"), not the PLC's scope "Program:Main"."""
LINE_CONDUCTOR = re.compile(r"(?<![A-Za-z0-9])L[123](?![0-9])")
HIGH_OR_LOW_END = re.compile(r"(?i)[\W_](?:hi|lo)\d?$")
"""How a limit or a switch is written after a tag ("TT-101 HI"); "LO" elsewhere is lube oil."""
NUMBERED = re.compile(r"(?i)par[aâ]m[^\W\d_]*[\W_]*\d+")
END_OF_A_SHAFT = re.compile(
    r"(?i)(?<![^\W\d_])(?:(?:non|opposite|anti)[\W_]?)?(?:drive|driven|coupling|free)[\W_]?(?:end|side)"
    r"(?![^\W\d_])"
)
"""Where a bearing is: no end of anything, and no negation."""
DIGITAL = re.compile(r"(?:([A-Z]+)\d*_)?(D[IOQ]|B[IO])\d*_")
"""How a controller's digital inputs and outputs are called, after a word of the plant's own."""
BLOCK_OUTPUT = re.compile(r"\.(?:CV|OUT|OP|CO|MV)$")
"""What a block of a controller gives, or the value that it works on ("Speed.CV")."""
WANTED = ("soll", "nenn", "grenz", "schalt")
"""Ends of what a German compound says before its measurand that is set ("Puffersolldruck")."""
LONGEST_VAGUE = 3
"""Letters of a word that may mean many things."""
PHRASE = re.compile(r"(?:(?<=[\s/-])|^)[^\W\d_]{2,}(?=[\s.,;:)]|$)")
"""Words of a phrase: parted by spaces, not by the marks and case changes of a tag."""
CODE = re.compile(r"(?<![^\W\d_])[A-ZÄÖÜ]{2,5}(?![^\W\d_])")
LOWER = re.compile(r"[a-zß-ÿ]")
"""A word in capitals among others that are not is a code or a tag ("BHKW Betrieb"), no setting."""
HIGH_OR_LOW = re.compile(
    r"(?:[高低]|(?<=[流压圧度位速])大|上昇|低下|満了|不足)(?:[\s\d_]|警報|报警|報警|アラーム|$)"
    r"|[高低](?![速压圧炉])\w{0,6}?(?:电压|電圧|电流|電流|温度|液位|水位|流量|频率|周波数|レベル)"
)
"""What a switch says in Chinese and Japanese: a measurand that is high, low, rising or full."""


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
    tag = find_tag(text)
    if tag is not None and tag.whole:
        return Name(((tag.measurand, STRONG),) if tag.measurand else (), tag.kind, places)
    system = _system(text, tag)
    kind = kind or (tag.kind if tag else "")
    scores = system or _dictionary(text, tokens)
    if DIGITAL.match(text):
        scores, kind = _digital(text, scores, kind)
    if scores and not system and not kind and BLOCK_OUTPUT.search(text):
        kind = "doubtful"
    scores = _fitting(text, tokens, scores)
    kind = _kind_of(kind, text, tokens, telling, scores)
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


def _fitting(text: str, tokens: list[str], scores: dict[str, float]) -> dict[str, float]:
    """Without the measurands that the words beside them rule out."""
    if len(scores) > 1:
        scores = _last_part(text, scores)
    if _differs(tokens):
        scores = {name: score for name, score in scores.items() if name == "pressure"}
    if "charge" in scores and scores["charge"] < STRONG and "battery" not in _places(text, tokens):
        scores = {name: score for name, score in scores.items() if name != "charge"}  # a load
    phase = LINE_CONDUCTOR.search(text) and scores.get("level", 1.0) < STRONG  # "Load L1"
    if "level" in scores and (phase or _no_filling(tokens)):
        scores = {name: score for name, score in scores.items() if name != "level"}
    return scores


def _kind_of(
    kind: str, text: str, tokens: list[str], telling: list[str], scores: dict[str, float]
) -> str:
    """The kind that its words name, or that what they say of these measurands makes of it."""
    measured = scores.keys()
    if kind == "limit" and "vibration" in scores:
        return _kind(text, [token for token in telling if token not in words().peaks])
    if kind == "total" and scores and SUMMED.issuperset(scores) and _sums(tokens):
        return ""
    if kind == "parameter" and not scores and NUMBERED.fullmatch(text.strip()):
        return ""  # "Param_12" may hold anything
    if kind or not scores:
        return kind
    if _extreme(tokens, scores) and not (measured - STATES and _of_state(tokens)):
        return "alarm" if measured <= WATCHED else "doubtful"
    doubtful = (
        (measured - STATES and _of_state(tokens))
        or (measured <= STATES and not words().negations.isdisjoint(tokens))
        or (measured == {"power"} and tokens[-1] in words().of_a_supply)
        or (measured - COUNTED and _scheduled(telling))
        or (measured - STATES and _errs(tokens))
    )
    return "doubtful" if doubtful else ""


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


def _no_filling(tokens: list[str]) -> bool:
    """Whether the level is one of a quality, not of a tank ("oxygen level")."""
    known = words()
    plain = [token for token in tokens if token not in known.particles]
    return any(
        token == word or (len(word) >= 5 and token.startswith(word))
        for place, level in enumerate(plain)
        if "level" in dict(known.measurands.get(level, ()) or compound(level))
        for token in plain[max(place - 1, 0) : place + 2]
        for word in known.no_level
    )


def _errs(tokens: list[str]) -> bool:
    """Whether an error is spoken of: a sensor's, or how far a value is from what is wanted."""
    known = words().measurands
    return any("fault" in dict(known.get(token, ())) for token in tokens)


def _sums(tokens: list[str]) -> bool:
    """Whether every word that calls it a total is one of a sum, none of a counter."""
    known = words()
    return all(token in known.sums for token in tokens if known.kinds.get(token) == "total")


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
    rests = [rest for token in tokens if (rest := rest_of(token))]
    found |= {known[rest] for rest in rests if rest in known}
    if any(rest.endswith(WANTED) for rest in rests):
        found.add("setpoint")
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
    codes = {fold(code) for code in CODE.findall(text)} if LOWER.search(text) else ()
    if any(half_known(token) for token in tokens):
        return True
    if len(PHRASE.findall(text)) < 2:
        return False
    return any(
        len(token) >= 4
        and token not in codes
        and not is_known(token)
        and token not in known.kinds
        and not CJK.search(token)
        and not compound(token)
        for token in tokens
    )


def is_known(token: str) -> bool:
    """Whether the dictionary has a word, as a measurand, a place, or a word beside them."""
    known = words()
    return any(
        token in listed
        for listed in (known.neutral, known.measurands, known.places, known.particles, known.sums)
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


def _system(text: str, tag: Tag | None) -> dict[str, float]:
    """Measurand by a naming system; weak where its letters mean something else as often."""
    if RESISTANCE_SENSOR.search(text):
        return {"temperature": WEAK}
    if tag is None or not tag.measurand:
        return {}
    if not tag.letters:
        return {tag.measurand: STRONG}
    if named := _dictionary(tag.rest, tokenize(tag.rest)):
        return named
    return {tag.measurand: WEAK, **dict.fromkeys(_dictionary("", [fold(tag.letters)]), WEAK)}


def _digital(text: str, scores: dict[str, float], kind: str) -> tuple[dict[str, float], str]:
    """What a digital input or output of a controller can be: a state, or a command."""
    found = DIGITAL.match(text)
    word, known = fold(found[1] or "") if found else "", words()
    if found is None or word in known.measurands or word in known.machines or word in known.places:
        return scores, kind  # "PRESSIONE_DI_MANDATA": the Italian word
    if found[2] in ("DO", "DQ", "BO"):
        return scores, kind or "setpoint"
    return {name: score for name, score in scores.items() if name in STATES - {"charge"}}, kind


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
        for name, score in known.measurands.get(token, ()) or compound(token):
            scores[name] = max(score, scores.get(name, 0.0))
    if not scores and len(text) in CUT_LENGTHS and tokens and tokens[-1] not in known.neutral:
        scores = cut_off(tokens[-1], known)
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
        for _, score in known.measurands.get(other, ()) or compound(other)
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
        for first, second in pairs(tokens)
        if first + second in tokens and first + second in known.measurands
        for part in (first, second)
    }
    return [token for token in tokens if token not in parts]


def _scheduled(tokens: list[str]) -> bool:
    """Whether it is what holds at a time of day or year, or in a manner of running."""
    known = words()
    return any(
        token in known.schedule or (compound(token) and rest_of(token) in known.schedule)
        for token in tokens
    )
