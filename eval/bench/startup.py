"""How soon a service is ready, and what its workers hold in memory beside one release that they share."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import ClassVar

from eval.bench.base import prepared
from eval.bench.benchmark import Room
from eval.bench.client import Connection, connect, request
from eval.bench.corpus import CorpusConfig
from eval.bench.flood import flood
from eval.bench.programs import Served, service
from eval.bench.reading import asked_for
from eval.bench.results import Result, over_repetitions
from recsys.errors import RecsysError
from recsys.release import current_id

_MIB = 2**20
_CONNECTIONS = 16  # so that each worker has some of them
_PATIENCE = 60.0  # seconds for every worker to answer
_LOOK = 0.01  # seconds between two looks
_READY = request("GET", "/health/ready")


@dataclass(frozen=True, slots=True)
class _Once:
    """One start: seconds until the first worker answered and until each had, CPU of all processes until then in
    seconds, and memory in MiB after many requests: of the workers and of the others with shared parts counted once, and
    of one worker what it shares with nobody.
    """

    first: float
    every: float
    cpu: float
    workers: float
    others: float
    own: float


@dataclass(frozen=True, slots=True)
class Startup:
    """From the command to the answers of all workers, and memory after many requests.

    Attributes:
        articles: sizes of the archives.
        workers: cases.
        reads: distinct requests, for ids drawn by Zipf's law, asked again and again for so many `seconds`.
    """

    name: ClassVar[str] = "startup"
    what: ClassVar[str] = "from the start of a service to its being ready; its workers' memory beside one release"

    articles: tuple[int, ...] = (10_000, 100_000)
    workers: tuple[int, ...] = (1, 4)
    reads: int = 20_000
    seconds: float = 10.0
    repetitions: int = 3
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """Each size and number of workers, again and again; releases were read through when they were made."""
        for size in self.articles:
            releases = prepared(CorpusConfig(size, self.seed), room.work).releases
            release = _size(releases)
            yield Result(f"{size:,} articles", "release on disk", "MiB", (over_repetitions("", [release]),))
            for workers in self.workers:
                runs = [self._once(releases, size, workers, room.scratch) for _ in range(self.repetitions)]
                found = {
                    ("first worker ready after", "s"): [one.first for one in runs],
                    ("all workers ready after", "s"): [one.every for one in runs],
                    ("CPU of all processes until then", "s"): [one.cpu for one in runs],
                    ("memory of all workers", "MiB"): [one.workers for one in runs],
                    ("memory of what starts them", "MiB"): [one.others for one in runs],
                    ("of a worker's, not shared", "MiB"): [one.own for one in runs],
                    ("memory of all processes, to the release", ""): [
                        (one.workers + one.others) / release for one in runs
                    ],
                }
                case = f"{size:,} articles, {workers} worker{'s' * (workers > 1)}"
                for (what, unit), values in found.items():
                    yield Result(case, what, unit, (over_repetitions("", values),))

    def _once(self, releases: Path, size: int, workers: int, scratch: Path) -> _Once:
        import uvloop

        newest_first = [f"b{place:08}" for place in range(size - 1, -1, -1)]
        asked = [
            request("GET", f"/v1/articles/{one}/related") for one in asked_for(newest_first, self.reads, self.seed)
        ]
        with service(releases, None, workers, log=scratch / "service.log") as served:
            every = uvloop.run(all_ready_after(served)) if workers > 1 else served.ready_after
            cpu = served.cpu()
            uvloop.run(flood(served.port, asked, _CONNECTIONS, self.seconds))
            memory, others = served.memory(), served.memory_of_others()
        return _Once(
            served.ready_after,
            every,
            cpu,
            sum(one.proportional for one in memory),
            sum(one.proportional for one in others),
            sum(one.own for one in memory) / workers,
        )


async def all_ready_after(served: Served, patience: float = _PATIENCE) -> float:
    """Seconds from the start until each worker has answered that it is ready; at most `patience`.

    Raises:
        RecsysError: one does not.
    """
    kept, answered = list[Connection](), dict[int, float]()
    first = dict[int, float]()  # of each worker, when it answered first
    try:
        while len(first) < len(served.workers):
            if monotonic() - served.began > patience:
                missing = len(served.workers) - len(first)
                raise RecsysError(f"{missing} of {len(served.workers)} workers do not get ready")
            # many at once, and kept: who is idle accepts, and one worker alone would be idle again for the next
            fresh = await asyncio.gather(*(connect(served.port) for _ in range(2 * len(served.workers))))
            kept += fresh
            answered |= dict(await asyncio.gather(*map(_asked, fresh)))
            for port, worker in served.accepted().items():
                if port in answered:
                    first[worker] = min(first.get(worker, answered[port]), answered[port])
            await asyncio.sleep(_LOOK)
    finally:
        for one in kept:
            one.close()
        await asyncio.sleep(0)  # for them to be closed
    return max(first.values()) - served.began


async def _asked(connection: Connection) -> tuple[int, float]:
    """(its local port, when it was answered). Raises RecsysError where a worker that accepts is not ready."""
    reply = await connection.ask(_READY)
    if reply.status != 200:
        raise RecsysError(f"a worker that accepts is not ready: {reply.status} {reply.body!r}")
    return connection.local_port, monotonic()


def _size(releases: Path) -> float:
    """MiB of the release that is current."""
    return sum(file.stat().st_size for file in (releases / current_id(releases)).iterdir()) / _MIB
