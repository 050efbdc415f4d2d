"""Nearest by words or by names: TF-IDF over the full text, hashed so that it streams and needs no vocabulary.

Terms are counted; the count's square root is weighed by inverse document frequency, and each article's vector is
scaled to length 1, so the dot product of two rows is their cosine. Hashing (Weinberger et al., 2009, "Feature hashing
for large scale multitask learning") keeps memory at the matrix alone. Stems, pairs, the square root and the power of
the idf are the variants that found most; EVALUATION.md has the figures.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64
from recsys.grouping import first_of_each
from recsys.largest import largest
from recsys.likeness import LONG, lightest
from recsys.matrix_files import ROWS, MatrixWriter, turned_over
from recsys.postings import FEATURES, Postings, weights

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.floating]
Singles = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.float16]]
_BLOCK = 2_000  # texts that are counted at a time
WIDE = 2  # rows that are compared for each one that is wanted, where lists were left aside


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
        """The vectors of these texts, read once as a stream; `terms` is what is counted of a text.

        What grows with the archive is mapped from temporary files, which go when nobody uses them any more.

        Raises:
            OSError: the disk is full.
        """
        with TemporaryDirectory(prefix="words-") as work:
            with CountWriter(Path(work)) as counts:
                for block in _blocks(texts, _BLOCK):
                    counts.append(counted(block, terms))
            return counts.vectors()

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

    def nearest(
        self, start: int, stop: int, k: int, aside: float = 0.0, long: int = LONG
    ) -> tuple[Int64, Int64, npt.NDArray[np.float32]]:
        """The k nearest other rows of the rows start … stop-1: `(rows, near, similarity)`, each (pairs,), best first.

        Pairs without a word in common are left out, so a row may have fewer than k. Similarity is in (0, 1]. The sums
        over the lists of a row's terms are one product of a sparse matrix and a vector: some 2 ns an entry.

        Args:
            aside: >= 0, length of the weights of a row whose lists may be left aside, as in `recsys.likeness`; then
                WIDE · k rows are proposed, and compared by all their terms: nearly always the same are found.
            long: entries of the longest list that is always gone through.
        """
        found = [self._proposed(row, k, aside, long) for row in range(start, stop)]
        rows = np.repeat(np.arange(start, stop), [len(others) for others, _ in found])
        near = np.concatenate([np.empty(0, np.int64), *(others for others, _ in found)])
        cosines = np.concatenate([np.empty(0, np.float32), *(sums for _, sums in found)])
        unmeasured = np.isnan(cosines)
        cosines[unmeasured] = self.similarity(rows[unmeasured], near[unmeasured])
        best = np.lexsort((near, -cosines, rows))
        best = best[first_of_each(rows, k)]  # which are sorted, so the order keeps them
        return rows[best], near[best], np.minimum(cosines[best], 1.0)

    def _proposed(self, row: int, k: int, aside: float, long: int) -> tuple[Int64, npt.NDArray[np.float32]]:
        """(rows, cosines) of the k nearest others in no order; or of more, and NaN, where lists were left aside."""
        span = slice(int(self.matrix.indptr[row]), int(self.matrix.indptr[row + 1]))
        terms, weights = self.matrix.indices[span], self.matrix.data[span]
        left = lightest(weights, self.columns.indptr[terms + 1] - self.columns.indptr[terms], aside, long)
        sums = self.columns[terms[~left]].T @ weights[~left]
        sums[row] = 0.0
        if not left.any():
            others = largest(sums, k)
            return others, sums[others]
        others = largest(sums, WIDE * k)
        return others, np.full(len(others), np.nan, np.float32)

    def similarity(self, rows: Int64, others: Int64) -> npt.NDArray[np.float32]:
        """(m,) cosine in [0, 1] of each pair; as `similarity`."""
        return similarity(self.matrix, rows, others)


def similarity(matrix: "csr_matrix[Any]", rows: Int64, others: Int64) -> npt.NDArray[np.float32]:
    """(m,) cosine in [0, 1] of each pair `(rows[i], others[i])` of unit rows >= 0.

    Quickest where equal `rows` stand together.
    """
    out = np.zeros(len(rows), np.float32)
    spread = np.zeros(matrix.shape[1], np.float32)  # one row, dense, so that the others can be looked up in it
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    for start, end in pairwise(np.append(starts, len(rows))):
        mine = matrix[[rows[start]]]
        spread[mine.indices] = mine.data
        out[start:end] = matrix[others[start:end]] @ spread
        spread[mine.indices] = 0.0
    return np.clip(out, 0.0, 1.0)


def counted(texts: list[str], terms: Callable[[str], list[str]]) -> "csr_matrix[Any]":
    """(texts, FEATURES) float32, how often each text holds each term: what `CountWriter` takes."""
    from sklearn.feature_extraction.text import HashingVectorizer

    counter = HashingVectorizer(n_features=FEATURES, analyzer=terms, alternate_sign=False, norm=None, dtype=np.float32)
    found: csr_matrix[Any] = counter.transform(texts)
    return found


class CountWriter:
    """Takes how often texts hold each term, some texts at a time, and makes vectors of them. Use as a context manager.

    Raises:
        OSError: the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._writer = folder, MatrixWriter(folder, "counts")
        self._frequency = np.zeros(FEATURES, np.uint32)

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def append(self, counts: "csr_matrix[Any]") -> None:
        """The next texts, as `counted` has them."""
        self._frequency += np.bincount(counts.indices, minlength=FEATURES).astype(np.uint32)
        self._writer.append_rows(counts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)

    def vectors(self) -> WordVectors:
        """Those of all texts, mapped from files in the folder, after the block."""
        matrix, features, singles = _weighed(self._writer.matrix(FEATURES), self._frequency, self._folder)
        return WordVectors(matrix, turned_over(matrix, self._folder), features, self._frequency, singles)


