"""Ranks, a block of rows at a time, what requests will mostly ask for; by the very functions that answer them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from index.building import Building
from index.crew import ALONE, Crew
from index.pair_table import row_spans
from recsys.array_writer import ArrayWriter
from recsys.columns import Int64
from recsys.floor import floor
from recsys.grouping import first_of_each
from recsys.list_writer import ListWriter
from recsys.neighbours import Neighbours
from recsys.progress import progress
from recsys.ranked import BY_AUTHOR, MOST
from recsys.ranking import Weights, parts, score, text_relevance
from recsys.release import Release
from recsys.signals import Floats, Matching, signals

_PAIRS = 500_000  # that are weighed at a time


class _Ranking:
    """A release and how its lists are ranked."""

    def __init__(self, building: Building, weights: Weights) -> None:
        self.building, self.release, self.weights = building, building.release, weights
        self.matching, self.least = Matching.of(self.release), floor(self.release, weights)

    def __reduce__(self) -> tuple[Callable[[Building, Weights], "_Ranking"], tuple[Building, Weights]]:
        return _Ranking, (self.building, self.weights)


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of some rows, one row's after the other, its similar ones first.

    Attributes:
        counts, similar: (rows,) how many there are, and how many of them are similar ones.
        rows, scores: of all.
    """

    counts: Int64
    similar: Int64
    rows: Int64
    scores: Floats


def ranked(building: Building, weights: Weights, crew: Crew = ALONE) -> None:
    """Write the first MOST similar articles of each row above the floor, and the newest BY_AUTHOR by its authors.

    The `crew` has the folder of the release before it.
    """
    release = building.release
    spans = row_spans(np.concatenate([[0], np.cumsum(release.neighbour_counts)]), _PAIRS)
    lists = ListWriter(release.path, "ranked", {"rows": np.int32, "scores": np.float64})
    of_each = ArrayWriter(release.path / "ranked.similar.npy", np.uint8)
    with lists, of_each, progress("lists", len(release)) as advance:
        for found in crew.each(_lists, _Ranking(building, weights), spans):
            lists.append(found.counts, rows=found.rows, scores=found.scores)
            of_each.append(found.similar)
            advance(len(found.counts))


def _lists(ranking: _Ranking, span: tuple[int, int]) -> _Lists:
    owners, rows, scores, similar = _block(ranking.release, ranking.weights, ranking.matching, ranking.least, *span)
    counts, of_them = (np.bincount(some - span[0], minlength=span[1] - span[0]) for some in (owners, owners[similar]))
    return _Lists(counts, of_them, rows, scores)


def _block(
    release: Release, weights: Weights, matching: Matching, least: float, start: int, stop: int
) -> tuple[Int64, Int64, Floats, "np.typing.NDArray[np.bool_]"]:
    """(owners, rows, scores, similar) of the rows start … stop-1, by owner, its similar ones first."""
    owners, near = release.neighbours_of(start, stop)
    found = _weighed(release, weights, matching, owners, near)
    kept = found[1] >= least
    owners_kept, near_rows, scored = owners[kept], near.rows[kept].astype(np.int64), found[0][kept]
    order = np.lexsort((near_rows, -release.published[near_rows].astype(np.float64), -scored, owners_kept))
    order = order[first_of_each(owners_kept[order], MOST)]
    one, other = _by_authors(release, start, stop)
    theirs = _weighed(release, weights, matching, one, _looked_up(owners, near, one, other))
    all_owners = np.concatenate([owners_kept[order], one])
    similar = np.arange(len(all_owners)) < len(order)
    last = np.argsort(all_owners, kind="stable")
    rows, scores = np.concatenate([near_rows[order], other]), np.concatenate([scored[order], theirs[0]])
    return all_owners[last], rows[last], scores[last], similar[last]


def _weighed(
    release: Release, weights: Weights, matching: Matching, owners: Int64, near: Neighbours
) -> tuple[Floats, Floats]:
    """(scores, relevance by text) of pairs."""
    found = signals(release, owners, near, matching)
    by_part = parts(found, release.text_length[owners].astype(np.float64), weights)
    return score(by_part), text_relevance(by_part)


def _by_authors(release: Release, start: int, stop: int) -> tuple[Int64, Int64]:
    """Pairs (row, one of the newest by its authors), each once, by row."""
    owners, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for row in range(start, stop):
        lists = [release.author_rows[author][: BY_AUTHOR + 1] for author in release.authors[row].tolist()]
        if lists:
            rows = np.unique(np.concatenate(lists)).astype(np.int64)
            rows = rows[rows != row]
            rows = rows[np.lexsort((rows, -release.published[rows].astype(np.float64)))][:BY_AUTHOR]
            others.append(rows)
            owners.append(np.full(len(rows), row, np.int64))
    return np.concatenate(owners), np.concatenate(others)


def _looked_up(owners: Int64, near: Neighbours, one: Int64, other: Int64) -> Neighbours:
    """What was measured of the pairs (one, other), NaN where they are no neighbours; as `Neighbours.lookup`."""
    size = int(max(near.rows.max(initial=0), other.max(initial=0))) + 1
    keys, wanted = owners * size + near.rows, one * size + other
    order = np.argsort(keys)
    place = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    if not len(keys):
        return Neighbours.unknown(other)
    there = keys[order][place] == wanted
    values = (np.where(there, getattr(near, name)[order][place], np.nan).astype(np.float32) for name in near.MEASURED)
    return Neighbours(other, *values)
