"""Nearest vectors. With `recsys.approximate` all that imports FAISS, and the guard around its sharp edges."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from recsys.approximate import Approximate, Packed
from recsys.candidates import Candidates
from recsys.errors import ReleaseDamaged
from recsys.index_kind import Kind

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

NO_ROW = -1
FOUND_BY = ".ann"  # suffix of the file beside the vectors, where the kind is approximate
_SPARE = 16  # rows fetched beyond k, so that a tie at the end can be settled
_WIDEST = 4096  # rows beyond k after which a tie is left as it is
_PAIRS = 2048  # pairs whose similarity is worked out at a time: bounds memory, and fits the cache


class Nearest(NamedTuple):
    """What a search found, best first: larger similarity, then smaller row.

    Where there are fewer than k rows, the rest of a line is row -1 with similarity -inf. NumPy takes -1 for the last
    row, so never index with `rows` as it is: use `found`, or `of`.
    """

    rows: Rows  # (m, k) int64
    similarities: Vectors  # (m, k) float32, inner product: cosine in [-1, 1] for unit rows

    @property
    def found(self) -> NDArray[np.bool_]:
        """(m, k) bool: True where there is a row."""
        mask: NDArray[np.bool_] = self.rows != NO_ROW
        return mask

    def of(self, query: int) -> tuple[Rows, Vectors]:
        """(rows, similarities) of one query, each (at most k,), without the empty places."""
        found = self.found[query]
        return self.rows[query][found], self.similarities[query][found]


class VectorIndex:
    """Search by inner product over unit vectors. Row numbers are the order in which they were given.

    Exact as `build` gives it; `found_by` makes one of an approximate kind over the same vectors. That one may miss a
    row, but what it finds has its exact similarity and stands in the exact order.
    """

    def __init__(self, index: Any, approximate: Candidates | None = None) -> None:
        self._index = index  # use `build` or `open`
        self._approximate = approximate

    @classmethod
    def build(cls, vectors: Vectors | Iterable[Vectors], dim: int) -> "VectorIndex":
        """An index over (n, dim) float32 unit rows, given whole or in blocks of rows.

        Raises ValueError where a block has another width or a row is not finite. That rows are of unit length is what
        the checks before publishing look at.
        """
        index = faiss.IndexFlatIP(dim)
        for block in [vectors] if isinstance(vectors, np.ndarray) else vectors:
            rows = _matrix(block, dim, "vectors")
            index.add(rows)
        return cls(index)

    @classmethod
    def open(cls, path: Path, *, n: int, dim: int, candidates: Candidates | None = None) -> "VectorIndex":
        """The index in `path`, memory-mapped: processes that open the same file share its memory.

        `candidates` proposes rows in the place of what lies beside it.

        Raises ReleaseDamaged where the file is missing, cut short, or not an inner-product index of (n, dim).
        """
        expected = faiss.serialize_index(faiss.IndexFlatIP(dim)).nbytes + n * dim * np.dtype(np.float32).itemsize
        size = path.stat().st_size if path.is_file() else 0
        if size != expected:  # asked first: FAISS 1.15 was seen to crash on a file cut inside its header
            raise ReleaseDamaged(f"{path} has {size} bytes, expected {expected} for {n} vectors of {dim} numbers")
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except (RuntimeError, MemoryError) as error:
            raise ReleaseDamaged(f"{path} cannot be read as a vector index: {error}") from error
        if (index.ntotal, index.d, index.metric_type) != (n, dim, faiss.METRIC_INNER_PRODUCT):
            raise ReleaseDamaged(
                f"{path} holds {index.ntotal} vectors of {index.d} numbers, metric {index.metric_type}; "
                f"expected {n} of {dim}, metric {faiss.METRIC_INNER_PRODUCT}"
            )
        beside = path.with_suffix(FOUND_BY)
        if candidates is None and beside.exists():
            candidates = Approximate.open(beside, index)
        return cls(index, candidates)

    def found_by(self, kind: Kind) -> Iterator["VectorIndex"]:
        """Over these very vectors an index of `kind`, and then ones that look at more and more: slower, and miss less.

        Needs at least 1,000 vectors, unless `kind` is flat: that is this very index.
        """
        if kind is Kind.FLAT:
            yield VectorIndex(self._index)
        else:
            yield from (VectorIndex(self._index, a) for a in Approximate.build(kind, self._index).harder())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as arrays; where these come as buffers of their own (pickle's protocol 5) the vectors stay there.

        Whoever else proposed rows stays behind, and all are compared.
        """
        packed = self._approximate.packed() if isinstance(self._approximate, Approximate) else None
        return _unpacked, (faiss.serialize_index(self._index), packed)

    def proposed_by(self, candidates: Candidates) -> "VectorIndex":
        """Over these very vectors an index for which others propose rows."""
        return VectorIndex(self._index, candidates)

    def save(self, path: Path) -> None:
        """Write the vectors to `path`, and what finds candidates beside it where there is such: `path` with the suffix
        `FOUND_BY`. Both are fsynced. Raises OSError when the disk is full.

        Goes through a Python file, because `faiss.write_index(path)` was seen to cut a file short without an error.
        """
        with path.open("wb") as stream:
            writer = faiss.PyCallbackIOWriter(stream.write)  # type: ignore[attr-defined]  # missing in FAISS's stubs
            faiss.write_index(self._index, writer)
            stream.flush()
            os.fsync(stream.fileno())
        if isinstance(self._approximate, Approximate):
            self._approximate.save(path.with_suffix(FOUND_BY))

    @property
    def kind(self) -> Kind:
        """How candidates are found."""
        return self._approximate.kind if self._approximate else Kind.FLAT

    @property
    def effort(self) -> int:
        """Cells (IVF) or candidates (efSearch) that a search looks through; 0 where it looks at every row."""
        return self._approximate.effort if self._approximate else 0

    def answers(self) -> bool:
        """Whether `search` would be answered now: False where an engine elsewhere is known to be lost."""
        return self._approximate is None or self._approximate.answers()

    @property
    def n(self) -> int:
        """Number of vectors."""
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of each vector."""
        return int(self._index.d)

    def vectors(self, rows: Rows) -> Vectors:
        """(m, dim) float32: the vectors of `rows` (m,) int64. Raises IndexError on a row outside 0 … n-1, also -1."""
        wanted = np.ascontiguousarray(rows, dtype=np.int64)
        if wanted.size and (wanted.min() < 0 or wanted.max() >= self.n):
            raise IndexError(f"rows must be in 0 … {self.n - 1}, found {wanted.min()} … {wanted.max()}")
        if not wanted.size:
            return np.empty((0, self.dim), dtype=np.float32)
        found: Vectors = self._index.reconstruct_batch(wanted)
        return found

    def search(self, queries: Vectors, k: int) -> Nearest:
        """The k nearest rows of each of (m, dim) unit `queries`. See `Nearest` for order, ties and empty places.

        An index of an approximate kind may have missed some; who got fewer than there are is searched for exactly.

        Raises ValueError on queries that are not (m, dim) and finite, and on a negative k; EngineLost where candidates
        come from an engine that does not answer (`exact` goes on).
        """
        if self._approximate is None:
            return self.exact(queries, k)
        asked = _matrix(queries, self.dim, "queries")
        if k < 0:
            raise ValueError(f"k must not be negative, found {k}")
        rows = np.full((len(asked), k), NO_ROW, dtype=np.int64)
        similarities = np.full((len(asked), k), -np.inf, dtype=np.float32)
        most = min(k, self.n)
        if most and len(asked):
            near = self._ranked(asked, self._approximate.search(asked, min(self.n, k + _SPARE)))
            rows[:, :most], similarities[:, :most] = near.rows[:, :most], near.similarities[:, :most]
            short = np.flatnonzero(rows[:, most - 1] == NO_ROW)
            rows[short], similarities[short] = self.exact(asked[short], k)
        return Nearest(rows, similarities)

    def exact(self, queries: Vectors, k: int) -> Nearest:
        """As `search`, but every vector is looked at, whatever the kind.

        FAISS finds the candidates; their similarities are then worked out pair by pair in float64, so that a query gets
        the same numbers alone or among others, in memory or mapped, and equal vectors get equal ones. A tie that spans
        more than 4,096 rows is settled by FAISS's own order.

        Raises ValueError on queries that are not (m, dim) and finite, and on a negative k.
        """
        asked = _matrix(queries, self.dim, "queries")
        if k < 0:
            raise ValueError(f"k must not be negative, found {k}")
        rows = np.full((len(asked), k), NO_ROW, dtype=np.int64)
        similarities = np.full((len(asked), k), -np.inf, dtype=np.float32)
        most = min(k, self.n)
        pending = np.arange(len(asked) if most else 0)
        spare = _SPARE
        while pending.size:
            fetch = min(self.n, k + spare)
            approximate, candidates = self._index.search(asked[pending], fetch)
            near = self._ranked(asked[pending], candidates)
            rows[pending, :most], similarities[pending, :most] = near.rows[:, :most], near.similarities[:, :most]
            if fetch == self.n or spare >= _WIDEST:
                break
            # settled: whatever FAISS left out is further than the k-th, by more than float32 can err (Higham 2002, 3.1)
            slack = self.dim * 2.0**-23 * np.maximum(1.0, np.linalg.norm(asked[pending], axis=1))
            pending = pending[approximate[:, -1] >= similarities[pending, most - 1] - slack]
            spare *= 4
        return Nearest(rows, similarities)

    def _ranked(self, queries: Vectors, candidates: Rows) -> Nearest:
        """`candidates` (m, c), c >= 1, with their exact similarities, in the stated order; -1 comes last."""
        known = candidates != NO_ROW
        similarities = np.empty(candidates.shape, dtype=np.float32)
        step = max(1, _PAIRS // candidates.shape[1])
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            rows = np.where(known[part], candidates[part], 0)
            theirs = self.vectors(rows.ravel()).astype(np.float64).reshape(*rows.shape, self.dim)
            similarities[part] = np.vecdot(theirs, queries[part, None].astype(np.float64))
        similarities[~known] = -np.inf
        order = np.lexsort((candidates, -similarities), axis=1)
        return Nearest(np.take_along_axis(candidates, order, 1), np.take_along_axis(similarities, order, 1))


def _unpacked(flat: NDArray[np.uint8], packed: Packed | None) -> VectorIndex:
    """What `VectorIndex.__reduce__` took apart; the vectors stay in `flat`."""
    index = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(flat), flat.size))  # type: ignore[attr-defined]
    index.referenced_objects = [flat]  # type: ignore[attr-defined]  # FAISS's own way to keep what its memory belongs to
    return VectorIndex(index, Approximate.unpacked(packed, index) if packed else None)


def _matrix(values: Vectors, dim: int, name: str) -> Vectors:
    """`values` as contiguous (m, dim) float32; ValueError on another shape, NaN or infinity."""
    matrix = np.ascontiguousarray(values, dtype=np.float32)
    if matrix.ndim != 2 or matrix.shape[1] != dim:
        raise ValueError(f"{name} must have the shape (m, {dim}), found {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"{name} must be finite: found NaN or infinity")
    return matrix
