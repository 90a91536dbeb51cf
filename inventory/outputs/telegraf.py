"""Telegraf inputs: one file per readable service, for `telegraf --config-directory`.

One rule keeps it simple: only keys of the plugins' own sample files are written, and a secret is a
reference to a secret store (`@{store:key}`) or to the environment, whose content the user sets.

Sources: influxdata/telegraf, plugins/inputs/{modbus,opcua,snmp}: `sample_request.conf`,
`sample.conf` (2026); docs.influxdata.com, secret stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from inventory.connection import Connection, Item, Login, connections, logins
from inventory.model import Kind
from inventory.outputs import Format, view
from inventory.outputs.folder import folder, name_of, prepared
from inventory.outputs.wot.types import register_type, registers
from inventory.text import inert, slug

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

STORE = "untrap"
"""Name of the secret store that references name; the user declares it under that name."""

ORDERS = {
    ("big", "big"): "ABCD",
    ("little", "little"): "DCBA",
    ("big", "little"): "BADC",
    ("little", "big"): "CDAB",
}
AUTH = {"MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"}
PRIVACY = {"DES", "AES", "AES192", "AES192C", "AES256", "AES256C"}


def write(store: Store, request: Request) -> str:
    """Writes one file per connection and a README into a folder."""
    place, store = folder(request, "telegraf"), view(store, request)
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    secrets: set[str] = set()
    variables: set[str] = set()
    count = left = 0
    for evidence in prepared(store):
        for one in connections(evidence, known):
            text = config(one)
            if not text:
                left += 1
                continue
            (place / f"{name_of(one)}.conf").write_text(text, encoding="utf-8")
            secrets.update(keys(one.login))
            if one.login.type in ("snmp-v1", "snmp-v2c"):
                variables.add(variable(one.login))
            count += 1
    (place / "README.md").write_text(readme(sorted(secrets), sorted(variables)), encoding="utf-8")
    rest = f"; {left} need a credential that no site file names" if left else ""
    return f"{count} Telegraf inputs written to {place}{rest}"


def config(one: Connection) -> str:
    """One input, or "" where its credential is not known well enough to refer to it."""
    if one.login.label and not one.login.type:
        return ""
    body = {"modbus": _modbus, "opcua": _opcua, "snmp": _snmp}[one.protocol]
    lines = list(body(one))
    if not any(item.name for item in one.items):  # nothing that means anything: all commented
        lines = [line if line.lstrip().startswith("#") else f"# {line}" for line in lines]
    return "\n".join([*_head(one), *lines, ""])


def _head(one: Connection) -> Iterator[str]:
    what = " ".join(text for text in (one.name, one.vendor, one.model, one.part) if text)
    yield f"# {remark(what)}"
    yield f"# asset {one.asset}; read only; every {one.interval_seconds} s, from its answer time"
    if one.map:
        yield f"# meaning by map: {remark(one.map)}"


def _tags(one: Connection, table: str) -> Iterator[str]:
    yield f"  [{table}]"
    named = {"asset": one.asset, "name": one.name, "site": one.site, "area": one.area}
    named |= {"line": one.line, "tag": one.tag}
    for name, value in named.items():
        if value:
            yield f"    {name} = {quoted(value)}"


def quoted(text: str) -> str:
    """A TOML basic string; Telegraf's own references in a device's text are broken up: of a secret
    by a blank, of the environment (replaced before TOML is read) by writing `$` by its number."""
    safe = inert(text, 300).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + safe.replace("@{", "@ {").replace("$", "\\u0024") + '"'


def remark(text: str, limit: int = 300) -> str:
    """A text for a comment: older versions replace the environment there too."""
    return inert(text, limit).replace("$", "$ ")


# --- modbus --------------------------------------------------------------------------------------


def _modbus(one: Connection) -> Iterator[str]:
    yield "[[inputs.modbus]]"
    yield f"  name = {quoted(one.name)}"
    yield f'  controller = "tcp://{one.host}:{one.port}"'
    yield f'  interval = "{one.interval_seconds}s"'
    yield '  timeout = "3s"'
    yield '  configuration_type = "request"'
    usable = [item for item in one.items if item.table and _telegraf_type(item)]
    usable.sort(key=_layout)
    taken: set[str] = set()  # of all requests: Telegraf takes no name twice for a slave
    for (table, order), group in groupby(usable, key=lambda item: _layout(item)[:2]):
        items = list(group)
        named = [item for item in items if item.name]
        yield from _request(one, table, order, named, taken)
        if raw := [item for item in items if not item.name]:
            yield "  # Readable registers that no map describes: raw UINT16, meaning not known."
            yield from _request(one, table, order, raw, taken, "# ")
    for item in one.items:
        if not (item.table and _telegraf_type(item)):
            yield f"  # left out (no such type here): {remark(f'{item.address} {item.type}', 200)}"


def _layout(item: Item) -> tuple[str, str, int, str]:
    order = ORDERS.get((item.words, item.bytes), "ABCD")
    return (
        item.table,
        order if registers(register_type(item.type)) > 1 else "ABCD",
        (item.register),
        item.address,
    )


def _request(
    one: Connection, table: str, order: str, items: list[Item], taken: set[str], mark: str = ""
) -> Iterator[str]:
    """One request table; the gaps between fields are read along only by Telegraf's own rule."""
    if not items:
        return
    yield f"  {mark}[[inputs.modbus.request]]"
    yield f"  {mark}  slave_id = {one.unit}"
    yield f'  {mark}  byte_order = "{order}"'
    yield f'  {mark}  register = "{table}"'
    yield f"  {mark}  fields = ["
    for item in items:
        name = _field(item, taken)
        kind = "" if table in ("coil", "discrete") else f', type="{_telegraf_type(item)}"'
        scale = f", scale={item.scale!r}" if kind and item.scale != 1 else ""
        field = f"address={item.register}, name={quoted(name)}{kind}{scale}"
        yield f"  {mark}    {{ {field} }},{_note(item)}"
    yield f"  {mark}  ]"
    if not mark:
        yield from _tags(one, "inputs.modbus.request.tags")


