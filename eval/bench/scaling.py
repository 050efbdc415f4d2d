"""How the night gets faster with workers on a Ray cluster, which it starts on this machine."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import ClassVar

from eval.bench.base import Base, copied, prepared
from eval.bench.benchmark import Room
from eval.bench.corpus import CorpusConfig
from eval.bench.interleave import interleaved
from eval.bench.programs import log_of
from eval.bench.results import Result, ratio, result
from recsys.errors import MissingExtra, RecsysError

ALONE = "no cluster"
_NOTES = {
    "embed": "with the start of each worker, which loads the model",
    "neighbours": "with what is not shared out: the nearest among each author's, and what is written",
}


@dataclass(frozen=True, slots=True)
class Scaling:
    """Rates of the night's own log, of embedding and of the search for neighbours.

    Attributes:
        texts: articles to embed, with the packaged model.
        articles: among which neighbours are looked for, their vectors known; blocks of 1,024 are shared out.
        workers: cases, each worker with one thread; the first must be 1. More than there are cores say nothing.
    """

    name: ClassVar[str] = "scaling"
    what: ClassVar[str] = "embedding and neighbour search on a Ray cluster: rate, and efficiency by workers"

    texts: int = 1_000
    articles: int = 20_000
    workers: tuple[int, ...] = (1, 2)
    repetitions: int = 3
    seed: int = 0

    def measure(self, room: Room) -> Iterator[Result]:
        """Both kinds of work, all cases in turn.

        Raises:
            MissingExtra: ray is not installed.
        """
        if find_spec("ray") is None:
            raise MissingExtra("this benchmark needs ray: pip install 'news-recsys[ray]'")
        yield from self._of("embed", prepared(CorpusConfig(self.texts, self.seed), room.work), room.scratch)
        yield from self._of("neighbours", prepared(CorpusConfig(self.articles, self.seed), room.work), room.scratch)

    def _of(self, what: str, base: Base, scratch: Path) -> Iterator[Result]:
        # the store has the vectors of the base's own model: with the packaged one every text is embedded
        model = () if what == "embed" else ("--model", str(base.model))
        cases = {ALONE: ()} | {_case(n): ("--ray", "local", "--ray-workers", str(n)) for n in self.workers}
        numbers = count()

        def rate(options: Sequence[str], _: int) -> float:
            folder = scratch / f"{what}-{next(numbers)}"
            where = ("--store", copied(base, folder), "--releases", folder / "releases")
            return rate_of(what, log_of("index", "nightly", *where, *model, "--force", *options))

        turns: Mapping[str, Callable[[int], float]] = {case: partial(rate, options) for case, options in cases.items()}
        rates = interleaved(turns, self.repetitions, warm_up=0)
        for case, found in rates.items():
            yield result(case, what, "articles/s", [[one] for one in found], note=_NOTES[what])
        for number in self.workers:
            ours, one = rates[_case(number)], rates[_case(self.workers[0])]
            yield ratio(_case(number), f"{what}: rate, to {ALONE}", ours, rates[ALONE])
            if number > 1:
                yield ratio(_case(number), f"{what}: efficiency", ours, [number * value for value in one])


def rate_of(what: str, log: str) -> float:
    """Articles a second that a night's log tells of the work `what`.

    Raises:
        RecsysError: it tells nothing.
    """
    found = re.search(rf"{what}: .* done in .* \(([\d,.e+]+) articles/s\)", log)
    if found is None:
        raise RecsysError(f"the night's log tells no rate of {what}: {log[-2000:]}")
    return float(found[1].replace(",", ""))


def _case(workers: int) -> str:
    return "1 worker" if workers == 1 else f"{workers} workers"
