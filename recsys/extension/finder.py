"""What is near to an article that came after the night: the same union of ways as at night (index/neighbours.py)."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows
from recsys.extension.arrival import Text
from recsys.kinship import NEAREST, SHARPNESS, relevance, shares, timely_factor
from recsys.neighbours import Neighbours
from recsys.postings import Bag, Float32s, Terms
from recsys.release import UNDATED, Release
from recsys.signals import DAY, Floats
from recsys.terms import names, term_reader

_MATES = 20
_ROOM = 64  # arrivals that there is room for at first; it doubles


class Recent:
    """The words, or names, of the arrivals, turned over as they come."""

    def __init__(self) -> None:
        self._holders: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        self._count = 0

    def similarities(self, terms: Terms) -> Float32s:
        """(arrivals,) float32 in [0, 1]: the cosine of each with this one; see `recsys.postings` for fresh terms."""
        found, mine, theirs = np.zeros(self._count), np.ones(self._count), np.ones(self._count)
        for key, weight, fresh in zip(terms.hashes.tolist(), terms.weights.tolist(), terms.fresh.tolist(), strict=True):
            for place, other in self._holders.get(key, ()):
                found[place] += weight * other
                if fresh:
                    mine[place] += weight * weight
                    theirs[place] += other * other
        return np.clip(found / np.sqrt(mine * theirs), 0.0, 1.0).astype(np.float32)

    def add(self, terms: Terms) -> None:
        """The next arrival."""
        for key, weight in zip(terms.hashes.tolist(), terms.weights.tolist(), strict=True):
            self._holders[key].append((self._count, weight))
        self._count += 1


class Finder:
    """Finds neighbours among a release's rows and the arrivals so far. Of one thread at a time."""

    def __init__(self, release: Release) -> None:
        self._release = release
        config = release.manifest.config
        self._k, self._kin = int(config["neighbours"]), int(config["kin"])
        self._terms = term_reader(str(config["language"]))
        self._words, self._names = Recent(), Recent()
        self._room = np.empty((_ROOM, release.manifest.model.dim), np.float32)
        self._known = Known(release)

    def text(self, plain: str, printed: str, given: str, vector: npt.NDArray[np.float32] | None) -> Text:
        """What is compared: `plain` for the words, `printed` for the names, `given` to the model that made `vector`."""
        release = self._release
        words = release.terms.weighed(Bag.of(self._terms(plain)))
        named = release.names.weighed(Bag.of(names(printed)))
        return Text(
            len(given),
            vector,
            words,
            named,
            release.terms.similarities(words),
            release.names.similarities(named),
        )

    def near(self, text: Text, published: int, mates: Rows) -> Neighbours:
        """The neighbours of a text, smallest row first.

        Args:
            published: seconds since 1970 UTC, `UNDATED` where unknown.
            mates: rows by the same authors.
        """
        rows = np.union1d(self._by_meaning(text, mates), self._by_words(text))
        found = self._measured(text, rows)
        kin = _Kin(self._known)
        more, values = kin.best(found, float(text.length), published, self._kin)
        both = self._measured(text, np.concatenate([found.rows, more]))
        known = kin.of(both, float(text.length), published)
        known[len(found.rows) :] = values
        order = np.argsort(both.rows)
        return Neighbours(both.rows, both.cosine, both.words, both.names, known).of(order)

    def add(self, text: Text, near: Neighbours, published: int) -> None:
        """The text of the next arrival, to be found by those after it."""
        place = len(self._known.arrivals)
        if place == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[place] = np.nan if text.vector is None else text.vector
        self._words.add(text.terms)
        self._names.add(text.names)
        self._known.add(near, text.length, published)

    @property
    def _vectors(self) -> Float32s:
        return self._room[: len(self._known.arrivals)]

    def _by_meaning(self, text: Text, mates: Rows) -> Int64:
        if text.vector is None:
            return mates[:_MATES].astype(np.int64)
        n, vectors = len(self._release), self._release.vectors
        near = vectors.search(text.vector[None], self._k).of(0)[0]
        own = mates[mates < n].astype(np.int64)
        best = own[np.argsort(-(vectors.vectors(own) @ text.vector), kind="stable")[:_MATES]]
        return np.concatenate([near, best, n + _top(self._vectors @ text.vector, self._k)])

    def _by_words(self, text: Text) -> Int64:
        n = len(self._release)
        return np.concatenate([_top(text.words_of, self._k), n + _top(self._words.similarities(text.terms), self._k)])

    def _measured(self, text: Text, rows: Int64) -> Neighbours:
        """All similarities of these rows, but kin."""
        n = len(self._release)
        old, new = rows < n, rows[rows >= n] - n
        cosine = np.full(len(rows), np.nan, np.float32)
        if text.vector is not None:
            cosine[old] = self._release.vectors.vectors(rows[old]) @ text.vector
            cosine[~old] = self._vectors[new] @ text.vector
        words, named = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
        words[old], named[old] = text.words_of[rows[old]], text.names_of[rows[old]]
        words[~old] = self._words.similarities(text.terms)[new]
        named[~old] = self._names.similarities(text.names)[new]
        return Neighbours(rows, np.clip(cosine, -1.0, 1.0), words, named, np.zeros(len(rows), np.float32))


