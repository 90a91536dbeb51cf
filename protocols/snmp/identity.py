"""Who an agent is: pure rules over its own words, kept in `identity.toml` with an example each.

The rule that keeps it honest: sysObjectID names the *agent's* maker. Where that is a software
house (net-snmp and the like) the vendor stays unknown until something else names it.
"""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from protocols._identity import usable
from protocols.contract import Fact
from protocols.snmp.codec import Oid, dotted, oid

ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)
IDENTITY = ("vendor", "product", "model", "firmware", "hardware", "serial", "role")
_QUOTES = ' \t\r\n\\"'  # some agents wrap their words
_ANY_COMPANY = re.compile(  # another maker's name in front: a firm that was bought keeps its number
    r"^(?:[A-Z][\w&.-]{1,20},? ){1,3}(?:Inc|Corporation|Corp|Ltd|Limited|GmbH|AG)\b[.,]* ?"
)
DESCRIPTION_CHARACTERS = 1_024  # what a pattern sees: bounds its time
# Names of makers that also begin other descriptions.
_ORDINARY = frozenset(
    {"apple computer", "axis", "delta", "dps", "extreme", "foundry", "microsoft", "motorola"}
    | {"open access", "packet power", "planet", "poly", "quantum", "snr", "terra"}
)
_COMPANY = re.compile(
    r"^(?:(?:Networks?|Communications?|Corporation|Corp|Inc|Enterprise|Technologies|Systems|Ltd|GmbH)"
    r"\b[.,]*\s*)+",
    re.IGNORECASE,
)


_LABEL = re.compile(  # the field's name in front of its value
    r"^(?:system mac|mac(?: address)?|s/?n|serial(?: ?(?:number|no\.?))?)(?:[:#]+ ?| +: ?)",
    re.IGNORECASE,
)
_RELEASE = re.compile(r",? RELEASE SOFTWARE\b.*", re.DOTALL)
_LINE_ENDS = re.compile(r"\.{2,}(?=[A-Z])")  # as a tool prints the CR LF of what it recorded
_IN_A_SENTENCE = re.compile(r"\bsoftware\b[ ,].*?\bversion v?(\d[\w.()-]*)", re.IGNORECASE)
# Cisco registers "IE-3200-8T2S" as ciscoIE32008T2S: a name only where there is no better one.
_RUN_TOGETHER = frozenset({9})
_KINDS = frozenset(
    {"chassis", "switch", "router", "stack", "module", "device", "unit", "system", "ups"}
)
_NOT_A_NAME = re.compile(r"\(c\)|\bcopyright\b|\u00a9", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Example:
    """One agent of our own writing and what must be read from it."""

    description: str
    object_id: str
    expect: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds when the object id begins with one of `objects` and the pattern is found.

    A rule that `needs_maker` holds for agents whose number names a maker, and sees the description
    without that name in front; `spared` are subtrees that it does not hold for. One that takes the
    `whole` description for a name may have read what an engineer typed in. The product of a
    `family` rule is what an image of the software is made for, not one device's model.
    """

    name: str
    objects: tuple[Oid, ...]
    spared: tuple[Oid, ...]
    needs_maker: bool
    whole: bool
    family: bool
    expression: str
    facts: Mapping[str, str]
    examples: tuple[Example, ...]

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What the description must hold; compiled when an agent comes that it may hold for."""
        return _compiled(self.expression) if self.expression else None


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a maker's devices begin a name in short, and how the maker writes it."""

    enterprise: int
    short: re.Pattern[str]
    full: str
    example: tuple[str, str]


def enterprise_oid(words: str) -> Oid:
    """`8691.7` below the enterprises arc, or a whole OID when it begins with a dot."""
    return oid(words) if words.startswith(".") else (*ENTERPRISES, *oid(words))


def enterprise_of(object_id: Oid) -> int | None:
    """The private enterprise number of an object id; None outside the enterprises arc."""
    if object_id[:6] == ENTERPRISES and len(object_id) > 6:
        return object_id[6] or None
    return None


@cache
def _enterprises() -> bytes:
    """The table's text: 62 000 lines, of which a scan needs a handful; so it is not parsed."""
    table = files(__package__).joinpath("enterprises.csv.gz").read_bytes()
    return gzip.decompress(table)


@lru_cache(maxsize=1_024)
def maker(enterprise: int | None) -> str:
    """The vendor of devices with this enterprise number, or "" when it says nothing of that.

    Kind "agent" is a software house, a chip maker or a standards body: it makes no device.
    """
    table = _enterprises()
    start = table.find(b"\n%d," % (enterprise or 0))
    if start < 0:
        return ""
    line = table[start + 1 : table.find(b"\n", start + 1)].decode()
    _, name, *kind = line.split(",")
    return "" if kind == ["agent"] else name


@cache
def document() -> Mapping[str, list[dict[str, object]]]:
    return tomllib.loads(files(__package__).joinpath("identity.toml").read_text("utf-8"))


def texts(entry: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = entry.get(key, ())
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),) if found else ()


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order in which they are tried."""
    return tuple(_rule(entry) for entry in document()["rule"])


def _rule(entry: Mapping[str, object]) -> Rule:
    examples = entry.get("example")
    return Rule(
        str(entry["name"]),
        tuple(enterprise_oid(words) for words in texts(entry, "object")),
        tuple(enterprise_oid(words) for words in texts(entry, "except")),
        bool(entry.get("needs_maker")),
        bool(entry.get("whole")),
        bool(entry.get("family")),
        str(entry.get("description", "")),
        {name: str(entry[name]) for name in IDENTITY if name in entry},
        tuple(
            Example(str(e.get("description", "")), str(e.get("object", "")), e["expect"])
            for e in (examples if isinstance(examples, list) else ())
        ),
    )


@cache
def makers() -> tuple[tuple[str, ...], ...]:
    """The rows of `makers.csv`: object, fact, place, the object's name in its module."""
    table = files(__package__).joinpath("makers.csv").read_text("utf-8")
    return tuple(tuple(r) for r in csv.reader(x for x in table.splitlines() if x[0] != "#"))


