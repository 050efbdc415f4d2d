"""How long a write takes to be seen on every worker, by readers who go on asking."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import ClassVar

from eval.bench.base import Base, build, copied, model_of, prepared
from eval.bench.benchmark import Room
from eval.bench.bulk import fill
from eval.bench.corpus import CorpusConfig
from eval.bench.newsdesk import PATIENCE, FollowUp, Newsdesk, Pace, Seen, follow_ups, pairs_shown
from eval.bench.programs import Memory, Served, new_key, service
from eval.bench.results import LATENCY, Result, result
from eval.bench.schedule import Sent
from eval.bench.watching import Watchers
from recsys.embedding import Precision
from recsys.release import Release
from recsys.store import ArticleStore

log = logging.getLogger(__name__)
_PARENTS = 10  # articles that are written about again and again, the newest of the archive
_MS = 1000.0


@dataclass(frozen=True, slots=True)
class _Once:
    """One repetition of one case."""

    seen: Seen
    memory: list[Memory]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Write-to-visible and takedown-to-gone, over HTTP, on every worker.

    Attributes:
        articles: in the archive.
        workers: cases that are compared, measured in turn.
        writes, reads, takedowns: a second.
        seconds: of each repetition.
        look: one in so many writes is watched; looking costs the service requests.
        embed: whether the service embeds what is written (with the real network).
        precision: of the model, float32 or bfloat16 (extra `fast`).
        store: URL of an empty PostgreSQL database to use; "" for an SQLite file.
    """

    name: ClassVar[str] = "freshness"
    what: ClassVar[str] = "from a write to its sight on every worker, while others read; and from a takedown"

    articles: int = 10_000
    workers: tuple[int, ...] = (1, 4)
    writes: float = 10.0
    reads: float = 200.0
    takedowns: float = 1.0
    seconds: float = 40.0
    repetitions: int = 3
    look: int = 10
    embed: bool = True
    precision: Precision = "float32"
    store: str = ""
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """Each case in turn, again and again."""
        import uvloop

        base = prepared(CorpusConfig(self.articles, self.seed), room.work, self.precision)
        measured: dict[int, list[_Once]] = {workers: [] for workers in self.workers}
        for repetition in range(self.repetitions):
            for workers in self.workers:
                folder = room.scratch / f"{repetition}-{workers}"
                url, releases = self._store(base, folder)
                written = self._follow_ups(base, url, f"w{round(time())}-")  # in a database that is kept, new ones
                known = _known(releases, self.articles)
                secret = new_key(url)
                embed = ("--embed", base.model) if self.embed else ()
                with service(releases, url, workers, *embed, log=folder / "service.log") as served:
                    log.info("%d workers, repetition %d of %d", workers, repetition + 1, self.repetitions)
                    measured[workers].append(uvloop.run(self._once(served, secret, written, known)))
        for workers, runs in measured.items():
            watched = -(-round(self.writes * self.seconds) // self.look)
            yield from _results(f"{workers} worker{'s' * (workers > 1)}", runs, watched)

    def _store(self, base: Base, folder: Path) -> tuple[str, Path]:
        """(URL, releases) of a store that holds the archive and what its release knows, and no more."""
        folder.mkdir(parents=True)
        if not self.store:
            return copied(base, folder), base.releases
        with closing(ArticleStore.open(self.store, create=True)) as store:
            filled = bool(sum(store.count().values()))
        if not filled:
            fill(self.store, base.archive, model_of(base.model, self.precision))
        build(self.store, folder / "releases", base.model, self.precision)
        return self.store, folder / "releases"

    def _follow_ups(self, base: Base, url: str, name: str) -> list[FollowUp]:
        with closing(ArticleStore.open(url)) as store:
            newest = [f"b{place:08}" for place in range(self.articles - 20 * _PARENTS, self.articles)]
            signed = {article.byline: article for article in store.articles(newest) if article.byline}
        parents = list(signed.values())[-_PARENTS:]
        needed = len(parents) + round(self.writes * self.seconds)
        later = [article for chunk in base.archive.later(needed, name) for article in chunk.articles]
        return follow_ups(parents, later)

    async def _once(self, served: Served, secret: str, written: Sequence[FollowUp], known: Sequence[str]) -> _Once:
        pace = Pace(self.writes, self.reads, self.takedowns, self.seconds, self.look, self.embed, self.seed)
        watchers = await Watchers.of(served)
        try:
            parents = {one.parent for one in written}
            ids = [key for key in known if key not in parents]
            # what is taken down is old, so that it is in no list of a parent
            pairs = await pairs_shown(watchers, ids[: self.articles // 2], round(self.takedowns * self.seconds))
            pairs = [pair for pair in pairs if not parents & set(pair)]
            if len(pairs) < round(self.takedowns * self.seconds):
                pace = replace(pace, takedowns=len(pairs) / self.seconds)
            readable = sorted(set(ids) - {down for down, _ in pairs}, reverse=True)  # the newest are read most
            desk = Newsdesk(watchers, served.port, secret, readable, pairs, pace)
            try:
                first = len(parents)
                await desk.begin(written[:first])
                return _Once(await desk.work(written[first:]), served.memory())
            finally:
                desk.close()
        finally:
            watchers.close()


def _known(releases: Path, articles: int) -> list[str]:
    """Ids of the archive's articles that the release has, oldest first: what was taken down before is not there."""
    release = Release.open(releases, verify=False)
    return [key for place in range(articles) if (key := f"b{place:08}") in release]


def _results(case: str, runs: Sequence[_Once], watched: int) -> Iterator[Result]:
    """Of one case; `watched` writes were to be looked for in each repetition."""
    seen = [run.seen for run in runs]
    lost = sum(watched - len(one.own) for one in seen)
    yield _seen(case, "new: its own list is there", [one.own for one in seen], lost)
    yield _seen(case, "new: in its author's list and another's", [one.others for one in seen], lost)
    yield _seen(case, "new: compared by meaning", [one.meaning for one in seen], lost)
    yield _seen(case, "taken down: gone from all lists", [one.gone for one in seen])
    yield _sent(case, "write answered", [one.written for one in seen])
    yield _sent(case, "takedown answered", [one.taken_down for one in seen])
    yield _sent(case, "read answered", [one.read for one in seen])
    yield result(
        case,
        "memory of a worker, shared parts shared out",
        "MiB",
        [[m.proportional for m in run.memory] for run in runs],
    )
    yield result(case, "memory of a worker alone", "MiB", [[m.own for m in run.memory] for run in runs])


def _seen(case: str, what: str, repetitions: Sequence[Sequence[float]], lost: int = 0) -> Result:
    """Of what all workers showed; `lost` were to be looked for, and were not even written."""
    late = sum(value >= PATIENCE for one in repetitions for value in one)
    notes = [f"{late} were not seen within {PATIENCE:g} s and count as that"] if late else []
    notes += [f"{lost} more could not be written, and are not in these figures"] if lost else []
    return result(case, what, "ms", _in_ms(repetitions), LATENCY, "; ".join(notes))


def _sent(case: str, what: str, repetitions: Sequence[Sent]) -> Result:
    """Of requests that were sent by a schedule."""
    errors = [error for one in repetitions for error in one.errors]
    number = sum(len(one.seconds) for one in repetitions) + len(errors)
    late = max(one.late for one in repetitions)
    notes = [f"{len(errors)} of {number} failed, the first: {errors[0]}"] if errors else []
    notes += [f"the client itself was up to {late * _MS:.0f} ms behind its schedule"] if late > 0.02 else []
    return result(case, what, "ms", _in_ms([one.seconds for one in repetitions]), LATENCY, "; ".join(notes))


def _in_ms(repetitions: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[round(value * _MS, 3) for value in one] for one in repetitions]
