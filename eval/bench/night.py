"""What a night costs that adds few changes to the last full build, and what one that builds all, by archive size."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import ClassVar

import numpy as np

from eval.bench.base import Base, copied, prepared
from eval.bench.benchmark import Room
from eval.bench.bulk import write
from eval.bench.corpus import CorpusConfig
from eval.bench.ended import Ended, run_to_its_end
from eval.bench.interleave import interleaved
from eval.bench.results import Figure, Result, ratio, result
from eval.bench.waiting import waiting
from recsys.errors import RecsysError
from recsys.manifest import Manifest
from recsys.release import Release, current_id
from recsys.seal import keeping_seals, seal
from recsys.store import ArticleStore

ADDS, BUILDS = "adds", "builds all"


@dataclass(frozen=True, slots=True)
class Night:
    """Wall time and memory of `python -m index nightly` after so many changes, and how both grow with the archive.

    Attributes:
        articles: in the archive: cases.
        changed: articles that have come or changed since its release.
        replacing: share of these that take the place of an article of the release, in [0, 1].
        embed: measure also with these texts embedded, by the real model.
        full: measure also nights that build all.
    """

    name: ClassVar[str] = "night"
    what: ClassVar[str] = "a night that adds changes, and one that builds all: seconds, memory, growth with the archive"

    articles: tuple[int, ...] = (10_000, 100_000)
    changed: int = 500
    replacing: float = 0.2
    embed: bool = True
    full: bool = True
    repetitions: int = 1
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """Size by size, all kinds of nights in turn; then how each grows."""
        found: dict[int, Mapping[str, list[Ended]]] = {}
        for size in sorted(self.articles):
            base, numbers = prepared(CorpusConfig(size, self.seed), room.work), count()
            turns: dict[str, Callable[[int], Ended]] = {}
            for kind in (ADDS, BUILDS) if self.full else (ADDS,):
                for embed in (False, True) if self.embed else (False,):
                    run = partial(self._night, base, room.scratch / f"{size}", numbers, kind, embed)
                    turns[f"{kind}, {'embeds' if embed else 'vectors known'}"] = run
            found[size] = interleaved(turns, self.repetitions, warm_up=0)
            yield from self._results(size, found[size])
        if len(found) > 1:
            yield from _growth(found)

    def _night(self, base: Base, scratch: Path, numbers: Iterator[int], kind: str, embed: bool, _: int) -> Ended:
        """One night, in a copy of the archive with changes in it."""
        folder = scratch / str(next(numbers))
        url, releases = copied(base, folder), folder / "releases"
        with keeping_seals(base.releases):  # nobody writes to files of a release
            shutil.copytree(base.releases, releases, ignore=shutil.ignore_patterns(".*"), copy_function=os.link)
        with closing(ArticleStore.open(url)) as store:
            for chunk in waiting(base.archive, self.changed, self.replacing):
                if embed:
                    store.put(chunk.articles)
                else:
                    write(store, chunk, base.archive.recurring, Manifest.read(releases / current_id(releases)).model)
        more = ("--arrivals", "1") if kind == ADDS else ("--rebuild",)
        _sealed(releases)
        os.sync()  # else the disk is busy with the copy while the night runs
        places = ("--store", url, "--releases", releases, "--model", base.model)
        ended = run_to_its_end("index", "--quiet", "nightly", *places, "--force", *more)
        added = Manifest.read(releases / current_id(releases)).foundation is not None
        if added != (kind == ADDS):
            raise RecsysError(f"the night {'added' if added else 'built all'}, and was not to: {ended.log[-2000:]}")
        with keeping_seals(base.releases):
            shutil.rmtree(folder)
        return ended

    def _results(self, size: int, found: Mapping[str, list[Ended]]) -> Iterator[Result]:
        for kind, nights in found.items():
            case = f"{size:,} articles, {self.changed:,} changed: {kind}"
            yield result(case, "night", "s", [[one.seconds] for one in nights])
            through = self.changed if kind.startswith(ADDS) else size
            yield result(case, "articles taken in", "articles/s", [[through / one.seconds] for one in nights])
            yield result(case, "peak memory of its own", "MiB", [[one.own] for one in nights])
            yield result(case, "peak memory, with mapped files", "MiB", [[one.peak] for one in nights])
            other = kind.replace(ADDS, BUILDS)
            if other != kind and other in found:
                ours, theirs = ([one.seconds for one in every] for every in (found[other], nights))
                yield ratio(case, "night: builds all, to adds", ours, theirs)


def _sealed(releases: Path) -> None:
    """As the night leaves a release that it has published: it need not be read through."""
    seal(Release.open(releases, verify=False).path)


def _growth(found: Mapping[int, Mapping[str, list[Ended]]]) -> Iterator[Result]:
    """By which power of the archive's size each grows."""
    for kind in next(iter(found.values())):
        values = {
            "night": [np.median([one.seconds for one in nights[kind]]) for nights in found.values()],
            "peak memory of its own": [np.median([one.own for one in nights[kind]]) for nights in found.values()],
        }
        for what, of in values.items():
            power = slope(list(found), [float(value) for value in of])
            yield Result(f"growth with the archive: {kind}", what, "", (Figure("power of its size", power),))


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent p of values = c · sizes ** p, by least squares of their logarithms; two sizes at the least.

    >>> round(slope([10, 100, 1000], [3.0, 30.0, 300.0]), 6)
    1.0
    """
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])
