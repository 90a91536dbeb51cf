"""Tags by the naming systems (ISA-5.1, KKS, RDS-PP, IEC 61850, Haystack, Brick), and the habits of
controllers. "" is an abstention."""

from __future__ import annotations

import pytest

from inventory.judge.openness import document
from inventory.signals.points import measure
from inventory.signals.systems import find_tag
from protocols.contract import Point

ISA = {
    "PDIT-101": "pressure", "PDT_204.PV": "pressure", "TDIT-101": "",  # no temperature: of two
    "TSHH-101": "", "TSHH101": "", "LSL-101": "", "LSLL-204A": "", "PSHH-12": "", "FSL-101": "",
    "TAH-101": "", "PAL-101": "", "LAHH-101": "", "PDAH-101": "",
    "FFIC-101": "", "FFIC101.PV": "", "FQI-101": "", "FQIT-101": "", "FIQ-101": "",
    "ZSO-101": "", "ZSC101": "", "ZT-101": "position", "ZIT-101": "position",
    "HS-101": "", "HIC-101": "", "HV-101": "", "XV-101": "", "XV101.ZSO": "", "XS-101": "",
    "FV-101": "", "PV-101": "", "LCV-101": "", "TCV-101": "", "PSV-101": "", "FCV101.OUT": "",
    "TY-101": "", "PY-101": "",  # a converter's
    "AIT-101": "", "AIT-pH-101": "", "AT-102 O2": "", "WIT-101": "", "QT-101": "",
    "TIC-101": "temperature", "TIC-101.PV": "temperature", "TIC-101.SP": "", "TIC-101.OP": "",
    "TIC-101.OUT": "", "TIC-101.MV": "", "TIC-101.CV": "", "FIC101.CO": "", "LIC-101.MODE": "",
    "FIT200/F_CV": "flow", "FIT101.Val": "flow", "FIT101.Inp_PV": "flow", "FIT101.Val_SP": "",
    "SIC-101": "speed", "JIT-101": "power", "TE101A": "temperature", "TT-101_HH_SP": "",
    "PRSA_10": "pressure", "TRA_10A": "temperature", "LICSA_604": "level", "TIA_633": "temperature",
    "PRCA-19": "pressure", "TSA_10": "",  # DIN 19227: shown or recorded, with switches and alarms
    "SUP_125VCC": "", "ALIM 24VAC": "",  # a voltage by its size, no vibration controller
}  # fmt: skip

KKS = {
    "10LAB20CT001": "temperature", "10LAB20CT001 XQ01": "temperature",
    "10LAB20CT001_XQ01": "temperature", "10LAB20CT001XQ01": "temperature",
    "10LAB20 CT001": "temperature", "=10LAB20CP001 XQ50": "pressure", "10LAB20CF001 XQ01": "flow",
    "10HAD10CL001": "level", "10MAA10CS001": "speed", "10MAD10CY021": "vibration",
    "10LAB20CT001 XH01": "", "10LAB20CT001 XH52": "", "1HNE10CP001XM01": "",
    "10LAB20CT001 YQ01": "",
    "10LAB20CF001 ZQ01": "", "10LAB20AA001 XQ01": "", "10MKA10CE001": "", "10LBA10CQ001": "",
    "10LAB20AP001 XB01": "", "=MDK20 BT001": "temperature", "=G001 LAB20-BP1": "pressure",
}  # fmt: skip

IEC_61850 = {
    "MMXU1.A.phsA": "current", "MMXU1.A.phsA.cVal.mag.f": "current", "MMXU1.PhV.phsA": "voltage",
    "MMXU1.PPV.phsAB": "voltage", "MMXU1.TotW.mag.f": "power", "MMXU1.TotVAr": "reactive_power",
    "MMXU1.TotVA": "apparent_power", "MMXU1.TotPF": "power_factor", "MMXU1.Hz": "frequency",
    "IED1LD0/MMXU1$MX$A$phsA$cVal$mag$f": "current", "MMTR1.TotWh": "energy",
    "STMP1.Tmp": "temperature", "TTMP1.TmpSv": "temperature", "TPRS1.PresSv": "pressure",
    "TVBR1.VbrSv": "vibration", "TRTN1.RotSpd": "speed", "SIML1.H2ppm": "gas",
    "MMXU1.A.phsA.cVal.ang.f": "", "MMXU1.A.phsA.q": "", "MMXU1.A.phsA.t": "", "MMXU1.A.db": "",
    "XCBR1.Pos.stVal": "", "YLTC1.TapPos": "", "PTOC1.StrVal": "", "RSYN1.DifHz": "",
    "GGIO1.AnIn1": "", "MHAI1.HA.phsAHar": "", "LLN0.Mod": "",
    "PUMP1.Temp": "temperature", "TANK1.Level": "level",  # four letters, and no logical node
}  # fmt: skip

