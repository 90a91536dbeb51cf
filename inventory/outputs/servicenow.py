"""ServiceNow OT Manager: the sheet of its Service Graph Connector for Excel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.outputs import Format
from inventory.outputs.profile import write_single

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store


def write(store: Store, request: Request) -> str:
    """Writes the sheet; its columns stand in `data/exports/servicenow.toml`."""
    return write_single("servicenow", store, request)


FORMAT = Format("servicenow", "ServiceNow OT import sheet", write, ("profile",))
