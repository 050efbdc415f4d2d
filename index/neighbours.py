"""For every article the nearest by meaning and the nearest by words, with both similarities for each.

The union matters: re-ranking only the nearest by meaning was measured to gain nothing over words alone, because on
long articles words find what the model, which reads the first page, cannot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int64, ListColumn
from recsys.lexical import WordVectors
from recsys.vectors import VectorIndex

_BLOCK = 1_024
_PAIRS = 200_000


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """Neighbours of all rows.

    Attributes:
        rows: for each row its neighbours (int32), smallest first, never itself.
        cosine: (pairs,) float32 in [-1, 1], in the order of `rows.values`.
        words: (pairs,) float32 in [0, 1], in the order of `rows.values`.
    """

    rows: ListColumn
    cosine: npt.NDArray[np.float32]
    words: npt.NDArray[np.float32]


def neighbours(vectors: VectorIndex, words: WordVectors, k: int) -> NeighbourTable:
    """The union of the k nearest rows by cosine and the k nearest by words, for every row.

    Both similarities are exact for every pair, whichever of the two found it.
    """
    n = vectors.n
    by_meaning = _joined(rows * n + near for rows, near in _by_meaning(vectors, k))
    found = [(rows * n + near, similarity) for rows, near, similarity in _by_words(words, k)]
    by_words, similarities = _joined(codes for codes, _ in found), _joined(values for _, values in found)
    pairs = np.union1d(by_meaning, by_words).astype(np.int64)
    rows, near = np.divmod(pairs, max(n, 1))
    shared = np.full(len(pairs), np.nan, np.float32)
    shared[np.searchsorted(pairs, by_words)] = similarities
    unmeasured = np.isnan(shared)
    shared[unmeasured] = words.similarity(rows[unmeasured], near[unmeasured])
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    return NeighbourTable(ListColumn(offsets, near.astype(np.int32)), _cosines(vectors, rows, near), shared)


def _joined(arrays: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, np.int64), *arrays])


def _by_meaning(vectors: VectorIndex, k: int) -> Iterator[tuple[Int64, Int64]]:
    """Pairs (row, near row), a block of rows at a time; FAISS's -1 for "nothing found" is left out."""
    for start in range(0, vectors.n, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, vectors.n))
        found, _ = vectors.search(vectors.vectors(rows), k + 1)
        owners = np.repeat(rows, found.shape[1])
        near = found.ravel()
        keep = (near >= 0) & (near != owners)
        owners, near = owners[keep], near[keep]
        first = _first_of_each(owners, k)
        yield owners[first], near[first]


def _by_words(words: WordVectors, k: int) -> Iterator[tuple[Int64, Int64, npt.NDArray[np.float32]]]:
    """Pairs (row, near row) and their similarity, a block of rows at a time."""
    for owners, near, similarity in words.nearest(k):
        first = _first_of_each(owners, k)
        yield owners[first], near[first], similarity[first]


def _first_of_each(owners: Int64, k: int) -> Bools:
    """The first k of each owner: a row with an equal beside it may be missing among its own k + 1 nearest."""
    mask: Bools = np.arange(len(owners)) - np.searchsorted(owners, owners, "left") < k
    return mask


def _cosines(vectors: VectorIndex, rows: Int64, near: Int64) -> npt.NDArray[np.float32]:
    out = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _PAIRS):
        span = slice(start, start + _PAIRS)
        out[span] = np.vecdot(vectors.vectors(rows[span]), vectors.vectors(near[span]))
    return np.clip(out, -1.0, 1.0)


def semantic_base(vectors: VectorIndex, pairs: int = 20_000, seed: int = 0) -> float:
    """Mean cosine of random pairs of different rows: what "nothing in common" means under this model.

    0 where there are fewer than two articles; kept within [0, 0.9] so that calibration never divides by nothing.
    """
    if vectors.n < 2:
        return 0.0
    random = np.random.default_rng(seed)
    first = random.integers(0, vectors.n, pairs)
    second = (first + random.integers(1, vectors.n, pairs)) % vectors.n
    return float(np.clip(_cosines(vectors, first, second).astype(np.float64).mean(), 0.0, 0.9))
