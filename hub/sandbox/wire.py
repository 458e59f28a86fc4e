"""HTTP/1.1 on one socket: requests in, answers out, and the ways in which an answer can go wrong.

Knows no systems.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

import h11

from hub.sandbox.system import Response

# Business Central takes 350 MB; nothing we simulate needs more than this in memory.
MAX_BODY_BYTES = 64 * 1024 * 1024
# A linger time of zero makes close() send RST instead of FIN (socket(7)).
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Exchange:
    """One request and the one answer it gets. `started_at` is time.time() at its first byte."""

    def __init__(self, connection: Connection, head: h11.Request, body: bytes, started_at: float) -> None:
        self.connection = connection
        self.method = head.method.decode("ascii")
        self.target = head.target.decode("latin-1")
        self.headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        self.body = body
        self.started_at = started_at
        self.is_answered = False

    def reply(self, response: Response) -> None:
        """Send the whole answer and keep the connection."""
        if self._claim():
            self.connection.send_whole(response)

    def drop(self, how: str = "close") -> None:
        """Close the connection without a byte; "reset" sends RST."""
        if self._claim():
            self.connection.drop(how)

    def truncate(self, response: Response, keep: float) -> None:
        """Send the headers of a whole answer, the first `keep` (a fraction) of its body, and close."""
        if self._claim():
            self.connection.send_head(response)
            self.connection.send_part(response.body[: int(len(response.body) * keep)])
            self.connection.close()

    async def drip(self, response: Response, interval: float) -> None:
        """Send the body a byte at a time, `interval` seconds apart."""
        if not self._claim():
            return
        self.connection.send_head(response)
        for position in range(len(response.body)):
            if self.connection.is_closing:
                return
            self.connection.send_part(response.body[position : position + 1])
            await asyncio.sleep(interval)
        self.connection.send_rest(b"")

    def _claim(self) -> bool:
        is_mine = not self.is_answered and not self.connection.is_closing
        self.is_answered = True
        return is_mine


class Connection(asyncio.Protocol):
    """One kept connection. Requests on it are answered one after another."""

    def __init__(self, answer: Callable[[Exchange], None], crowd: set[Connection]) -> None:
        self.answer = answer
        self.crowd = crowd
        self.parser = h11.Connection(h11.SERVER)
        self.head: h11.Request | None = None
        self.body = bytearray()
        self.started_at: float | None = None
        self.waiting: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.crowd.add(self)
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.discard(self)

    @property
    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        self._go_on(data)

    def _go_on(self, data: bytes) -> None:
        if self.started_at is None:
            self.started_at = time.time()
        try:
            if data:
                self.parser.receive_data(data)
            self._advance()
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint, str(error))

    def eof_received(self) -> None:
        self.transport.close()

    def _advance(self) -> None:
        while not self.is_closing:
            event = self.parser.next_event()
            if event is h11.NEED_DATA:
                self._say_continue()
                return
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.Request):
                self.head = event
            elif isinstance(event, h11.Data):
                self._take(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._hand_over()

    def _say_continue(self) -> None:
        if self.parser.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))

    def _take(self, data: bytes) -> None:
        if len(self.body) + len(data) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
        self.body += data

    def _hand_over(self) -> None:
        assert self.head is not None
        exchange = Exchange(self, self.head, bytes(self.body), self.started_at or time.time())
        self.head, self.started_at = None, None
        self.body.clear()
        self.answer(exchange)

    def _refuse(self, status: int, words: str) -> None:
        if self.parser.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = {"Content-Type": "text/plain", "Connection": "close"}
            self.send_whole(Response(status, words.encode(), headers))
        self.close()

    def _send(self, event: h11.Event) -> None:
        data = self.parser.send(event)
        if not data:
            return
        if self.waiting is not None:
            self.waiting += data
        else:
            self.transport.write(data)

    def send_whole(self, response: Response) -> None:
        """Head and body in one write: a caller that reads once gets all of a small answer."""
        self.waiting = bytearray()
        self.send_head(response)
        self.send_part(response.body)
        gathered, self.waiting = self.waiting, None
        self.transport.write(gathered)
        self.send_rest(b"")

    def send_head(self, response: Response) -> None:
        headers = list(response.headers.items())
        if response.status != 204:
            headers.append(("Content-Length", str(len(response.body))))
        if response.body and not any(name.lower() == "content-type" for name in response.headers):
            headers.append(("Content-Type", "application/json"))
        self._send(h11.Response(status_code=response.status, headers=headers))

    def send_part(self, data: bytes) -> None:
        if data:
            self._send(h11.Data(data=data))

    def send_rest(self, data: bytes) -> None:
        """The last part of the answer; then the next request of this connection, if it has come already."""
        self.send_part(data)
        self._send(h11.EndOfMessage())
        if self.parser.our_state is h11.DONE and self.parser.their_state is h11.DONE:
            self.parser.start_next_cycle()
            if self.parser.trailing_data[0]:
                asyncio.get_running_loop().call_soon(self._go_on, b"")
        else:
            self.close()

    def drop(self, how: str) -> None:
        if how == "reset":
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()
        else:
            self.transport.close()

    def close(self) -> None:
        """Close after what was written has gone out."""
        self.transport.close()
