"""Columns of a release with more at their end, or other lists here and there; what the night wrote stays mapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.columns import Int32, ListColumn, TextColumn
from recsys.lookup import Lookup


@dataclass(frozen=True, slots=True)
class LongerTexts(TextColumn):
    """A text column and, after its rows, `more`."""

    more: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.offsets) - 1 + len(self.more)

    def bytes_at(self, row: int) -> bytes:
        """The UTF-8 bytes of one row."""
        own = len(self.offsets) - 1
        return self.more[row - own] if row >= own else TextColumn.bytes_at(self, row)


@dataclass(frozen=True, slots=True)
class OtherLists(ListColumn):
    """A list column in which some lists are others; it has `size` of them. Not for `gather`."""

    other: Mapping[int, Int32]
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, row: int) -> Int32:
        if not 0 <= row < self.size:
            raise IndexError(f"row {row} of a column of {self.size}")
        found = self.other.get(row)
        if found is not None:
            return found
        return ListColumn.__getitem__(self, row) if row < len(self.offsets) - 1 else np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class LongerLookup(Lookup):
    """The lookup `base` with texts after its own (`more`: text to place) and, of some texts, `later` numbers."""

    base: Lookup
    more: Mapping[str, int]
    later: Mapping[str, Sequence[int]]

    def place(self, text: str) -> int:
        """Where exactly this text stands among the texts, -1 where it is not known."""
        found = self.more.get(text)
        return self.base.place(text) if found is None else found

    def __getitem__(self, text: str) -> Int32:
        own, later = self.base[text], self.later.get(text)
        return own if later is None else np.unique(np.concatenate([own, np.array(later, np.int32)]))


def longer_texts(column: TextColumn, more: list[str] | list[bytes]) -> LongerTexts:
    """The column with these texts after its own."""
    raw = tuple(text if isinstance(text, bytes) else text.encode() for text in more)
    return LongerTexts(column.offsets, column.blob, raw)


def longer_lists(column: ListColumn, more: list[list[int]]) -> ListColumn:
    """The column with these lists after its own, copied."""
    lengths = np.cumsum([len(numbers) for numbers in more], dtype=np.int64)
    values = np.array([number for numbers in more for number in numbers], column.values.dtype)
    offsets = np.concatenate([column.offsets, column.offsets[-1] + lengths])
    return ListColumn(offsets, np.concatenate([column.values, values]))
