"""Exhaustive ranking: a score for every article of the release, for a block of queries at a time.

What a baseline must know is here in one place: who is a candidate (never the query itself, nothing after its moment)
and how ties are settled, so that no baseline can get either wrong.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from eval.asof import ANY_TIME, AsOf
from eval.runs import Run
from recsys.columns import Bools, Int64
from recsys.errors import ConfigError
from recsys.progress import progress
from recsys.recommender import MAX_K
from recsys.release import UNDATED, Release

Floats = npt.NDArray[np.float64]
NO = -np.inf
_CELLS = 4_000_000  # scores in memory at a time, 32 MB an array


@dataclass(frozen=True, slots=True)
class Asked:
    """A block of queries: their rows (b,) int64, and the last second that each may see (b,) int64 (`AsOf.latest`)."""

    rows: Int64
    latest: Int64


Scorer = Callable[[Asked], Floats]
"""(b, n) float64, larger is better, -inf where the baseline does not answer that article at all; never NaN."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A simple system that ours must beat.

    Attributes:
        name: what its run is called.
        prepare: does the work that is done once for a release, and returns what scores a block of queries.
    """

    name: str
    prepare: Callable[[Release], Scorer]


def answer(baseline: Baseline, release: Release, queries: Iterable[str], k: int = MAX_K, as_of: AsOf = ANY_TIME) -> Run:
    """The run of a baseline: for each query article the k best, larger score first; ties: newer, then the smaller id.

    The list is shorter than k where the baseline scores fewer. Same input, same run, however many queries are asked.

    Raises:
        ArticleNotFound: the release lacks a query.
        ConfigError: k is less than 1, or what the baseline needs cannot be used.
    """
    if k < 1:
        raise ConfigError(f"k is {k!r}: give 1 or more")
    asked = list(dict.fromkeys(queries))
    rows = np.array([release.row(query) for query in asked], np.int64)
    latest = as_of.latest(release, rows)
    scorer = baseline.prepare(release)
    ids = [release.ids[row] for row in range(len(release))]
    lists: dict[str, list[tuple[str, float]]] = {}
    with progress(baseline.name, len(asked), unit="lists") as advance:
        for span in _spans(len(asked), len(release)):
            block = Asked(rows[span], latest[span])
            found = _best(_candidates(release, block, scorer(block)), k, release.recent.astype(np.int64))
            lists |= {
                query: [(ids[row], score) for row, score in zip(near.tolist(), scores.tolist(), strict=True)]
                for query, (near, scores) in zip(asked[span], found, strict=True)
            }
            advance(len(block.rows))
    return Run.of(baseline.name, lists)


def visible(published: Int64, latest: Int64) -> Bools:
    """(b, n) true where the article published at (n,) may be seen by the query that sees no later than (b,).

    Without a moment everything is; with one an undated article never is.
    """
    limited = (latest < np.iinfo(np.int64).max)[:, None]
    seen: Bools = (published <= latest[:, None]) & ~(limited & (published == UNDATED))
    return seen


def newness(release: Release) -> Floats:
    """(n,) from n for the newest article down to 1, undated ones last: a score that orders by date."""
    places = np.empty(len(release), np.float64)
    places[release.recent] = np.arange(len(release), 0, -1)
    return places


def _spans(queries: int, articles: int) -> Iterator[slice]:
    size = max(1, _CELLS // max(1, articles))
    return (slice(start, stop) for start, stop in pairwise([*range(0, queries, size), queries]))


def _candidates(release: Release, asked: Asked, scores: Floats) -> Floats:
    """The scores with -inf for each query itself, for what it may not see and for what has been replaced."""
    allowed = visible(release.published, asked.latest) & release.present
    allowed[np.arange(len(asked.rows)), asked.rows] = False
    return np.where(allowed, scores, NO)


def _best(scores: Floats, k: int, tie_order: Int64) -> list[tuple[Int64, Floats]]:
    """(rows, scores) of the k best of each line, without -inf; equal scores stand in `tie_order` (n,)."""
    ordered = scores[:, tie_order]
    n = ordered.shape[1]
    most = min(k, n)
    worst = np.partition(ordered, n - most, axis=1)[:, n - most, None]
    above, ties = ordered > worst, ordered == worst
    room = most - above.sum(axis=1, keepdims=True)
    keep = (above | (ties & (np.cumsum(ties, axis=1) <= room))) & (ordered > NO)
    owners, columns = np.nonzero(keep)
    values = ordered[owners, columns]
    order = np.lexsort((columns, -values, owners))
    ends = np.searchsorted(owners, np.arange(len(ordered) + 1))
    rows, values = tie_order[columns[order]], values[order]
    return [(rows[start:stop], values[start:stop]) for start, stop in pairwise(ends.tolist())]
