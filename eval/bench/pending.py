"""What it costs that many changes wait for the next night: reads, memory, and the way of one more write."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import ClassVar

from eval.bench.base import Base, copied, prepared
from eval.bench.benchmark import Room
from eval.bench.bulk import write
from eval.bench.corpus import CorpusConfig
from eval.bench.crowded import Crowded, crowded
from eval.bench.interleave import interleaved
from eval.bench.programs import new_key, service
from eval.bench.reading import asked_for, timed
from eval.bench.results import LATENCY, Result, over_repetitions, ratio, result
from eval.bench.waiting import Waiting, counted, waiting
from recsys.articles import Article
from recsys.recommender import Recommender
from recsys.release import Release
from recsys.store import ArticleStore

log = logging.getLogger(__name__)
_P50_P99 = {name: LATENCY[name] for name in ("p50", "p99")}


@dataclass(frozen=True, slots=True)
class Pending:
    """The effect of pending changes, in process and over HTTP.

    Attributes:
        articles: in the archive.
        pending: cases: how many articles came after the release, their vectors known.
        changed: share of these that take the place of an article of the release, in [0, 1].
        calls: of each kind in process, in each repetition.
        reads: a second over HTTP.
        seconds: of each repetition over HTTP.
        writes: one after the other, when all is taken in, each timed until it is seen.
        patience: seconds after which taking in is given up, in process and over HTTP.
        http: whether to measure over HTTP, one worker.
    """

    name: ClassVar[str] = "pending"
    what: ClassVar[str] = "many changes since the night: reads, memory, the time to take them in, one more write"

    articles: int = 10_000
    pending: tuple[int, ...] = (0, 1_000, 10_000, 50_000)
    changed: float = 0.2
    calls: int = 300
    reads: float = 50.0
    seconds: float = 10.0
    repetitions: int = 5
    writes: int = 10
    patience: float = 300.0
    http: bool = True
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """In process with all cases side by side, then each case with a service of its own."""
        base = prepared(CorpusConfig(self.articles, self.seed), room.work)
        yield from self._in_process(base)
        if self.http:
            for number in self.pending:
                yield from self._served(base, number, room.scratch / str(number))

    def _in_process(self, base: Base) -> Iterator[Result]:
        release = Release.open(base.releases, verify=False)
        views = dict[int, Recommender]()
        took = _TakingIn(release)
        for number in sorted(self.pending):
            chunks = list(waiting(base.archive, number, self.changed))
            reached = took.up_to([pair for chunk in chunks for pair in zip(chunk.articles, chunk.vectors, strict=True)],
                                 self.patience)  # fmt: skip
            note = "" if reached == number else f"given up after {reached:,} of {number:,} in {self.patience:g} s"
            case = f"{number:,} pending, in process"
            yield Result(case, "time to take all in", "s", (over_repetitions("", [took.seconds]),), note=note)
            began = perf_counter()
            views[reached] = Recommender(took.release())
            case = f"{reached:,} pending, in process"
            yield Result(case, "time to make a view", "ms", (over_repetitions("", [(perf_counter() - began) * 1e3]),))
            if note:
                break
        yield from self._calls(views, self._newest_first())

    def _calls(self, views: dict[int, Recommender], newest_first: Sequence[str]) -> Iterator[Result]:
        """Calls on all views in turn, again and again."""

        def both(view: Recommender, repetition: int) -> dict[str, list[float]]:
            ids = asked_for(newest_first, self.calls, self.seed * 1_000 + repetition + 1)
            return {"similar(k=6)": timed(partial(view.similar, k=6), ids), "related": timed(view.related, ids)}

        turns: dict[str, Callable[[int], dict[str, list[float]]]] = {
            f"{number:,} pending, in process": partial(both, view) for number, view in views.items()
        }
        found = interleaved(turns, self.repetitions)
        least = f"{min(views):,} pending"
        for case, times in found.items():
            for what in ("similar(k=6)", "related"):
                yield result(case, what, "µs", [one[what] for one in times], _P50_P99)
                if not case.startswith(least):
                    pair = (times, found[f"{least}, in process"])
                    ours, theirs = ([_P50_P99["p50"](one[what]) for one in every] for every in pair)
                    yield ratio(case, f"{what} p50, to {least}", ours, theirs)

    def _served(self, base: Base, number: int, folder: Path) -> Iterator[Result]:
        import uvloop

        url, secret, counts, last = self._store(base, number, folder)
        task = Crowded(
            shown=self.articles + counts.new,
            last=last,
            secret=secret,
            reads=asked_for(self._newest_first(), round(self.reads * self.seconds), self.seed),
            rate=self.reads,
            seconds=self.seconds,
            repetitions=self.repetitions,
            more=self._more(base),
            patience=self.patience,
        )
        with service(base.releases, url, 1, log=folder / "service.log") as served:
            found = uvloop.run(crowded(served, task))
        case = f"{number:,} pending, over HTTP"
        lacking = task.shown - found.shown
        note = f"{lacking:,} of {counts.new:,} new ones were not shown after {found.taken_in:.0f} s" if lacking else ""
        yield Result(
            case, "time to take all in, from being ready", "s", (over_repetitions("", [found.taken_in]),), note=note
        )
        yield result(
            case, "related", "ms", [[value * 1e3 for value in one] for one in found.reads], _P50_P99, found.wrong
        )
        yield result(case, "one more write, until its list is there", "ms", [[one * 1e3] for one in found.writes],
                     note=found.late)  # fmt: skip
        yield Result(case, "memory of the worker alone", "MiB", (over_repetitions("", [found.memory.own]),))
        yield Result(case, "memory of the worker, with shared files", "MiB",
                     (over_repetitions("", [found.memory.proportional]),))  # fmt: skip

    def _store(self, base: Base, number: int, folder: Path) -> tuple[str, str, Waiting, str]:
        """(URL, secret of a key, how many wait, id of the last of them) of a store in which `number` wait."""
        url = copied(base, folder)
        model = Release.open(base.releases, verify=False).manifest.model
        chunks = list(waiting(base.archive, number, self.changed))
        with closing(ArticleStore.open(url)) as store:
            for chunk in chunks:
                write(store, chunk, base.archive.recurring, model)
        last = chunks[-1].articles[-1].id if chunks else f"b{self.articles - 1:08}"
        return url, new_key(url), counted(chunks), last

    def _more(self, base: Base) -> list[Article]:
        chunks = list(base.archive.later(self.writes, "m"))
        return [replace(article, tags=()) for chunk in chunks for article in chunk.articles]

    def _newest_first(self) -> list[str]:
        return [f"b{place:08}" for place in range(self.articles - 1, -1, -1)]


class _TakingIn:
    """Lays articles beside a release, one after the other, and says how long that took in all."""

    def __init__(self, release: Release) -> None:
        from recsys.extension import Extension

        self.seconds = 0.0
        self._extension, self._number = Extension(release), 0

    def up_to(self, articles: Sequence[tuple[Article, object]], patience: float) -> int:
        """Take in those that are not yet, unless `patience` seconds have been spent; how many are in."""
        for article, vector in articles[self._number :]:
            if self.seconds >= patience:
                break
            began = perf_counter()
            self._extension.add(article, vector)  # type: ignore[arg-type]
            self.seconds += perf_counter() - began
            self._number += 1
        return self._number

    def release(self) -> Release:
        """The release with all that was taken in."""
        return self._extension.release()
