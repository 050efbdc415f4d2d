"""The cores of this machine as a crew: processes that are started once, and map what they share."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from index.crew import ALONE, Done, Piece, Shared, limited
from recsys.errors import ClusterError
from recsys.parent import end_with_parent

_FEW = 4  # pieces that are not worth starting processes for
_AHEAD = 2  # pieces in flight for each process


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Cores:
    """A crew of so many processes on this machine, and of this one alone where there is little to do.

    What they share goes to a file in `folder` for as long as it is needed. Use as a context manager.
    """

    def __init__(self, processes: int, folder: Path) -> None:
        self._processes, self._folder = processes, folder
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def each(self, do: Callable[[Shared, Piece], Done], shared: Shared, pieces: Iterable[Piece]) -> Iterator[Done]:
        """As `Crew.each`.

        Raises:
            ClusterError: a process ended, as one does that the system kills for memory.
            OSError: the disk is full.
        """
        rest = iter(pieces)
        first = list(islice(rest, _FEW)) if self._processes > 1 else []
        if len(first) < _FEW:
            yield from ALONE.each(do, shared, chain(first, rest))
            return
        import joblib

        running: deque[Future[Done]] = deque()
        with TemporaryDirectory(dir=self._folder, prefix="shared-") as work:
            place = str(Path(work) / "shared.joblib")
            joblib.dump(shared, place)
            try:
                for piece in chain(first, rest):
                    running.append(self._workers().submit(_piece, do, place, piece))
                    if len(running) >= _AHEAD * self._processes:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            except BrokenProcessPool as error:
                raise ClusterError(
                    f"one of {self._processes} processes of the night ended, perhaps for want of memory: give it more,"
                    " or --cores 1, and run again; what was embedded is kept"
                ) from error
            finally:
                for left in running:
                    left.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # spawned: a fork of a process that has run OpenMP may hang
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, mp_context=context, initializer=_begin)
        return self._pool


def _begin() -> None:
    """A worker ends with the process that started it, and leaves Ctrl-C to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()


def _piece(do: Callable[[Any, Any], Any], place: str, piece: Any) -> Any:
    return limited(do, _opened(place), 1, piece)


@lru_cache(maxsize=1)
def _opened(place: str) -> Any:
    """What is shared, its arrays mapped."""
    import joblib

    return joblib.load(place, mmap_mode="r")
