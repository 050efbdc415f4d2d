"""Sparse matrices that grow with the archive: written some rows at a time, turned over on disk, and mapped."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from recsys.array_writer import ArrayWriter

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ROWS = 5_000  # that are worked on at a time


class MatrixWriter:
    """Writes a CSR matrix of float32 some rows at a time. Use as a context manager.

    Raises:
        OSError: the disk is full or the folder is gone.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._indices = ArrayWriter(folder / f"{name}.indices.npy", np.int32)
        self._data = ArrayWriter(folder / f"{name}.data.npy", np.float32)
        self._ends, self._open = [np.zeros(1, np.int64)], ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._indices)
        self._open.enter_context(self._data)
        return self

    def append(self, rows: "csr_matrix[Any]") -> None:
        """The next rows."""
        self._indices.append(rows.indices)
        self._data.append(rows.data)
        self._ends.append(self._ends[-1][-1] + rows.indptr[1:].astype(np.int64))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def matrix(self, columns: int) -> "csr_matrix[Any]":
        """What was written, mapped; after the block."""
        from scipy.sparse import csr_matrix

        ends = np.concatenate(self._ends)
        return csr_matrix((self._data.array(), self._indices.array(), ends), shape=(len(ends) - 1, columns))


def turned_over(matrix: "csr_matrix[Any]", folder: Path) -> "csr_matrix[Any]":
    """The transposed of a CSR matrix as CSR, mapped; it takes memory for a block of rows alone."""
    from scipy.sparse import csr_matrix

    held = np.zeros(matrix.shape[1], np.int64)
    for start in range(0, matrix.shape[0], ROWS):
        held += np.bincount(matrix[start : start + ROWS].indices, minlength=len(held))
    ends = np.concatenate([[0], np.cumsum(held)])
    rows = _mapped(folder / "columns.rows.npy", np.int32, int(ends[-1]))
    data = _mapped(folder / "columns.data.npy", np.float32, int(ends[-1]))
    filled = ends[:-1].copy()  # where the next entry of each column goes
    for start in range(0, matrix.shape[0], ROWS):
        block = matrix[start : start + ROWS].tocsc()
        counts = np.diff(block.indptr)
        places = np.repeat(filled - block.indptr[:-1], counts) + np.arange(block.nnz)
        rows[places], data[places] = block.indices + np.int32(start), block.data
        filled += counts
    return csr_matrix((data, rows, ends), shape=matrix.shape[::-1])


def _mapped(path: Path, dtype: npt.DTypeLike, size: int) -> npt.NDArray[Any]:
    """An array in a new file."""
    if not size:
        return np.empty(0, dtype)  # which cannot be mapped
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(size,)).view(np.ndarray)