class Known:
    """The release's rows and the arrivals' as one: neighbours, lengths and dates."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.arrivals: list[Neighbours] = []
        self.lengths: list[int] = []
        self.dates: list[int] = []
        self.seen: list[tuple[Int64, Floats]] = []  # of each arrival its neighbours, and what it is to them
        self._nearest: dict[int, tuple[Int64, Floats]] = {}

    def add(self, near: Neighbours, length: int, published: int) -> None:
        """The next arrival; it is among the nearest of those of its neighbours that know none nearer."""
        row = len(self.release) + len(self.arrivals)
        theirs = self.relevance_to(near)
        score = theirs * timely_factor(self.release.tempo, self.days(published, near.rows))
        for other, value in zip(near.rows.tolist(), score.tolist(), strict=True):
            rows, known = self.nearest(other)
            least = int(np.argmin(known))
            if value > known[least]:
                rows[least], known[least] = row, value
        order = np.argsort(near.rows)
        self.seen.append((near.rows[order].astype(np.int64), theirs[order]))
        self.arrivals.append(near)
        self.lengths.append(length)
        self.dates.append(published)

    def nearest(self, row: int) -> tuple[Int64, Floats]:
        """(NEAREST,) the nearest of a row, in no order, and their scores; -1 and 0 where there are fewer."""
        if row not in self._nearest:
            (date,) = self.published(np.array([row]))
            self._nearest[row] = self.best(self.near(row), self.length(row), int(date))
        return self._nearest[row]

    def best(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        """The same of an article with these neighbours, nearest first."""
        score = relevance(near.cosine, near.words, near.names, length, self.release.manifest.semantic_base)
        score = score * timely_factor(self.release.tempo, self.days(published, near.rows))
        first = np.lexsort((near.rows, -score))[:NEAREST]
        rows, scores = np.full(NEAREST, -1, np.int64), np.zeros(NEAREST)
        rows[: len(first)], scores[: len(first)] = near.rows[first], score[first]
        return rows, scores

    def relevance_to(self, near: Neighbours) -> Floats:
        """(m,) what an article with these neighbours is to each of them, by text alone."""
        lengths = np.array([self.length(row) for row in near.rows.tolist()])
        return relevance(near.cosine, near.words, near.names, lengths, self.release.manifest.semantic_base)

    def days(self, published: int, rows: Rows) -> Floats:
        """(m,) days between a moment and the dates of these rows, NaN where either is unknown."""
        theirs = self.published(rows)
        known = (theirs != UNDATED) & (published != UNDATED)
        return np.where(known, np.abs(theirs.astype(np.float64) - float(published)) / DAY, np.nan)

    def near(self, row: int) -> Neighbours:
        """The neighbours of a row."""
        n = len(self.release)
        return self.release.neighbours(row) if row < n else self.arrivals[row - n]

    def length(self, row: int) -> float:
        """Characters that the model is given of it."""
        n = len(self.release)
        return float(self.release.text_length[row]) if row < n else float(self.lengths[row - n])

    def published(self, rows: Rows) -> Int64:
        """(m,) seconds since 1970 UTC, `UNDATED` where unknown."""
        n = len(self.release)
        found = np.empty(len(rows), np.int64)
        old = rows < n
        found[old] = self.release.published[rows[old]]
        found[~old] = [self.dates[row - n] for row in rows[~old].tolist()]
        return found


class _Kin:
    """Kin of a new article, by the formula of index/kin.py, over what is known of its neighbours."""

    def __init__(self, known: Known) -> None:
        self._known, self._base, self._tempo = known, known.release.manifest.semantic_base, known.release.tempo

    def best(self, near: Neighbours, length: float, published: int, k: int) -> tuple[Int64, Float32s]:
        """(rows, kin) of the k rows that are no neighbours yet and that the nearest know best."""
        known: defaultdict[int, float] = defaultdict(float)
        rows, share = self._nearest(near, length, published)
        for row, weight in zip(rows.tolist(), share.tolist(), strict=True):
            theirs, score = self._relevance(row)
            for other, value in zip(theirs.tolist(), score.tolist(), strict=True):
                known[other] += 0.5 * weight * value
        for row in near.rows.tolist():
            known.pop(row, None)
        best = sorted(known.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
        return np.array([row for row, _ in best], np.int64), np.array([value for _, value in best], np.float32)

    def of(self, near: Neighbours, length: float, published: int) -> Float32s:
        """(m,) float32 in [0, 1]: the kin of each neighbour."""
        rows, share = self._nearest(near, length, published)
        known: defaultdict[int, float] = defaultdict(float)
        for row, weight in zip(rows.tolist(), share.tolist(), strict=True):
            known[row] += weight
            theirs, values = self._relevance(row)
            for other, value in zip(theirs.tolist(), values.tolist(), strict=True):
                known[other] += weight * value
        self._add_later(known, near, rows, share)
        found = np.array([known[row] for row in near.rows.tolist()]) + self._back(near, length, published)
        return np.minimum(found * 0.5, 1.0).astype(np.float32)

    def _add_later(self, known: defaultdict[int, float], near: Neighbours, rows: Int64, share: Floats) -> None:
        """What the nearest make of arrivals that came after them, and so are not among their neighbours."""
        first = len(self._known.release)
        for other in near.rows[near.rows >= first].tolist():
            theirs, values = self._known.seen[other - first]
            if len(theirs):
                place = np.minimum(np.searchsorted(theirs, rows), len(theirs) - 1)
                known[other] += float((share * values[place])[theirs[place] == rows].sum())

    def _back(self, near: Neighbours, length: float, published: int) -> Floats:
        """(m,) what the nearest of each neighbour make of the new article, which may be one of them itself."""
        if not len(near.rows):
            return np.zeros(0)
        pairs = [self._known.nearest(row) for row in near.rows.tolist()]
        rows, score = (np.stack(column) for column in zip(*pairs, strict=True))
        own = self._known.relevance_to(near) * timely_factor(self._tempo, self._known.days(published, near.rows))
        score = np.column_stack([score, own])
        score[np.arange(len(score)), np.argmin(score, axis=1)] = 0.0  # the nearest are so many, with it or without
        weight = np.maximum(score, 0.0) ** SHARPNESS
        total = weight.sum(axis=1, keepdims=True)
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        order = np.argsort(near.rows)
        place = np.minimum(np.searchsorted(near.rows[order], rows), len(order) - 1)
        made = relevance(near.cosine, near.words, near.names, length, self._base)[order][place]
        made[near.rows[order][place] != rows] = 0.0
        found: Floats = (share * np.column_stack([made, np.ones(len(rows))])).sum(axis=1)
        return found

    def _nearest(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        rows, score = self._known.best(near, length, published)
        return rows[rows >= 0], shares(score[rows >= 0])

    def _relevance(self, row: int) -> tuple[Rows, Floats]:
        near = self._known.near(row)
        return near.rows, relevance(near.cosine, near.words, near.names, self._known.length(row), self._base)


def _top(similarity: Float32s, k: int) -> Int64:
    """Places of the k largest above 0, in no order; NaN is none."""
    above = np.flatnonzero(similarity > 0)
    if len(above) <= k:
        return above
    return above[np.argpartition(-similarity[above], k - 1)[:k]]
