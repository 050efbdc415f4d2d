"""What one system answered for every query, best first."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from recsys.answers import Source
from recsys.errors import ConfigError
from recsys.notebook import frame, table

if TYPE_CHECKING:
    import pandas as pd

Scored = tuple[str, float] | tuple[str, float, Source | None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One answer: the id of an article, its score (finite; larger is better) and its rank, from 1.

    `source` tells why it is in the list; None where the system does not say, as with another tool or a TREC file.
    """

    doc: str
    score: float
    rank: int
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What the system called `system` answered: query article -> its list, best first.

    The rank decides; scores are kept as they are and need not fall with it (a fallback's score is another scale).

    Raises:
        ConfigError: an article stands twice in one list, a score is not a finite number, ranks are not 1, 2, 3 …,
            or the name is empty or of several lines.
    """

    system: str
    lists: Mapping[str, tuple[Ranked, ...]]

    def __post_init__(self) -> None:
        if not self.system.strip() or not self.system.isprintable():
            raise ConfigError(f"a run's system is called {self.system!r}: give it a name of one line")
        for query, answers in self.lists.items():
            _check(self.system, query, answers)

    def __len__(self) -> int:
        return len(self.lists)

    def __iter__(self) -> Iterator[tuple[str, Ranked]]:
        """Every answer beside its query, list after list."""
        return chain.from_iterable(((query, answer) for answer in found) for query, found in self.lists.items())

    def frame(self) -> "pd.DataFrame":
        """Every answer as a line of a pandas frame: system, query, rank, doc, score, source.

        Raises:
            MissingExtra: pandas is not installed.
        """
        found = list(self)
        return frame(
            {
                "system": [self.system] * len(found),
                "query": [query for query, _ in found],
                "rank": [answer.rank for _, answer in found],
                "doc": [answer.doc for _, answer in found],
                "score": [answer.score for _, answer in found],
                "source": [answer.source and answer.source.value for _, answer in found],
            }
        )

    def _repr_html_(self) -> str:
        facts = {"queries": len(self), "answers": sum(map(len, self.lists.values()))}
        return table(f"Run of {self.system}", (), facts.items())

    @classmethod
    def of(cls, system: str, answers: Mapping[str, Iterable[Scored]]) -> "Run":
        """A run from lists of (article, score) or (article, score, source) that are in order, best first.

        >>> Run.of("ours", {"a": [("b", 0.9), ("c", 0.4)]}).lists["a"][1]
        Ranked(doc='c', score=0.4, rank=2, source=None)
        """
        return cls(
            system,
            {
                query: tuple(_ranked(rank, *answer) for rank, answer in enumerate(found, start=1))
                for query, found in answers.items()
            },
        )

    @classmethod
    def by_score(cls, system: str, scores: Mapping[str, Mapping[str, float]]) -> "Run":
        """A run from scores in any order, ordered as trec_eval does: larger first, then the larger id.

        trec_eval holds scores in 32 bits, so two that differ only beyond these are a tie there and here.

        >>> [answer.doc for answer in Run.by_score("ours", {"a": {"b": 0.5, "c": 0.5, "d": 0.7}}).lists["a"]]
        ['d', 'c', 'b']
        """
        return cls.of(system, {query: _ordered(found) for query, found in scores.items()})


def _ranked(rank: int, doc: str, score: float, source: Source | None = None) -> Ranked:
    return Ranked(doc, score, rank, source)


def single(score: float) -> float:
    """`score` in the 32 bits that trec_eval keeps; beyond their range it is infinite, as there."""
    with np.errstate(over="ignore"):
        return float(np.float32(score))


def _ordered(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    by_id = sorted(scores.items(), reverse=True)  # code points order as the bytes of UTF-8 do
    return sorted(by_id, key=lambda item: -single(item[1]))


def _check(system: str, query: str, answers: tuple[Ranked, ...]) -> None:
    places: dict[str, int] = {}
    for place, answer in enumerate(answers, start=1):
        where = f"run {system!r}, query {query!r}"
        if not math.isfinite(answer.score):
            raise ConfigError(f"{where}: the score of {answer.doc!r} is {answer.score}; it must be a finite number")
        if answer.rank != place:
            raise ConfigError(f"{where}: {answer.doc!r} stands at place {place} with rank {answer.rank}; count from 1")
        if places.setdefault(answer.doc, place) != place:
            raise ConfigError(
                f"{where}: {answer.doc!r} is answered twice, at ranks {places[answer.doc]} and {place}; keep one"
            )
