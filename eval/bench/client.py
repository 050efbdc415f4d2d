"""A small HTTP/1.1 client: a general one takes more of the machine than what it measures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import httptools

from eval.bench.programs import HOST

PATIENCE = 20.0  # seconds for an answer


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the seconds from sending the request to its last byte."""

    status: int
    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """One connection that is kept; one request at a time. Make it with `connect`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    @property
    def closed(self) -> bool:
        """Whether it can no longer be used."""
        return self._transport is None or self._transport.is_closing()

    @property
    def local_port(self) -> int:
        """By which the server's side can be found."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def ask(self, request: bytes, patience: float = PATIENCE) -> Reply:
        """Send a request, as `request` makes it, and wait for its answer.

        Raises:
            OSError: the connection ended first, or no answer came in time.
        """
        if self._transport is None or self.closed:
            raise ConnectionError("the server has closed the connection")
        self._answered = asyncio.get_running_loop().create_future()
        self._body.clear()
        began = perf_counter()
        self._transport.write(request)
        try:
            async with asyncio.timeout(patience):
                await self._answered
        except TimeoutError:
            self.close()
            raise
        return Reply(self._parser.get_status_code(), b"".join(self._body), perf_counter() - began)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of that class, and does the same

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side hung up."""
        self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server hung up"))

    # what the parser calls

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)


async def connect(port: int) -> Connection:
    """A new connection to a server of this host."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, HOST, port)
    return connection


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it is sent; `headers` with underscores for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


class Pool:
    """Connections to one server: as many as are needed at once, kept for those who ask next."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the block."""
        while self._free and self._free[0].closed:
            self._free.pop(0)
        found = self._free.pop(0) if self._free else await connect(self._port)  # the one that waited longest
        try:
            yield found
        finally:
            if not found.closed:
                self._free.append(found)

    async def ask(self, request: bytes) -> Reply:
        """Send it on a free connection. Raises OSError."""
        async with self.connection() as connection:
            return await connection.ask(request)

    def close(self) -> None:
        """Hang up all."""
        for connection in self._free:
            connection.close()
