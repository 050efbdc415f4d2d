"""Pairs of near articles: by meaning, by words and among the works of the same authors, a block of rows at a time.

Each block is a piece of work of its own, so that a crew can share them out; what is found goes to the disk.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.crew import Crew
from index.mates import mates
from index.pair_table import PairTable, PairWriter, equal_spans
from recsys.columns import Int32, Int64, ListColumn
from recsys.grouping import first_of_each
from recsys.lexical import WordVectors, similarity
from recsys.progress import Advance
from recsys.vectors import VectorIndex

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Float32s = npt.NDArray[np.float32]
_PAIRS = 50_000  # whose vectors are in memory at once, twice


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the night knows of n articles when it looks for neighbours.

    Attributes:
        vectors: what they mean.
        words: the terms that they hold.
        names: the names that they hold.
        published: (n,) int64, seconds since 1970 UTC, `UNDATED` where unknown.
        length: (n,) int32, characters of the text that the model was given.
        author_rows: for each author the rows of his or her articles.
        aside: what may be left aside of an article's words; see `WordVectors.nearest`.
    """

    vectors: VectorIndex
    words: WordVectors
    names: WordVectors
    published: Int64
    length: Int32
    author_rows: ListColumn
    aside: float = 0.0


@dataclass(frozen=True, slots=True)
class _Search:
    """What every block needs.

    Attributes:
        vectors, words, aside: as in `Corpus`.
        names: unit rows, as `WordVectors` has them.
        by_author: the pairs of `mates`.
        k: how many are wanted of each way.
    """

    vectors: VectorIndex
    words: WordVectors
    aside: float
    names: "csr_matrix[Any]"
    by_author: tuple[Int64, Int64]
    k: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The pairs of a block's rows: how many each row has, and what was measured of them."""

    counts: Int64
    near: Int32
    cosine: Float32s
    words: Float32s
    names: Float32s


def near_pairs(corpus: Corpus, k: int, folder: Path, advance: Advance, crew: Crew) -> PairTable:
    """The k nearest by meaning, the k nearest by words, and the nearest among the works of the same authors.

    Pairs by owner and then by near row, with `cosine`, `words` and `names`, as files in `folder`.
    """
    by_author = mates(corpus.vectors, corpus.author_rows)
    search = _Search(corpus.vectors, corpus.words, corpus.aside, corpus.names.matrix, by_author, k)
    with PairWriter(folder, "pairs", ("cosine", "words", "names")) as writer:
        for block in crew.each(_found, search, equal_spans(corpus.vectors.n)):
            writer.append(block.counts, values=block.near, cosine=block.cosine, words=block.words, names=block.names)
            advance(len(block.counts))
    return writer.table()


def cosines(vectors: VectorIndex, rows: Int64, near: Int64) -> Float32s:
    """(pairs,) float32 in [-1, 1], worked out pair by pair."""
    out = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _PAIRS):
        span = slice(start, start + _PAIRS)
        out[span] = np.vecdot(vectors.vectors(rows[span]), vectors.vectors(near[span]))
    return np.clip(out, -1.0, 1.0)


def _found(search: _Search, span: tuple[int, int]) -> _Found:
    start, stop = span
    owners, others, by_words = _union(
        _both(_by_meaning(search.vectors, start, stop, search.k), _span(search.by_author, start, stop)),
        search.words.nearest(start, stop, search.k, search.aside),
    )
    unmeasured = np.isnan(by_words)
    by_words[unmeasured] = search.words.similarity(owners[unmeasured], others[unmeasured])
    return _Found(
        counts=np.bincount(owners - start, minlength=stop - start),
        near=others.astype(np.int32),
        cosine=cosines(search.vectors, owners, others),
        words=by_words,
        names=similarity(search.names, owners, others),
    )


def _union(by_meaning: tuple[Int64, Int64], by_words: tuple[Int64, Int64, Float32s]) -> tuple[Int64, Int64, Float32s]:
    """Every pair of either once, in order, with the similarity by words: NaN where words did not find it."""
    owners, near = (np.concatenate(both) for both in zip(by_meaning, by_words[:2], strict=True))
    measured = np.concatenate([np.full(len(by_meaning[0]), np.nan, np.float32), by_words[2]])
    order = np.lexsort((np.isnan(measured), near, owners))  # of two equal pairs the measured one comes first
    owners, near, measured = owners[order], near[order], measured[order]
    first = np.ones(len(owners), np.bool_)
    first[1:] = (owners[1:] != owners[:-1]) | (near[1:] != near[:-1])
    return owners[first], near[first], measured[first]


def _both(one: tuple[Int64, Int64], other: tuple[Int64, Int64]) -> tuple[Int64, Int64]:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _span(pairs: tuple[Int64, Int64], start: int, stop: int) -> tuple[Int64, Int64]:
    """The pairs of the rows start … stop-1; `pairs` are sorted by owner."""
    span = slice(*np.searchsorted(pairs[0], [start, stop]))
    return pairs[0][span], pairs[1][span]


def _by_meaning(vectors: VectorIndex, start: int, stop: int, k: int) -> tuple[Int64, Int64]:
    """Pairs (row, near row) of the rows start … stop-1; FAISS's -1 for "nothing found" is left out."""
    rows = np.arange(start, stop)
    found, _ = vectors.search(vectors.vectors(rows), k + 1)
    owners = np.repeat(rows, found.shape[1])
    near = found.ravel()
    keep = (near >= 0) & (near != owners)
    owners, near = owners[keep], near[keep]
    first = first_of_each(owners, k)  # a row with an equal beside it may be missing among its own k + 1 nearest
    return owners[first], near[first]
