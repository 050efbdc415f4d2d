"""Which texts share words with a new one: the word index turned over, as columns of a release.

A term is known by its hash, so nothing has to know the vocabulary; the hash is that of scikit-learn's HashingVectorizer
(MurmurHash3, absolute, modulo FEATURES), and a text's weight for a term is that of `recsys.lexical`:
sqrt(count) · (log((1 + n) / (1 + df)) + 1) ** IDF_POWER, scaled so that each text's weights have length 1.

A term of a single text matches nothing and has no part in that length, until another text comes that holds it too. So
the terms of one text are kept beside the others, with what they would weigh then on the same scale, and a cosine of two
texts that share such terms, whose squares add up to e and f in the two, is divided by sqrt((1 + e) · (1 + f)).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, open_array, save_array

FEATURES = 2**22
IDF_POWER = 1.5
MAX_SHARE = 0.1  # a word in more than a tenth of all articles tells little and costs most of the time
MAX_COUNT = 50  # … but a tenth of a small archive is a handful of articles, so this many are always allowed
_FILES = ("hashes", "frequency", "offsets", "rows", "weights", "single_hashes", "single_rows", "single_weights")

Hashes = npt.NDArray[np.uint32]
Float32s = npt.NDArray[np.float32]
Number = TypeVar("Number", bound=np.integer)


def weights(frequency: npt.NDArray[np.integer], n: int) -> Float32s:
    """What a term that so many of n texts hold weighs, (m,) float32; 0 for one that is in too few or too many.

    A term of a single text matches nothing.
    """
    idf = np.maximum(np.log((1.0 + n) / (1.0 + frequency)) + 1.0, 0.0)  # below 0 only where there is no text yet
    found: Float32s = (idf**IDF_POWER).astype(np.float32)
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
class Terms:
    """The weighed terms of a text that came later.

    Attributes:
        hashes: rising, of all its terms that weigh anything.
        weights: (terms,) > 0, of length 1 over those that are not fresh.
        fresh: (terms,) bool: no text of the archive holds it; counted as one of two texts.
    """

    hashes: Hashes
    weights: Float32s
    fresh: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Postings:
    """For each term of two texts or more, the texts that hold it; none for a term that is in too many to tell anything.

    Attributes:
        hashes: (terms,) uint32, rising.
        frequency: (terms,) uint32, in how many texts each occurs, >= 2.
        offsets: (terms + 1,) int64: the texts of term t are `rows[offsets[t]:offsets[t + 1]]`.
        rows: (total,) int32, rising within each list.
        weights: (total,) float16, of the term in that text, in (0, 1].
        single_hashes: (singles,) uint32, rising: the terms of a single text.
        single_rows: (singles,) int32, that text.
        single_weights: (singles,) float16 > 0, of the term in that text if another held it too, on the scale of the
            text's other weights.
        n: how many texts there are.
    """

    hashes: Hashes
    frequency: npt.NDArray[np.uint32]
    offsets: Int64
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float16]
    single_hashes: Hashes
    single_rows: npt.NDArray[np.int32]
    single_weights: npt.NDArray[np.float16]
    n: int

    def weighed(self, bag: Bag) -> Terms:
        """The terms of a text that comes to these.

        A term that no text holds yet counts as one of two texts: what is new in the news is what new articles share.
        """
        frequency = np.full(len(bag.hashes), 2, np.uint32)
        known, places = places_of(self.hashes, bag.hashes)
        frequency[known] = self.frequency[places]
        single, _ = places_of(self.single_hashes, bag.hashes)
        weight = bag.counts * weights(frequency, self.n)
        fresh = ~known & ~single
        length = float(np.linalg.norm(weight[~fresh])) or float(np.linalg.norm(weight)) or 1.0
        kept = weight > 0
        return Terms(bag.hashes[kept], weight[kept] / np.float32(length), fresh[kept])

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
        found = cls(**{part: open_array(folder / f"{name}.{part}.npy") for part in _FILES}, n=n)
        terms = len(found.hashes)
        if (len(found.frequency), len(found.offsets)) != (terms, terms + 1):
            raise ValueError(f"{name}: {terms} terms, but other lengths of its columns")
        if not int(found.offsets[-1]) == len(found.rows) == len(found.weights):
            raise ValueError(f"{name}: {len(found.rows)} rows, its offsets end elsewhere")
        if not len(found.single_hashes) == len(found.single_rows) == len(found.single_weights):
            raise ValueError(f"{name}: {len(found.single_hashes)} terms of one text, other lengths of their columns")
        return found


def places_of(known: npt.NDArray[Number], wanted: npt.NDArray[Number]) -> tuple[npt.NDArray[np.bool_], Int64]:
    """Which of `wanted` are among `known`, which rises, (m,) bool; and where each of those is."""
    places = np.searchsorted(known, wanted)
    among = np.zeros(len(places), np.bool_)
    inside = places < len(known)
    among[inside] = known[places[inside]] == wanted[inside]
    return among, places[among].astype(np.int64)
