"""How good a run is, query by query, given what is known to be related; a mean is taken only on top of that.

All figures are in [0, 1] and equal those of trec_eval. Policies, the same for every measure:

- **missing**: a judged query that the run lacks, or answers with an empty list, counts 0 (trec_eval -c);
- **unjudged query**: left out, for nothing is known about it;
- **unjudged answer**: counts as not related;
- **empty**: a query of which no judgment is large enough to be relevant counts 0, as in trec_eval.
"""

import math
from collections.abc import Callable, Collection, Sequence
from statistics import fmean

from eval.judgments import Judgments
from eval.measures import Measure
from eval.runs import Run
from recsys.errors import ConfigError

Formula = Callable[[Sequence[float], Collection[float], int | None], float]


def per_query(run: Run, judgments: Judgments, measure: Measure) -> dict[str, float]:
    """The figure of every judged query, in the order of the judgments; see the policies above.

    >>> judgments = Judgments({"a": {"b": 1.0, "x": 1.0}, "c": {"b": 1.0}})
    >>> per_query(Run.of("ours", {"a": [("b", 0.9), ("d", 0.5)]}), judgments, Measure("R", 10))
    {'a': 0.5, 'c': 0.0}
    """
    formula = _FORMULAS[measure.name]
    figures = {}
    for query, known in judgments.gains.items():
        answers = run.lists.get(query, ())[: measure.cutoff]
        found = [_gain(known.get(answer.doc, 0.0), measure) for answer in answers]
        figures[query] = formula(found, [_gain(gain, measure) for gain in known.values()], measure.cutoff)
    return figures


def mean(run: Run, judgments: Judgments, measure: Measure) -> float:
    """The mean over all judged queries, in [0, 1].

    Raises:
        ConfigError: nothing is judged.
    """
    if not len(judgments):
        raise ConfigError(f"{measure} of {run.system}: no query is judged; give judgments that hold one")
    return fmean(per_query(run, judgments, measure).values())


def ndcg(found: Sequence[float], known: Collection[float], cutoff: int | None) -> float:
    """Normalised discounted cumulative gain: DCG = sum of gain / log2(rank + 1), over the DCG of the best list.

    Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002, with the discount of
    trec_eval's `ndcg` and `ndcg_cut`: gains are linear (not 2**gain - 1) and rank 1 is undiscounted.

    Args:
        found: gains (>= 0) of the answers in order, already cut.
        known: all gains that are judged.
        cutoff: how many answers are looked at; None is all.

    >>> ndcg([0, 0, 1], [1], 10)
    0.5
    """
    best = dcg(sorted(known, reverse=True)[:cutoff])
    return min(1.0, dcg(found) / best) if best > 0 else 0.0  # min: sums in another order differ in the last bit


def precision(found: Sequence[float], known: Collection[float], cutoff: int | None) -> float:
    """Relevant answers / cutoff, also where the list is shorter (Manning, Raghavan, Schütze 2008, 8.4; trec_eval `P`).

    It is below 1 for the best list of a query with fewer relevant articles than the cutoff.

    >>> precision([1, 0], [1], 4)
    0.25
    """
    return sum(found) / (cutoff or len(found) or 1)


def recall(found: Sequence[float], known: Collection[float], cutoff: int | None) -> float:
    """Relevant answers / all relevant ones (Manning, Raghavan, Schütze 2008, 8.3; trec_eval `recall`).

    It is below 1 for the best list of a query with more relevant articles than the cutoff.

    >>> recall([1, 0], [1, 1], 2)
    0.5
    """
    return sum(found) / (sum(known) or 1)


def reciprocal_rank(found: Sequence[float], known: Collection[float], cutoff: int | None) -> float:
    """1 / rank of the first relevant answer, 0 where none is (Voorhees, TREC-8, 1999; trec_eval `recip_rank`).

    >>> reciprocal_rank([0, 1, 1], [1, 1], None)
    0.5
    """
    return next((1.0 / rank for rank, gain in enumerate(found, start=1) if gain), 0.0)


def average_precision(found: Sequence[float], known: Collection[float], cutoff: int | None) -> float:
    """Sum of the precision at each relevant answer / all relevant ones (trec_eval `map` and `map_cut`).

    Buckley, Voorhees, "Evaluating evaluation measure stability", SIGIR 2000. The divisor is not cut, so the best list
    of a query with more relevant articles than the cutoff stays below 1.

    >>> average_precision([1, 0, 1], [1, 1], None)  # (1/1 + 2/3) / 2
    0.8333333333333333
    """
    hits, total = 0, 0.0
    for rank, gain in enumerate(found, start=1):
        if gain:
            hits += 1
            total += hits / rank
    return total / (sum(known) or 1)


_FORMULAS: dict[str, Formula] = {
    "nDCG": ndcg,
    "P": precision,
    "R": recall,
    "RR": reciprocal_rank,
    "AP": average_precision,
}


def _gain(gain: float, measure: Measure) -> float:
    """The gain itself for the graded measure; 1 or 0 for the others."""
    return gain if measure.name == "nDCG" else float(gain >= measure.rel)


def dcg(gains: Sequence[float]) -> float:
    """Discounted cumulative gain of a list's gains (>= 0), best rank first: the sum of gain / log2(rank + 1)."""
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
