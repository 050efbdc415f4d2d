"""Pairs of articles whose similarity people judged, and how well a score agrees with them."""

import math
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eval.judged.lines import json_rows, kind, table_rows
from eval.judgments import Judgments
from recsys.errors import ConfigError, SourceError
from recsys.recommender import Recommender

Pair = tuple[str, str]
PairScorer = Callable[[Sequence[Pair]], Sequence[float] | npt.NDArray[np.float64]]  # larger is more alike

CONTEXT = ("section", "author", "tags", "time", "site")  # parts of a score that are not about what the texts say
LEAST_CLUSTERS = 10  # with fewer, an interval says nothing


@dataclass(frozen=True, slots=True)
class HumanPairs:
    """Pairs of articles and, for each, how alike people found them: a finite number, larger is more alike."""

    pairs: tuple[Pair, ...]
    similarity: tuple[float, ...]
    source: str = "human similarity"

    def __len__(self) -> int:
        return len(self.pairs)

    def only(self, articles: Container[str]) -> "HumanPairs":
        """The pairs of which both are among `articles`."""
        kept = [
            (pair, value)
            for pair, value in zip(self.pairs, self.similarity, strict=True)
            if pair[0] in articles and pair[1] in articles
        ]
        return HumanPairs(tuple(pair for pair, _ in kept), tuple(value for _, value in kept), self.source)

    def judgments(self) -> Judgments:
        """The similarity as gain, in both directions; of two judgments on one pair the larger counts.

        Raises:
            ConfigError: a similarity is below 0.
        """
        gains: dict[str, dict[str, float]] = {}
        for pair, value in zip(self.pairs, self.similarity, strict=True):
            for article, other in (pair, pair[::-1]):
                known = gains.setdefault(article, {})
                known[other] = max(value, known.get(other, value))
        return Judgments(gains, self.source)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman's rank correlation of a score with people over `pairs` pairs, in [-1, 1].

    `low` and `high` are the ends of its 95 % interval; None where too few pairs are independent.
    """

    pairs: int
    spearman: float
    low: float | None
    high: float | None


def read_pairs(path: Path, source: str = "human similarity") -> HumanPairs:
    """Pairs from a tab-separated file with the columns article_id, other_id and similarity (larger is more alike).

    `.csv` and `.jsonl` are read in the layout of SemEval-2022 task 8 (Chen et al.): `pair_id` is both ids with `_`
    between them, `Overall` goes from 1 (same story) to 4, so similarity is 4 - Overall. `.gz` too. A pair of an article
    with itself is left out.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a similarity is not a finite number.
    """
    rows = _semeval(path) if kind(path) in (".csv", ".jsonl") else _table(path)
    kept = [(pair, value) for pair, value in rows if pair[0] != pair[1]]
    return HumanPairs(tuple(pair for pair, _ in kept), tuple(value for _, value in kept), source)


def text_scorer(recommender: Recommender) -> PairScorer:
    """How alike the recommender that serves finds two texts: its score without time, site, section, author, tags.

    It asks in both directions and takes the larger, as a similarity that one list lacks may stand in the other; a pair
    that the night compared in neither is 0.
    """

    def towards(article: str, other: str) -> float:
        (parts,) = recommender.parts(article, [other])
        return sum(value for name, value in parts.items() if name not in CONTEXT)

    return lambda pairs: [max(towards(a, b), towards(b, a)) for a, b in pairs]


def agreement(human: HumanPairs, scorer: PairScorer, *, seed: int = 0, resamples: int = 2000) -> Agreement:
    """How well `scorer` agrees with people; ties have their mean rank (Spearman 1904).

    The interval is the percentile bootstrap. Pairs that share an article are not independent, so all that hang together
    through shared articles are drawn together. Same seed, same figures.

    Raises:
        ConfigError: there are fewer than three pairs, the scorer gives another number of scores or one that is not
            finite, or all scores or all judgments are equal.
    """
    scores, known = np.asarray(scorer(human.pairs), np.float64), np.asarray(human.similarity, np.float64)
    if scores.shape != known.shape or not np.isfinite(scores).all():
        raise ConfigError(f"{len(known)} pairs, but {scores.size} scores or some that are not finite numbers")
    if len(known) < 3 or np.ptp(scores) == 0 or np.ptp(known) == 0:
        raise ConfigError(f"{len(known)} pairs of {human.source}: too few, or all scores or judgments are equal")
    low, high = _interval(scores, known, _clusters(human.pairs), np.random.default_rng(seed), resamples)
    return Agreement(len(known), spearman(scores, known), low, high)


def spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Spearman's rank correlation, NaN where either is constant."""
    from scipy.stats import rankdata

    first, second = (rankdata(values) - (len(values) + 1) / 2 for values in (one, other))
    norm = math.sqrt((first @ first) * (second @ second))
    return float(first @ second / norm) if norm else math.nan


def agreement_table(by_system: dict[str, Agreement]) -> str:
    """The figures as a Markdown table."""
    lines = ["| system | pairs | Spearman | 95 % interval |", "|---|---:|---:|---:|"]
    for system, found in by_system.items():
        interval = "" if found.low is None else f"{found.low:.3f} to {found.high:.3f}"
        lines.append(f"| {system} | {found.pairs} | {found.spearman:.3f} | {interval} |")
    return "\n".join(lines)


def _interval(
    scores: npt.NDArray[np.float64],
    known: npt.NDArray[np.float64],
    clusters: list[npt.NDArray[np.int64]],
    rng: np.random.Generator,
    resamples: int,
) -> tuple[float | None, float | None]:
    if len(clusters) < LEAST_CLUSTERS:
        return None, None
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([clusters[place] for place in rng.integers(0, len(clusters), len(clusters))])
        drawn.append(spearman(scores[rows], known[rows]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _clusters(pairs: Sequence[Pair]) -> list[npt.NDArray[np.int64]]:
    """The places of the pairs that hang together through shared articles."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    number = {article: place for place, article in enumerate(dict.fromkeys(a for pair in pairs for a in pair))}
    ends = np.array([[number[a], number[b]] for a, b in pairs])
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(number), len(number)))
    _, label = connected_components(graph, directed=False)
    of_pair = label[ends[:, 0]]
    return [np.flatnonzero(of_pair == found) for found in np.unique(of_pair)]


def _table(path: Path) -> Iterator[tuple[Pair, float]]:
    for line, row in table_rows(path, ("article_id", "other_id", "similarity")):
        yield (row["article_id"], row["other_id"]), _number(row["similarity"], f"{path}, line {line}")


def _semeval(path: Path) -> Iterator[tuple[Pair, float]]:
    rows = json_rows(path) if kind(path) == ".jsonl" else table_rows(path, ("pair_id", "Overall"), ",")
    for line, row in rows:
        article, joint, other = str(row.get("pair_id")).partition("_")
        if not (article and joint and other):
            raise SourceError(f"{path}, line {line}: pair_id {row.get('pair_id')!r} is not two ids with _ between them")
        yield (article, other), 4.0 - _number(row.get("Overall"), f"{path}, line {line}")


def _number(value: object, where: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f"{where}: similarity {value!r} is not a finite number")
    return number
