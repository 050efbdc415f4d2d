"""Columns of a release with more at their end, or other lists here and there; what the night wrote stays mapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsys.columns import Int32, ListColumn, TextColumn
from recsys.lookup import Lookup


@dataclass(frozen=True, slots=True)
class LongerTexts(TextColumn):
    """A text column and, after its rows, the first of `more` up to `size` in all; `more` may grow meanwhile."""

    more: Sequence[bytes]
    size: int

    def __len__(self) -> int:
        return self.size

    def bytes_at(self, row: int) -> bytes:
        """The UTF-8 bytes of one row."""
        if not 0 <= row < self.size:
            raise IndexError(f"row {row} of a column of {self.size}")
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


def others_of(column: ListColumn) -> dict[int, Int32]:
    """The lists of a column that are others than the night's."""
    return dict(column.other) if isinstance(column, OtherLists) else {}


@dataclass(frozen=True, slots=True)
class LongerLookup(Lookup):
    """The lookup `base` with texts after its own (`more`: text to place) and, of some texts, `later` numbers.

    Places from `len(texts)` on and numbers from `limit` on are of a later view: both mappings may grow meanwhile.
    """

    base: Lookup
    more: Mapping[str, int]
    later: Mapping[str, Sequence[int]]
    limit: int

    def place(self, text: str) -> int:
        """Where exactly this text stands among the texts, -1 where it is not known."""
        found = self.more.get(text, -1)
        return found if 0 <= found < len(self.texts) else self.base.place(text)

    def __getitem__(self, text: str) -> Int32:
        later = [number for number in self.later.get(text, ()) if number < self.limit]
        own = self.base[text]
        return np.unique(np.concatenate([own, np.array(later, np.int32)])) if later else own


def longer_texts(column: TextColumn, more: Sequence[bytes]) -> LongerTexts:
    """The column with the texts that are there by now after its own."""
    return LongerTexts(column.offsets, column.blob, more, len(column) + len(more))
