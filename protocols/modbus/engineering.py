"""Engineering units as maps write them, to UNECE Recommendation 20 codes.

One rule keeps it simple: only spellings that can mean one thing; everything else stays as written.
Source of the codes: UNECE Recommendation 20, revision 17 (2021).
"""

from __future__ import annotations

CODES = {
    "A": "AMP", "mA": "4K", "kA": "B22",
    "V": "VLT", "mV": "2Z", "kV": "KVT",
    "W": "WTT", "kW": "KWT", "MW": "MAW",
    "VA": "D46", "kVA": "KVA", "MVA": "MVA",
    "var": "D44", "VAr": "D44", "VAR": "D44", "kvar": "KVR", "kVAr": "KVR", "kVAR": "KVR",
    "Wh": "WHR", "kWh": "KWH", "MWh": "MWH", "kvarh": "K3", "kVArh": "K3",
    "Hz": "HTZ", "kHz": "KHZ",
    "°C": "CEL", "degC": "CEL", "°F": "FAH", "K": "KEL",
    "%": "P1", "Pct": "P1", "%RH": "P1",
    "rpm": "RPM", "1/min": "RPM", "Nm": "NU", "N·m": "NU",
    "bar": "BAR", "mbar": "MBR", "Pa": "PAL", "kPa": "KPA", "MPa": "MPA",
    "s": "SEC", "Secs": "SEC", "min": "MIN", "h": "HUR",
    "m": "MTR", "mm": "MMT", "m/s": "MTS", "mm/s": "C16",
    "m3": "MTQ", "m³": "MTQ", "m3/h": "MQH", "m³/h": "MQH", "l/min": "L2",
    "Ah": "AMH", "ohm": "OHM", "Ω": "OHM", "Ohms": "OHM", "W/m2": "D54", "kg": "KGM",
}  # fmt: skip


def code(written: str) -> str:
    """The UNECE code of a unit as it is written, or the text itself where none is known."""
    return CODES.get(written.strip(), written.strip())
