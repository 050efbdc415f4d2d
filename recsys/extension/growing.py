"""Columns and lists that grow at their end. What they gave to a view stays as it was, and costs nothing to give."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32, Int64, ListColumn, Rows
from recsys.extension.columns import OtherLists, others_of

Number = TypeVar("Number", bound=np.generic)
_MANY = 500  # rows of a list for each to be put into it, from which on they are looked for one by one
_ROOM = 1_024  # values that there is room for at first, and a sixteenth of what there is


class Growing(Generic[Number]):
    """An array with more at its end; the night's own is copied when the first comes."""

    def __init__(self, start: npt.NDArray[Number]) -> None:
        self._values, self._count, self._viewed = start, len(start), len(start)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> Number:
        value: Number = self._values[place]
        return value

    def at(self, places: Rows) -> npt.NDArray[Number]:
        """(m,) those at these places."""
        return self._values[places]

    def extend(self, values: Sequence[float]) -> None:
        """Put these at the end."""
        if not len(values):
            return
        end = self._count + len(values)
        if end > len(self._values):
            self._copy(end + max(_ROOM, end // 16))
        self._values[self._count : end] = values
        self._count = end

    def put(self, place: int, value: float) -> None:
        """Change one; views that there are keep the old one."""
        if place < self._viewed:
            self._copy(len(self._values))
        self._values[place] = value

    def view(self) -> npt.NDArray[Number]:
        """(n,) read-only, as it is now."""
        self._viewed = self._count
        values = self._values[: self._count]
        values.setflags(write=False)
        return values

    def _copy(self, size: int) -> None:
        more = np.empty(size, self._values.dtype)
        more[: self._count] = self._values[: self._count]
        self._values, self._viewed = more, 0


class GrowingLists:
    """A list column with more lists at its end."""

    def __init__(self, start: ListColumn) -> None:
        self._offsets, self._values = Growing(start.offsets), Growing(start.values)

    def append(self, numbers: Sequence[int]) -> None:
        """The next row's list."""
        self._values.extend(numbers)
        self._offsets.extend([len(self._values)])

    def view(self) -> ListColumn:
        """The column as it is now."""
        return ListColumn(self._offsets.view(), self._values.view())


class NewestFirst:
    """For each number its rows, newest first: those of the night, with the arrivals in their places."""

    def __init__(self, start: ListColumn) -> None:
        self._start = start
        self._other = others_of(start)
        self._waiting: defaultdict[int, list[int]] = defaultdict(list)

    def add(self, numbers: Iterable[int], row: int) -> None:
        """A row of these numbers."""
        for number in numbers:
            self._waiting[number].append(row)

    def view(self, size: int, published: Int64) -> OtherLists:
        """The lists as they are now; there are `size`."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        put = {number: inserted(self._rows(number), rows, published) for number, rows in waiting.items()}
        self._other = {**self._other, **put}
        return OtherLists(self._start.offsets, self._start.values, self._other, size)

    def _rows(self, number: int) -> Int32:
        known = self._other.get(number)
        if known is not None:
            return known
        return self._start[number] if number < len(self._start) else np.empty(0, np.int32)


def inserted(rows: Int32, more: Iterable[int], published: Int64) -> Int32:
    """The rows, newest first, with some more in their places; of one date they come after."""

    def age(row: int) -> int:
        return -int(published[row])

    later = sorted(more, key=age)
    if not later:
        return rows
    if _MANY * len(later) < len(rows):
        places = [bisect_right(rows, age(row), key=age) for row in later]
    else:  # all at once is sooner
        oldest_first = published[rows][::-1]
        places = (len(rows) - np.searchsorted(oldest_first, published[later], "left")).tolist()
    return np.insert(rows, places, later).astype(np.int32, copy=False)
