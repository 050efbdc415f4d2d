"""Kin: what the nearest of two articles have to do with the other.

Two reports on one event may share few words, but the same third ones are near to both. With S the relevance by text of
every measured pair (1 for an article itself) and N the nearest few of each row, weighed by relevance and time so that
each row of N sums to 1,

    kin(a, b) = ( Σ_c N[a, c] · S[c, b]  +  Σ_c S[a, c] · N[b, c] ) / 2        in [0, 1]

the mean of what a's nearest make of b and of what b's nearest make of a: one step of query expansion and one of
document expansion (Efron, Organisciak, Fenlon 2012, "Improving retrieval of short texts through document expansion").
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.pair_table import PairBlock, PairTable
from recsys.columns import Int64
from recsys.grouping import first_of_each
from recsys.kinship import SHARPNESS
from recsys.nearest import NEAREST

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Float32s = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class KinBlock:
    """The kin of some rows.

    Attributes:
        values: (pairs,) float32, kin of the pairs that are in the table already, in its order.
        owners, near, found: (new,) the best pairs that are not in the table, by owner and then by near, and their kin.
    """

    values: Float32s
    owners: Int64
    near: Int64
    found: Float32s


@dataclass(frozen=True, slots=True)
class KinTable:
    """What kin is worked out from; make one with `of`.

    Attributes:
        by_text: (n, n) S above but for its diagonal: of each measured pair the relevance by text.
        nearest: (n, n) N above.
        to_nearest: the same turned over.
    """

    by_text: "csr_matrix[Any]"
    nearest: "csr_matrix[Any]"
    to_nearest: "csr_matrix[Any]"

    @classmethod
    def of(cls, table: PairTable, relevance: Float32s, nearest: "csr_matrix[Any]") -> "KinTable":
        """Of the pairs of this table: (pairs,) `relevance` by text, in [0, 1], and N of `nearest_of`."""
        from scipy.sparse import csr_matrix

        shape = len(table), len(table)
        by_text = csr_matrix((relevance, table.rows.values, table.rows.offsets), shape=shape)
        return cls(by_text, nearest, nearest.T.tocsr())

    def block(self, start: int, stop: int, k: int) -> KinBlock:
        """The kin of every pair of the rows start … stop-1, and of the k best that each of these rows lacks."""
        span = slice(start, stop)
        own, near = self.by_text[span], self.nearest[span]
        to_itself = near + self.to_nearest[span]  # the ones on the diagonal of S
        found = (near @ self.by_text + own @ self.to_nearest + to_itself) * np.float32(0.5)
        return _block(found.tocsr(), own, start, k)


def nearest_of(table: PairTable, score: Callable[[PairBlock], Floats]) -> "csr_matrix[Any]":
    """(n, n) N above: NEAREST entries a row, summing to 1, or none where nothing is related at all.

    `score` gives the (m,) scores of a block's pairs: by text, times a factor that favours who is near in time.
    """
    from scipy.sparse import csr_matrix

    owners, near, shares = [np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for block in table.blocks():
        scores = score(block)
        places = nearest_pairs(block, scores, NEAREST)
        own = block.owners[places]
        weight = np.maximum(scores[places], 0.0).astype(np.float64) ** SHARPNESS
        total = np.bincount(own - block.start, weights=weight, minlength=block.stop - block.start)[own - block.start]
        shares.append(np.divide(weight, total, out=np.zeros_like(weight), where=total > 0).astype(np.float32))
        owners.append(own)
        near.append(block.near[places])
    ends = np.concatenate(owners), np.concatenate(near)
    return csr_matrix((np.concatenate(shares), ends), shape=(len(table), len(table)))


def nearest_pairs(block: PairBlock, score: Floats, k: int) -> Int64:
    """Places in the block of each row's k pairs with the largest score, best first; of equals the smaller row."""
    order = np.lexsort((block.near, -score, block.owners))
    best: Int64 = order[first_of_each(block.owners, k)]  # which are sorted, so order keeps them
    return best


def _block(found: "csr_matrix[Any]", known: "csr_matrix[Any]", start: int, k: int) -> KinBlock:
    """`found` is the kin of some rows, `known` has the pairs of the table."""
    found.sort_indices()
    keys, mine = _keys(found, start), _keys(known, start)
    kin = np.minimum(found.data.astype(np.float32), np.float32(1.0))
    return KinBlock(_values_at(keys, kin, mine), *_best_of(keys, kin, mine, found.shape[1], k))


def _keys(rows: "csr_matrix[Any]", start: int) -> Int64:
    """owner · n + near of each entry of the rows start …"""
    owners = np.repeat(np.arange(start, start + rows.shape[0]), np.diff(rows.indptr))
    keys: Int64 = owners * rows.shape[1] + rows.indices
    return keys


def _values_at(keys: Int64, values: Float32s, wanted: Int64) -> Float32s:
    """The values at the keys `wanted`, 0 where there is none; `keys` is sorted."""
    out = np.zeros(len(wanted), np.float32)
    if len(keys):
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        known = keys[places] == wanted
        out[known] = values[places[known]]
    return out


def _best_of(keys: Int64, kin: Float32s, known: Int64, n: int, k: int) -> tuple[Int64, Int64, Float32s]:
    """The k pairs of each owner with the largest kin that are neither known nor the article itself."""
    fresh = kin > 0
    if len(known):  # both are sorted
        fresh &= known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] != keys
    keys, kin = keys[fresh], kin[fresh]
    owners, near = keys // n, keys % n
    others = owners != near
    owners, near, kin = owners[others], near[others], kin[others]
    order = np.lexsort((near, -kin, owners))
    best = np.sort(order[first_of_each(owners, k)])  # back to the order by owner and near
    return owners[best], near[best], kin[best]