def worded(name: str, words: str) -> str:
    """What a text says of one fact, or "": without the field's own name, dots behind, sentences."""
    words = usable(words)
    if name == "serial":
        words = usable(_LABEL.sub("", words))
        return words if len(words) > 1 else ""
    if name == "firmware":
        words = _RELEASE.sub("", words)
        sentence = _IN_A_SENTENCE.search(words[:DESCRIPTION_CHARACTERS])
        return (sentence[1] if sentence else words).rstrip(" .,;:")
    if name in ("product", "model"):
        names = not _NOT_A_NAME.search(words) and words.lower() not in _KINDS
        return words.lstrip("-,;: ") if names else ""
    return words


@cache
def spellings() -> tuple[Spelling, ...]:
    """The names that devices write short."""
    return tuple(_spelling(entry) for entry in document()["spelled"])


def _spelling(entry: Mapping[str, object]) -> Spelling:
    example, full = texts(entry, "example"), str(entry["full"])
    return Spelling(
        int(str(entry["object"])), re.compile(str(entry["short"])), full, (example[0], example[1])
    )


def spelled(enterprise: int | None, name: str, words: str) -> str:
    """A model's name as its maker writes it in public: FGT_60F is a FortiGate-60F."""
    if name not in ("model", "product"):
        return words
    for spelling in spellings():
        if spelling.enterprise == enterprise and spelling.short.match(words):
            return spelling.short.sub(spelling.full, words, count=1)
    return words


def identify(description: str, object_id: Oid) -> dict[str, tuple[str, str]]:
    """Fact name to (value, source) that the two words of the system group give."""
    words = _LINE_ENDS.sub("\n", description[:DESCRIPTION_CHARACTERS]).strip(_QUOTES)
    return dict(_identified(words, object_id))


@lru_cache(maxsize=256)
def _identified(words: str, object_id: Oid) -> Mapping[str, tuple[str, str]]:
    """The same, once for all devices that describe themselves alike."""
    found: dict[str, tuple[str, str]] = {}
    vendor = maker(enterprise_of(object_id))
    source = "snmp sysObjectID.0 IANA enterprise"
    if not vendor:
        vendor, source = leading_maker(words), "snmp sysDescr.0 begins with it"
    for rule in _candidates(object_id, vendor):
        seen = _without_maker(words, vendor) if rule.needs_maker else words
        match = rule.pattern.search(seen) if rule.pattern else None
        if match or not rule.pattern:
            _take(found, rule, match.groupdict() if match else {})
    if vendor:
        found.setdefault("vendor", (vendor, source))
    if "product" not in found and "model" not in found:
        found |= _registered(object_id)
    return found


def _registered(object_id: Oid) -> dict[str, tuple[str, str]]:
    """The product under whose name the object id is registered, of the makers that do so."""
    found = None if enterprise_of(object_id) in _RUN_TOGETHER else registered(object_id)
    return {"product": found} if found else {}


def registered(object_id: Oid) -> tuple[str, str] | None:
    """The name under which a product's object id is registered, and the source; None for none."""
    if enterprise_of(object_id) is None:
        return None
    table = _products()
    for length in range(len(object_id), len(ENTERPRISES), -1):
        start = table.find(f"\n{dotted(object_id[len(ENTERPRISES) : length])},")
        if start >= 0:
            _, name, called = table[start + 1 : table.find("\n", start + 1)].split(",")
            return name, f"snmp sysObjectID.0 {called}"
    return None


@cache
def _products() -> str:
    """The text of `products.csv`: thousands of lines, of which a scan needs a handful."""
    return files(__package__).joinpath("products.csv").read_text("utf-8")


def products() -> tuple[tuple[Oid, str, str], ...]:
    """The rows of `products.csv`: object id, product, its name in the maker's module."""
    rows = csv.reader(line for line in _products().splitlines() if line[0] != "#")
    return tuple((enterprise_oid(top), name, called) for top, name, called in rows)


