"""Kin of an article that came after the night, by the formula of index/kin.py over what is known of its neighbours."""

from pathlib import Path

import numpy as np

from recsys.columns import Int64, Rows, open_array, save_array
from recsys.extension.annex import Annex
from recsys.extension.arrival import Arrival
from recsys.extension.kept import NAME
from recsys.kinship import SHARPNESS, nearest_among, relevance, shares, timely_factor
from recsys.nearest import NEAREST
from recsys.neighbours import Neighbours
from recsys.postings import places_of
from recsys.signals import Float32s, Floats, days_between

_ROOM = 2**16  # arrivals that there is room for at first; what is not used of it takes no memory


class Kin:
    """Of one thread at a time. `near` is always a newcomer's neighbours, `length` its text's, `published` its date."""

    def __init__(self, annex: Annex) -> None:
        self._annex, self._release = annex, annex.base
        self._base, self._tempo = annex.base.manifest.semantic_base, annex.base.tempo
        rows = len(annex.base) + _ROOM
        self._known = np.zeros(rows, np.bool_)
        self._rows = np.zeros((rows, NEAREST), np.int32)  # the nearest of each row that was asked for, in no order
        self._scores = np.zeros((rows, NEAREST), np.float32)  # 0 where there are fewer

    def best(self, near: Neighbours, length: float, published: int, k: int, but: Rows) -> tuple[Int64, Float32s]:
        """(rows, kin) of the k rows that are no neighbours yet, nor among `but`, and that the nearest know best."""
        nearest, score = self._nearest(near, length, published)
        rows, values = self._made_of(nearest, shares(score))
        fresh = ~np.isin(rows, near.rows) & ~np.isin(rows, but) & (values > 0)
        rows, values = rows[fresh], values[fresh]
        best = np.lexsort((rows, -values))[:k]
        return rows[best], (0.5 * values[best]).astype(np.float32)

    def of(self, near: Neighbours, length: float, published: int) -> Float32s:
        """(m,) float32 in [0, 1]: the kin of each neighbour."""
        nearest, score = self._nearest(near, length, published)
        share = shares(score)
        known = _values_at(near.rows, *self._made_of(nearest, share)) + _values_at(near.rows, nearest, share)
        found = known + self._made_later(near.rows, nearest, share) + self._back(near, length, published)
        half: Float32s = np.minimum(0.5 * found, 1.0).astype(np.float32)
        return half

    def add(self, arrival: Arrival) -> None:
        """The arrival with the last row: it is among the nearest of those of its neighbours that know none nearer."""
        near, row = arrival.near, self._size() - 1
        self._make_room()
        rows = near.rows.astype(np.int64)
        self._ask(rows)
        score = self._annex.near.to_own[-1] * self._timely(int(self._annex.numbers["published"][row]), near.rows)
        least = np.argmin(self._scores[rows], axis=1)
        nearer = score > self._scores[rows, least]
        self._rows[rows[nearer], least[nearer]] = row
        self._scores[rows[nearer], least[nearer]] = score[nearer]

    def save(self, folder: Path) -> None:
        """Write the nearest of those rows that an arrival is among the nearest of; of others they are found again."""
        n, size = len(self._release), self._size()
        newest = self._rows[:size].max(axis=1)
        rows = np.flatnonzero(self._known[:size] & (newest >= np.maximum(n, np.arange(size) + 1)))
        for name, values in (("of", rows), ("rows", self._rows[rows]), ("scores", self._scores[rows])):
            save_array(folder / f"{NAME}.kin.{name}.npy", values)

    def restore(self, folder: Path) -> None:
        """As it was when it was saved; the annex has the arrivals already."""
        self._make_room()
        rows = open_array(folder / f"{NAME}.kin.of.npy")
        self._rows[rows] = open_array(folder / f"{NAME}.kin.rows.npy")
        self._scores[rows] = open_array(folder / f"{NAME}.kin.scores.npy")
        self._known[rows] = True

    def _made_of(self, nearest: Int64, share: Floats) -> tuple[Int64, Floats]:
        """(distinct rows, what the newcomer's nearest make of them)."""
        rows, values = [np.empty(0, np.int64)], [np.empty(0)]
        for row, weight in zip(nearest.tolist(), share.tolist(), strict=True):
            theirs = self._near(row)
            rows.append(theirs.rows.astype(np.int64))
            values.append(weight * relevance(theirs.cosine, theirs.words, theirs.names, self._length(row), self._base))
        distinct, place = np.unique(np.concatenate(rows), return_inverse=True)
        total: Floats = np.bincount(place, np.concatenate(values), len(distinct)).astype(np.float64)
        return distinct, total

    def _made_later(self, rows: Rows, nearest: Int64, share: Floats) -> Floats:
        """(m,) what the nearest make of arrivals that came after them, and so are not among their neighbours."""
        made, later = np.zeros(len(rows)), np.flatnonzero(rows >= len(self._release))
        if not len(later):
            return made
        own = [self._annex.near.own[place].rows for place in (rows[later] - len(self._release)).tolist()]
        to_own = [self._annex.near.to_own[place] for place in (rows[later] - len(self._release)).tolist()]
        theirs = _values_at(np.concatenate(own), nearest, share) * np.concatenate(to_own)
        made[later] = np.bincount(np.repeat(np.arange(len(own)), [*map(len, own)]), theirs, len(own))
        return made

    def _back(self, near: Neighbours, length: float, published: int) -> Floats:
        """(m,) what the nearest of each neighbour make of the newcomer, which may be one of them itself."""
        rows = near.rows.astype(np.int64)
        self._ask(rows)
        own = self._annex.near.relevance_to(near) * self._timely(published, near.rows)
        score = np.column_stack([self._scores[rows], own])
        score[np.arange(len(score)), np.argmin(score, axis=1)] = 0.0  # the nearest are so many, with it or without
        weight = np.maximum(score, 0.0) ** SHARPNESS
        total = weight.sum(axis=1, keepdims=True)
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        values = relevance(near.cosine, near.words, near.names, length, self._base)
        made = _values_at(self._rows[rows].ravel(), rows, values).reshape(-1, NEAREST)
        found: Floats = np.vecdot(share, np.column_stack([made, np.ones(len(rows))]))
        return found

    def _nearest(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        """(rows, scores) of at most NEAREST rows, nearest first."""
        score = relevance(near.cosine, near.words, near.names, length, self._base)
        score = score * self._timely(published, near.rows)
        best = np.lexsort((near.rows, -score))[:NEAREST]
        return near.rows[best].astype(np.int64), score[best]

    def _ask(self, rows: Int64) -> None:
        """Find the nearest of those of the rows of which they are not known, all at once."""
        self._make_room()
        rows = rows[~self._known[rows]]
        told, n = self._release.nearest, len(self._release)
        if told is not None:
            old, rows = rows[rows < n], rows[rows >= n]
            self._rows[old], self._scores[old], self._known[old] = told.rows[old], told.scores[old], True
        if not len(rows):
            return
        numbers, near = self._annex.numbers, [self._near(row) for row in rows.tolist()]
        counts, every = np.array([len(theirs.rows) for theirs in near]), Neighbours.joined(near)
        owner = np.repeat(rows, counts)
        length = numbers["text_length"].at(owner).astype(np.float64)
        days = self._days(numbers["published"].at(owner), every.rows)
        found = nearest_among(counts, every, length, days, self._base, self._tempo)
        self._rows[rows], self._scores[rows] = found.rows, found.scores
        self._known[rows] = True

    def _near(self, row: int) -> Neighbours:
        """Its own neighbours, as they were found."""
        n = len(self._release)
        return self._release.neighbours(row) if row < n else self._annex.near.own[row - n]

    def _length(self, row: int) -> float:
        return float(self._annex.numbers["text_length"][row])

    def _timely(self, published: int | Int64, rows: Rows) -> Floats:
        """(m,) > 0: what the days between a moment, or one for each, and the dates of these rows make of being near."""
        return timely_factor(self._tempo, self._days(published, rows))

    def _days(self, published: int | Int64, rows: Rows) -> Floats:
        return days_between(published, self._annex.numbers["published"].at(rows))

    def _size(self) -> int:
        return len(self._release) + len(self._annex)

    def _make_room(self) -> None:
        while self._size() > len(self._known):
            self._known, self._rows, self._scores = (
                np.concatenate([column, np.zeros_like(column)]) for column in (self._known, self._rows, self._scores)
            )


def _values_at(wanted: Rows, rows: Rows, values: Floats) -> Floats:
    """(m,) the value of each row that is wanted, 0 where there is none; `rows` are distinct, in any order."""
    found, order = np.zeros(len(wanted)), np.argsort(rows)
    among, places = places_of(rows[order].astype(np.int64), wanted.astype(np.int64))
    found[among] = values[order[places]]
    return found
