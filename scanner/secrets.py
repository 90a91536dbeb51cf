"""References to secrets: resolved when they are used, never stored or shown.

`env:NAME`, `file:PATH` (mode 0600 or stricter), `keyring:SERVICE/USER`, `prompt:`.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from protocols.contract import Credential, Secret

BUILT_IN = {
    name: Credential(name, kind, Secret(lambda: "public"))
    for name, kind in (("snmp-public", "snmp-v2c"), ("snmp-public-v1", "snmp-v1"))
}
"""Credentials that may be named without a site file; nothing tries them unnamed (rulings 20)."""

SHORT = 4
FORMS = "env:NAME, file:PATH, keyring:SERVICE/USER or prompt:"


class SecretError(ValueError):
    """A reference that cannot be resolved; the message never holds the secret."""


def secret(reference: str, label: str) -> Secret:
    """A `Secret` of a reference. Raises `SecretError` when its form is not one of ours."""
    scheme, found, rest = reference.partition(":")
    if not found or scheme not in RESOLVERS:
        # The text itself may be a secret typed in by mistake: it is not repeated.
        raise SecretError(f"secret of {label!r} must be a reference: {FORMS}")
    # Looked up once: every datagram to every agent carries the community.
    return Secret(cache(lambda: RESOLVERS[scheme](rest, label)))


def revealed(credentials: Iterable[Credential]) -> tuple[bytes, ...]:
    """The secrets themselves, longest first, for `hidden`; the built-in names are none.

    Raises `SecretError` for a reference that cannot be resolved.
    """
    held = [item for item in credentials if BUILT_IN.get(item.name) is not item]
    found = [item.secret.reveal() for item in held]
    found += [item.privacy_secret.reveal() for item in held if item.privacy_secret]
    encoded = {text.encode("utf-8", "surrogateescape") for text in found if text}
    return tuple(sorted(encoded, key=len, reverse=True))


def hidden(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` with every secret starred out, as long as before.

    An SNMP answer repeats the community in its header. One so short that it may occur anywhere
    is starred out where it occurs first, which is that header.
    """
    for secret in secrets:
        if secret in data:
            most = -1 if len(secret) >= SHORT else 1
            data = data.replace(secret, b"*" * len(secret), most)
    return data


def _env(name: str, label: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError(f"secret of {label!r}: environment variable {name} is not set")
    return value


def _file(path: str, label: str) -> str:
    file = Path(path).expanduser()
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise SecretError(f"secret of {label!r}: {file} has mode {mode:04o}; chmod 600 {file}")
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretError(f"secret of {label!r}: {file}: {error.strerror}") from error


def _keyring(name: str, label: str) -> str:
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise SecretError(
            f"secret of {label!r}: the keyring package is not installed; use env: or file:"
        ) from None
    service, _, user = name.partition("/")
    value = keyring.get_password(service, user)
    if value is None:
        raise SecretError(f"secret of {label!r}: nothing in the keyring for {name}")
    return str(value)


@cache
def _prompt(_: str, label: str) -> str:
    if not sys.stdin.isatty():
        raise SecretError(f"secret of {label!r}: prompt: needs a terminal; use env: or file:")
    from getpass import getpass

    return getpass(f"Secret of credential {label}: ")


RESOLVERS: Mapping[str, Callable[[str, str], str]] = {
    "env": _env,
    "file": _file,
    "keyring": _keyring,
    "prompt": _prompt,
}
