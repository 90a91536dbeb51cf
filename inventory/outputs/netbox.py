"""NetBox: CSV files for its bulk import, in the order in which they refer to each other."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from inventory.outputs import Format, view
from inventory.outputs.folder import folder
from inventory.outputs.profile import Profile, chosen, write_file

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store


def write(store: Store, request: Request) -> str:
    """Writes a folder, or a zip where `-o` ends so. The columns stand in a profile."""
    profile, store = chosen("netbox", request), view(store, request)
    if request.output is not None and request.output.suffix.lower() == ".zip":
        with TemporaryDirectory() as place:
            count = _files(store, profile, Path(place))
            with zipfile.ZipFile(request.output, "w", zipfile.ZIP_DEFLATED) as bundle:
                for path in sorted(Path(place).iterdir()):
                    bundle.write(path, path.name)
        return f"{count} rows for NetBox written to {request.output}"
    place_ = folder(request, "netbox")
    return f"{_files(store, profile, place_)} rows for NetBox written to {place_}"


def _files(store: Store, profile: Profile, place: Path) -> int:
    counts = {}
    for file in profile.files:
        name = Path(file.name).name
        counts[name] = write_file(store, file, place / name, profile.format)
    (place / "README.md").write_text(readme(profile, counts), encoding="utf-8")
    return sum(counts.values())


def readme(profile: Profile, counts: dict[str, int]) -> str:
    """What to import, in which order."""
    lines = [f"# {profile.title}", "", f"Columns: {profile.source}", ""]
    lines += [
        "Import the files in this order; each refers only to what the ones before it hold.",
        "",
    ]
    lines += [f"{n}. `{name}`: {count} rows" for n, (name, count) in enumerate(counts.items(), 1)]
    lines += [
        "",
        "Addresses carry the mask of one host: a scan does not learn masks. `asset_tag` is the",
        "register's tag. `Unknown` stands where NetBox requires a value that nobody knows.",
        "",
    ]
    return "\n".join(lines)


FORMAT = Format("netbox", "NetBox CSV set, in import order", write, ("profile",))
