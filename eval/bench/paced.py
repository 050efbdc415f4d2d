"""The open loop of `eval.bench.schedule` by a client that costs little: it can ask what a quick server can answer."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import cast

import httptools

from eval.bench.programs import HOST
from eval.bench.schedule import Sent

_NAP = 5e-5  # seconds between two looks at the clock; an event loop's own timers are no finer than a millisecond
_PATIENCE = 20.0  # seconds for the last answers


class _Desk:
    """Who asks when: requests that are due and wait for a connection, connections that wait for a request."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, bytes]] = deque()
        self.free: list[_Line] = []
        self.took: list[float] = []
        self.errors: list[str] = []

    def put(self, due: float, request: bytes) -> None:
        """Send it now, or as soon as a connection is free."""
        if self.free:
            self.free.pop().ask(due, request)
        else:
            self.waiting.append((due, request))

    def take(self, line: "_Line") -> None:
        """A connection has its answer."""
        if self.waiting:
            line.ask(*self.waiting.popleft())
        else:
            self.free.append(line)


class _Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, desk: _Desk) -> None:
        self._desk, self._due = desk, 0.0
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)

    def ask(self, due: float, request: bytes) -> None:
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of that class, and does the same

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 200:
            self._desk.took.append(perf_counter() - self._due)
        else:
            self._desk.errors.append(f"answers {status}")
        self._desk.take(self)


async def paced(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> Sent:
    """`rate` requests a second, each counted from when it was due: also while it waits for a connection that is free.

    What is not answered in time is an error.
    """
    loop, desk = asyncio.get_running_loop(), _Desk()
    lines = [(await loop.create_connection(lambda: _Line(desk), HOST, port))[1] for _ in range(connections)]
    desk.free.extend(lines)
    total, sent, late = round(rate * seconds), 0, 0.0
    begin = perf_counter() + 0.05
    while sent < total:
        now = perf_counter()
        while sent < total and (due := begin + sent / rate) <= now:
            late = max(late, perf_counter() - due)
            desk.put(due, requests[sent % len(requests)])
            sent += 1
        await asyncio.sleep(0)  # answers
        if begin + sent / rate - perf_counter() > _NAP:
            time.sleep(_NAP)
    until = perf_counter() + _PATIENCE
    while len(desk.free) < connections and perf_counter() < until:
        await asyncio.sleep(0.001)
    for line in lines:
        line.close()
    missing = total - len(desk.took) - len(desk.errors)
    return Sent(tuple(desk.took), (*desk.errors, *["no answer"] * missing), late)
