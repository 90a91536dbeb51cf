"""Signatures of bundles: Ed25519 over the manifest, and one key per site that is remembered.

One rule keeps it simple: the first signed bundle of a site pins its key (as a host key is pinned);
from then on a bundle of that site is refused unless that key signed it.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.outputs.bundle import MANIFEST
from inventory.text import slug
from protocols.contract import digest
from scanner.imports.bundle_file import SIGNATURE, BundleError, Manifest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from scanner.cli import Settings

LONGEST = 4096


def sign(file: Path, key_file: Path) -> str:
    """Signs a bundle with the key in `key_file`, which is made (mode 0600) where it is absent.

    Returns the public key's fingerprint. Raises ValueError for a file that holds no such key.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _key(key_file)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as bundle:
        signature = key.sign(bundle.read(MANIFEST))
        text = json.dumps({"ed25519": public.hex(), "signature": signature.hex()})
        bundle.writestr(SIGNATURE, text)
    return fingerprint(public)


def _key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    if path.exists():
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 key; name another file")
        return key
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
    return key


def fingerprint(public: bytes) -> str:
    """A public key in 32 hexadecimal digits, for people to compare."""
    return digest(public)[:32]


def accept(bundle: zipfile.ZipFile, manifest: Manifest, settings: Settings) -> str:
    """Says who signed the bundle, and pins the key. Raises `BundleError` for a wrong or missing
    signature where a key is pinned."""
    place = pinned_at(manifest.site, settings)
    pinned = bytes.fromhex(place.read_text("ascii").strip()) if place.exists() else b""
    if SIGNATURE not in bundle.namelist():
        if pinned:
            raise BundleError(f"not signed, but the key of this site is pinned in {place}")
        return "not signed: nothing says who made it"
    public = _verified(bundle, manifest)
    if pinned and public != pinned:
        raise BundleError(f"signed by another key than the one pinned in {place}")
    if not pinned:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(public.hex() + "\n", encoding="ascii")
        return f"signed by {fingerprint(public)}; pinned in {place}"
    return f"signed by {fingerprint(public)}, the pinned key"


def _verified(bundle: zipfile.ZipFile, manifest: Manifest) -> bytes:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    with bundle.open(SIGNATURE) as file:
        text = file.read(LONGEST)
    try:
        given = json.loads(text)
        public = bytes.fromhex(given["ed25519"])
        Ed25519PublicKey.from_public_bytes(public).verify(
            bytes.fromhex(given["signature"]), manifest.raw
        )
    except InvalidSignature as error:
        raise BundleError("its signature does not fit: it was changed after signing") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError("its signature is malformed") from error
    return public


def pinned_at(site: str, settings: Settings) -> Path:
    """Where the key of a site is pinned: beside an SQLite file, else with the user's own data."""
    name = f"bundle-{slug(site, 40)}-{digest(site.encode('utf-8', 'replace'))[:8]}.key"
    if "://" not in settings.db:
        path = Path(settings.db)
        return path.with_name(f"{path.name}-{name}")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "untrap" / name
