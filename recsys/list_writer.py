"""Lists of several columns, written some rows at a time: what `ListColumn` reads, with more than one value an entry."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recsys.array_writer import ArrayWriter
from recsys.columns import Int64


class ListWriter:
    """Writes `NAME.offsets.npy`, (n + 1,) int64, and `NAME.<column>.npy` of all entries. Use as a context manager.

    Args:
        columns: the type of each.

    Raises:
        OSError: the disk is full or the folder is gone.
    """

    def __init__(self, folder: Path, name: str, columns: Mapping[str, npt.DTypeLike]) -> None:
        self._offsets = ArrayWriter(folder / f"{name}.offsets.npy", np.int64)
        self._columns = {one: ArrayWriter(folder / f"{name}.{one}.npy", dtype) for one, dtype in columns.items()}
        self._open, self._entries = ExitStack(), 0

    def __enter__(self) -> Self:
        for writer in (self._offsets, *self._columns.values()):
            self._open.enter_context(writer)
        self._offsets.append(np.zeros(1, np.int64))
        return self

    def append(self, counts: npt.NDArray[np.integer[Any]], **columns: npt.NDArray[Any]) -> None:
        """The next rows: how many entries each has, and the columns of all of these."""
        self._offsets.append(self._entries + np.cumsum(counts))
        self._entries += int(counts.sum())
        for name, writer in self._columns.items():
            writer.append(columns[name])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def written(self) -> tuple[Int64, dict[str, npt.NDArray[Any]]]:
        """(offsets, columns), mapped; after the block."""
        return self._offsets.array(), {name: writer.array() for name, writer in self._columns.items()}
