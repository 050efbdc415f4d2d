"""The words, or names, of arrivals as arrays of a release, so that they are not read and weighed again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, open_array, save_array
from recsys.extension.kept import NAME
from recsys.postings import Float32s, Hashes, Terms

_FILES = ("offsets", "hashes", "weights", "fresh")


@dataclass(frozen=True, slots=True)
class KeptTerms:
    """The terms of n texts end to end: those of text i are at `offsets[i]` … `offsets[i + 1]`.

    Attributes:
        offsets: (n + 1,) int64.
        hashes, weights, fresh: (total,), as `Terms` has them.
    """

    offsets: Int64
    hashes: Hashes
    weights: Float32s
    fresh: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Terms]:
        ends = self.offsets.tolist()
        for start, end in pairwise(ends):
            span = slice(start, end)
            yield Terms(self.hashes[span], self.weights[span], self.fresh[span])

    @classmethod
    def of(cls, texts: Sequence[Terms]) -> "KeptTerms":
        """Those of these texts."""
        lengths = np.cumsum([0, *(len(terms.hashes) for terms in texts)], dtype=np.int64)
        return cls(
            lengths,
            np.concatenate([np.empty(0, np.uint32), *(terms.hashes for terms in texts)]),
            np.concatenate([np.empty(0, np.float32), *(terms.weights for terms in texts)]),
            np.concatenate([np.empty(0, np.bool_), *(terms.fresh for terms in texts)]),
        )

    def then(self, later: "KeptTerms") -> "KeptTerms":
        """Both, one after the other."""
        return KeptTerms(
            np.concatenate([self.offsets, later.offsets[1:] + self.offsets[-1]]),
            np.concatenate([self.hashes, later.hashes]),
            np.concatenate([self.weights, later.weights]),
            np.concatenate([self.fresh, later.fresh]),
        )

    def save(self, folder: Path, name: str) -> None:
        """Write one array a column."""
        for part in _FILES:
            save_array(folder / f"{NAME}.{name}.{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path, name: str) -> "KeptTerms":
        """What `save` wrote, memory-mapped."""
        return cls(*(open_array(folder / f"{NAME}.{name}.{part}.npy") for part in _FILES))