def _weighed(
    counts: "csr_matrix[Any]", frequency: npt.NDArray[np.uint32], folder: Path
) -> tuple["csr_matrix[Any]", npt.NDArray[np.uint32], Singles]:
    """(unit rows, the hashes of their columns, the terms of one text); the weights are in `recsys.postings`."""
    from sklearn.preprocessing import normalize

    held = np.flatnonzero(frequency)  # few of all hashes, in most archives
    weight = np.zeros(FEATURES, np.float32)
    weight[held] = weights(frequency[held], counts.shape[0])
    used = np.flatnonzero(weight)
    place = np.zeros(FEATURES, np.int32)  # most of the hashed columns are empty
    place[used] = np.arange(len(used))
    singles = [(np.empty(0, np.uint32), np.empty(0, np.int32), np.empty(0, np.float16))]
    with MatrixWriter(folder, "matrix") as writer:
        for start in range(0, counts.shape[0], ROWS):
            block = counts[start : start + ROWS]
            of_one = _of_one_text(block, frequency)
            block.data = np.sqrt(block.data) * weight[block.indices]
            block.eliminate_zeros()
            block.sort_indices()
            lengths = np.sqrt(np.asarray(block.multiply(block).sum(axis=1)).ravel())
            hashes, rows, single_weights = _singles(*of_one, lengths, counts.shape[0])
            singles.append((hashes, rows + np.int32(start), single_weights))
            block.indices = place[block.indices]
            writer.append_rows(normalize(block, copy=False) if block.nnz else block)
    hashes, rows, single_weights = (np.concatenate(column) for column in zip(*singles, strict=True))
    order = np.argsort(hashes)
    return writer.matrix(len(used)), used.astype(np.uint32), (hashes[order], rows[order], single_weights[order])


def _of_one_text(
    counts: "csr_matrix[Any]", frequency: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(hashes, rows, counts) of the terms of a single text."""
    places = np.flatnonzero(frequency[counts.indices] == 1)
    rows = (np.searchsorted(counts.indptr, places, "right") - 1).astype(np.int32)
    return counts.indices[places].astype(np.uint32), rows, counts.data[places]


def _singles(
    hashes: npt.NDArray[np.uint32],
    rows: npt.NDArray[np.int32],
    counts: npt.NDArray[np.float32],
    lengths: Floats,
    n: int,
) -> Singles:
    """As one of two texts they weigh most; a text of nothing else has the length of one such term."""
    (rarest,) = weights(np.array([2]), n)
    weight = np.sqrt(counts) * rarest / np.maximum(lengths, rarest)[rows]
    return hashes, rows, weight.astype(np.float16)


def _blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(texts)
    while block := list(islice(iterator, size)):
        yield block
