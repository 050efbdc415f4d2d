"""How good a paper's lists are: the recommender that serves beside every text baseline, and the error it removes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from eval.baselines.bm25 import bm25
from eval.baselines.nearest import EMBEDDING
from eval.baselines.scoring import Baseline, answer
from eval.baselines.texts import full_texts
from eval.baselines.tfidf import tfidf
from eval.compare import CompareConfig, compare
from eval.evaluate import known, rank
from eval.judgments import Judgments
from eval.measures import Measure
from eval.metrics import per_query
from eval.papers.datasets import Paper
from eval.papers.stages import Built
from eval.runs import Run
from recsys.ranking import Weights
from recsys.store import ArticleStore

NDCG = Measure("nDCG", 10)
MEASURES = (NDCG, Measure("R", 10), Measure("RR", 100), Measure("P", 1))
OURS = "ours"

ByQuery = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gain:
    """Ours - `baseline`, mean nDCG@10 over queries; `low`, `high`: its 95 % interval, bootstrapped over clusters.

    `p` is that of the permutation after Holm's correction over all baselines.
    """

    baseline: str
    effect: float
    low: float
    high: float
    p: float
    queries: int
    clusters: int

    @property
    def shown(self) -> bool:
        """Whether the interval excludes 0 on our side."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one ranking beside the baselines on the same queries.

    Attributes:
        means: for each system, ours last, the mean of each of `MEASURES`.
        best: the baseline with the largest nDCG@10.
        removed: share of the best baseline's error that is removed, (ours - best) / (1 - best); at most 1.
        gains: ours against each baseline.
    """

    means: Mapping[str, Mapping[Measure, float]]
    best: str
    removed: float
    gains: tuple[Gain, ...]

    @property
    def gain(self) -> Gain:
        """Ours against the best baseline."""
        return next(gain for gain in self.gains if gain.baseline == self.best)


@dataclass(frozen=True, slots=True)
class Bench:
    """A built paper whose baselines have answered once, so that any weights can be held against them.

    Attributes:
        judgments: those of articles that the release has; `missing` counts the others.
        baselines: the run of each.
        clusters: as in `Paper.clusters`.
    """

    paper: Paper
    built: Built
    judgments: Judgments
    missing: int
    baselines: tuple[Run, ...]
    clusters: Mapping[str, str] | None

    @classmethod
    def of(cls, paper: Paper, built: Built) -> "Bench":
        """Every baseline's lists for every judged article that the release has.

        Raises:
            ConfigError: it has none, or the store is another's.
            SourceError, StoreError: the judgments or the texts cannot be read.
        """
        judgments = paper.judgments()
        kept = judgments.only(set(known(built.release, list(judgments.gains))))
        store = ArticleStore.open(built.store)
        try:
            runs = [answer(baseline, built.release, kept.gains) for baseline in _baselines(store)]
        finally:
            store.close()
        return cls(paper, built, kept, len(judgments) - len(kept), tuple(runs), paper.clusters())

    def ours(self, weights: Weights, judgments: Judgments | None = None) -> Run:
        """What the recommender that serves answers with these weights for these judged articles, or for all."""
        return rank(self.built.release, (judgments or self.judgments).gains, weights, OURS)

    def quality(self, ours: Run, judgments: Judgments | None = None, seed: int = 0) -> Quality:
        """The figures of a run of ours over these judged articles, or over all.

        Raises:
            ConfigError: there are fewer than two independent queries.
        """
        asked = judgments or self.judgments
        figures = {run.system: {m: per_query(run, asked, m) for m in MEASURES} for run in (*self.baselines, ours)}
        means = {name: {m: mean(values) for m, values in found.items()} for name, found in figures.items()}
        best = max((run.system for run in self.baselines), key=lambda name: means[name][NDCG])
        gains = _gains({name: found[NDCG] for name, found in figures.items()}, self.clusters, seed)
        return Quality(means, best, error_removed(means[OURS][NDCG], means[best][NDCG]), gains)


def error_removed(ours: float, best: float) -> float:
    """The share of 1 - `best` that is gone, in (-inf, 1]; 0 where nothing was left to remove and ours is 1 too.

    >>> error_removed(0.75, 0.5)
    0.5
    """
    return (ours - best) / (1.0 - best) if best < 1.0 else ours - best


def mean(values: ByQuery) -> float:
    """The mean over queries."""
    return float(np.mean(list(values.values())))


def _baselines(store: ArticleStore) -> Iterable[Baseline]:
    texts = full_texts(store)
    return (tfidf("TF-IDF", texts), bm25("BM25", texts), EMBEDDING)


def _gains(figures: Mapping[str, ByQuery], clusters: Mapping[str, str] | None, seed: int) -> tuple[Gain, ...]:
    """`compare` tells baseline - ours; turned round."""
    found = compare(figures, OURS, clusters=clusters, config=CompareConfig(seed=seed))
    return tuple(Gain(c.system, -c.effect, -c.high, -c.low, c.corrected_p, c.queries, c.clusters) for c in found)
