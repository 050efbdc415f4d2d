"""A table of pairs of rows on disk: written a block of owners at a time, then mapped and read in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from recsys.array_writer import ArrayWriter
from recsys.columns import Int32, Int64, ListColumn

Float32s = npt.NDArray[np.float32]
_PAIRS = 1_000_000  # of one block


@dataclass(frozen=True, slots=True)
class PairBlock:
    """The pairs of the rows start … stop-1.

    Attributes:
        span: where they are in the table.
        owners: (m,) int64, rising.
        near: (m,) int32, rising for each owner.
    """

    start: int
    stop: int
    span: slice
    owners: Int64
    near: Int32


@dataclass(frozen=True, slots=True)
class PairTable:
    """For each of n rows the rows that it is paired with, smallest first, and what was measured of each pair.

    Attributes:
        rows: the pairs, int32.
        measured: by name, (pairs,) float32.
    """

    rows: ListColumn
    measured: Mapping[str, Float32s]

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self) -> Iterator[PairBlock]:
        """All pairs, some rows at a time."""
        for start, stop in row_spans(self.rows.offsets, _PAIRS):
            yield self.block(start, stop)

    def block(self, start: int, stop: int) -> PairBlock:
        """The pairs of these rows."""
        ends = self.rows.offsets[start : stop + 1]
        span = slice(int(ends[0]), int(ends[-1]))
        owners = np.repeat(np.arange(start, stop), np.diff(ends))
        return PairBlock(start, stop, span, owners, self.rows.values[span])

    def holds(self, owners: Int64, near: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """(m,) whether each pair (owner, near) is in the table; by bisection, all pairs at once."""
        low, high = self.rows.offsets[owners], self.rows.offsets[owners + 1]
        last = max(len(self.rows.values) - 1, 0)
        ends = high.copy()
        while (low < high).any():
            middle = (low + high) // 2
            below = (low < high) & (self.rows.values[np.minimum(middle, last)] < near)
            low, high = np.where(below, middle + 1, low), np.where(below, high, np.minimum(middle, high))
        found: npt.NDArray[np.bool_] = np.zeros(len(near), np.bool_)
        inside = low < ends
        found[inside] = self.rows.values[low[inside]] == near[inside]
        return found


class PairWriter:
    """Writes a table as `NAME.offsets.npy`, `NAME.values.npy` and `NAME.<measure>.npy`. Use as a context manager.

    Raises:
        OSError: the disk is full or the folder is gone.
    """

    def __init__(self, folder: Path, name: str, measures: Sequence[str]) -> None:
        self._offsets = ArrayWriter(folder / f"{name}.offsets.npy", np.int64)
        self._values = ArrayWriter(folder / f"{name}.values.npy", np.int32)
        self._measures = {one: ArrayWriter(folder / f"{name}.{one}.npy", np.float32) for one in measures}
        self._open, self._pairs = ExitStack(), 0

    def __enter__(self) -> Self:
        for writer in (self._offsets, self._values, *self._measures.values()):
            self._open.enter_context(writer)
        self._offsets.append(np.zeros(1, np.int64))
        return self

    def append(self, counts: Int64, near: Int32, **measured: Float32s) -> None:
        """The pairs of the next rows: how many each has, and all of them."""
        self._offsets.append(self._pairs + np.cumsum(counts))
        self._pairs += len(near)
        self._values.append(near)
        for name, writer in self._measures.items():
            writer.append(measured[name])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def table(self) -> PairTable:
        """What was written, mapped; after the block."""
        rows = ListColumn(self._offsets.array(), self._values.array())
        return PairTable(rows, {name: writer.array() for name, writer in self._measures.items()})


def row_spans(offsets: Int64, most: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of rows with about `most` entries together, one span after the other; none without rows."""
    rows = len(offsets) - 1
    cuts = np.searchsorted(offsets, np.arange(0, int(offsets[-1]) + most, most), "right") - 1
    return pairwise(np.unique(np.concatenate([[0], np.minimum(cuts, rows), [rows]])).tolist())
