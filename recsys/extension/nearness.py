"""What is near to what since the night: each arrival's own neighbours, and for each row the arrivals near to it."""

from collections.abc import Callable, Container

import numpy as np

from recsys.columns import Rows
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
                self._put(other, self._later.get(other, b"") + packed[place * _SIZE : (place + 1) * _SIZE])

    def mark(self, row: int) -> bytes:
        """Another object once another arrival is near to this row; empty where none is."""
        return self._later.get(row, b"")

    def relevance_to(self, near: Neighbours) -> Floats:
        """(m,) in [0, 1]: what an article with these neighbours is to each of them, by text alone."""
        length = self._length(near.rows).astype(np.float64)
        return relevance(near.cosine, near.words, near.names, length, self._base)

    def later(self, near: Neighbours, row: int, rows: int) -> Neighbours:
        """The neighbours of a row, with the arrivals near to it that a view of so many rows has."""
        later = np.frombuffer(self._later.get(row, b""), _RECORD)
        later = later[later["row"] < rows]
        if not len(later):
            return near
        measured = (np.concatenate([getattr(near, name), later[name]]) for name in Neighbours.MEASURED)
        return Neighbours(np.concatenate([near.rows, later["row"]]), *measured)

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
