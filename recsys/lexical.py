"""Nearest by words or by names: TF-IDF over the full text, hashed so that it streams and needs no vocabulary.

Terms are counted; the count's square root is weighed by inverse document frequency, and each article's vector is
scaled to length 1, so the dot product of two rows is their cosine. Hashing (Weinberger et al., 2009, "Feature hashing
for large scale multitask learning") keeps memory at the matrix alone. Stems, pairs, the square root and the power of
the idf are the variants that found most; EVALUATION.md has the figures.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64
from recsys.postings import FEATURES, Postings, weights

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.floating]
Singles = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.float16]]
_BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class WordVectors:
    """TF-IDF vectors of n articles.

    Attributes:
        matrix: (n, words) float32 CSR with unit rows (all zero for a text that shares no word with any other).
        columns: the same turned over, (words, n) CSR: what a row is multiplied with.
        features: (words,) uint32, the hash of each column, rising.
        frequency: (FEATURES,) uint32, in how many texts each hash occurs, those left out as well.
        singles: the terms of one text, by hash: (hashes, rows, weights) as `Postings` has them.
    """

    matrix: "csr_matrix[Any]"
    columns: "csr_matrix[Any]"
    features: npt.NDArray[np.uint32]
    frequency: npt.NDArray[np.uint32]
    singles: Singles

    @classmethod
    def of(cls, texts: Iterable[str], terms: Callable[[str], list[str]]) -> "WordVectors":
        """The vectors of these texts, read once as a stream in blocks; `terms` is what is counted of a text."""
        from scipy.sparse import csr_matrix, vstack
        from sklearn.feature_extraction.text import HashingVectorizer

        counter = HashingVectorizer(
            n_features=FEATURES,
            analyzer=terms,
            alternate_sign=False,
            norm=None,
            dtype=np.float32,
        )
        blocks = [counter.transform(block) for block in _blocks(texts, _BLOCK)]
        counts = vstack(blocks, format="csr") if blocks else csr_matrix(np.empty((0, FEATURES), np.float32))
        frequency = np.bincount(counts.indices, minlength=FEATURES).astype(np.uint32)
        of_one = _of_one_text(counts, frequency)
        matrix, features, lengths = _weigh(counts, frequency)
        return cls(matrix, matrix.T.tocsr(), features, frequency, _singles(*of_one, lengths))

    def postings(self) -> Postings:
        """What finds, without scikit-learn, the texts that share words with one that came later."""
        hashes = np.flatnonzero(self.frequency >= 2).astype(np.uint32)
        lengths = np.zeros(len(hashes), np.int64)
        lengths[np.searchsorted(hashes, self.features)] = np.diff(self.columns.indptr)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows, weight = self.columns.indices, self.columns.data.astype(np.float16)
        return Postings(hashes, self.frequency[hashes], offsets, rows, weight, *self.singles, len(self))

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def nearest(self, start: int, stop: int, k: int, threads: int = -1) -> tuple[Int64, Int64, npt.NDArray[np.float32]]:
        """The k nearest other rows of the rows start … stop-1: `(rows, near, similarity)`, each (pairs,), best first.

        Pairs without a word in common are left out, so a row may have fewer than k. Similarity is in (0, 1].
        `threads` -1 takes every core.
        """
        from sparse_dot_topn import sp_matmul_topn

        block, columns = _as_writable(self.matrix[start:stop]), _as_writable(self.columns)
        found = sp_matmul_topn(block, columns, top_n=k + 1, threshold=1e-6, sort=True, n_threads=threads).tocoo()
        rows, near = found.coords[0].astype(np.int64) + start, found.coords[1].astype(np.int64)
        keep = rows != near
        return rows[keep], near[keep], np.minimum(found.data[keep].astype(np.float32), 1.0)

    def similarity(self, rows: Int64, others: Int64) -> npt.NDArray[np.float32]:
        """(m,) cosine in [0, 1] of each pair `(rows[i], others[i])`; quickest where equal `rows` stand together."""
        out = np.zeros(len(rows), np.float32)
        spread = np.zeros(self.matrix.shape[1], np.float32)  # one row, dense, so that the others can be looked up in it
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        for start, end in pairwise(np.append(starts, len(rows))):
            mine = self.matrix[[rows[start]]]
            spread[mine.indices] = mine.data
            theirs = self.matrix[others[start:end]]
            filled = np.flatnonzero(np.diff(theirs.indptr))  # reduceat would give an empty row its neighbour's value
            if len(filled):
                products = theirs.data * spread[theirs.indices]
                out[start + filled] = np.add.reduceat(products, theirs.indptr[:-1][filled])
            spread[mine.indices] = 0.0
        return np.clip(out, 0.0, 1.0)


class _Window:
    """An array's memory, said to be writable."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array  # kept: the memory is its
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}


def _as_writable(matrix: "csr_matrix[Any]") -> "csr_matrix[Any]":
    """The same matrix; sparse_dot_topn takes no read-only arrays, such as mapped ones, though it only reads."""
    from scipy.sparse import csr_matrix

    parts = (matrix.data, matrix.indices, matrix.indptr)
    if all(part.flags.writeable for part in parts):
        return matrix
    return csr_matrix(tuple(np.asarray(_Window(part)) for part in parts), shape=matrix.shape, copy=False)


def _of_one_text(
    counts: "csr_matrix[Any]", frequency: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(hashes, rows, counts) of the terms of a single text, by hash."""
    places = np.flatnonzero(frequency[counts.indices] == 1)
    places = places[np.argsort(counts.indices[places])]
    rows = (np.searchsorted(counts.indptr, places, "right") - 1).astype(np.int32)
    return counts.indices[places].astype(np.uint32), rows, counts.data[places]


def _singles(
    hashes: npt.NDArray[np.uint32], rows: npt.NDArray[np.int32], counts: npt.NDArray[np.float32], lengths: Floats
) -> Singles:
    """As one of two texts they weigh most; a text of nothing else has the length of one such term."""
    (rarest,) = weights(np.array([2]), len(lengths))
    weight = np.sqrt(counts) * rarest / np.maximum(lengths, rarest)[rows]
    return hashes, rows, weight.astype(np.float16)


def _weigh(
    counts: "csr_matrix[Any]", frequency: npt.NDArray[np.uint32]
) -> tuple["csr_matrix[Any]", npt.NDArray[np.uint32], Floats]:
    """(unit rows, the hashes of their columns, (n,) their lengths before); the weights are in `recsys.postings`."""
    from sklearn.preprocessing import normalize

    held = np.flatnonzero(frequency)  # few of all hashes, in most archives
    weight = np.zeros(len(frequency), np.float32)
    weight[held] = weights(frequency[held], counts.shape[0])
    counts.data = np.sqrt(counts.data) * weight[counts.indices]
    counts.eliminate_zeros()
    used = np.unique(counts.indices)
    counts = counts[:, used]  # most of the hashed columns are empty
    counts.sort_indices()
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    return (normalize(counts, copy=False) if counts.nnz else counts), used.astype(np.uint32), lengths


def _blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(texts)
    while block := list(islice(iterator, size)):
        yield block
