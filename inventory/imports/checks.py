"""What is wrong with one row of a list, in words, and what the row is about (rulings 22).

One rule keeps it simple: a check writes what it understood back into the fields, in our words. A
cell that cannot be read is set aside where the row says less without it, and makes the row wrong
where it would say something else (decision 0058).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from inventory.derive.declared import denies, yes
from inventory.imports.asset_row import Checked, Fields, asset_row, ip_of
from inventory.judge.profiles import classes, profile, signal_of
from inventory.judge.statements import nameplate, says
from inventory.model import Kind

A_DAY = timedelta(days=1)


def date_of(fields: Fields) -> datetime | None:
    text = fields.get("date", "")
    if day := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text.strip()):  # 20.11.2026
        text = f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}"
    elif day := re.fullmatch(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", text.strip()):  # 2026/11/20
        text = f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _link(fields: Fields) -> Checked:
    if not fields.get("equipment"):
        return Checked("no Equipment")
    aside = _complete(fields)
    # "Nothing monitors it" is a statement too, when the list is said to be complete.
    if not fields.get("device") and not yes(fields.get("complete", "")):
        return Checked("no Device (leave it empty only with Complete = yes: nothing monitors it)")
    if where := ip_of(fields.get("device", "")):
        fields["device"] = where
    names = ("equipment", "device", "part", "signal")
    return Checked("", " | ".join(fields.get(name, "") for name in names), aside)


def _complete(fields: Fields) -> tuple[str, ...]:
    """A word that is neither yes nor no claims nothing: without it the list is not complete."""
    text = fields.get("complete", "")
    if not text or yes(text) or denies(text):
        return ()
    fields["complete"] = ""
    return (f"Complete {text!r}; write yes or no",)


_TABLES = {
    word: table
    for table, words in {
        "holding": ("holding", "holding register", "hr", "4x", "03", "fc3", "fc03"),
        "input": ("input", "input register", "ir", "3x", "04", "fc4", "fc04"),
        "coil": ("coil", "coils", "0x", "01", "fc1", "fc01"),
        "discrete": ("discrete", "discrete input", "1x", "02", "fc2", "fc02"),
    }.items()
    for word in words
}
"""Ways to write a table; a bare 3 or 4 is left out, it may mean the function or the prefix."""

_TYPES = re.compile(r"u?int(16|32|64)|float(32|64)|bcd(16|32|64)|bit(:(1[0-5]|\d))?|string:\d{1,3}")

_ALIKE = {
    "float": "float32",
    "real": "float32",
    "double": "float64",
    "word": "uint16",
    "dword": "uint32",
    "int": "int16",
    "short": "int16",
    "dint": "int32",
    "long": "int32",
    "bool": "bit",
    "boolean": "bit",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "i16": "int16",
    "s16": "int16",
    "i32": "int32",
    "s32": "int32",
    "i64": "int64",
    "f32": "float32",
    "f64": "float64",
    "single": "float32",
    "lreal": "float64",
    "uint": "uint16",
    "udint": "uint32",
    "sint16": "int16",
    "sint32": "int32",
    "sint64": "int64",
    # SunSpec Information Model, 3.4: what they hold is a number of that width.
    "enum16": "uint16",
    "enum32": "uint32",
    "bitfield16": "uint16",
    "bitfield32": "uint32",
    "bitfield64": "uint64",
    "acc16": "uint16",
    "acc32": "uint32",
    "acc64": "uint64",
}


def is_data_type(text: str) -> bool:
    """Whether a cell of a register map is a data type."""
    word = text.casefold().replace(" ", "")
    return bool(_TYPES.fullmatch(_ALIKE.get(word, word)))


def is_table(text: str) -> bool:
    """Whether a cell of a register map names a table."""
    return text.casefold() in _TABLES


def _map(fields: Fields) -> Checked:
    for check in (
        _map_table,
        _map_address,
        _map_type,
        _map_numbers,
        _map_no_value,
        _map_orders,
    ):
        complaint = check(fields)
        if complaint:
            return Checked(complaint)
    if not fields.get("name"):
        return Checked("no Name")
    names = ("vendor", "model", "firmware", "unit", "table", "address", "name")
    return Checked("", " | ".join(fields.get(name, "") for name in names), _complete(fields))


def _map_table(fields: Fields) -> str:
    text = fields.get("table", "")
    if not is_table(text):
        return f"Table {text!r}; write holding, input, coil or discrete"
    fields["table"] = _TABLES[text.casefold()]
    return ""


def _map_address(fields: Fields) -> str:
    text = fields.get("address", "")
    digits = text[2:] if text.casefold().startswith("0x") else text
    base = 16 if digits != text else 10
    try:
        number = int(digits, base)
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFFFF:
        return f"Address {text!r} is no zero-based register number from 0 to 65535"
    fields["address"] = str(number)
    return ""


def _map_type(fields: Fields) -> str:
    text = fields.get("type", "").casefold().replace(" ", "")
    if not is_data_type(text):
        return (
            f"Type {fields.get('type', '')!r}; write one like uint16, int32, float32, bcd32,"
            " bit, bit:3, string:8"
        )
    fields["type"] = _ALIKE.get(text, text)
    return ""


def _map_numbers(fields: Fields) -> str:
    for name in ("scale", "offset"):
        text = fields.get(name, "").replace(",", ".")
        try:
            number = float(text) if text else 0.0
        except ValueError:
            return f"{name.title()} {text!r} is no number"
        if text and number - number != 0:
            return f"{name.title()} {text!r} is no finite number"
        if name in fields:
            fields[name] = text
    return ""


def _map_no_value(fields: Fields) -> str:
    """The number that means no value, as the type has it; 0xFFFF is -1 of a type with a sign."""
    text = fields.get("notavailable", "")
    if not text:
        return ""
    hexadecimal = text[:2].casefold() == "0x"
    try:
        number = int(text, 16 if hexadecimal else 10)
    except ValueError:
        return f"NotAvailable {text!r}; write a whole number like 65535, -32768 or 0x7FFF"
    kind = re.fullmatch(r"(u?)int(16|32|64)", fields["type"])
    if kind is None:
        return f"NotAvailable {text} beside {fields['type']}: only whole numbers have one"
    unsigned, many = kind[1] == "u", 2 ** int(kind[2])
    if hexadecimal and not unsigned and number >= many // 2:
        number -= many
    least = 0 if unsigned else -many // 2
    if not least <= number < least + many:
        return f"NotAvailable {text} is no {fields['type']}"
    fields["notavailable"] = str(number)
    return ""


def _map_orders(fields: Fields) -> str:
    for name, shown in (("wordorder", "WordOrder"), ("byteorder", "ByteOrder")):
        text = fields.get(name, "").casefold()
        text = {"msw": "big", "lsw": "little", "be": "big", "le": "little"}.get(text, text)
        if text not in ("", "big", "little"):
            return f"{shown} {fields[name]!r}; write big or little"
        if name in fields:
            fields[name] = text
    return ""


def _attest(fields: Fields) -> Checked:
    for name in ("subject", "statement"):
        if not fields.get(name):
            return Checked(f"no {name.title()}")
    text = fields.get("date", "")
    day = date_of(fields)
    if text and day is None:
        return Checked(f"Date {text!r}; write it like 2026-05-04")
    if day is not None and day - datetime.now(UTC) > A_DAY:  # it may be tomorrow where one looked
        return Checked(f"Date {text!r} lies ahead; write the day on which somebody looked")
    if complaint := _measurands(fields) or _reader(fields) or _plate(fields):
        return Checked(complaint)
    return Checked("", f"{fields['subject']} | {fields['statement']}")


def _measurands(fields: Fields) -> str:
    """A signal that no profile knows would be attested in vain."""
    text = fields.get("value", "")
    if not (says("not_instrumented", fields) or says("not_fitted", fields)):
        return ""
    if not text:
        return (
            "Value is empty; write the signal that is meant, like vibration or pressure:suction"
            ' (for a machine that nothing monitors: the statement "monitored by" with none)'
        )
    if denies(text):
        return ""  # takes an earlier word back
    wrong = [
        one for one in text.split("|") if signal_of(one.strip().casefold()).name not in _known()
    ]
    return (
        f"Value {text!r} is no signal; write one like vibration or pressure:suction"
        if wrong
        else ""
    )


@cache
def _known() -> frozenset[str]:
    listed = [signal for cls in classes() if (about := profile(cls)) for signal in about.signals]
    return frozenset(name for one in listed for name in (one.name, one.measurand))


def _reader(fields: Fields) -> str:
    """A machine is monitored by a device; a yes or a no names none."""
    text = fields.get("value", "")
    if not says("monitored_by", fields) or not (yes(text) or denies(text)):
        return ""
    return f"Value {text!r} names no device; write its tag or address, or none"


def _plate(fields: Fields) -> str:
    """What a nameplate says has to be written down."""
    if not nameplate(fields) or fields.get("value"):
        return ""
    return f"Value is empty; write the {fields['statement']} as the nameplate says it"


CHECKS: Mapping[Kind, Callable[[Fields], Checked]] = {
    Kind.REGISTER: asset_row,
    Kind.LINK: _link,
    Kind.MAP: _map,
    Kind.ATTEST: _attest,
}
