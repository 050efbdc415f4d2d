"""How soon a service is ready, and what its workers hold in memory beside one release that they share."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from eval.bench.base import prepared
from eval.bench.benchmark import Room
from eval.bench.client import request
from eval.bench.corpus import CorpusConfig
from eval.bench.flood import flood
from eval.bench.programs import service
from eval.bench.reading import asked_for
from eval.bench.results import Result, over_repetitions
from recsys.release import current_id

_MIB = 2**20
_CONNECTIONS = 16  # so that each worker has some of them


@dataclass(frozen=True, slots=True)
class Startup:
    """From the command to the first answer, and memory after many requests.

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
                case = f"{size:,} articles, {workers} worker{'s' * (workers > 1)}"
                ready, total, own = zip(*runs, strict=True)
                yield Result(case, "ready after", "s", (over_repetitions("", ready),))
                yield Result(case, "memory of all workers", "MiB", (over_repetitions("", total),))
                yield Result(case, "of it not shared, a worker", "MiB", (over_repetitions("", own),))
                shares = [one / release for one in total]
                yield Result(case, "memory of all workers, to the release", "", (over_repetitions("", shares),))

    def _once(self, releases: Path, size: int, workers: int, scratch: Path) -> tuple[float, float, float]:
        """(seconds until ready, MiB of all workers with shared parts counted once, MiB of one that it shares not)."""
        import uvloop

        newest_first = [f"b{place:08}" for place in range(size - 1, -1, -1)]
        asked = [
            request("GET", f"/v1/articles/{one}/related") for one in asked_for(newest_first, self.reads, self.seed)
        ]
        with service(releases, None, workers, log=scratch / "service.log") as served:
            uvloop.run(flood(served.port, asked, _CONNECTIONS, self.seconds))
            memory = served.memory()
        return served.ready_after, sum(one.proportional for one in memory), sum(one.own for one in memory) / workers


def _size(releases: Path) -> float:
    """MiB of the release that is current."""
    return sum(file.stat().st_size for file in (releases / current_id(releases)).iterdir()) / _MIB
