"""An engine of vectors on other machines, for archives whose search does not fit into the memory of those that serve.

Rows are dealt out to any number of servers, which are all asked at once; what they propose is compared by the exact
vectors of the release. A collection is named by the checksum of the vectors that it holds, so a night that was killed
goes on where it was, and one whose vectors are those of the last puts nothing.
"""

import logging
from collections.abc import Callable, Iterator
from collections.abc import Collection as Names
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from recsys.errors import ConfigError, EngineLost
from recsys.index_kind import Kind
from recsys.progress import Advance
from recsys.waits import JOB, Waits

if TYPE_CHECKING:
    from recsys.pgvector import Shard
    from recsys.vectors import VectorIndex

log = logging.getLogger(__name__)

LIVE = Waits(connect=2.0, lock=1.0, statement=1.0)  # somebody waits for a draft
PAUSE = 5.0  # seconds for which a lost engine is not asked again where somebody waits
FIRST_EFFORT = 128  # what a night tries first
_BATCH = 4_096  # rows that are put at a time: what a killed night may lose
_QUERIES = 64  # at a time
T = TypeVar("T")


class Engine:
    """The servers of an engine. For any number of threads; one of them at a time.

    Args:
        urls: their addresses, with blanks between them, always in one order.
        waits: how long they are waited for.
        pause: seconds for which nothing is asked after a failure; 0 always asks.
        clock: tells seconds.

    Raises:
        ConfigError: there is no address, or one that cannot be used.
        MissingExtra: the driver is not installed.
    """

    def __init__(
        self, urls: str, waits: Waits = JOB, pause: float = 0.0, clock: Callable[[], float] = monotonic
    ) -> None:
        from recsys.pgvector import Shard  # SQLAlchemy, which would keep every worker's start waiting

        addresses = urls.split()
        if not addresses:
            raise ConfigError("no engine of vectors: give --engine postgresql://user@host/database")
        self._shards = [Shard(url, part, len(addresses), waits) for part, url in enumerate(addresses)]
        self._pool = ThreadPoolExecutor(len(addresses), thread_name_prefix="engine")
        self._pause, self._clock = pause, clock
        self._lock = Lock()
        self._lost: EngineLost | None = None
        self._again = 0.0  # when a lost engine may be asked

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._pool.shutdown()
            for shard in self._shards:
                shard.close()

    def collection(self, name: str, effort: int) -> "Collection":
        """One to search in; nothing is asked yet."""
        return Collection(self, name, effort)

    def publish(self, name: str, exact: "VectorIndex", place: str, advance: Advance = lambda number: None) -> None:
        """Put the vectors of `exact` as collection `name`, for releases at `place`; goes on with one that was begun.

        Raises:
            EngineLost: it is not whole; nobody searches in it.
        """
        parts = len(self._shards)
        sizes = [len(range(shard.part, exact.n, parts)) for shard in self._shards]
        with self._lock:
            begun = self._all(lambda shard: shard.begin(name, exact.dim, sizes[shard.part], place))
            if all(begun):
                log.info("collection %s is there already: its vectors are the same", name)
                return
            for start in range(0, exact.n, _BATCH):
                rows = np.arange(start, min(start + _BATCH, exact.n))
                vectors = exact.vectors(rows)
                self._all(lambda shard: _put(shard, name, rows, vectors))  # noqa: B023  # all are done before the next
                advance(len(rows))
            self._all(lambda shard: shard.finish(name, sizes[shard.part]))

    def forget(self, place: str, kept: Names[str]) -> None:
        """Drop the collections that no release at `place` needs any more, nor any at another place.

        What cannot be dropped now goes in another night.
        """
        try:
            with self._lock:
                found = self._all(lambda shard: shard.forget(place, kept))
        except EngineLost as error:
            log.warning("collections that no release needs stay: %s", error)
            return
        for name in sorted(set().union(*found)):
            log.info("collection %s is dropped: no release needs it", name)

    def search(self, name: str, queries: npt.NDArray[np.float32], count: int, effort: int) -> npt.NDArray[np.int64]:
        """(m, parts · count) int64: what each server proposes, beside each other. Raises EngineLost, also if one is."""
        if not len(queries):
            return np.empty((0, count), np.int64)
        with self._lock:
            blocks = [queries[start : start + _QUERIES] for start in range(0, len(queries), _QUERIES)]
            found = [
                self._asked(lambda shard: shard.search(name, block, count, effort))  # noqa: B023
                for block in blocks
            ]
        return np.concatenate([np.concatenate(parts, axis=1) for parts in found])

    def answers(self) -> bool:
        """Whether it is there, as far as is known; a lost one is asked once a pause."""
        with self._lock:
            if self._lost is not None and self._clock() >= self._again:
                try:
                    self._asked(lambda shard: shard.ping())
                except EngineLost:
                    return False
            return self._lost is None

    def _asked(self, question: Callable[["Shard"], T]) -> list[T]:
        """What each server answers; remembers whether they are there, and says so once."""
        if self._lost is not None and self._clock() < self._again:
            raise EngineLost(str(self._lost))
        try:
            found = self._all(question)
        except EngineLost as error:
            if self._lost is None and self._pause:
                log.error("the engine of vectors is lost, new texts are found by their words: %s", error)
            self._lost, self._again = error, self._clock() + self._pause
            raise
        if self._lost is not None and self._pause:
            log.info("the engine of vectors answers again")
        self._lost = None
        return found

    def _all(self, question: Callable[["Shard"], T]) -> list[T]:
        """What each server answers; all have answered, or failed, when it returns. A second try where one hung up."""
        asked = [self._pool.submit(_twice, question, shard) for shard in self._shards]
        failed = [error for one in asked if (error := one.exception()) is not None]
        if failed:
            raise failed[0]
        return [one.result() for one in asked]


@dataclass(frozen=True, slots=True)
class Collection:
    """The vectors of a release in an engine: proposes candidates for `VectorIndex`."""

    engine: Engine
    name: str
    effort: int
    kind: Kind = Kind.ENGINE

    def search(self, queries: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
        """(m, c >= count) int64, -1 where there is no more. Raises EngineLost."""
        return self.engine.search(self.name, queries, count, self.effort)

    def answers(self) -> bool:
        """Whether the engine is there, as far as is known."""
        return self.engine.answers()

    def harder(self) -> Iterator["Collection"]:
        """This one, and then those that look at more, each at half as much again."""
        from recsys.pgvector import MOST

        effort = self.effort
        while effort < MOST:
            yield Collection(self.engine, self.name, effort)
            effort += effort // 2
        yield Collection(self.engine, self.name, MOST)


def _put(shard: "Shard", name: str, rows: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32]) -> None:
    own = rows % shard.parts == shard.part
    shard.put(name, rows[own], vectors[own])


def _twice(question: Callable[["Shard"], T], shard: "Shard") -> T:
    """A connection that was idle while its server was started anew is found broken only when it is used."""
    fresh = not shard.connected
    try:
        return question(shard)
    except EngineLost:
        if fresh or shard.connected:
            raise
        return question(shard)
