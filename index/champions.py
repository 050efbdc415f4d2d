"""The nearest by words in a large archive: candidates from the texts where each term weighs most, compared exactly.

To multiply every row with every list of texts costs the square of the archive, as the lists grow with it. Of each list
only its champions are gone through (Manning, Raghavan, Schütze 2008, "Introduction to Information Retrieval", 7.1.3):
what they make of a text is a lower bound of its similarity, so more candidates are kept than are wanted, and each is
then compared by all its terms.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64
from recsys.grouping import first_of_each
from recsys.lexical import WordVectors, as_writable, similarity
from recsys.recall import is_safely_above, share_found

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

log = logging.getLogger(__name__)

EXACT_UP_TO = 300_000  # texts that are all compared: up to here what could be saved costs more in candidates
FIRST = 4_000  # champions of a term that are tried first
_WIDE = 3  # candidates for each text that is wanted
_SAMPLE = 256
Found = tuple[Int64, Int64, npt.NDArray[np.float32]]


class NearestByWords(Protocol):
    """What finds the nearest by words."""

    def nearest(self, start: int, stop: int, k: int, threads: int = -1) -> Found:
        """As `WordVectors.nearest`."""


@dataclass(frozen=True, slots=True)
class Champions:
    """Candidates by few texts for each term; make one with `of`.

    Attributes:
        matrix: all terms of all texts, as `WordVectors` has them.
        columns: (terms, n) CSR float32: of each term the texts where it weighs most.
        most: how many these are at most.
    """

    matrix: "csr_matrix[Any]"
    columns: "csr_matrix[Any]"
    most: int

    @classmethod
    def of(cls, words: WordVectors, most: int) -> "Champions":
        """Those of these texts; `most` >= 1 for each term. Of equal weights the first rows."""
        from scipy.sparse import csr_matrix

        whole = words.columns
        held = np.diff(whole.indptr)
        keep = np.ones(whole.nnz, np.bool_)
        for term in np.flatnonzero(held > most).tolist():
            span = slice(int(whole.indptr[term]), int(whole.indptr[term + 1]))
            keep[span] = False
            keep[span.start + np.argsort(-whole.data[span], kind="stable")[:most]] = True
        starts = np.concatenate([[0], np.cumsum(np.minimum(held, most))])
        return cls(words.matrix, csr_matrix((whole.data[keep], whole.indices[keep], starts), shape=whole.shape), most)

    def nearest(self, start: int, stop: int, k: int, threads: int = -1) -> Found:
        """As `WordVectors.nearest`: nearly always the same rows, and always with their exact similarity."""
        from sparse_dot_topn import sp_matmul_topn

        block, columns = as_writable(self.matrix[start:stop]), as_writable(self.columns)
        found = sp_matmul_topn(block, columns, top_n=_WIDE * k + 1, threshold=1e-6, n_threads=threads).tocoo()
        rows, near = found.coords[0].astype(np.int64) + start, found.coords[1].astype(np.int64)
        order = np.lexsort((near, rows))
        order = order[rows[order] != near[order]]
        rows, near = rows[order], near[order]
        found_similarity = similarity(self.matrix, rows, near)
        best = np.lexsort((near, -found_similarity, rows))
        best = best[first_of_each(rows[best], k)]
        return rows[best], near[best], found_similarity[best]


def search_by_words(words: WordVectors, k: int, wanted: float) -> tuple[NearestByWords, dict[str, int | float | str]]:
    """What finds the k nearest of these texts by words, and what the manifest says of it: nothing where it is exact.

    Twice as many champions are taken until the share `wanted` of the k nearest is safely found, on a sample; with as
    many as the longest list has nothing is left out.
    """
    if len(words) <= EXACT_UP_TO:
        return words, {}
    starts = np.linspace(0, len(words) - 1, _SAMPLE).astype(np.int64).tolist()
    exact = [words.nearest(row, row + 1, k)[2][:k] for row in starts]
    most, longest = FIRST, int(np.diff(words.columns.indptr).max(initial=1))
    while True:
        champions = Champions.of(words, most)
        reached = _share(champions, k, starts, exact)
        log.info("nearest by words, %d texts a term: recall@%d %.4f on %d rows", most, k, reached, len(starts))
        if is_safely_above(reached, wanted) or most >= longest:
            return champions, {"words_champions": most, "words_recall": reached}
        most *= 2


def _share(champions: Champions, k: int, rows: list[int], exact: list[npt.NDArray[np.float32]]) -> float:
    """Mean share of what is to be found that is found."""
    pairs = zip(rows, exact, strict=True)
    shares = [share_found(champions.nearest(row, row + 1, k)[2], truth) for row, truth in pairs if len(truth)]
    return float(np.mean(shares or [1.0]))
