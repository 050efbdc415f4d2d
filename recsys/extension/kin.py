"""Kin of an article that came after the night, by the formula of index/kin.py over what is known of its neighbours."""

import numpy as np

from recsys.columns import Int64, Rows
from recsys.extension.annex import Annex
from recsys.kinship import NEAREST, relevance, shares, timely_factor
from recsys.neighbours import Neighbours
from recsys.release import UNDATED
from recsys.signals import DAY, Float32s, Floats

_ROOM = 2**16  # arrivals that there is room for at first; what is not used of it takes no memory


class Kin:
    """Of one thread at a time. `near` is always a newcomer's neighbours, `length` its text's, `published` its date."""

    def __init__(self, annex: Annex) -> None:
        self._annex, self._release = annex, annex.base
        self._base, self._tempo = annex.base.manifest.semantic_base, annex.base.tempo
        rows = len(annex.base) + _ROOM
        self._known = np.zeros(rows, np.bool_)
        self._rows = np.zeros(
            (rows, NEAREST), np.int32
        )  # the nearest of each row that was asked for: they never change
        self._shares = np.zeros((rows, NEAREST), np.float32)

    def best(self, near: Neighbours, length: float, published: int, k: int) -> tuple[Int64, Float32s]:
        """(rows, kin) of the k rows that are no neighbours yet and that the nearest know best."""
        rows, values = self._known_by_nearest(near, length, published, with_itself=False)
        fresh = ~np.isin(rows, near.rows) & (values > 0)
        rows, values = rows[fresh], values[fresh]
        best = np.lexsort((rows, -values))[:k]
        return rows[best], (0.5 * values[best]).astype(np.float32)

    def of(self, near: Neighbours, length: float, published: int) -> Float32s:
        """(m,) float32 in [0, 1]: the kin of each neighbour."""
        rows, values = self._known_by_nearest(near, length, published, with_itself=True)
        known = np.zeros(self._size())
        known[rows] = values
        found = known[near.rows] + self._back(near, length)
        half: Float32s = np.minimum(0.5 * found, 1.0).astype(np.float32)
        return half

    def _known_by_nearest(
        self, near: Neighbours, length: float, published: int, with_itself: bool
    ) -> tuple[Int64, Floats]:
        """(distinct rows, what the newcomer's nearest make of them)."""
        nearest, share = self._nearest(near, length, published)
        rows, values = [np.empty(0, np.int64)], [np.empty(0)]
        for row, weight in zip(nearest.tolist(), share.tolist(), strict=True):
            theirs = self._near(row)
            rows.append(theirs.rows.astype(np.int64))
            values.append(weight * relevance(theirs.cosine, theirs.words, theirs.names, self._length(row), self._base))
        if with_itself:
            rows.append(nearest)
            values.append(share)
        distinct, place = np.unique(np.concatenate(rows), return_inverse=True)
        total: Floats = np.bincount(place, np.concatenate(values), len(distinct)).astype(np.float64)
        return distinct, total

    def _back(self, near: Neighbours, length: float) -> Floats:
        """(m,) what the nearest of each neighbour make of the newcomer."""
        rows = near.rows.astype(np.int64)
        self._make_room()
        for row in rows[~self._known[rows]].tolist():
            theirs, share = self._nearest(
                self._near(row), self._length(row), int(self._annex.numbers["published"][row])
            )
            self._rows[row, : len(theirs)], self._shares[row, : len(theirs)] = theirs, share
            self._known[row] = True
        score = np.zeros(self._size())
        score[rows] = relevance(near.cosine, near.words, near.names, length, self._base)
        found: Floats = np.vecdot(self._shares[rows].astype(np.float64), score[self._rows[rows]])
        return found

    def _nearest(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        """(rows, shares) of at most NEAREST rows."""
        score = relevance(near.cosine, near.words, near.names, length, self._base)
        score = score * timely_factor(self._tempo, self._days(published, near.rows))
        best = np.lexsort((near.rows, -score))[:NEAREST]
        return near.rows[best].astype(np.int64), shares(score[best])

    def _near(self, row: int) -> Neighbours:
        """Its own neighbours, as they were found."""
        n = len(self._release)
        return self._release.neighbours(row) if row < n else self._annex.near.own[row - n]

    def _length(self, row: int) -> float:
        return float(self._annex.numbers["text_length"][row])

    def _days(self, published: int, rows: Rows) -> Floats:
        theirs = self._annex.numbers["published"].at(rows)
        known = (theirs != UNDATED) & (published != UNDATED)
        return np.where(known, np.abs(theirs.astype(np.float64) - float(published)) / DAY, np.nan)

    def _size(self) -> int:
        return len(self._release) + len(self._annex)

    def _make_room(self) -> None:
        if self._size() > len(self._known):
            self._known, self._rows, self._shares = (
                np.concatenate([column, np.zeros_like(column)]) for column in (self._known, self._rows, self._shares)
            )
