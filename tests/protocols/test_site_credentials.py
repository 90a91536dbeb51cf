"""Credentials of the site file: what no probe could use is refused when the file is read."""

from __future__ import annotations

import tomllib

import pytest

from scanner.secrets import SecretError
from scanner.site import SiteError, parse

SHA256 = "ab" * 32


def read(kind: str, more: str) -> object:
    return parse(tomllib.loads(f'[credentials.a]\ntype = "{kind}"\nsecret = "env:A"\n{more}'))


@pytest.mark.parametrize(
    ("kind", "more", "bad", "good"),
    [
        ("snmp-v3", 'auth = "SHA-255"', "SHA-255", "SHA-256"),
        ("snmp-v3", 'auth = "SHA-256"\nprivacy = "AES-129"', "AES-129", "AES-128"),
        ("snmp-v3", 'auth = "SHA-256"\nprivacy = "DES"', "DES", "AES-256"),
        ("snmp-v3", 'privacy = "AES-128"', "privacy", "auth"),
        ("snmp-v2c", 'auth = "SHA-256"', "auth", "snmp-v3"),
        ("opcua-certificate", 'privacy = "Basic256Sha265"', "Basic256Sha265", "Basic256Sha256"),
        ("opcua-certificate", 'privacy = "Basic256"', "Basic256", "Basic256Sha256"),
        ("opcua-user", 'trusts = ["12:34"]', "12:34", "SHA-256"),
        ("opcua-user", f'trusts = ["{"zz" * 32}"]', "zzzz", "hexadecimal"),
    ],
)
def test_a_slip_is_named_with_what_would_be_good(kind: str, more: str, bad: str, good: str) -> None:
    with pytest.raises(SiteError) as error:
        read(kind, more)
    assert "credentials.a" in str(error.value)
    assert bad in str(error.value)
    assert good in str(error.value)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("snmp-v3", 'auth = "sha512"\nprivacy = "aes256"'),
        ("snmp-v3", 'auth = "SHA"\nprivacy = "AES-192-Cisco"'),
        ("snmp-v3", ""),
        ("opcua-certificate", 'privacy = "Aes256_Sha256_RsaPss"'),
        ("opcua-certificate", ""),
    ],
)
def test_every_name_that_a_probe_knows_is_good(kind: str, more: str) -> None:
    read(kind, more)


def test_a_user_without_authentication_needs_no_secret() -> None:
    """SNMPv3's noAuthNoPriv; every other credential is useless without one."""
    given = '[credentials.a]\ntype = "snmp-v3"\nuser = "reader"\n'
    site = parse(tomllib.loads(given))
    credential = site.credentials["a"]
    assert (credential.user, credential.secret.reveal()) == ("reader", "")
    for kind, more in (("snmp-v3", 'auth = "SHA"'), ("snmp-v2c", ""), ("opcua-user", "")):
        with pytest.raises(SecretError, match="must be a reference"):
            parse(tomllib.loads(f'[credentials.a]\ntype = "{kind}"\nuser = "r"\n{more}'))


def test_a_servers_certificate_is_named_with_or_without_separators() -> None:
    pairs = ":".join(SHA256[at : at + 2].upper() for at in range(0, 64, 2))
    site = parse(
        tomllib.loads(
            f'[credentials.a]\ntype = "opcua-user"\nsecret = "env:A"\ntrusts = ["{pairs}"]'
        )
    )
    assert site.credentials["a"].trusts == (SHA256,)
