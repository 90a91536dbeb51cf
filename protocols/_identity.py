"""When a text that a device gives of itself says nothing: placeholders that makers left in.

One rule keeps it simple: what is no identity is no fact, in any protocol.
"""

from __future__ import annotations

_PLACEHOLDERS = frozenset(
    {"", "n/a", "na", "none", "unknown", "null", "not available", "not specified", "default", "-"}
    | {"unavailable", "not applicable", "not set", "no serial number", "tbd"}
    | {"<private>", "uninitialized", "unset", "0", "ffffffffffff", "to be filled by o.e.m."}
)
# A field that holds its own name (Modbus V1.1b3, 6.21; OPC 10000-100, 4.5.2) was never filled in.
_FIELDS = frozenset(
    {"vendorname", "productcode", "majorminorrevision", "vendorurl", "productname", "modelname"}
    | {"userapplicationname", "manufacturername", "serialnumber", "softwareversion"}
    | {"softwarerevision", "hardwarerevision", "devicerevision", "buildnumber"}
)


def usable(words: str) -> str:
    """The text without quotes and blanks, or "" for a placeholder."""
    words = "".join(c for c in words if c.isprintable() or c.isspace())  # HP: two bytes in front
    stripped = " ".join(words.replace('\\"', '"').strip(" \t\r\n\"'\\").split()).rstrip(",;")
    plain = stripped.lower()
    if plain in _PLACEHOLDERS or plain.replace(" ", "").replace("_", "") in _FIELDS:
        return ""
    if plain and not plain.strip("0-.:* x#?ÿ"):
        return ""
    return stripped
