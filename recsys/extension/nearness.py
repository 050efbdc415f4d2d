"""What is near to what since the night: each arrival's own neighbours, and for each row the arrivals near to it."""

from collections.abc import Callable, Container
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32
from recsys.kinship import relevance
from recsys.neighbours import Neighbours

MOST = 100  # arrivals that are kept for one row: the nearest


@dataclass(frozen=True, slots=True)
class _Later:
    """Arrivals near to one row: (m,) rows, (m,) how near, and (4, m) their cosine, words, names and kin."""

    rows: Int32
    score: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]


class Nearness:
    """Of one thread at a time to `add`; whoever reads says how many rows its view has.

    Args:
        length: characters of the text of a row.
        base: the release's semantic base.
        dead: rows that another has replaced.
    """

    def __init__(self, length: Callable[[int], float], base: float, dead: Container[int]) -> None:
        self.own: list[Neighbours] = []
        self._later: dict[int, _Later] = {}
        self._length, self._base, self._dead = length, base, dead

    def add(self, row: int, near: Neighbours) -> None:
        """The next arrival, which has this row, and its neighbours."""
        lengths = np.array([self._length(other) for other in near.rows.tolist()], np.float64)
        score = relevance(near.cosine, near.words, near.names, lengths, self._base).astype(np.float32)
        values = np.stack([near.cosine, near.words, near.names, near.kin])
        self.own.append(near)
        for place, other in enumerate(near.rows.tolist()):
            one = _Later(np.array([row], np.int32), score[place : place + 1], values[:, place : place + 1])
            self._later[other] = _with(self._later.get(other), one, self._dead)

    def later(self, near: Neighbours, row: int, rows: int) -> Neighbours:
        """The neighbours of a row, with the arrivals near to it that a view of so many rows has."""
        later = self._later.get(row)
        if later is None:
            return near
        there = later.rows < rows
        cosine, words, names, kin = later.values if there.all() else later.values[:, there]
        return Neighbours(
            np.concatenate([near.rows, later.rows[there]]),
            np.concatenate([near.cosine, cosine]),
            np.concatenate([near.words, words]),
            np.concatenate([near.names, names]),
            np.concatenate([near.kin, kin]),
        )


def _with(known: _Later | None, one: _Later, dead: Container[int]) -> _Later:
    """One more; where there are enough in the place of one that is dead, or else of the least near."""
    if known is None:
        return one
    rows = np.concatenate([known.rows, one.rows])
    score = np.concatenate([known.score, one.score])
    values = np.concatenate([known.values, one.values], axis=1)
    if len(rows) <= MOST:
        return _Later(rows, score, values)
    gone = np.array([row in dead for row in rows.tolist()], np.bool_)
    kept = np.arange(len(rows)) != int(np.argmin(np.where(gone, -1.0, score)))
    return _Later(rows[kept], score[kept], values[:, kept])
