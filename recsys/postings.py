"""Which texts share words with a new one: the word index turned over, as columns of a release.

A term is known by its hash, so nothing has to know the vocabulary; the hash is that of scikit-learn's HashingVectorizer
(MurmurHash3, absolute, modulo FEATURES), and a text's weight for a term is that of `recsys.lexical`:
sqrt(count) · (log((1 + n) / (1 + df)) + 1) ** IDF_POWER, scaled so that each text's weights have length 1.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, open_array, save_array

FEATURES = 2**22
IDF_POWER = 1.5
MAX_SHARE = 0.1  # a word in more than a tenth of all articles tells little and costs most of the time
MAX_COUNT = 50  # … but a tenth of a small archive is a handful of articles, so this many are always allowed
_FILES = ("hashes", "frequency", "offsets", "rows", "weights")

Hashes = npt.NDArray[np.uint32]
Float32s = npt.NDArray[np.float32]


def weights(frequency: npt.NDArray[np.integer], n: int) -> Float32s:
    """What a term that so many of n texts hold weighs, (m,) float32; 0 for one that is in too few or too many.

    A term of a single text matches nothing.
    """
    found: Float32s = ((np.log((1.0 + n) / (1.0 + frequency)) + 1.0) ** IDF_POWER).astype(np.float32)
    found[(frequency < 2) | (frequency > max(MAX_COUNT, MAX_SHARE * n))] = 0.0
    return found


@dataclass(frozen=True, slots=True)
class Bag:
    """The terms of one text: distinct hashes, rising, and the square root of how often each occurs."""

    hashes: Hashes
    counts: Float32s

    @classmethod
    def of(cls, terms: Iterable[str]) -> "Bag":
        """The bag of these terms."""
        import mmh3

        counted = Counter(abs(mmh3.hash(term, 0, True)) % FEATURES for term in terms)
        hashes = np.array(sorted(counted), np.uint32)
        return cls(hashes, np.sqrt(np.array([counted[int(key)] for key in hashes], np.float32)))


@dataclass(frozen=True, slots=True)
class Postings:
    """For each term of two texts or more, the texts that hold it; none for a term that is in too many to tell anything.

    Attributes:
        hashes: (terms,) uint32, rising.
        frequency: (terms,) uint32, in how many texts each occurs, >= 2.
        offsets: (terms + 1,) int64: the texts of term t are `rows[offsets[t]:offsets[t + 1]]`.
        rows: (total,) int32.
        weights: (total,) float16, of the term in that text, in (0, 1].
        n: how many texts there are.
    """

    hashes: Hashes
    frequency: npt.NDArray[np.uint32]
    offsets: Int64
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float16]
    n: int

    def similarities(self, bag: Bag) -> Float32s:
        """(n,) float32 in [0, 1]: the cosine of each text with a new one."""
        places, weight = self._weighed(bag)
        found = np.zeros(self.n, np.float32)
        for place, own in zip(places.tolist(), weight.tolist(), strict=True):
            span = slice(self.offsets[place], self.offsets[place + 1])
            found[self.rows[span]] += own * self.weights[span]
        return np.clip(found, 0.0, 1.0)

    def vector(self, bag: Bag) -> tuple[Hashes, Float32s]:
        """(hashes, weights) of a new text, of length 1: the cosine of two is the sum of products over common hashes.

        A term that no text holds yet counts as one of two texts: what is new in the news is what new articles share.
        """
        frequency = np.full(len(bag.hashes), 2, np.uint32)
        known, places = self._found(bag)
        frequency[known] = self.frequency[places]
        return _unit(bag.hashes, bag.counts * weights(frequency, self.n))

    def _weighed(self, bag: Bag) -> tuple[Int64, Float32s]:
        """(places, weights) of the terms that the texts here know, of length 1."""
        known, places = self._found(bag)
        kept, weight = _unit(places, bag.counts[known] * weights(self.frequency[places], self.n))
        return kept, weight

    def _found(self, bag: Bag) -> tuple[npt.NDArray[np.bool_], Int64]:
        """Which terms of the bag are known here, and where."""
        places = np.searchsorted(self.hashes, bag.hashes)
        known = np.zeros(len(places), np.bool_)
        inside = places < len(self.hashes)
        known[inside] = self.hashes[places[inside]] == bag.hashes[inside]
        return known, places[known].astype(np.int64)

    def save(self, folder: Path, name: str) -> None:
        """Write one array a column."""
        for part in _FILES:
            save_array(folder / f"{name}.{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path, name: str, n: int) -> "Postings":
        """The postings that `save` wrote, memory-mapped.

        Raises:
            ValueError: the files do not belong together.
        """
        hashes, frequency, offsets, rows, weight = (open_array(folder / f"{name}.{part}.npy") for part in _FILES)
        found = cls(hashes, frequency, offsets, rows, weight, n)
        terms = len(found.hashes)
        if (len(found.frequency), len(found.offsets)) != (terms, terms + 1):
            raise ValueError(f"{name}: {terms} terms, but other lengths of its columns")
        if not int(found.offsets[-1]) == len(found.rows) == len(found.weights):
            raise ValueError(f"{name}: {len(found.rows)} rows, its offsets end elsewhere")
        return found


def _unit(keys: npt.NDArray[Any], counted: Float32s) -> tuple[npt.NDArray[Any], Float32s]:
    """Those of some weight, scaled to length 1."""
    kept = counted > 0
    length = float(np.linalg.norm(counted[kept])) or 1.0
    return keys[kept], counted[kept] / np.float32(length)