def _field(item: Item, taken: set[str]) -> str:
    name = inert(item.name, 100) or item.address.replace(":", "_")
    if name in taken:
        name = f"{name} {item.address.replace(':', '_')}"
    taken.add(name)
    return name


def _note(item: Item) -> str:
    parts = [item.evidence if item.name else "", item.unit]
    if item.offset:
        parts.append(f"add {item.offset:g} to the value: Telegraf has no offset")
    if item.bit is not None:
        parts.append(f"bit {item.bit} of the register is meant")
    said = ", ".join(text for text in parts if text)
    return f"  # {remark(said, 200)}" if said else ""


def _telegraf_type(item: Item) -> str:
    """Telegraf's word for a register's type; "" for text and what it does not know."""
    kind = register_type(item.type)
    return "" if not kind or kind.startswith("string") else kind.upper()


# --- opcua ---------------------------------------------------------------------------------------


def _opcua(one: Connection) -> Iterator[str]:
    yield "[[inputs.opcua]]"
    yield f"  name = {quoted(one.name)}"
    yield f'  endpoint = "opc.tcp://{one.host}:{one.port}{one.path}"'
    yield f'  interval = "{one.interval_seconds}s"'
    policies = ("None", "Basic128Rsa15", "Basic256", "Basic256Sha256")
    yield f'  security_policy = "{one.policy if one.policy in policies else "auto"}"'
    yield f'  security_mode = "{one.mode or "auto"}"'
    if one.login.type == "opcua-user":
        (secret,) = keys(one.login)
        yield '  auth_method = "UserName"'
        yield f"  username = {quoted(one.login.user)}"
        yield f'  password = "@{{{STORE}:{secret}}}"'
    else:
        kind = "Certificate" if one.login.type == "opcua-certificate" else "Anonymous"
        yield f'  auth_method = "{kind}"'
    yield '  timestamp = "source"'
    taken: set[str] = set()
    for item in one.items:
        yield "  [[inputs.opcua.nodes]]"
        yield f"    name = {quoted(_field(item, taken))}{_note(item)}"
        yield f"    id = {quoted(item.address)}"
        yield f"    default_tags = {{ asset = {quoted(one.asset)}, site = {quoted(one.site)} }}"


