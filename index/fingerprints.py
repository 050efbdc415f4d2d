"""What is kept of a text to tell whether another is the same: a sketch of its shingles, and a hash of all its words.

A shingle is SHINGLE words in a row, hashed to 32 bits. A text keeps its SKETCH smallest ones (Broder 1997, "On the
resemblance and containment of documents"): all of them for a text of up to some 500 words, and for a longer one a
sample that is the same in every text, so that two sketches can be compared below the smaller of their two ceilings.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32, Int64, ListColumn

UInt64s = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
SHINGLE = 5  # words; with 3 idioms count as copied, with 8 one changed word spoils too many
SKETCH = 512
_WORD = re.compile(r"\w+")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: multiplying by it spreads the bits
_MIX = np.uint64(0xBF58476D1CE4E5B9)  # splitmix64's finaliser (Steele, Lea, Flood 2014)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of n texts.

    Attributes:
        shingles: for each text the smallest distinct hashes of its shingles, rising, at most SKETCH (uint32).
        total: (n,) int32, how many distinct shingles the whole text has.
        words: (n,) int32, how many words.
        whole: (n,) uint64, a hash of all its words in order; case and punctuation do not matter.
    """

    shingles: ListColumn
    total: Int32
    words: Int32
    whole: UInt64s

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Fingerprints":
        """The fingerprints of these texts."""
        printer = Fingerprinter()
        for _ in printer.passing(texts):
            pass
        return printer.fingerprints()

    def overlaps(self, first: Int64, second: Int64) -> Floats:
        """(m,) in [0, 1]: how much of the smaller text of each pair is in the other, by number of shingles.

        Containment, not Jaccard: a text that was cut to a third is still the same text. 0 where a text has no shingle.
        """
        return np.array([self._overlap(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True)])

    def _overlap(self, a: int, b: int) -> float:
        mine, theirs = self.shingles[a], self.shingles[b]
        if not len(mine) or not len(theirs):
            return 0.0
        top = min(self._ceiling(a), self._ceiling(b))
        mine, theirs = (found[: np.searchsorted(found, top, "right")] for found in (mine, theirs))
        both = np.intersect1d(mine, theirs, assume_unique=True)
        return len(both) / max(min(len(mine), len(theirs)), 1)

    def _ceiling(self, row: int) -> int:
        """Up to which hash the sketch of a row holds every shingle of the text."""
        found = self.shingles[row]
        return int(found[-1]) if self.total[row] > len(found) else 2**32 - 1


class Fingerprinter:
    """Takes fingerprints of texts on their way to another reader, so that no text is read twice."""

    def __init__(self) -> None:
        self._shingles: list[npt.NDArray[np.uint32]] = []
        self._facts: list[tuple[int, int, int]] = []

    def passing(self, texts: Iterable[str]) -> Iterator[str]:
        """The same texts."""
        for text in texts:
            words = np.fromiter((zlib.crc32(word.encode()) for word in _WORD.findall(text.casefold())), np.uint64)
            shingles = _hashed(words)
            self._shingles.append(shingles[:SKETCH])
            self._facts.append((len(shingles), len(words), _whole(words)))
            yield text

    def fingerprints(self) -> Fingerprints:
        """Those of all the texts that have passed."""
        offsets = np.cumsum([0, *map(len, self._shingles)], dtype=np.int64)
        values = np.concatenate(self._shingles) if self._shingles else np.empty(0, np.uint32)
        total, words, whole = ([fact[place] for fact in self._facts] for place in range(3))
        return Fingerprints(
            ListColumn(offsets, values),
            np.array(total, np.int32),
            np.array(words, np.int32),
            np.array(whole, np.uint64),
        )


def _whole(words: UInt64s) -> int:
    """64 bits of BLAKE2b: two texts of one archive never share it by chance."""
    return int.from_bytes(hashlib.blake2b(words.tobytes(), digest_size=8).digest(), "little")


def _hashed(words: UInt64s) -> npt.NDArray[np.uint32]:
    """The distinct hashes of all shingles, rising."""
    count = len(words) - SHINGLE + 1
    if count < 1:
        return np.empty(0, np.uint32)
    found = np.zeros(count, np.uint64)
    for place in range(SHINGLE):
        found = found * _ODD + words[place : place + count]
    found = (found ^ (found >> np.uint64(29))) * _MIX
    return np.unique((found >> np.uint64(32)).astype(np.uint32))
