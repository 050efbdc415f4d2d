"""What is kept of a text to tell whether another is the same: a sketch of its shingles, and a hash of all its words.

A shingle is SHINGLE words in a row, hashed to 32 bits. A text keeps its SKETCH smallest ones (Broder 1997, "On the
resemblance and containment of documents"): all of them for a text of up to some 500 words, and for a longer one a
sample that is the same in every text, so that two sketches can be compared below the smaller of their two ceilings.
A release keeps the whole sketches of its newest articles, and of all others the few smallest hashes.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int32, Int64, ListColumn, open_array, save_array
from recsys.list_writer import ListWriter

UInt64s = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
SHINGLE = 5  # words; with 3 idioms count as copied, with 8 one changed word spoils too many
SKETCH = 512
CUT = 8  # hashes that are left of a sketch that is cut
_ROWS = 20_000  # that are cut at a time
_FEWEST = 4  # hashes below both ceilings that a cut sketch is compared by at the least
_WORD = re.compile(r"\w+")
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: multiplying by it spreads the bits
_MIX = np.uint64(0xBF58476D1CE4E5B9)  # splitmix64's finaliser (Steele, Lea, Flood 2014)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The fingerprint of a text.

    Attributes:
        shingles: the smallest distinct hashes of its shingles, rising, at most SKETCH (uint32).
        total: how many distinct shingles the whole text has; one of fewer than SHINGLE words has none.
        whole: 64 bits of all its words in order; case and punctuation do not matter.
    """

    shingles: npt.NDArray[np.uint32]
    total: int
    whole: int

    @classmethod
    def of(cls, text: str) -> "Fingerprint":
        """The fingerprint of this text."""
        words = np.fromiter((zlib.crc32(word.encode()) for word in _WORD.findall(text.casefold())), np.uint64)
        shingles = _hashed(words)
        return cls(shingles[:SKETCH].copy(), len(shingles), _whole(words))

    @property
    def is_cut(self) -> bool:
        """Whether less is kept of it than the night compares."""
        return len(self.shingles) < min(self.total, SKETCH)

    def overlap(self, other: "Fingerprint") -> float:
        """How much of the smaller text is in the other, in [0, 1]; 0 where a cut sketch leaves too little to tell."""
        if not len(self.shingles) or not len(other.shingles):
            return 0.0
        top = min(self._ceiling, other._ceiling)
        mine, theirs = (found[: np.searchsorted(found, top, "right")] for found in (self.shingles, other.shingles))
        smaller = min(len(mine), len(theirs))
        if smaller < _FEWEST and (self.is_cut or other.is_cut):
            return 0.0
        return len(np.intersect1d(mine, theirs, assume_unique=True)) / max(smaller, 1)

    @property
    def _ceiling(self) -> int:
        """Up to which hash the sketch holds every shingle of the text."""
        return int(self.shingles[-1]) if self.total > len(self.shingles) else 2**32 - 1


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of n texts.

    Attributes:
        shingles: of each text, as `Fingerprint` has them (uint32).
        total: (n,) int32.
        whole: (n,) uint64.
    """

    shingles: ListColumn
    total: Int32
    whole: UInt64s

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Fingerprints":
        """The fingerprints of these texts."""
        return cls.joined([Fingerprint.of(text) for text in texts])

    @classmethod
    def joined(cls, prints: Sequence[Fingerprint]) -> "Fingerprints":
        """These fingerprints, one a row."""
        offsets = np.cumsum([0, *(len(one.shingles) for one in prints)], dtype=np.int64)
        values = np.concatenate([np.empty(0, np.uint32), *(one.shingles for one in prints)])
        return cls(
            ListColumn(offsets, values),
            np.array([one.total for one in prints], np.int32),
            np.array([one.whole for one in prints], np.uint64),
        )

    def __len__(self) -> int:
        return len(self.total)

    def __getitem__(self, row: int) -> Fingerprint:
        return Fingerprint(self.shingles[row], int(self.total[row]), int(self.whole[row]))

    @property
    def is_cut(self) -> Bools:
        """(n,) bool, as `Fingerprint` has it."""
        return np.diff(self.shingles.offsets) < np.minimum(self.total, SKETCH)

    def cut(self, rows: Bools) -> "Fingerprints":
        """The same with no more than CUT hashes of the texts where (n,) `rows` is true."""
        offsets, most = self.shingles.offsets, np.where(rows, CUT, SKETCH)
        counts = np.minimum(np.diff(offsets), most)
        values = [np.empty(0, np.uint32)]
        for start in range(0, len(self), _ROWS):
            ends = offsets[start : start + _ROWS + 1]
            place = np.arange(ends[0], ends[-1]) - np.repeat(ends[:-1], np.diff(ends))
            kept = place < np.repeat(most[start : start + _ROWS], np.diff(ends))
            values.append(self.shingles.values[ends[0] : ends[-1]][kept])
        cut = ListColumn(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.concatenate(values))
        return Fingerprints(cut, self.total, self.whole)

    def save(self, folder: Path, name: str) -> None:
        """Write one array a column."""
        self.shingles.save(folder, f"{name}.sketches")
        save_array(folder / f"{name}.total.npy", self.total)
        save_array(folder / f"{name}.whole.npy", self.whole)

    @classmethod
    def open(cls, folder: Path, name: str) -> "Fingerprints":
        """What `save` wrote, memory-mapped.

        Raises:
            ValueError: the files do not belong together.
        """
        total, whole = open_array(folder / f"{name}.total.npy"), open_array(folder / f"{name}.whole.npy")
        found = cls(ListColumn.open(folder, f"{name}.sketches"), total, whole)
        if not len(found.shingles) == len(total) == len(whole):
            raise ValueError(f"{name}: {len(found.shingles)} sketches, but other lengths of its columns")
        return found

    def overlaps(self, first: Int64, second: Int64) -> Floats:
        """(m,) in [0, 1]: how much of the smaller text of each pair is in the other, by number of shingles.

        Containment, not Jaccard: a text that was cut to a third is still the same text. 0 where a text has no shingle.
        """
        return np.array([self[a].overlap(self[b]) for a, b in zip(first.tolist(), second.tolist(), strict=True)])


class FingerprintWriter:
    """Takes fingerprints some texts at a time; the sketches go to files in `folder`. Use as a context manager.

    Raises:
        OSError: the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._shingles = ListWriter(folder, "shingles", {"values": np.uint32})
        self._totals, self._wholes = [np.empty(0, np.int32)], [np.empty(0, np.uint64)]

    def __enter__(self) -> Self:
        self._shingles.__enter__()
        return self

    def append(self, prints: Fingerprints) -> None:
        """Those of the next texts."""
        self._shingles.append(np.diff(prints.shingles.offsets), values=prints.shingles.values)
        self._totals.append(prints.total)
        self._wholes.append(prints.whole)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shingles.__exit__(kind, error, trace)

    def fingerprints(self) -> Fingerprints:
        """Those of all texts, their sketches mapped; after the block."""
        offsets, columns = self._shingles.written()
        return Fingerprints(
            ListColumn(offsets, columns["values"]), np.concatenate(self._totals), np.concatenate(self._wholes)
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
