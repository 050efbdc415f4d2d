"""Kin: what the nearest of two articles have to do with the other.

Two reports on one event may share few words, but the same third ones are near to both. With S the relevance by text of
every measured pair (1 for an article itself) and N the nearest few of each row, weighed by relevance and time so that
each row of N sums to 1,

    kin(a, b) = ( Σ_c N[a, c] · S[c, b]  +  Σ_c S[a, c] · N[b, c] ) / 2        in [0, 1]

the mean of what a's nearest make of b and of what b's nearest make of a: one step of query expansion and one of
document expansion (Efron, Organisciak, Fenlon 2012, "Improving retrieval of short texts through document expansion").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, ListColumn
from recsys.grouping import first_of_each
from recsys.kinship import NEAREST, SHARPNESS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Float32s = npt.NDArray[np.float32]
_BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class KinBlock:
    """The kin of the rows start … stop-1.

    Attributes:
        values: (pairs,) float32, kin of the pairs that are in the table already, in its order.
        owners, near, found: (new,) the best pairs that are not in the table, by owner and then by near, and their kin.
    """

    start: int
    stop: int
    values: Float32s
    owners: Int64
    near: Int64
    found: Float32s


def kin_blocks(rows: ListColumn, relevance: Float32s, timely: Float32s, k: int) -> Iterator[KinBlock]:
    """The kin of every pair of the table, and of the k best that it lacks for each row, a block of rows at a time.

    Args:
        rows: for each row its neighbours, smallest first.
        relevance: (pairs,) by text, in [0, 1].
        timely: (pairs,) factor > 0 that favours who is near in time among the nearest.
    """
    from scipy.sparse import csr_matrix, eye_array

    n = len(rows)
    by_text = csr_matrix((relevance, rows.values, rows.offsets), shape=(n, n))
    with_itself = csr_matrix(by_text + eye_array(n, dtype=np.float32, format="csr"))
    nearest = _nearest(rows, relevance * timely)
    to_nearest = nearest.T.tocsr()
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        block = (nearest[start:stop] @ with_itself + with_itself[start:stop] @ to_nearest) * np.float32(0.5)
        yield _block(block.tocsr(), rows, start, stop, k)


def nearest_pairs(rows: ListColumn, score: npt.NDArray[np.floating], k: int) -> Int64:
    """Places in the table of each row's k pairs with the largest score, best first; of equals the smaller row."""
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.offsets))
    order = np.lexsort((rows.values, -score, owners))
    best: Int64 = order[first_of_each(owners, k)]
    return best


def _nearest(rows: ListColumn, score: Float32s) -> "csr_matrix[Any]":
    """(n, n) N above: NEAREST entries a row, summing to 1, or none where nothing is related at all."""
    from scipy.sparse import csr_matrix

    n = len(rows)
    places = nearest_pairs(rows, score, NEAREST)
    owners = np.repeat(np.arange(n), np.diff(rows.offsets))[places]
    weight = np.maximum(score[places], 0.0).astype(np.float64) ** SHARPNESS
    total = np.bincount(owners, weights=weight, minlength=n)
    share = np.divide(weight, total[owners], out=np.zeros_like(weight), where=total[owners] > 0)
    return csr_matrix((share.astype(np.float32), (owners, rows.values[places])), shape=(n, n))


def _block(block: "csr_matrix[Any]", rows: ListColumn, start: int, stop: int, k: int) -> KinBlock:
    block.sort_indices()
    n = len(rows)
    owners = np.repeat(np.arange(start, stop), np.diff(block.indptr))
    keys = owners * n + block.indices
    span = slice(int(rows.offsets[start]), int(rows.offsets[stop]))
    mine = np.repeat(np.arange(start, stop), np.diff(rows.offsets[start : stop + 1])) * n + rows.values[span]
    kin = np.minimum(block.data.astype(np.float32), np.float32(1.0))
    return KinBlock(start, stop, _values_at(keys, kin, mine), *_best_of(keys, kin, mine, n, k))


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
    owners, near = keys // n, keys % n
    fresh = np.isin(keys, known, assume_unique=True, invert=True) & (owners != near) & (kin > 0)
    owners, near, kin = owners[fresh], near[fresh], kin[fresh]
    order = np.lexsort((near, -kin, owners))
    best = np.sort(order[first_of_each(owners, k)])  # back to the order by owner and near
    return owners[best], near[best], kin[best]
