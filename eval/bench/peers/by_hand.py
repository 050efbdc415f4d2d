"""What a program does by hand around a library that knows only vectors and numbers: its cards, its filters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.bench.peers.peer import Built, Place
from eval.bench.peers.task import Item, Narrow, Rows, Task


def cards(task: Task, rows: Iterable[int], own: int, k: int) -> list[Item]:
    """The first k rows but the own one, as cards; a row of -1 is none."""
    return [task.items[row] for row in rows if row >= 0 and row != own][:k]


@dataclass(frozen=True, slots=True)
class NumpyByHand:
    """Each article that the filter lets through is compared: no index at all."""

    name: str = "numpy"
    settings: str = "exact: the rows that the filter lets through, one product"
    remark: str = ""

    def lacks(self, place: Place) -> str:
        """Nothing."""
        return ""

    def build(self, task: Task, place: Place) -> Built:
        """There is nothing to build but the filters' rows, which are kept."""
        return _Numpy(task)


class _Numpy:
    efforts: Sequence[int] = (0,)

    def __init__(self, task: Task) -> None:
        self._task = task
        self._rows = dict[Narrow, Rows]()

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        row = self._task.row_of[article_id]
        if narrow not in self._rows:
            self._rows[narrow] = np.flatnonzero(self._task.allowed(narrow))
        rows = self._rows[narrow]
        vectors = self._task.vectors
        # most rows: cheaper to compare all than to copy them together
        cosines = (vectors @ vectors[row])[rows] if len(rows) > len(vectors) / 2 else vectors[rows] @ vectors[row]
        most = min(k + 1, len(rows))
        best = np.argpartition(cosines, len(rows) - most)[len(rows) - most :] if most else np.empty(0, np.int64)
        return cards(self._task, rows[best[np.argsort(-cosines[best])]].tolist(), row, k)

    def size(self) -> int:
        return self._task.vectors.nbytes

    def close(self) -> None:
        pass
