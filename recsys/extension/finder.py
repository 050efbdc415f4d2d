"""What is near to an article that came after the night: the same union of ways as at night (index/neighbours.py)."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows
from recsys.extension.arrival import Text
from recsys.kinship import NEAREST, relevance, shares, timely_factor
from recsys.neighbours import Neighbours
from recsys.postings import Bag, Float32s, Hashes
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

    def similarities(self, vector: tuple[Hashes, Float32s]) -> Float32s:
        """(arrivals,) float32 in [0, 1]: the cosine of each with this one."""
        found = np.zeros(self._count, np.float32)
        for key, weight in zip(vector[0].tolist(), vector[1].tolist(), strict=True):
            for place, other in self._holders.get(key, ()):
                found[place] += weight * other
        return np.clip(found, 0.0, 1.0)

    def add(self, vector: tuple[Hashes, Float32s]) -> None:
        """The next arrival."""
        for key, weight in zip(vector[0].tolist(), vector[1].tolist(), strict=True):
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
        words, named = Bag.of(self._terms(plain)), Bag.of(names(printed))
        return Text(
            len(given),
            vector,
            release.terms.vector(words),
            release.names.vector(named),
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
        self._known.arrivals.append(near)
        self._known.lengths.append(text.length)
        self._known.dates.append(published)

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
        self.nearest: dict[int, tuple[Int64, Floats]] = {}  # what was asked for: it never changes

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
        score = relevance(near.cosine, near.words, near.names, length, self._base)
        of_row = dict(zip(near.rows.tolist(), score.tolist(), strict=True))
        rows, share = self._nearest(near, length, published)
        known: defaultdict[int, float] = defaultdict(float)
        for row, weight in zip(rows.tolist(), share.tolist(), strict=True):
            known[row] += weight
            theirs, values = self._relevance(row)
            for other, value in zip(theirs.tolist(), values.tolist(), strict=True):
                known[other] += weight * value
        found = np.array([known[row] + self._back(row, of_row) for row in near.rows.tolist()], np.float32)
        half: Float32s = np.minimum(found * np.float32(0.5), np.float32(1.0))
        return half

    def _back(self, row: int, of_row: dict[int, float]) -> float:
        """What the nearest of a neighbour make of the new article."""
        if row not in self._known.nearest:
            date = int(self._known.published(np.array([row]))[0])
            self._known.nearest[row] = self._nearest(self._known.near(row), self._known.length(row), date)
        theirs, share = self._known.nearest[row]
        pairs = zip(theirs.tolist(), share.tolist(), strict=True)
        return float(sum(weight * of_row.get(other, 0.0) for other, weight in pairs))

    def _nearest(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        score = relevance(near.cosine, near.words, near.names, length, self._base)
        score = score * timely_factor(self._tempo, self._days(published, near.rows))
        best = np.lexsort((near.rows, -score))[:NEAREST]
        return near.rows[best].astype(np.int64), shares(score[best])

    def _relevance(self, row: int) -> tuple[Rows, Floats]:
        near = self._known.near(row)
        return near.rows, relevance(near.cosine, near.words, near.names, self._known.length(row), self._base)

    def _days(self, published: int, rows: Rows) -> Floats:
        theirs = self._known.published(rows)
        known = (theirs != UNDATED) & (published != UNDATED)
        return np.where(known, np.abs(theirs.astype(np.float64) - float(published)) / DAY, np.nan)


def _top(similarity: Float32s, k: int) -> Int64:
    """Places of the k largest above 0, in no order; NaN is none."""
    above = np.flatnonzero(similarity > 0)
    if len(above) <= k:
        return above
    return above[np.argpartition(-similarity[above], k - 1)[:k]]