def leading_maker(words: str) -> str:
    """The maker whose name a description begins with, of those that our tables know; "" for none.

    It speaks for agents of a software house, whose number does not.
    """
    return next((m for brand, m in _brands() if words.startswith((brand + " ", brand + ","))), "")


@cache
def _brands() -> tuple[tuple[str, str], ...]:
    """(name in front of a description, maker), the longest first."""
    named = {rule.facts["vendor"] for rule in rules() if "vendor" in rule.facts}
    named |= _makers_named(frozenset(int(top.partition(".")[0]) for top, *_ in makers()))
    brands: dict[str, str] = {}
    for full in sorted(named):
        brand = full.partition(" (")[0]
        if len(brand) > 2 and brand.lower() not in _ORDINARY and "{" not in brand:
            brands.setdefault(brand, full)
            brands.setdefault(brand.upper(), full)
    return tuple(sorted(brands.items(), key=lambda pair: -len(pair[0])))


def _makers_named(enterprises: frozenset[int]) -> set[str]:
    """The vendors of some numbers, in one pass through the table, which is in their order."""
    table, at, named = _enterprises(), 0, set()
    for number in sorted(enterprises):
        start = table.find(b"\n%d," % number, at)
        if start >= 0:
            at = start
            _, name, *kind = table[start + 1 : table.find(b"\n", start + 1)].decode().split(",")
            named.add("" if kind == ["agent"] else name)
    return named


@lru_cache(maxsize=1_024)
def _candidates(object_id: Oid, vendor: str) -> tuple[Rule, ...]:
    """The rules that the object id lets apply: agents of one model come in numbers."""
    near = _rules_near(object_id[: len(ENTERPRISES) + 1])
    return tuple(rule for rule in near if _applies(rule, object_id, vendor))


@lru_cache(maxsize=256)
def _rules_near(top: Oid) -> tuple[Rule, ...]:
    """The rules that may hold below an enterprise's number, for all its products."""
    return tuple(rule for rule in rules() if not rule.objects or any_near(rule.objects, top))


def any_near(objects: tuple[Oid, ...], top: Oid) -> bool:
    return any(o[: len(top)] == top[: len(o)] for o in objects)


def _applies(rule: Rule, object_id: Oid, vendor: str) -> bool:
    if rule.needs_maker and not vendor:
        return False
    if any(object_id[: len(o)] == o for o in rule.spared):
        return False
    return not rule.objects or any(object_id[: len(o)] == o for o in rule.objects)


def _without_maker(words: str, vendor: str) -> str:
    """The description without the maker's name in front, if it is there; some write it twice."""
    names = [vendor, vendor.split(" ")[0], *re.split(r"[/()]", vendor)]
    for _ in range(2):
        for name in filter(None, (n.strip() for n in names)):
            if re.match(re.escape(name) + r"[ ,]", words, re.IGNORECASE):
                words = _COMPANY.sub("", words[len(name) :].lstrip(" ,"))
                break
        else:
            return _ANY_COMPANY.sub("", words)
    return words


def _take(found: dict[str, tuple[str, str]], rule: Rule, groups: Mapping[str, str | None]) -> None:
    """Add what a rule says where nothing was said before; a model is not added to a product."""
    source = "snmp sysDescr.0" if rule.pattern else "snmp sysObjectID.0"
    constants = {name: value.format_map(groups) for name, value in rule.facts.items()}
    for name, value in {**groups, **constants}.items():
        kept = worded(name, value or "")
        if not kept or name not in IDENTITY:
            continue
        if rule.needs_maker and name == "product" and "model" in found:
            continue
        found.setdefault(name, (kept, f"{source} rule {rule.name}"))


@cache
def _of_whole_descriptions() -> tuple[str, ...]:
    return tuple(f" rule {rule.name}" for rule in rules() if rule.whole)


def typed_in(said: tuple[str, str]) -> bool:
    """Whether a value and its source are a whole description, which anybody may have written."""
    return said[1].endswith(_of_whole_descriptions())


@cache
def _of_families() -> tuple[str, ...]:
    return tuple(f" rule {rule.name}" for rule in rules() if rule.family)


def names_a_family(source: str) -> bool:
    """Whether a product's source is a description that names a family of devices only."""
    return source.endswith(_of_families())


def statements(found: Mapping[str, tuple[str, str]]) -> tuple[Fact, ...]:
    """The facts; what has a model but no product name goes by its model."""
    facts = [Fact(name, *found[name]) for name in IDENTITY if name in found]
    if "model" in found and "product" not in found:
        facts.append(Fact("product", *found["model"]))
    return tuple(facts)


def known(facts: Sequence[Fact]) -> dict[str, str]:
    """The identity among facts of the asset itself, first statement first."""
    found: dict[str, str] = {}
    for fact in facts:
        if fact.name in IDENTITY and not fact.part:
            found.setdefault(fact.name, str(fact.value))
    return found


def object_text(object_id: Oid) -> str:
    """The object id as a fact's value."""
    return dotted(object_id)
