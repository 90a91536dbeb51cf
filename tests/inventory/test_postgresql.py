"""The same store on PostgreSQL: needs UNTRAP_TEST_POSTGRESQL, the URL of an empty database."""

from __future__ import annotations

import os
import uuid

import pytest

from inventory.conclude import refresh
from inventory.store import Store, StoreError
from inventory.store.lock import scanning
from tests.inventory.making import observed

URL = os.environ.get("UNTRAP_TEST_POSTGRESQL", "")

pytestmark = [
    pytest.mark.peer("postgresql"),
    pytest.mark.skipif(not URL, reason="UNTRAP_TEST_POSTGRESQL names no database"),
]


def test_postgresql_stores_derives_and_locks_like_sqlite() -> None:
    name = f"plant-{uuid.uuid4()}"
    seen = [
        observed("10.0.0.1", {"name": "\0\ud800"}, points=("a",), values=(1.5,), site=name),
        observed("10.0.0.2", {"vendor": "B"}, site=name),
    ]
    with Store.open(URL, name) as store:
        assert (store.append(seen), store.append(seen)) == (2, 0)
        found = refresh(store)
        assert tuple(store.devices()) == found.devices
        assert [one.device for one in store.evidences()] == list(found.devices)
        with Store.open(URL, name) as other, scanning(store):
            busy = pytest.raises(StoreError, match="another scan")
            with busy, scanning(other):
                pass
