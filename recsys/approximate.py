"""Finds candidates among many vectors without looking at all of them. With `recsys.vectors` all that imports FAISS."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss as _faiss
import msgspec
import numpy as np
from numpy.typing import NDArray

from recsys.errors import ReleaseDamaged
from recsys.index_kind import LINKS, Kind, subspaces

faiss: Any = _faiss  # its stubs know nothing of the parameters of a search

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Packed = tuple[str, int, NDArray[np.uint8]]  # kind, effort, FAISS's bytes without the exact vectors

_MAGIC = b"approx-1"
_BLOCK = 16_384  # rows added at a time: bounds memory
_SEED = 20_260_301
_BREADTH = 100  # HNSW's efConstruction
_A_CELL = 64  # vectors to train on, for each cell; FAISS wants 39 at least and takes 256 at most
_ROUNDS = 10  # of k-means
_CLASS = {Kind.HNSW: "IndexHNSWFlat", Kind.IVF_SQ8: "IndexIVFScalarQuantizer", Kind.IVF_PQ4: "IndexIVFPQFastScan"}
_FIRST = {Kind.HNSW: 128, Kind.IVF_SQ8: 16, Kind.IVF_PQ4: 16}
_MOST_LINKED = 4_096  # the largest efSearch
_WIDER = 8  # 4 bits are coarse: of probes p, p / 8 candidates by code (4 at least) for each one asked for


@dataclass(frozen=True, slots=True)
class _Footer:
    """What stands at the end of the file, as JSON, its length, and `_MAGIC`: a file that was cut has none."""

    kind: Kind
    n: int
    dim: int
    effort: int
    size: int  # bytes before the footer


class Approximate:
    """Candidates for searches by inner product over the vectors of a flat index, which it does not copy.

    Equal vectors give equal files, on whatever number of threads: seeds are fixed, and FAISS 1.15.1 builds a graph in
    batches whose result does not depend on who is first (Manohar et al. 2024, ParlayANN, arXiv 2305.04359).
    """

    def __init__(self, kind: Kind, index: Any, flat: Any, effort: int) -> None:
        self.kind = kind
        self.effort = effort
        self._index, self._flat = index, flat
        if kind is Kind.HNSW:
            index.storage, index.own_fields = flat, False
        self._refined = faiss.IndexRefine(index, flat)
        self._base, self._parameters = _parameters(kind, effort)

    @classmethod
    def build(cls, kind: Kind, flat: Any) -> "Approximate":
        """Of `kind`, not flat, over a FAISS flat index of at least 1,000 vectors; its effort is the smallest."""
        made = _graph(flat) if kind is Kind.HNSW else _cells(kind, flat)
        return cls(kind, made, flat, _FIRST[kind])

    @classmethod
    def open(cls, path: Path, flat: Any) -> "Approximate":
        """What `save` wrote, memory-mapped: but for the codes of IVF-PQ, which FAISS copies for each process.

        Raises ReleaseDamaged where the file is cut short or does not belong to the vectors of `flat`.
        """
        footer = _footer(path)
        if (footer.n, footer.dim) != (flat.ntotal, flat.d):
            raise ReleaseDamaged(f"{path} is of {footer.n} vectors of {footer.dim}, expected {flat.ntotal} of {flat.d}")
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except (RuntimeError, MemoryError) as error:
            raise ReleaseDamaged(f"{path} cannot be read as a vector index: {error}") from error
        found = (type(index).__name__, index.ntotal, index.d, index.metric_type)
        if found != (_CLASS[footer.kind], flat.ntotal, flat.d, faiss.METRIC_INNER_PRODUCT):
            raise ReleaseDamaged(f"{path} holds {found}, its end says {footer.kind}; roll back or build again")
        return cls(footer.kind, index, flat, footer.effort)

    def save(self, path: Path) -> None:
        """Write everything but the exact vectors to `path` and fsync it. Raises OSError when the disk is full."""
        flags = faiss.IO_FLAG_SKIP_STORAGE if self.kind is Kind.HNSW else 0
        with path.open("wb") as stream:
            writer = faiss.PyCallbackIOWriter(stream.write)
            faiss.write_index(self._index, writer, flags)
            size = stream.tell()
            footer = msgspec.json.encode(_Footer(self.kind, self._flat.ntotal, self._flat.d, self.effort, size))
            stream.write(footer + len(footer).to_bytes(8, "little") + _MAGIC)
            stream.flush()
            os.fsync(stream.fileno())

    def packed(self) -> Packed:
        """Everything but the exact vectors, for `unpacked`."""
        flags = faiss.IO_FLAG_SKIP_STORAGE if self.kind is Kind.HNSW else 0
        return self.kind.value, self.effort, faiss.serialize_index(self._index, flags)

    @classmethod
    def unpacked(cls, packed: Packed, flat: Any) -> "Approximate":
        """What `packed` gave, over the same vectors."""
        kind, effort, made = packed
        return cls(Kind(kind), faiss.deserialize_index(made), flat, effort)

    def search(self, queries: Vectors, count: int) -> Rows:
        """(m, count) int64: the nearest rows that were found for each query, none twice, -1 where there is no more."""
        rows: Rows = self._refined.search(queries, count, params=self._parameters)[1]
        return rows

    def answers(self) -> bool:
        """It is in this process."""
        return True

    def harder(self) -> Iterator["Approximate"]:
        """This one, and then those that look at more, up to all cells or 4,096 links: each half as much again."""
        most = _MOST_LINKED if self.kind is Kind.HNSW else self._index.nlist
        effort = self.effort
        while effort < most:
            yield Approximate(self.kind, self._index, self._flat, effort)
            effort += effort // 2
        yield Approximate(self.kind, self._index, self._flat, most)


def _parameters(kind: Kind, effort: int) -> tuple[Any, Any]:
    """What is handed to each search and not set in the index, which those of another effort share."""
    made = faiss.SearchParametersHNSW if kind is Kind.HNSW else faiss.SearchParametersIVF
    base = made()
    setattr(base, "efSearch" if kind is Kind.HNSW else "nprobe", effort)
    refining = faiss.IndexRefineSearchParameters()
    refining.k_factor = max(4, effort // _WIDER) if kind is Kind.IVF_PQ4 else 1
    refining.base_index_params = base  # not owned: both must live as long as they are used
    return base, refining


def _graph(flat: Any) -> Any:
    made = faiss.IndexHNSWFlat(flat.d, LINKS, faiss.METRIC_INNER_PRODUCT)
    made.hnsw.efConstruction = _BREADTH
    _add(made, flat)
    without_vectors = faiss.serialize_index(made, faiss.IO_FLAG_SKIP_STORAGE)
    return faiss.deserialize_index(without_vectors)


def _cells(kind: Kind, flat: Any) -> Any:
    """4·√n cells, but 39 vectors in each at least (as txtai has it)."""
    n, dim = flat.ntotal, flat.d
    cells = max(1, min(round(4 * n**0.5), n // 39))
    codes = "SQ8" if kind is Kind.IVF_SQ8 else f"PQ{subspaces(dim)}x4fs"
    made: Any = faiss.index_factory(dim, f"IVF{cells},{codes}", faiss.METRIC_INNER_PRODUCT)
    for training in (made.cp, made.pq.cp) if kind is Kind.IVF_PQ4 else (made.cp,):
        training.seed, training.niter, training.min_points_per_centroid = _SEED, _ROUNDS, 1
    rows = np.random.default_rng(_SEED).choice(n, min(n, cells * _A_CELL), replace=False)
    made.train(flat.reconstruct_batch(np.sort(rows)))
    _add(made, flat)
    return made


def _add(index: Any, flat: Any) -> None:
    for start in range(0, flat.ntotal, _BLOCK):
        index.add(flat.reconstruct_n(start, min(_BLOCK, flat.ntotal - start)))


def _footer(path: Path) -> _Footer:
    """Raises ReleaseDamaged where the end of the file is not what `save` writes there."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 16))
            length, magic = int.from_bytes(stream.read(8), "little"), stream.read()
            if magic == _MAGIC and length <= size - 16:
                stream.seek(size - 16 - length)
                footer = msgspec.json.decode(stream.read(length), type=_Footer)
                if footer.size == size - 16 - length:
                    return footer
    except (OSError, msgspec.DecodeError) as error:
        raise ReleaseDamaged(f"{path} cannot be read: {error}; roll back or build again") from error
    raise ReleaseDamaged(f"{path} has no whole end: it was cut short; roll back or build again")
