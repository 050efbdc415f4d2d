"""Numbers by text: which author a name means, which articles have a tag or a word in their title."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys.columns import Int32, ListColumn, TextColumn, write_texts

_NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Texts in the order of their UTF-8 bytes, each with its numbers; found by binary search in what is mapped."""

    texts: TextColumn
    numbers: ListColumn

    def __len__(self) -> int:
        return len(self.texts)

    def place(self, text: str) -> int:
        """Where exactly this text stands among the texts, -1 where it is not known."""
        key, low, high = text.encode(errors="replace"), 0, len(self.texts)
        while low < high:
            middle = (low + high) // 2
            found = self.texts.bytes_at(middle)
            if found == key:
                return middle
            low, high = (middle + 1, high) if found < key else (low, middle)
        return -1

    def __getitem__(self, text: str) -> Int32:
        """(m,) int32: the numbers of exactly this text, none where it is not known."""
        place = self.place(text)
        return _NOTHING if place < 0 else self.numbers[place]

    @classmethod
    def open(cls, folder: Path, texts: str, numbers: str) -> "Lookup":
        """The lookup of a text column and the list column that belongs to it, memory-mapped.

        Raises:
            ValueError: the two do not belong together.
        """
        found = cls(TextColumn.open(folder, texts), ListColumn.open(folder, numbers))
        if len(found.texts) != len(found.numbers):
            raise ValueError(f"{texts} has {len(found.texts)} texts, {numbers} {len(found.numbers)} lists")
        return found


def write_lookup(folder: Path, texts: str, numbers: str, entries: Mapping[str, Sequence[int]]) -> None:
    """Write the two columns of a lookup; a list of numbers keeps its order."""
    keys = sorted(entries)  # by code points, which is the order of UTF-8 bytes
    write_texts(folder, texts, keys)
    ListColumn.of(entries[key] for key in keys).save(folder, numbers)
