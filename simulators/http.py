"""A device whose only face is a web page (RFC 9110, RFC 9112): one page, then it closes.

Options: `title`, `server` (the Server field), `status` (200), `body`, `realm` (asks for a login).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.contract import Bind, Device, Handle, Service, Simulator, Witness
from simulators.tcp import TcpDouble
from simulators.turns import ForeignBytesError, Turn

LONGEST_HEAD = 16_384
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT")
FAULTS: frozenset[str] = frozenset()


@dataclass(slots=True)
class Page:
    """Answers every request with the same page."""

    device: Device
    service: Service

    def frame(self, buffer: bytes) -> int | None:
        """Length of the head; a request body is not waited for."""
        method = buffer.split(b" ", 1)[0][:8].decode("latin-1")
        if not any(one.startswith(method) for one in METHODS):
            raise ForeignBytesError("no HTTP method")
        end = buffer.find(b"\r\n\r\n")
        if end < 0 and len(buffer) > LONGEST_HEAD:
            raise ForeignBytesError("head too long")
        return None if end < 0 else end + 4

    def hear(self, request: bytes) -> Turn:
        """The page, and the end of the connection."""
        method = request.split(b" ", 1)[0].decode("latin-1")
        options = self.service.options
        title = str(options.get("title") or f"{self.device.vendor} {self.device.product}")
        body = str(options.get("body") or f"<html><head><title>{title}</title></head></html>")
        status = options.get("status", 401 if options.get("realm") else 200)
        reason = {200: "OK", 401: "Unauthorized", 403: "Forbidden"}.get(int(str(status)), "Other")
        head = [
            f"HTTP/1.1 {status} {reason}",
            f"Server: {options.get('server', 'GoAhead-Webs')}",
            "Content-Type: text/html; charset=utf-8",
            f"Content-Length: {len(body.encode())}",
            "Connection: close",
        ]
        if realm := options.get("realm"):
            head.append(f'WWW-Authenticate: Basic realm="{realm}"')
        answer = "\r\n".join(head) + "\r\n\r\n" + ("" if method == "HEAD" else body)
        forbidden = method not in ("GET", "HEAD")
        return Turn(f"http {method}", answer.encode(), forbidden=forbidden, close=True)


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Listen."""
    double = TcpDouble(device, service, bind, witness, lambda: Page(device, service))
    double.start()
    return double


SIMULATOR = Simulator("http", "tcp", 80, start)
