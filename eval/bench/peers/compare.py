"""Ours against peers: the same articles, vectors, question and machine, and how good and how fast each answers."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import ClassVar

import numpy as np

from eval.bench.base import prepared
from eval.bench.benchmark import Room
from eval.bench.corpus import CorpusConfig
from eval.bench.interleave import interleaved
from eval.bench.peers.known import known
from eval.bench.peers.ours import Ours
from eval.bench.peers.peer import Built, Peer, Place
from eval.bench.peers.task import FILTERS, Narrow, Task
from eval.bench.peers.truth import Judged, Truth, judged, truth
from eval.bench.reading import asked_for
from eval.bench.results import LATENCY, Figure, Result, ratio, result
from recsys.errors import ConfigError

log = logging.getLogger(__name__)
_P50_P99 = {name: LATENCY[name] for name in ("p50", "p99")}
_OURS = "ours"
_LEAST = 10  # calls of a turn, however long they take


@dataclass(frozen=True, slots=True)
class Peers:
    """Similar articles by id, filtered, with cards, by several engines.

    Attributes:
        articles: sizes of the archives.
        ours: up to this many articles ours is measured too, for which the night has to build a release.
        peers: which; all where none is named.
        filters: what an article of a list must meet: "shown" (it was not withdrawn), "year" (shown, and published in
            the archive's last year), "section" (shown, and in the section of the article asked for).
        k: articles in a list.
        queries: in each turn, for ids drawn by Zipf's law; a turn also ends after `seconds`.
        judged: how many articles the recall is measured on, and how many others the effort is chosen on.
        recall: the effort is the least with which this much of the exact list is found.
        postgres: address of a PostgreSQL where a schema may be made; a server of our own where none is given.
    """

    name: ClassVar[str] = "peers"
    what: ClassVar[str] = "similar by id, filtered, with cards: ours beside vector, text and SQL engines, recall stated"

    articles: tuple[int, ...] = (5_000,)
    ours: int = 10_000
    peers: tuple[str, ...] = tuple(known())
    filters: tuple[str, ...] = FILTERS
    k: int = 6
    queries: int = 300
    seconds: float = 2.0
    repetitions: int = 5
    judged: int = 200
    recall: float = 0.98
    postgres: str = ""
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """All peers of one size are built, and then asked in turns.

        Raises:
            ConfigError: there is no such peer or filter.
        """
        for kind, given, there in (("peer", self.peers, known()), ("filter", self.filters, FILTERS)):
            if unknown := [one for one in given if one not in there]:
                raise ConfigError(f"no {kind} {unknown[0]!r}; there are {', '.join(there)}")
        place = Place(room.scratch, self.postgres)
        try:
            for size in self.articles:
                yield from self._of_size(CorpusConfig(size, self.seed), room, place)
        finally:
            place.close()

    def _of_size(self, config: CorpusConfig, room: Room, place: Place) -> Iterator[Result]:
        chosen: list[Peer] = [known()[name] for name in dict.fromkeys(self.peers)]
        if config.articles <= self.ours:
            chosen.insert(0, Ours(prepared(config, room.work).releases))
        task, case = Task(config), f"{config.articles:,} articles"
        with ExitStack() as stack:
            built = dict[str, tuple[Peer, Built]]()
            for peer in chosen:
                if lacks := peer.lacks(place):
                    yield Result(f"{case}, {peer.name}", "left out", "", (), note=lacks)
                    continue
                try:
                    one, seconds = _timed_build(peer, task, place)
                except Exception as error:  # the others are measured all the same
                    log.exception("%s cannot be built", peer.name)
                    note = f"failed to build: {type(error).__name__}: {error}"
                    yield Result(f"{case}, {peer.name}", "left out", "", (), note=note)
                    continue
                stack.callback(one.close)
                built[peer.name] = peer, one
                yield result(f"{case}, {peer.name}", "to build or open", "s", [[seconds]], note=_told(peer))
                if (size := one.size()) is not None:
                    yield result(f"{case}, {peer.name}", "size", "MB", [[size / 1e6]])
            for narrowed in self.filters:
                yield from self._filtered(task, narrowed, built)

    def _filtered(self, task: Task, name: str, built: dict[str, tuple[Peer, Built]]) -> Iterator[Result]:
        """Choose each peer's effort, then judge it on other articles, and then let them take turns."""
        case, sample = f"{len(task):,} articles, {name}", self._sample(task, name)
        half = len(sample) // 2
        calls = dict[str, Callable[[int], list[float]]]()
        for peer, (_, one) in built.items():
            effort, reached = self._effort(task, one, sample[:half])
            found = self._judged(task, one, sample[half:], effort)
            note = [f"effort {effort}"] if len(one.efforts) > 1 else []
            note += [f"at most {reached:.3f} where it was chosen"] if note and reached < self.recall else []
            note += [f"{found.wrong} items that the filter forbids"] if found.wrong else []
            yield Result(f"{case}, {peer}", f"recall@{self.k}", "", (Figure("", found.recall),), note="; ".join(note))
            calls[peer] = partial(self._turn, task, one, name, effort)
        times = interleaved(calls, self.repetitions)
        p50 = {peer: [_P50_P99["p50"](turn) for turn in turns] for peer, turns in times.items()}
        for peer, turns in times.items():
            yield result(f"{case}, {peer}", "similar", "µs", turns, _P50_P99)
            if peer != _OURS and _OURS in times:
                yield ratio(f"{case}, {peer}", "similar p50, to ours", p50[peer], p50[_OURS])

    def _sample(self, task: Task, name: str) -> list[tuple[str, Narrow, Truth]]:
        """Articles drawn evenly, with what they should get; those that were withdrawn are asked for by nobody."""
        shown = np.flatnonzero(task.shown)
        number = min(2 * self.judged, len(shown))
        rows = np.random.default_rng([self.seed, 61]).choice(shown, number, replace=False).tolist()
        narrows = [task.narrow(name, row) for row in rows]
        return [(task.items[row].id, narrow, truth(task, row, narrow, self.k))
                for row, narrow in zip(rows, narrows, strict=True)]  # fmt: skip

    def _effort(self, task: Task, one: Built, sample: Sequence[tuple[str, Narrow, Truth]]) -> tuple[int, float]:
        """The least that is enough on the sample, else the most there is, and the recall there."""
        reached = 0.0
        for effort in one.efforts:
            reached = self._judged(task, one, sample, effort).recall
            if reached >= self.recall:
                return effort, reached
        return one.efforts[-1], reached

    def _judged(self, task: Task, one: Built, sample: Sequence[tuple[str, Narrow, Truth]], effort: int) -> Judged:
        answers = [one.similar(key, narrow, self.k, effort) for key, narrow, _ in sample]
        return judged(task, answers, [true for _, _, true in sample])

    def _turn(self, task: Task, one: Built, name: str, effort: int, repetition: int) -> list[float]:
        """Microseconds of each call."""
        newest_first = [item.id for item, shown in zip(task.items, task.shown.tolist(), strict=True) if shown][::-1]
        ids = asked_for(newest_first, self.queries, 1_000 * self.seed + repetition + 1)
        asked = [(key, task.narrow(name, task.row_of[key])) for key in ids]
        found, since = list[float](), perf_counter()
        for key, narrow in asked:
            began = perf_counter()
            one.similar(key, narrow, self.k, effort)
            ended = perf_counter()
            found.append((ended - began) * 1e6)
            if len(found) >= _LEAST and ended - since > self.seconds:
                break
        return found


def _timed_build(peer: Peer, task: Task, place: Place) -> tuple[Built, float]:
    """What was built and the seconds it took, without those of starting a server."""
    began, starting = perf_counter(), place.starting
    one = peer.build(task, place)
    return one, perf_counter() - began - (place.starting - starting)


def _told(peer: Peer) -> str:
    return f"{peer.settings}. {peer.remark[:1].upper()}{peer.remark[1:]}" if peer.remark else peer.settings
