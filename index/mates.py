"""For every article the nearest by its own authors: what "more from this author" shows where it is asked for kin."""

import numpy as np

from recsys.columns import Int64, ListColumn
from recsys.vectors import VectorIndex

MATES = 20  # for each author of an article; a list of an author is rarely longer
_BLOCK = 1_024
_NONE = np.empty(0, np.int64)


def mates(vectors: VectorIndex, author_rows: ListColumn, k: int = MATES) -> tuple[Int64, Int64]:
    """Pairs (row, near row) of the k nearest by meaning among the articles of each author, sorted, none twice.

    Args:
        vectors: what the articles mean.
        author_rows: for each author the rows of his or her articles.
    """
    found = [_of_author(vectors, author_rows[author], k) for author in range(len(author_rows))]
    keys = np.unique(np.concatenate([_NONE, *(owners * vectors.n + near for owners, near in found)]))
    return keys // max(vectors.n, 1), keys % max(vectors.n, 1)


def _of_author(vectors: VectorIndex, rows: Int64, k: int) -> tuple[Int64, Int64]:
    rows = np.sort(rows.astype(np.int64))
    if len(rows) < 2:
        return _NONE, _NONE
    all_of_them, few = vectors.vectors(rows), min(k, len(rows) - 1)
    near: list[Int64] = []
    for start in range(0, len(rows), _BLOCK):
        cosine = all_of_them[start : start + _BLOCK] @ all_of_them.T
        cosine[np.arange(len(cosine)), np.arange(start, start + len(cosine))] = -np.inf
        best = np.argpartition(-cosine, few - 1, axis=1)[:, :few]
        near.append(rows[best])
    return np.repeat(rows, few), np.concatenate(near).ravel()
