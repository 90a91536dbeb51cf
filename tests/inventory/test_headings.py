"""Registers as people keep them: headings and classes of equipment in ten languages."""

from __future__ import annotations

import pytest

from inventory.derive.declared import equipment_class
from inventory.imports.columns import canonical, choose, plain

OURS = ("Tag", "Name", "Class", "Address", "Vendor", "Model", "Serial", "Criticality", "Line",
        "Owner")  # fmt: skip
HEADINGS = {
    "en": "Asset Tag|Description|Equipment Class|IP Address|Manufacturer|Model No.|Serial No."
          "|Criticality|Production line|Responsible",
    "de": "Kennzeichen|Bezeichnung|Anlagenteil|IP-Adresse|Hersteller|Typ|Seriennummer"
          "|Kritikalität|Linie|Verantwortlich",
    "fr": "Repère|Désignation|Famille|Adresse IP|Fabricant|Modèle|N° de série|Criticité|Ligne"
          "|Responsable",
    "es": "Etiqueta|Descripción|Clase|Dirección IP|Fabricante|Modelo|Número de serie|Criticidad"
          "|Línea|Propietario",
    "it": "Sigla|Descrizione|Classe|Indirizzo IP|Costruttore|Modello|Matricola|Criticità|Linea"
          "|Responsabile",
    "pt": "Etiqueta|Descrição|Classe|Endereço IP|Fabricante|Modelo|Número de série|Criticidade"
          "|Linha|Responsável",
    "nl": "Tagnummer|Omschrijving|Klasse|IP-adres|Fabrikant|Modelnummer|Serienummer|Kritikaliteit"
          "|Lijn|Eigenaar",
    "pl": "Oznaczenie|Nazwa|Klasa|Adres IP|Producent|Model|Numer seryjny|Krytyczność|Linia"
          "|Właściciel",
    "zh": "设备编号|名称|类别|IP地址|制造商|型号|序列号|关键等级|产线|负责人",
    "ja": "タグ|名称|クラス|ＩＰアドレス|メーカー|型式|製造番号|重要度|ライン|担当者",
}  # fmt: skip


@pytest.mark.parametrize("language", HEADINGS)
def test_the_headings_of_a_register(language: str) -> None:
    header = HEADINGS[language].split("|")
    assert choose("register", header, {}) == {name: place for place, name in enumerate(OURS)}


def test_the_class_is_the_kind_of_plant_and_not_the_type_of_the_device() -> None:
    header = ["Inventar-Nr.", "Anlagenart", "Gerätetyp", "IP"]
    taken = choose("register", header, {})
    assert taken == {"Tag": 0, "Class": 1, "Model": 2, "Address": 3}
    assert choose("register", ["Inv.-Nr.", "Gerätetyp"], {}) == {"Tag": 0, "Class": 1}


@pytest.mark.parametrize("language", ["fr", "es", "pt", "de", "pl"])
def test_headings_that_lost_their_accents_are_the_same(language: str) -> None:
    header = [plain(name) for name in HEADINGS[language].split("|")]
    assert set(choose("register", header, {})) == set(OURS)


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (
            "Functional Location|Equipment Description|ABC indicator|Manufacturer"
            "|Manufacturer serial number|Manufacturer part number|IP Address (OT)",
            "Tag|Name|Criticality|Vendor|Serial|Model|Address",
        ),
        ("Tag Name|Manufacturer Name|Device IP address|Machine description",
         "Tag|Vendor|Address|Name"),
        ("ASSETNUM|DESCRIPTION|SERIALNUM|SITEID|MANUFACTURER", "Tag|Name|Serial|Site|Vendor"),
        ("Anlagenkennzeichen|Gerätebezeichnung|Geräte-Seriennummer|Hersteller-Seriennummer",
         "Tag|Name|Serial|"),
        ("Code|Nom de l'équipement|N° de série du fabricant|Fabricant", "Tag|Name|Serial|Vendor"),
        ("TPLNR|EQUNR|EQKTX|HERST|TYPBZ|SERGE|ABCKZ|INVNR|STORT|SWERK|HEQUI|EQART",
         "Tag||Name|Vendor|Model|Serial|Criticality||Area|Site|Parent|Class"),
        ("Asset ID|Desc.|Crit.|Resp.|Tipologia", "Tag|Name|Criticality|Owner|Class"),
        ("Tag|Subnet mask|Gateway IP|Motor serial number|Owner's phone|Manufacturer code",
         "Tag|||||"),
    ],
)  # fmt: skip
def test_a_heading_with_a_word_around_it_that_leaves_it_the_same(header: str, taken: str) -> None:
    chosen = choose("register", header.split("|"), {})
    places = {place: name for name, place in chosen.items()}
    assert [places.get(place, "") for place in range(len(header.split("|")))] == taken.split("|")


BOTH = ("typ", "type", "tipo", "standort", "locatie")
"""Words for a class or a model, for a site or a place within it: other columns tell."""


def test_no_word_means_two_columns_but_those_that_other_columns_tell() -> None:
    seen: dict[str, str] = {}
    for ours, words in canonical("register").items():
        for word in map(plain, words):
            assert seen.setdefault(word, ours) == ours or word in BOTH, word


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        ("pump", "Kreiselpumpe|Pompe|Bomba|Pompa|Koelwaterpomp|离心水泵|ポンプ"),
        ("motor", "Motor|Moteur|Motore|Silnik|电机|電動機|モーター"),
        (
            "motor",
            "Elektromotor|Drehstrommotor|Asynchronmotor|Servomotor|Pumpenmotor|Getriebemotor",
        ),
        ("engine", "Dieselmotor|Gasmotor|Verbrennungsmotor"),
        ("compressor", "Schraubenverdichter|Kolbenkompressor"),
        ("fan", "Radiallüfter|Drehkolbengebläse"),
        ("gearbox", "Stirnradgetriebe"),
        ("ahu", "Lüftungsgerät|Lüftungsanlage"),
        ("generator", "Generator|Générateur|Gerador|Prądnica|发电机|発電機"),
        ("drive", "Frequenzumrichter|Variateur|Falownik|变频器|インバータ"),
        ("compressor", "Kompressor|Compresseur|Compressore|Sprężarka|压缩机|圧縮機"),
        ("air-compressor", "Air compressor|Sprężarka powietrza|空压机"),
        ("transformer", "Transformator|Trasformatore|变压器|変圧器|トランス"),
        ("tank", "Behälter|Réservoir|Tanque|Zbiornik|储罐|タンク"),
        ("heat-exchanger", "Wärmetauscher|Scambiatore|Wymiennik|换热器|熱交換器"),
        ("boiler", "Kessel|Chaudière|Caldeira|Kocioł|锅炉|ボイラー"),
        (
            "",
            "トランスミッタ|Regler|控制器|Sensor|Motorschutzschalter|Motorstarter",
        ),
    ],
)
def test_the_class_that_a_register_names(cls: str, words: str) -> None:
    assert {word: equipment_class(word) for word in words.split("|")} == dict.fromkeys(
        words.split("|"), cls
    )
