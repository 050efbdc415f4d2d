"""Recall of a vector index, and the least effort that reaches what is wanted of it."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64
from recsys.vectors import Nearest, VectorIndex

_CAUTION = 0.25  # part of the way from what must be reached to 1 that is aimed at: a sample errs
_SEED = 7


def sample(n: int, size: int) -> Int64:
    """(min(n, size),) int64 rows, drawn with a fixed seed, rising."""
    rows: Int64 = np.sort(np.random.default_rng(_SEED).choice(n, min(n, size), replace=False)) if n else np.arange(0)
    return rows


def recall(index: VectorIndex, rows: Int64, k: int) -> float:
    """Mean share of the k nearest other rows of `rows` that a search finds, in [0, 1]; 1 where there are none.

    Of rows with equal similarity each is as good. A row is taken to be among its own nearest, and not counted.
    """
    return _share(index, rows, k, truth(index, rows, k))


def truth(index: VectorIndex, rows: Int64, k: int) -> Nearest:
    """What an exact search finds for `rows` and the k nearest others."""
    return index.exact(index.vectors(rows), k + 1)


def is_safely_above(reached: float, wanted: float) -> bool:
    """Whether a recall on a sample is so far above the one that is wanted that the sample may err."""
    return reached >= wanted + _CAUTION * (1.0 - wanted)


def share_found(similarities: npt.NDArray[np.floating[Any]], truth: npt.NDArray[np.floating[Any]]) -> float:
    """Share of the nearest, which have the similarities `truth`, that is found; one of equal similarity is as good.

    Both are in any order; there is at least one to be found.
    """
    return min(int((similarities >= truth.min() - 1e-6).sum()), len(truth)) / len(truth)


def least_effort(indexes: Iterable[VectorIndex], rows: Int64, k: int, wanted: float) -> tuple[VectorIndex, float]:
    """The first of these indexes over the same vectors that comes safely above the recall `wanted`, and its recall.

    The last of them where none does. `indexes` must not be empty.
    """
    exact: Nearest | None = None
    for index in indexes:
        exact = exact or truth(index, rows, k)
        reached = _share(index, rows, k, exact)
        if is_safely_above(reached, wanted):
            break
    return index, reached


def _share(index: VectorIndex, rows: Int64, k: int, exact: Nearest) -> float:
    others = min(k, index.n - 1)
    if others < 1 or not len(rows):
        return 1.0
    found = index.search(index.vectors(rows), k + 1)
    enough = found.similarities >= exact.similarities[:, others, None]  # the last that is wanted is at this place
    hits = np.minimum((enough & found.found).sum(axis=1), others + 1)
    return float((np.maximum(hits - 1, 0) / others).mean())
