"""Which controllers have an open server of their own to switch on."""

from __future__ import annotations

import pytest

from inventory.judge.servers import open_server
from inventory.model import Device


@pytest.mark.parametrize(
    ("model", "firmware", "words"),
    [
        ("6ES7 315-2EH14-0AB0", "V3.2.6", ""),  # S7-300
        ("6ES7412-3HJ14-0AB0", "", ""),  # S7-400
        ("6ES7 214-1AG40-0XB0", "V4.2.1", "from firmware 4.4 on"),
        ("6ES7 214-1AG40-0XB0", "V4.5.0", "which needs a licence"),
        ("6ES7 515-2AM02-0AB0", "V10.0", "which needs a licence"),
        ("6ES7 999-0AA00-0AA0", "V1.0", "if the firmware and the licence have one"),
        ("", "", "if the firmware and the licence have one"),
    ],
)
def test_a_family_has_a_server_none_or_is_not_known(model: str, firmware: str, words: str) -> None:
    said = open_server(
        Device("d", "site", vendor="Siemens AG", model=model, product="CPU", firmware=firmware)
    )
    assert (words in said) if words else said == ""


def test_another_makers_number_is_not_known() -> None:
    device = Device("d", "site", vendor="Acme", model="6ES7 315", product="CPU")
    assert open_server(device).endswith("if the firmware and the licence have one")
