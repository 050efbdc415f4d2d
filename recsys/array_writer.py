"""Arrays that are written a block at a time and then mapped, so that no memory grows with them."""

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recsys.columns import open_array

_HEADER = 128  # bytes that NumPy gives the header of an array of one dimension, whatever its length


class ArrayWriter:
    """Writes the `.npy` file of an array of one dimension. Use as a context manager.

    Raises:
        OSError: the disk is full or the folder is gone.
    """

    def __init__(self, path: Path, dtype: npt.DTypeLike) -> None:
        self.path, self._dtype, self._length = path, np.dtype(dtype), 0

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        self._file.write(bytes(_HEADER))
        return self

    def append(self, values: npt.NDArray[Any]) -> None:
        """Add (m,) values at the end."""
        self._file.write(np.ascontiguousarray(values, self._dtype).data)
        self._length += len(values)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._file.seek(0)
            self._file.write(_header(self._dtype, self._length))
            self._file.flush()
            os.fsync(self._file.fileno())

    def array(self) -> npt.NDArray[Any]:
        """What was written, mapped; after the block."""
        return open_array(self.path)


def _header(dtype: np.dtype[Any], length: int) -> bytes:
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, described)
    if len(found := header.getvalue()) != _HEADER:
        raise ValueError(f"the header of {length} values of {dtype} takes {len(found)} bytes, not {_HEADER}")
    return found
