"""Sees what each worker of a service shows: a connection that is kept stays with the worker that accepted it."""

import asyncio
from collections.abc import Callable
from time import perf_counter

from eval.bench.client import Connection, Reply, connect
from eval.bench.programs import Served
from recsys.errors import RecsysError

SOONEST = 0.03  # seconds between two looks at first; later a fifth of what has passed: looks are load too
_MOST_OPENED = 400  # connections until each worker must have accepted one
Shows = Callable[[Reply], bool]


class Watcher:
    """Looks at one worker, one request at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def ask(self, request: bytes) -> Reply:
        """Its answer. Raises OSError."""
        async with self._turn:
            return await self._connection.ask(request)

    async def until(self, request: bytes, shows: Shows, since: float, patience: float) -> float:
        """Seconds from `since` (of `perf_counter`) until an answer first `shows` it; at most `patience`."""
        while True:
            seen = shows(await self.ask(request))
            passed = perf_counter() - since
            if seen or passed >= patience:
                return min(passed, patience)
            await asyncio.sleep(max(SOONEST, passed / 5))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Watchers:
    """One for each worker of a service."""

    def __init__(self, watchers: list[Watcher]) -> None:
        self._watchers = watchers

    @classmethod
    async def of(cls, served: Served, patience: float = 60.0) -> "Watchers":
        """Open connections until each worker has one; the others are closed.

        Raises:
            RecsysError: a worker accepts none.
        """
        found: dict[int, Connection] = {}
        waiting = list[Connection]()
        until = perf_counter() + patience
        while len(found) < len(served.workers):
            if perf_counter() > until or len(waiting) > _MOST_OPENED:
                raise RecsysError(f"{len(served.workers) - len(found)} of {len(served.workers)} workers do not answer")
            # many at once: who is idle accepts, and one worker alone would be idle again for the next
            fresh = await asyncio.gather(*(connect(served.port) for _ in range(2 * len(served.workers))))
            await asyncio.sleep(0.05)
            for connection in fresh:
                worker = served.worker_of(connection.local_port)
                if worker is None or worker in found:
                    waiting.append(connection)
                else:
                    found[worker] = connection
            await asyncio.sleep(0.2 if len(found) < len(served.workers) else 0.0)
        for connection in waiting:
            connection.close()
        return cls([Watcher(found[worker]) for worker in served.workers])

    async def until(self, request: bytes, shows: Shows, since: float, patience: float) -> float:
        """Seconds from `since` until each worker has shown it."""
        return max(await asyncio.gather(*(one.until(request, shows, since, patience) for one in self._watchers)))

    async def any(self, request: bytes) -> Reply:
        """The answer of the first worker."""
        return await self._watchers[0].ask(request)

    def close(self) -> None:
        """Hang up all."""
        for one in self._watchers:
            one.close()