HAYSTACK_AND_BRICK = {
    "discharge air temp sensor": "temperature", "discharge-air-temp-sp": "", "air temp cmd": "",
    "chilled water leaving temp sensor": "temperature", "elec ac power sensor": "power",
    "elec meter energy sensor": "energy", "elec volt phase-ab sensor": "voltage",
    "run sensor": "running", "pump vfd freq cmd": "", "fan speed sensor": "speed",
    "Supply_Air_Temperature_Sensor": "temperature", "Supply_Air_Temperature_Setpoint": "",
    "Max_Air_Flow_Setpoint_Limit": "", "Supply_Air_Static_Pressure_Deadband_Setpoint": "",
    "Discharge_Air_Flow_Sensor": "flow", "Damper_Position_Sensor": "position",
    "Damper_Position_Command": "", "High_Temperature_Alarm": "", "Fault_Status": "fault",
}  # fmt: skip

CONTROLLERS = {
    "Druck_IW": "pressure", "Druck_SW": "", "IW_Drehzahl": "speed", "SW_Drehzahl": "",
    "Temp_Ist": "temperature", "Temp_Soll": "", "Puffersolltemperatur": "",
    "HMI_Temp_Kessel": "temperature", "HMI_SP_Temp_Kessel": "", '"DB_Motor".Strom': "current",
    "DB_Kessel.Temperatur": "temperature", "DB10.DBD4": "",
    "Motor1.Speed.PV": "speed", "Motor1.Speed.SP": "", "Motor1.Speed.CV": "",
    "Motor1.Speed.OUT": "",
    "Scl_Temp_Tank1": "temperature", "Raw_Temp_Tank1": "temperature", "AI_Tank1_Level": "level",
    "AO_Valve1_Position": "", "DO_Heater_Temp": "", "DI_Tank1_Level": "", "PLC1_DI_Oil_Press": "",
    "DI_Pump_Running": "running", "PRESSIONE_DI_MANDATA": "pressure",  # the Italian word
    "VFD1.OutputFrequency": "frequency", "VFD1.Val_SpeedRef": "", "FIT101.Cfg_HiLim": "",
}  # fmt: skip

FULL_WIDTH = 0xFEE0
"""From a letter to the one as wide as a sign in CJK script."""

CUT_AND_MANGLED = {
    "Temperat": "temperature", "Bearing_Temperat": "temperature",
    "Boiler_Feedwater_Pressur": "pressure", "Cooling_Water_Main_Press": "pressure",
    "TCJ01_inverter_operation": "",  # a whole word at the length of a cut
    "電流A相": "current", "液位%": "level", "ﾎﾟﾝﾌﾟ圧力": "pressure", "ﾀﾝｸﾚﾍﾞﾙ": "level",
    **{
        name.encode().decode("cp1252"): measurand  # UTF-8 that was read as Windows-1252
        for name, measurand in {
            "Température eau": "temperature", "Drehzahl Lüfter": "speed", "Öldruck": "pressure",
            "Nível do tanque": "level", "Vazão entrada": "flow",
            "Rücklauftemperatur": "temperature",
        }.items()
    },
    "温度1".encode().decode("latin-1"): "temperature",
    **{
        "".join(chr(ord(letter) + FULL_WIDTH) for letter in name): measurand
        for name, measurand in {"TEMP1": "temperature", "TT-101": "temperature"}.items()
    },
}  # fmt: skip

SAID_OF_A_VALUE = {
    "FILTER_PRESS_NORMAL": "", "OIL_PRESSURE_OK": "", "DI_PressioneInsufficiente": "",
    "TENSAO_ESTABILIZADA": "", "POTENCIA_NULA": "", "COM_TENSAO": "", "SEM_ENERGIA": "",
    "Fan_wind_pressure_switch": "", "Druckwächter Öl": "", "Pressostato compressore": "",
    "return_air_temperature_signal_loss": "", "Position error": "", "Temp_Fehler": "",
    "MixerPienoAmpere": "", "Velocita_Teorica": "", "PRESSAO_OLEO_MUITO_ALTO": "",
    "PressureRelief": "", "forward_rotation_indication": "",
    "Taux de charge actuelle": "",  # a load, no battery
    "Battery charge": "charge", "Unterdruck Ist": "pressure", "AI_FiltDepressione": "pressure",
    "Pompa_Emulsione_Temp": "temperature",  # an emulsion, no emulation
    "BHKW Betrieb": "running", "L1_DCVR Act Position": "position",  # codes in capitals
}  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [ISA, KKS, IEC_61850, HAYSTACK_AND_BRICK, CONTROLLERS, CUT_AND_MANGLED, SAID_OF_A_VALUE],
    ids=["isa", "kks", "iec61850", "haystack", "controllers", "cut", "said"],
)
def test_tags(table: dict[str, str]) -> None:
    found = {name: measure(Point("x", name)) for name in table}
    assert {n: about.measurand if about.known else "" for n, about in found.items()} == table


