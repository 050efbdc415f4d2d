"""Sparse matrices that grow with the archive: written some rows at a time, turned over on disk, and mapped."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.list_writer import ListWriter

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ROWS = 5_000  # that are worked on at a time


class MatrixWriter(ListWriter):
    """Writes a CSR matrix of float32 some rows at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, name, {"indices": np.int32, "data": np.float32})

    def append_rows(self, rows: "csr_matrix[Any]") -> None:
        """The next rows."""
        self.append(np.diff(rows.indptr), indices=rows.indices, data=rows.data)

    def matrix(self, columns: int) -> "csr_matrix[Any]":
        """What was written, mapped; after the block."""
        from scipy.sparse import csr_matrix

        ends, parts = self.written()
        return csr_matrix((parts["data"], parts["indices"], ends), shape=(len(ends) - 1, columns))


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
