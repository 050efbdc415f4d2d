"""The words, or names, of the arrivals, turned over as they come.

Two blocks of arrivals of one size become one that is sorted by term, as in a log-structured merge tree (O'Neil et al.
1996): a text is compared with few sorted blocks, however many arrivals there are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows
from recsys.largest import largest
from recsys.likeness import Likeness
from recsys.postings import Float32s, Hashes, Terms


@dataclass(frozen=True, slots=True)
class _Block:
    """(m,) entries by term: its hash, the arrival that holds it (0 for the block's first), and its weight there."""

    hashes: Hashes
    holders: npt.NDArray[np.int32]
    weights: Float32s
    arrivals: int

    def then(self, later: "_Block") -> "_Block":
        """Both as one."""
        hashes = np.concatenate([self.hashes, later.hashes])
        order = np.argsort(hashes, kind="stable")  # of two sorted runs, so nearly linear
        holders = np.concatenate([self.holders, later.holders + np.int32(self.arrivals)])[order]
        weights = np.concatenate([self.weights, later.weights])[order]
        return _Block(hashes[order], holders, weights, self.arrivals + later.arrivals)

    def similarities(self, terms: Terms) -> Float32s:
        """(arrivals,) float32 in [0, 1]: the cosine of each with this one; see `recsys.postings` for fresh terms.

        The length of either is that of its other terms and of the fresh ones that both hold.
        """
        first, last = (np.searchsorted(self.hashes, terms.hashes, side) for side in ("left", "right"))
        held = last - first
        ends = np.cumsum(held)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(last - ends, held)
        holders, theirs, mine = self.holders[places], self.weights[places], np.repeat(terms.weights, held)
        found, fresh = np.bincount(holders, mine * theirs, self.arrivals), np.repeat(terms.fresh, held)
        lengths = [1.0 + np.bincount(holders[fresh], one[fresh] ** 2, self.arrivals) for one in (mine, theirs)]
        return np.clip(found / np.sqrt(lengths[0] * lengths[1]), 0.0, 1.0).astype(np.float32)


class Recent:
    """Says how alike the arrivals so far are to a text."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []  # oldest and largest first

    def similarities(self, terms: Terms) -> Float32s:
        """(arrivals,) float32 in [0, 1]: the cosine of each with this one."""
        return np.concatenate([np.empty(0, np.float32), *(block.similarities(terms) for block in self._blocks)])

    def add(self, terms: Terms) -> None:
        """The next arrival."""
        self._blocks.append(_Block(terms.hashes, np.zeros(len(terms.hashes), np.int32), terms.weights, 1))
        while len(self._blocks) > 1 and self._blocks[-1].arrivals >= self._blocks[-2].arrivals:
            self._blocks[-2:] = [self._blocks[-2].then(self._blocks[-1])]


@dataclass(frozen=True, slots=True)
class Alike:
    """How alike the articles of a release, and the arrivals so far, are to a text.

    Attributes:
        night: the release's.
        later: (arrivals,) float32, the arrivals'.
    """

    night: Likeness
    later: Float32s

    def at(self, rows: Rows) -> Float32s:
        """(m,) float32 in [0, 1]: the cosines with these rows."""
        n = self.night.postings.n
        found, old = np.empty(len(rows), np.float32), rows < n
        found[old] = self.night.at(rows[old])
        found[~old] = self.later[rows[~old] - n]
        return found

    def nearest(self, k: int) -> tuple[Int64, Float32s]:
        """(rows, cosines) of the k nearest of either, as the arrivals' rarity is an estimate; in no order."""
        rows, found = self.night.nearest(k)
        later = largest(self.later, k)
        return np.concatenate([rows, self.night.postings.n + later]), np.concatenate([found, self.later[later]])
