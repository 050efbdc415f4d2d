"""One request in process: our lists beside a bare table of neighbours read with NumPy, on archives of several sizes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from eval.bench.base import prepared
from eval.bench.benchmark import Room
from eval.bench.corpus import CorpusConfig
from eval.bench.day import a_day
from eval.bench.interleave import interleaved
from eval.bench.reading import asked_for, timed
from eval.bench.results import LATENCY, Result, ratio, result
from eval.bench.table_read import TableRead
from recsys.recommender import Recommender
from recsys.release import Release

_FLOOR = "bare table"
_P50_P99 = {name: LATENCY[name] for name in ("p50", "p99")}


@dataclass(frozen=True, slots=True)
class Request:
    """`Recommender.similar` and `related` against the least that could be done.

    Attributes:
        articles: sizes of the archives.
        calls: of each kind in each repetition, for ids drawn by Zipf's law.
        arrivals: articles that came after the night, for the kinds of a usual day (`eval.bench.day`).
    """

    name: ClassVar[str] = "request"
    what: ClassVar[str] = "similar and related in process, beside a bare table of neighbours with three signals"

    articles: tuple[int, ...] = (10_000, 100_000)
    calls: int = 1_000
    repetitions: int = 7
    arrivals: int = 50
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """All sizes and kinds in turn."""
        kinds: dict[str, Callable[[int], list[float]]] = {}
        for size in self.articles:
            base = prepared(CorpusConfig(size, self.seed), room.work)
            release = Release.open(base.releases, verify=False)
            ours, bare = Recommender(release), TableRead(release)
            view, said = a_day(base, release, self.arrivals)
            busy = ours.followed(view, said)
            calls: dict[str, Callable[[str], object]] = {
                "similar(k=6)": partial(ours.similar, k=6),
                "related": ours.related,
                "similar(k=6), on a usual day": partial(busy.similar, k=6),
                "related, on a usual day": busy.related,
                _FLOOR: bare.similar,
            }
            kinds |= {f"{size:,}|{what}": partial(self._timed, call, size) for what, call in calls.items()}
        found = interleaved(kinds, self.repetitions)
        median = {name: [_P50_P99["p50"](one) for one in times] for name, times in found.items()}
        for name, times in found.items():
            size_of, _, what = name.partition("|")
            yield result(f"{size_of} articles", what, "µs", times, _P50_P99)
            if what != _FLOOR:
                floor = median[f"{size_of}|{_FLOOR}"]
                yield ratio(f"{size_of} articles", f"{what} p50, to the {_FLOOR}", median[name], floor)
            least = f"{min(self.articles):,}|{what}"
            if name != least:
                yield ratio(f"{size_of} articles", f"{what} p50, to {min(self.articles):,} articles", median[name],
                            median[least])  # fmt: skip

    def _timed(self, call: Callable[[str], object], size: int, repetition: int) -> list[float]:
        newest_first = [f"b{place:08}" for place in range(size - 1, -1, -1)]
        return timed(call, asked_for(newest_first, self.calls, 1_000 * self.seed + repetition + 1))
