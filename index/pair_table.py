"""A table of pairs of rows on disk: written a block of owners at a time, then mapped and read in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32, Int64, ListColumn
from recsys.list_writer import ListWriter

Float32s = npt.NDArray[np.float32]
_PAIRS = 1_000_000  # of one block
_ROWS = 1_024


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


class PairWriter(ListWriter):
    """Writes a table as `NAME.offsets.npy`, `NAME.values.npy` and `NAME.<measure>.npy`; the entries are pairs."""

    def __init__(self, folder: Path, name: str, measures: Sequence[str]) -> None:
        super().__init__(folder, name, {"values": np.int32, **dict.fromkeys(measures, np.float32)})

    def table(self) -> PairTable:
        """What was written, mapped; after the block."""
        offsets, columns = self.written()
        return PairTable(ListColumn(offsets, columns.pop("values")), columns)


def row_spans(offsets: Int64, most: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of rows with about `most` entries together, one span after the other; none without rows."""
    rows = len(offsets) - 1
    cuts = np.searchsorted(offsets, np.arange(0, int(offsets[-1]) + most, most), "right") - 1
    return pairwise(np.unique(np.concatenate([[0], np.minimum(cuts, rows), [rows]])).tolist())


def equal_spans(rows: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of 1,024 rows, one span after the other, the last shorter: a piece of work for one core."""
    return ((start, min(start + _ROWS, rows)) for start in range(0, rows, _ROWS))
