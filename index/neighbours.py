"""For every article the nearest by meaning and the nearest by words, with both similarities for each.

The union matters: re-ranking only the nearest by meaning was measured to gain nothing over words alone, because on
long articles words find what the model, which reads the first page, cannot.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int64, ListColumn
from recsys.lexical import WordVectors
from recsys.progress import Advance
from recsys.vectors import VectorIndex

_BLOCK = 1_024
_PAIRS = 200_000
_NOTHING = np.empty(0, np.int32)
_NO_VALUES = np.empty(0, np.float32)


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


def neighbours(
    vectors: VectorIndex, words: WordVectors, k: int, advance: Advance = lambda number: None
) -> NeighbourTable:
    """The union of the k nearest rows by cosine and the k nearest by words, for every row.

    Both similarities are exact for every pair, whichever of the two found it. Works through a block of rows at a time,
    so that only the table itself grows with the archive; `advance` is told how many rows were done.
    """
    counts, near, cosine, shared = [np.zeros(1, np.int64)], [_NOTHING], [_NO_VALUES], [_NO_VALUES]
    for start in range(0, vectors.n, _BLOCK):
        stop = min(start + _BLOCK, vectors.n)
        owners, others, similarity = _union(_by_meaning(vectors, start, stop, k), _by_words(words, start, stop, k))
        unmeasured = np.isnan(similarity)
        similarity[unmeasured] = words.similarity(owners[unmeasured], others[unmeasured])
        counts.append(np.bincount(owners - start, minlength=stop - start))
        near.append(others.astype(np.int32))
        cosine.append(_cosines(vectors, owners, others))
        shared.append(similarity)
        advance(stop - start)
    rows = ListColumn(np.cumsum(np.concatenate(counts)), np.concatenate(near))
    return NeighbourTable(rows, np.concatenate(cosine), np.concatenate(shared))


def _union(
    by_meaning: tuple[Int64, Int64], by_words: tuple[Int64, Int64, npt.NDArray[np.float32]]
) -> tuple[Int64, Int64, npt.NDArray[np.float32]]:
    """Every pair of either once, in order, with the similarity by words: NaN where words did not find it."""
    owners, near = (np.concatenate(both) for both in zip(by_meaning, by_words[:2], strict=True))
    measured = np.concatenate([np.full(len(by_meaning[0]), np.nan, np.float32), by_words[2]])
    order = np.lexsort((np.isnan(measured), near, owners))  # of two equal pairs the measured one comes first
    owners, near, measured = owners[order], near[order], measured[order]
    first = np.ones(len(owners), np.bool_)
    first[1:] = (owners[1:] != owners[:-1]) | (near[1:] != near[:-1])
    return owners[first], near[first], measured[first]


def _by_meaning(vectors: VectorIndex, start: int, stop: int, k: int) -> tuple[Int64, Int64]:
    """Pairs (row, near row) of the rows start … stop-1; FAISS's -1 for "nothing found" is left out."""
    rows = np.arange(start, stop)
    found, _ = vectors.search(vectors.vectors(rows), k + 1)
    owners = np.repeat(rows, found.shape[1])
    near = found.ravel()
    keep = (near >= 0) & (near != owners)
    owners, near = owners[keep], near[keep]
    first = _first_of_each(owners, k)
    return owners[first], near[first]


def _by_words(words: WordVectors, start: int, stop: int, k: int) -> tuple[Int64, Int64, npt.NDArray[np.float32]]:
    """Pairs (row, near row) of the rows start … stop-1, and their similarity."""
    owners, near, similarity = words.nearest(start, stop, k)
    first = _first_of_each(owners, k)
    return owners[first], near[first], similarity[first]


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