# --- snmp ----------------------------------------------------------------------------------------


def _snmp(one: Connection) -> Iterator[str]:
    yield "[[inputs.snmp]]"
    yield f"  name_override = {quoted(one.name)}"
    yield f'  agents = ["udp://{one.host}:{one.port}"]'
    yield f'  interval = "{one.interval_seconds}s"'
    yield '  timeout = "3s"'
    yield "  retries = 1"
    yield '  agent_host_tag = "source"'
    yield from _snmp_login(one.login)
    taken: set[str] = set()
    for item in one.items:
        yield "  [[inputs.snmp.field]]"
        yield f"    oid = {quoted('.' + item.address)}"
        yield f"    name = {quoted(_field(item, taken))}{_scaled(item)}"
        if shift := _shift(item):
            yield f'    conversion = "float({shift})"'
    yield from _tags(one, "inputs.snmp.tags")


def _scaled(item: Item) -> str:
    plain = item.scale == 1 or _shift(item)
    factor = "" if plain else f"value = raw x {item.scale:g}, "
    return f"  # {remark(f'{factor}{item.evidence}, {item.unit}'.rstrip(', '), 200)}"


def _shift(item: Item) -> int:
    """Decimal places that the point moves left; 0 for a factor that is no such power of ten."""
    return next((places for places in range(1, 10) if item.scale == float(f"1e-{places}")), 0)


def _snmp_login(login: Login) -> Iterator[str]:
    versions = {"snmp-v1": 1, "snmp-v2c": 2, "snmp-v3": 3}
    yield f"  version = {versions.get(login.type, 2)}"
    if login.type != "snmp-v3":
        yield f'  community = "${{{variable(login)}}}"'
        return
    secret, *private = keys(login) or [""]
    yield f"  sec_name = {quoted(login.user)}"
    auth = login.auth.upper().replace("-", "").replace("SHA1", "SHA")
    privacy = login.privacy.upper().replace("-128", "").replace("-", "")
    level = "authPriv" if private else "authNoPriv" if login.auth else "noAuthNoPriv"
    yield f'  sec_level = "{level}"'
    if login.auth:
        yield f'  auth_protocol = "{auth if auth in AUTH else "SHA"}"'
        yield f'  auth_password = "@{{{STORE}:{secret}}}"'
    if private:
        yield f'  priv_protocol = "{privacy if privacy in PRIVACY else "AES"}"'
        yield f'  priv_password = "@{{{STORE}:{private[0]}}}"'


def keys(login: Login) -> list[str]:
    """Keys of the secret store that a credential needs."""
    if login.type == "snmp-v3":
        named = (("auth", login.auth), ("privacy", login.privacy))
        return [f"{_plain(login)}_{kind}" for kind, used in named if used]
    return [f"{_plain(login)}_password"] if login.type == "opcua-user" else []


def variable(login: Login) -> str:
    """The environment variable of a community: the SNMP plugin takes no store reference there."""
    return f"UNTRAP_{_plain(login).upper()}_COMMUNITY"


def _plain(login: Login) -> str:
    return slug(login.label, 40).replace(".", "_").replace("-", "_")


def readme(secrets: list[str], variables: list[str]) -> str:
    """What to do with the files."""
    lines = [
        "# Telegraf inputs",
        "",
        "Put these files, with your outputs, where `telegraf --config-directory` looks for them.",
        "They read and never write. A comment says of each field whether its value was read in the",
        "scan (verified) or comes from a map only (proposed).",
        "",
    ]
    if secrets:
        lines += [
            f"They refer to a secret store named `{STORE}`. Declare one and set its keys yourself:",
            "",
            "```toml",
            "[[secretstores.os]]",
            f'  id = "{STORE}"',
            "```",
            "",
            *(f"    telegraf secrets set {STORE} {key}" for key in secrets),
            "",
        ]
    if variables:
        lines += [
            "Communities come from the environment (the SNMP input takes no store for them):",
            "",
            *(f"    export {name}=…" for name in variables),
            "",
        ]
    return "\n".join(lines)


FORMAT = Format("telegraf", "Telegraf inputs", write)
