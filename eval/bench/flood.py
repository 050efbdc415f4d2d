"""As many requests as a server can answer: some connections that each ask again as soon as they are answered."""

import asyncio
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import cast

import httptools

from eval.bench.programs import HOST
from recsys.errors import RecsysError


class _Asking(asyncio.Protocol):
    """One connection; it goes on until it is told to stop."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self.answered, self.wrong, self.size = 0, 0, 0
        self.going, self.over = True, asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.answered += 1
        self.wrong += self._parser.get_status_code() != 200
        if self._transport is not None and self.going:
            self._transport.write(next(self._requests))
        elif not self.over.done():
            self.over.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.wrong += self.going
            self.over.set_result(None)


async def flood(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> float:
    """Answers a second.

    Raises:
        RecsysError: not all of them were 200.
    """
    loop, found = asyncio.get_running_loop(), list[_Asking]()
    step = max(1, len(requests) // connections)
    for number in range(connections):  # each begins elsewhere in what is asked for
        own = _on_from(requests, number * step)
        _, asking = await loop.create_connection(lambda own=own: _Asking(own), HOST, port)  # type: ignore[misc]
        found.append(asking)
    began, before = perf_counter(), sum(one.answered for one in found)
    await asyncio.sleep(seconds)
    passed, answered = perf_counter() - began, sum(one.answered for one in found) - before
    for one in found:
        one.going = False
    await asyncio.wait([one.over for one in found], timeout=10)
    wrong = sum(one.wrong for one in found)
    for one in found:
        if one._transport is not None:
            one._transport.close()
    if wrong:
        raise RecsysError(f"{wrong} of {answered} answers on port {port} were not 200")
    return answered / passed


def _on_from(requests: Sequence[bytes], place: int) -> Iterator[bytes]:
    """All of them again and again, from this one on."""
    while True:
        yield requests[place % len(requests)]
        place += 1
