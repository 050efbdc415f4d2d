"""What is near to what since the night: each arrival's own neighbours, and for each row the arrivals near to it."""

from collections.abc import Callable, Container
from pathlib import Path

import numpy as np

from recsys.columns import Int64, ListColumn, Rows, open_array, save_array
from recsys.kinship import relevance
from recsys.neighbours import Neighbours
from recsys.signals import Floats

MOST = 64  # arrivals that are kept for one row: the nearest, and at times as many more
_RECORD = np.dtype([(name, "<i4" if name == "row" else "<f4") for name in ("row", *Neighbours.MEASURED, "score")])
_SIZE = _RECORD.itemsize


class Nearness:
    """Of one thread at a time to `add`; whoever reads says how many rows its view has.

    Args:
        length: characters of the texts of these rows.
        base: the release's semantic base.
        dead: rows that another has replaced.
    """

    def __init__(self, length: Callable[[Rows], Rows], base: float, dead: Container[int]) -> None:
        self.own: list[Neighbours] = []
        self.to_own: list[Floats] = []  # what each arrival is to each of these, by text alone
        self._kept = ListColumn(np.zeros(1, np.int64), np.empty(0, _RECORD))  # what was near when it was saved
        self._later: dict[int, bytes] = {}  # records end to end: compact, and a reader's stay as they were
        self._least: dict[int, float] = {}  # score of the least near, of rows that have enough
        self._length, self._base, self._dead = length, base, dead

    def add(self, row: int, near: Neighbours, again: bool) -> None:
        """The next arrival, which has this row, and its neighbours; `again` where it replaces another arrival."""
        self.own.append(near)
        self.to_own.append(self.relevance_to(near))
        records = np.empty(len(near.rows), _RECORD)
        records["row"] = row
        records["score"] = self.to_own[-1]
        for name in Neighbours.MEASURED:
            records[name] = getattr(near, name)
        packed = records.tobytes()
        for place, (other, score) in enumerate(zip(near.rows.tolist(), records["score"].tolist(), strict=True)):
            if again or score > self._least.get(other, -1.0):
                self._put(other, self.mark(other) + packed[place * _SIZE : (place + 1) * _SIZE])

    def mark(self, row: int) -> bytes:
        """Another object once another arrival is near to this row; empty where none is."""
        found, offsets = self._later.get(row), self._kept.offsets
        if found is not None:
            return found
        if row >= len(offsets) - 1 or offsets[row] == offsets[row + 1]:
            return b""
        return self._later.setdefault(row, self._kept[row].tobytes())

    def relevance_to(self, near: Neighbours) -> Floats:
        """(m,) in [0, 1]: what an article with these neighbours is to each of them, by text alone."""
        length = self._length(near.rows).astype(np.float64)
        return relevance(near.cosine, near.words, near.names, length, self._base)

    def later(self, near: Neighbours, row: int, rows: int) -> Neighbours:
        """The neighbours of a row, with the arrivals near to it that a view of so many rows has."""
        later = np.frombuffer(self.mark(row), _RECORD)
        later = later[later["row"] < rows]
        if not len(later):
            return near
        measured = (np.concatenate([getattr(near, name), later[name]]) for name in Neighbours.MEASURED)
        return Neighbours(np.concatenate([near.rows, later["row"]]), *measured)

    def counts(self, rows: int) -> Int64:
        """(rows,) how many arrivals are near to each row in a view of so many rows."""
        found = np.zeros(rows, np.int64)
        found[: len(self._kept)] = np.diff(self._kept.offsets)[:rows]
        for row, packed in list(self._later.items()):
            if row < rows:
                found[row] = (np.frombuffer(packed, _RECORD)["row"] < rows).sum()
        return found

    def save(self, folder: Path, name: str, rows: int) -> None:
        """Write all of it, of so many rows with the arrivals, as files that begin with `name`."""
        counts = np.array([len(near.rows) for near in self.own], np.int64)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        near = np.concatenate([np.empty(0, np.int32), *(one.rows for one in self.own)]).astype(np.int32)
        ListColumn(offsets, near).save(folder, f"{name}.near")
        for column in Neighbours.MEASURED:
            values = np.concatenate([np.empty(0, np.float32), *(getattr(one, column) for one in self.own)])
            save_array(folder / f"{name}.near.{column}.npy", values)
        save_array(folder / f"{name}.near.score.npy", np.concatenate([np.empty(0), *self.to_own]))
        touched = sorted({*np.flatnonzero(np.diff(self._kept.offsets)).tolist(), *self._later})
        later = [self._later.get(row) or self._kept[row].tobytes() for row in touched]
        counts = np.zeros(rows + 1, np.int64)
        counts[np.array(touched, np.int64) + 1] = [len(packed) // _SIZE for packed in later]
        ListColumn(np.cumsum(counts), np.frombuffer(b"".join(later), _RECORD)).save(folder, f"{name}.later")
        least = sorted(self._least.items())
        save_array(folder / f"{name}.least.rows.npy", np.array([row for row, _ in least], np.int64))
        save_array(folder / f"{name}.least.scores.npy", np.array([score for _, score in least], np.float64))

    def restore(self, folder: Path, name: str) -> None:
        """As it was when it was saved, memory-mapped; only for one to which nothing has come yet."""
        column = ListColumn.open(folder, f"{name}.near")
        measured = [open_array(folder / f"{name}.near.{part}.npy") for part in Neighbours.MEASURED]
        score, ends = open_array(folder / f"{name}.near.score.npy"), column.offsets
        spans = [slice(start, end) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
        self.own = [Neighbours(column.values[span], *(part[span] for part in measured)) for span in spans]
        self.to_own = [score[span] for span in spans]
        self._kept = ListColumn.open(folder, f"{name}.later")
        rows, least = (open_array(folder / f"{name}.least.{part}.npy") for part in ("rows", "scores"))
        self._least = dict(zip(rows.tolist(), least.tolist(), strict=True))

    def _put(self, other: int, packed: bytes) -> None:
        """One more; where there are twice too many only the nearest are kept, and none that is dead before them."""
        if len(packed) >= 2 * MOST * _SIZE:
            records = np.frombuffer(packed, _RECORD)
            dead = np.array([row in self._dead for row in records["row"].tolist()], np.bool_)
            score = np.where(dead, -1.0, records["score"])
            nearest = np.sort(np.argpartition(-score, MOST - 1)[:MOST])
            packed = records[nearest].tobytes()
            self._least[other] = float(score[nearest].min())
        self._later[other] = packed
