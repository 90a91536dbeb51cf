"""The far end of a wire, run inside a network namespace: hosts that speak Modbus and no more.

Usage: `python segment.py SECONDS`. Every address of the namespace answers on port 502 with
exception 01 to whatever function is asked (Modbus Application Protocol V1.1b3, 7).
"""

from __future__ import annotations

import asyncio
import sys


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readexactly(7):
            pdu = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
            writer.write(head[:4] + b"\0\3" + head[6:7] + bytes((pdu[0] | 0x80, 1)))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass  # the scanner went: nothing is left to answer
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "0.0.0.0", 502, backlog=4096)  # noqa: S104
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with server:
        await asyncio.sleep(float(sys.argv[1]))


if __name__ == "__main__":
    asyncio.run(main())
