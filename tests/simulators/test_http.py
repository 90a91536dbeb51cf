"""The web page double, asked by http.client."""

from __future__ import annotations

import asyncio
import http.client

import pytest

from simulators.contract import Service
from simulators.http import SIMULATOR
from tests.simulators.doubles import METER, running
from tests.support.patience import HUNG_SECONDS


@pytest.mark.parametrize(
    ("method", "options", "status", "length", "forbidden"),
    [
        ("GET", {}, 200, 71, 0),
        ("HEAD", {}, 200, 0, 0),
        ("GET", {"realm": "meter"}, 401, 71, 0),
        ("POST", {}, 200, 71, 1),
    ],
)
def test_a_page_and_the_end(
    method: str, options: dict[str, object], status: int, length: int, forbidden: int
) -> None:
    def read(port: int) -> tuple[int, bytes, str | None]:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=HUNG_SECONDS)
        client.request(method, "/")
        answer = client.getresponse()
        found = answer.status, answer.read(), answer.getheader("Server")
        client.close()
        return found

    async def main() -> None:
        async with running(SIMULATOR, METER, Service("http", options=options)) as one:
            found, body, server = await asyncio.to_thread(read, one.port)
            assert (found, len(body), server) == (status, length, "GoAhead-Webs")
            assert one.witness.forbidden == forbidden

    asyncio.run(main())
