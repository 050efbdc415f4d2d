"""Columns on disk: plain `.npy` arrays that are memory-mapped, so all workers of a host share one copy.

Three shapes serve every file of a release:

    ListColumn   a list of numbers per row      offsets (n + 1,), values (total,)
    TextColumn   a text per row                 offsets (n + 1,), one UTF-8 blob
    KeyTable     text -> row                    sorted 64-bit hashes and their rows
"""

import hashlib
import os
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


def save_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write one `.npy` file and fsync it, so a full disk raises here and not at the first read.

    Raises:
        OSError: the disk is full or the folder is gone.
    """
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def open_array(path: Path) -> npt.NDArray[Any]:
    """The array of a `.npy` file, read-only and memory-mapped (an empty one cannot be mapped and is read)."""
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array.view(np.ndarray)  # the same mapped bytes; each slice of a np.memmap object would cost a microsecond


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A list of numbers for each row, end to end: row r holds `values[offsets[r]:offsets[r + 1]]`.

    `offsets` is (n + 1,) int64, rising from 0; `values` is (offsets[n],) of any dtype.
    """

    offsets: Int64
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, lists: Iterable[Sequence[int]]) -> "ListColumn":
        """The column of these lists, int32.

        >>> ListColumn.of([[4, 5], [], [6]])[0].tolist()
        [4, 5]
        """
        lengths: list[int] = [0]
        values: list[int] = []
        for numbers in lists:
            lengths.append(len(numbers))
            values.extend(numbers)
        return cls(np.cumsum(lengths, dtype=np.int64), np.asarray(values, dtype=np.int32))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        if not 0 <= row < len(self.offsets) - 1:  # -1 would silently be another row's list
            raise IndexError(f"row {row} of a column of {len(self)}")
        return self.values[self.offsets.item(row) : self.offsets.item(row + 1)]

    def gather(self, rows: Rows) -> tuple[npt.NDArray[Any], Int64]:
        """The lists of many rows: `(values, owners)`, both (total,); `owners[i]` is the place in `rows` of value i."""
        starts = self.offsets[rows]
        lengths = self.offsets[np.asarray(rows) + 1] - starts
        owners = np.repeat(np.arange(len(lengths)), lengths)
        before = np.cumsum(lengths) - lengths
        places = np.arange(len(owners)) - np.repeat(before - starts, lengths)
        return self.values[places], owners

    def save(self, folder: Path, name: str) -> None:
        """Write `name.offsets.npy` and `name.values.npy`."""
        save_array(folder / f"{name}.offsets.npy", self.offsets)
        save_array(folder / f"{name}.values.npy", self.values)

    @classmethod
    def open(cls, folder: Path, name: str) -> "ListColumn":
        """The column that `save` wrote, memory-mapped."""
        return cls(_offsets(folder, name, values := open_array(folder / f"{name}.values.npy")), values)


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text for each row, kept as UTF-8 bytes end to end."""

    offsets: Int64
    blob: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def bytes_at(self, row: int) -> bytes:
        """The UTF-8 bytes of one row."""
        offsets = self.offsets
        if not 0 <= row < len(offsets) - 1:
            raise IndexError(f"row {row} of a column of {len(self)}")
        return self.blob[offsets.item(row) : offsets.item(row + 1)].tobytes()

    def __getitem__(self, row: int) -> str:
        return self.bytes_at(row).decode()

    @classmethod
    def open(cls, folder: Path, name: str) -> "TextColumn":
        """The column that a `TextColumnWriter` wrote, memory-mapped."""
        path = folder / f"{name}.utf8"
        blob = np.memmap(path, np.uint8, "r").view(np.ndarray) if path.stat().st_size else np.empty(0, np.uint8)
        return cls(_offsets(folder, name, blob), blob)


def _offsets(folder: Path, name: str, values: npt.NDArray[Any]) -> Int64:
    """The offsets of a column; ValueError where they do not fit its values."""
    offsets: Int64 = open_array(folder / f"{name}.offsets.npy")
    if not len(offsets) or int(offsets[-1]) != len(values):
        raise ValueError(f"{name}: {len(values)} values, its offsets end elsewhere")
    return offsets


class TextColumnWriter:
    """Writes a `TextColumn` row by row, so that memory does not grow with its texts. Use as a context manager."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._lengths = [0]

    def __enter__(self) -> Self:
        self._file = (self._folder / f"{self._name}.utf8").open("wb")
        return self

    def append(self, text: str | bytes) -> None:
        """Add the next row's text."""
        data = text if isinstance(text, bytes) else text.encode()
        self._file.write(data)
        self._lengths.append(len(data))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is None:
            save_array(self._folder / f"{self._name}.offsets.npy", np.cumsum(self._lengths, dtype=np.int64))


def write_texts(folder: Path, name: str, texts: Iterable[str]) -> None:
    """Write a whole `TextColumn`."""
    with TextColumnWriter(folder, name) as column:
        for text in texts:
            column.append(text)


def key_hash(key: str) -> int:
    """64 bits of BLAKE2b over the key, as an unsigned number: the same in every process, unlike `hash`."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Finds a row by its text in a binary search, without reading any text but the candidates'.

    `hashes` is (m,) uint64, sorted; `rows` is (m,) int32. Two texts may share a hash, so the caller compares the text.
    """

    hashes: npt.NDArray[np.uint64]
    rows: Int32

    def candidates(self, key: str) -> list[int]:
        """The rows whose key has this key's hash: nearly always none or one."""
        wanted = key_hash(key)
        found, place = [], int(self.hashes.searchsorted(np.uint64(wanted)))
        while place < len(self.hashes) and self.hashes.item(place) == wanted:
            found.append(self.rows.item(place))
            place += 1
        return found

    def save(self, folder: Path, name: str) -> None:
        """Write `name.hashes.npy` and `name.rows.npy`."""
        save_array(folder / f"{name}.hashes.npy", self.hashes)
        save_array(folder / f"{name}.rows.npy", self.rows)

    @classmethod
    def open(cls, folder: Path, name: str) -> "KeyTable":
        """The table that `save` wrote, memory-mapped."""
        return cls(open_array(folder / f"{name}.hashes.npy"), open_array(folder / f"{name}.rows.npy"))


class KeyTableWriter:
    """Collects (text, row) pairs, 12 bytes each, and writes the `KeyTable` of them."""

    def __init__(self) -> None:
        self._hashes, self._rows = array("Q"), array("i")

    def add(self, key: str, row: int) -> None:
        """Another pair."""
        self._hashes.append(key_hash(key))
        self._rows.append(row)

    def save(self, folder: Path, name: str) -> None:
        """Write the table; of rows with one key the smallest comes first."""
        hashes, rows = np.array(self._hashes, np.uint64), np.array(self._rows, np.int32)
        order = np.lexsort((rows, hashes))
        KeyTable(hashes[order], rows[order]).save(folder, name)
