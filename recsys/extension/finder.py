"""What is near to an article that came after the night: the same union of ways as at night (index/neighbours.py)."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows, open_array, save_array
from recsys.errors import EngineLost
from recsys.extension.annex import Annex
from recsys.extension.arrival import Arrival, Text
from recsys.extension.kept_terms import KeptTerms
from recsys.extension.kin import Kin
from recsys.extension.recent import Alike, Recent
from recsys.largest import largest
from recsys.likeness import ASIDE, Likeness
from recsys.neighbours import Neighbours
from recsys.postings import Bag, Float32s
from recsys.release import ARRIVED, Release
from recsys.terms import names, term_reader

_MATES = 20
_ROOM = 64  # arrivals that there is room for at first; it doubles


class Finder:
    """Finds neighbours among a release's rows and the arrivals so far. Of one thread at a time."""

    def __init__(self, release: Release, annex: Annex) -> None:
        self._release, self._annex = release, annex
        config = release.manifest.config
        self._k, self._kin = int(config["neighbours"]), int(config["kin"])
        self._aside = float(release.manifest.index.get("newcomer_aside", ASIDE))
        self._terms = term_reader(str(config["language"]))
        self._words, self._names = Recent(), Recent()
        self._room = np.empty((_ROOM, release.manifest.model.dim), np.float32)
        self._count = 0
        self._kinship = Kin(annex)
        self.searched = True  # whether the last text with a vector was looked for by it among the release's rows

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
            Alike(Likeness.of(release.terms, words, self._aside), self._words.similarities(words)),
            Alike(Likeness.of(release.names, named, math.inf, 0), self._names.similarities(named)),  # only looked up
        )

    def near(self, text: Text, published: int, mates: Rows, replaced: Rows) -> Neighbours:
        """The neighbours of a text, smallest row first.

        Args:
            published: seconds since 1970 UTC, `UNDATED` where unknown.
            mates: rows by the same authors.
            replaced: rows that are none.
        """
        rows, words = text.words_of.nearest(self._k)
        others = np.setdiff1d(self._by_meaning(text, mates), rows)
        rows, words = np.concatenate([rows, others]), np.concatenate([words, text.words_of.at(others)])
        order = np.argsort(rows)
        order = order[~np.isin(rows[order], replaced)]
        found = self._measured(text, rows[order], words[order])
        more, values = self._kinship.best(found, float(text.length), published, self._kin, replaced)
        both = Neighbours.joined([found, self._measured(text, more, text.words_of.at(more))])
        known = self._kinship.of(both, float(text.length), published)
        known[len(found.rows) :] = values
        order = np.argsort(both.rows)
        return Neighbours(both.rows, both.cosine, both.words, both.names, known).of(order)

    def add(self, text: Text, arrival: Arrival) -> None:
        """The text of the arrival that has just got its row, to be found by those after it."""
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._count] = np.nan if text.vector is None else text.vector
        self._words.add(text.terms)
        self._names.add(text.names)
        self._kinship.add(arrival)
        self._count += 1

    def save(self, folder: Path) -> None:
        """Write the vectors of the arrivals, and what is known of their kin."""
        save_array(folder / ARRIVED, self._vectors)
        self._kinship.save(folder)

    def restore(self, folder: Path) -> None:
        """As it was when it was saved, with these terms beside it; only for one to which nothing has been added."""
        vectors = open_array(folder / ARRIVED)
        self._room, self._count = np.concatenate([vectors, self._room]), len(vectors)
        for name, recent in (("terms", self._words), ("names", self._names)):
            for terms in KeptTerms.open(folder, name):
                recent.add(terms)
        self._kinship.restore(folder)

    @property
    def _vectors(self) -> Float32s:
        return self._room[: self._count]

    def _by_meaning(self, text: Text, mates: Rows) -> Int64:
        if text.vector is None:
            return mates[:_MATES].astype(np.int64)
        near = self._nearest(text.vector)
        own = mates[largest(self._cosine(text.vector, mates), _MATES)]
        return np.concatenate([near, own, len(self._release) + largest(self._vectors @ text.vector, self._k)])

    def _nearest(self, vector: npt.NDArray[np.float32]) -> Int64:
        """The release's nearest rows; none while the engine that proposes them is lost, which says so itself."""
        try:
            rows: Int64 = self._release.vectors.search(vector[None], self._k).of(0)[0]
        except EngineLost:
            self.searched = False
            return np.empty(0, np.int64)
        self.searched = True
        return rows

    def _measured(self, text: Text, rows: Int64, words: Float32s) -> Neighbours:
        """All similarities of these rows, which have these by words, but kin."""
        cosine = np.full(len(rows), np.nan, np.float32) if text.vector is None else self._cosine(text.vector, rows)
        unknown = np.zeros(len(rows), np.float32)
        return Neighbours(rows, np.clip(cosine, -1.0, 1.0), words, text.names_of.at(rows), unknown)

    def _cosine(self, vector: npt.NDArray[np.float32], rows: Rows) -> Float32s:
        """(m,) float32 in [-1, 1], NaN for an arrival that has no vector yet."""
        n = len(self._release)
        found, old = np.empty(len(rows), np.float32), rows < n
        found[old] = self._release.vectors.vectors(rows[old].astype(np.int64)) @ vector
        found[~old] = self._vectors[rows[~old] - n] @ vector
        return found