def test_every_object_of_iec_61850_is_one_of_our_measurands() -> None:
    table = document("names")
    assert set(table["iec61850"]["objects"].values()) <= set(table["measurand"])
    assert set(table["iec61850"]["measuring"]) <= set(table["iec61850"]["nodes"])


def test_a_name_without_a_tag_follows_no_system() -> None:
    assert find_tag("Motor temperature") is None
    assert find_tag("PT100 winding") is None  # a sensor, no loop


COLLISIONS = {
    # Each in contexts of its own, both ways; (name, unit): measurand.
    "CT": {("10LBA20CT011", ""): "temperature", ("11HNA10CT101.PV", ""): "temperature",
           ("CT_Main_Feed", "A"): "current", ("CT-202 [A]", ""): "current",
           ("CT-3 basin", "°C"): "", ("CT-202", ""): "",
           ("Cooling tower CT-1 temp", ""): "temperature"},
    "VT": {("VT-205", "mm/s"): "vibration", ("VT-205 [mm/s]", ""): "vibration",
           ("VT_Busbar", "kV"): "voltage", ("VT-11", "V"): "voltage", ("VT-7", ""): ""},
    "ST": {("ST-301", "rpm"): "speed", ("ST_301", ""): "", ("Status ST-12", ""): "",
           ("Pump ST", ""): ""},
    "PT": {("PT-204", ""): "pressure", ("PT-204A", "bar"): "pressure", ("PT500_2", ""): "",
           ("PT1000 bearing", "°C"): "temperature"},
    "IT": {("IT-204", "A"): "current", ("IT-Room temperature", ""): "temperature",
           ("IT rack power", "kW"): "power", ("IT-12", ""): ""},
    "TI": {("TI-33", "°C"): "temperature", ("TI_33", "s"): "", ("TI-33", ""): "",
           ("Ti PID", "s"): ""},
    "Strom": {("Strom L2", ""): "current", ("Strom Pumpe 3", ""): "current",
              ("Stromaufnahme Motor", ""): "current", ("Stromausfall", ""): "",
              ("Stromzähler", ""): "", ("Stromlaufplan", ""): ""},
    "courant": {("courant moteur", ""): "current", ("courant de phase 1", ""): "current",
                ("mois courant", ""): "", ("recette courante", ""): ""},
    "par": {("par motor", "Nm"): "torque", ("par del eje", "Nm"): "torque", ("par. 12", ""): "",
            ("par_list", ""): ""},
    "portata": {("portata mandata", "m³/h"): "flow", ("portata acqua calda", ""): "flow",
                ("portata bilancia", "kg"): "", ("portata massima", ""): ""},
    "débit": {("débit d'air", ""): "flow", ("débit pompe 2", "m3/h"): "flow",
              ("débit eau glacée", "m³/h"): "flow", ("Debit note", ""): "",
              ("debit_card_total", ""): ""},
    "Leistung": {("Leistung Motor", "kW"): "power", ("Leistung Lüfter 2", "kW"): "power",
                 ("Leistungsfähigkeit", ""): "", ("Leistungsschalter Q1", ""): "",
                 ("Leistungsgrad", ""): ""},
    "pos": {("pos ventil 3", "%"): "position", ("pos_axis_x", "mm"): "position",
            ("POS terminal 4", ""): "", ("pos. 7", ""): ""},
    "SP": {("Temp SP", "°C"): "", ("Duct static press SP", "Pa"): "", ("SP duct", "Pa"): "",
           ("Static pressure", ""): "pressure"},
    "P": {("P101", "bar"): "pressure", ("P1", "kW"): "power", ("P", "kPa"): "pressure",
          ("P-101", ""): ""},
    "umlauts": {("Fuellhoehe", ""): "level", ("Füllhöhe", ""): "level",
                ("Oeldruck", ""): "pressure", ("Öldruck", ""): "pressure",
                ("Stoerung Pumpe", ""): "fault"},
}  # fmt: skip


@pytest.mark.parametrize("letters", COLLISIONS)
def test_collisions_in_other_contexts(letters: str) -> None:
    table = COLLISIONS[letters]
    found = {(name, unit): measure(Point("x", name, unit=unit)) for name, unit in table}
    assert {key: about.measurand if about.known else "" for key, about in found.items()} == table
