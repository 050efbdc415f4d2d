"""What is near to an article that came after the night: the same union of ways as at night (index/neighbours.py)."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows
from recsys.extension.annex import Annex
from recsys.extension.arrival import Text
from recsys.extension.recent import Recent
from recsys.kinship import NEAREST, relevance, shares, timely_factor
from recsys.neighbours import Neighbours
from recsys.postings import Bag, Float32s
from recsys.release import UNDATED, Release
from recsys.signals import DAY, Floats
from recsys.terms import names, term_reader

_MATES = 20
_ROOM = 64  # arrivals that there is room for at first; it doubles


class Finder:
    """Finds neighbours among a release's rows and the arrivals so far. Of one thread at a time."""

    def __init__(self, release: Release, annex: Annex) -> None:
        self._release, self._annex = release, annex
        config = release.manifest.config
        self._k, self._kin = int(config["neighbours"]), int(config["kin"])
        self._terms = term_reader(str(config["language"]))
        self._words, self._names = Recent(), Recent()
        self._room = np.empty((_ROOM, release.manifest.model.dim), np.float32)
        self._count = 0
        self._nearest: dict[int, tuple[Int64, Floats]] = {}  # what was asked for: it never changes

    def text(self, plain: str, printed: str, given: str, vector: npt.NDArray[np.float32] | None) -> Text:
        """What is compared: `plain` for the words, `printed` for the names, `given` to the model that made `vector`."""
        release = self._release
        words, named = Bag.of(self._terms(plain)), Bag.of(names(printed))
        terms, called = release.terms.vector(words), release.names.vector(named)
        return Text(
            len(given),
            vector,
            terms,
            called,
            np.concatenate([release.terms.similarities(words), self._words.similarities(terms)]),
            np.concatenate([release.names.similarities(named), self._names.similarities(called)]),
        )

    def near(self, text: Text, published: int, mates: Rows) -> Neighbours:
        """The neighbours of a text, smallest row first.

        Args:
            published: seconds since 1970 UTC, `UNDATED` where unknown.
            mates: rows by the same authors.
        """
        rows = np.union1d(self._by_meaning(text, mates), self._by_words(text))
        found = self._measured(text, rows)
        kin = _Kin(self._release, self._annex, self._nearest)
        more, values = kin.best(found, float(text.length), published, self._kin)
        both = self._measured(text, np.concatenate([found.rows, more]))
        known = kin.of(both, float(text.length), published)
        known[len(found.rows) :] = values
        order = np.argsort(both.rows)
        return Neighbours(both.rows, both.cosine, both.words, both.names, known).of(order)

    def add(self, text: Text) -> None:
        """The text of the next arrival, to be found by those after it."""
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._count] = np.nan if text.vector is None else text.vector
        self._words.add(text.terms)
        self._names.add(text.names)
        self._count += 1

    @property
    def _vectors(self) -> Float32s:
        return self._room[: self._count]

    def _by_meaning(self, text: Text, mates: Rows) -> Int64:
        if text.vector is None:
            return mates[:_MATES].astype(np.int64)
        near = self._release.vectors.search(text.vector[None], self._k).of(0)[0]
        own = mates[_top(self._cosine(text.vector, mates), _MATES)]
        return np.concatenate([near, own, len(self._release) + _top(self._vectors @ text.vector, self._k)])

    def _by_words(self, text: Text) -> Int64:
        n = len(self._release)  # the nearest of either, as the arrivals' rarity is an estimate
        return np.concatenate([_top(text.words_of[:n], self._k), n + _top(text.words_of[n:], self._k)])

    def _measured(self, text: Text, rows: Int64) -> Neighbours:
        """All similarities of these rows, but kin."""
        cosine = np.full(len(rows), np.nan, np.float32) if text.vector is None else self._cosine(text.vector, rows)
        unknown = np.zeros(len(rows), np.float32)
        return Neighbours(rows, np.clip(cosine, -1.0, 1.0), text.words_of[rows], text.names_of[rows], unknown)

    def _cosine(self, vector: npt.NDArray[np.float32], rows: Rows) -> Float32s:
        """(m,) float32 in [-1, 1], NaN for an arrival that has no vector yet."""
        n = len(self._release)
        found, old = np.empty(len(rows), np.float32), rows < n
        found[old] = self._release.vectors.vectors(rows[old].astype(np.int64)) @ vector
        found[~old] = self._vectors[rows[~old] - n] @ vector
        return found


class _Kin:
    """Kin of a new article, by the formula of index/kin.py, over what is known of its neighbours."""

    def __init__(self, release: Release, annex: Annex, nearest: dict[int, tuple[Int64, Floats]]) -> None:
        self._release, self._annex, self._known = release, annex, nearest
        self._base, self._tempo = release.manifest.semantic_base, release.tempo

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
        if row not in self._known:
            length, published = self._length(row), int(self._annex.numbers["published"][row])
            self._known[row] = self._nearest(self._near(row), length, published)
        theirs, share = self._known[row]
        pairs = zip(theirs.tolist(), share.tolist(), strict=True)
        return float(sum(weight * of_row.get(other, 0.0) for other, weight in pairs))

    def _nearest(self, near: Neighbours, length: float, published: int) -> tuple[Int64, Floats]:
        score = relevance(near.cosine, near.words, near.names, length, self._base)
        score = score * timely_factor(self._tempo, self._days(published, near.rows))
        best = np.lexsort((near.rows, -score))[:NEAREST]
        return near.rows[best].astype(np.int64), shares(score[best])

    def _relevance(self, row: int) -> tuple[Rows, Floats]:
        near = self._near(row)
        return near.rows, relevance(near.cosine, near.words, near.names, self._length(row), self._base)

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


def _top(similarity: Float32s, k: int) -> Int64:
    """Places of the k largest above 0, in no order; NaN is none."""
    above = np.flatnonzero(similarity > 0)
    if len(above) <= k:
        return above
    return above[np.argpartition(-similarity[above], k - 1)[:k]]
