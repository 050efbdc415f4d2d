"""FAISS as one would use it without us: vectors, a bitmap for the filter, and cards in a list of one's own.

Imports FAISS itself, as this is what it measures: `recsys.vectors` has no filters, and compares again in float64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.bench.peers.by_hand import cards
from eval.bench.peers.peer import Built, Place
from eval.bench.peers.task import Item, Narrow, Task


@dataclass(frozen=True, slots=True)
class FaissFlat:
    """Every vector that the bitmap lets through is compared."""

    name: str = "faiss-flat"
    settings: str = "IndexFlatIP, IDSelectorBitmap"
    remark: str = ""

    def lacks(self, place: Place) -> str:
        """Nothing: we need it too."""
        return ""

    def build(self, task: Task, place: Place) -> Built:
        """A flat index."""
        import faiss as _faiss

        faiss: Any = _faiss  # its stubs know nothing of selectors
        index = faiss.IndexFlatIP(task.vectors.shape[1])
        index.add(task.vectors)
        return _Faiss(task, index, (0,), lambda sel, _: faiss.SearchParameters(sel=sel))


@dataclass(frozen=True, slots=True)
class FaissHnsw:
    """A graph, in which what the bitmap lets through is collected.

    Attributes:
        links: HNSW's M.
        breadth: efConstruction.
    """

    links: int = 32
    breadth: int = 200
    name: str = "faiss-hnsw"
    remark: str = ""

    @property
    def settings(self) -> str:
        """In words."""
        return f"IndexHNSWFlat M {self.links}, efConstruction {self.breadth}, IDSelectorBitmap; effort is efSearch"

    def lacks(self, place: Place) -> str:
        """Nothing: we need it too."""
        return ""

    def build(self, task: Task, place: Place) -> Built:
        """A graph by inner product."""
        import faiss as _faiss

        faiss: Any = _faiss
        index = faiss.IndexHNSWFlat(task.vectors.shape[1], self.links, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = self.breadth
        index.add(task.vectors)
        efforts = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
        return _Faiss(task, index, efforts, lambda sel, effort: faiss.SearchParametersHNSW(sel=sel, efSearch=effort))


class _Faiss:
    def __init__(self, task: Task, index: Any, efforts: Sequence[int], parameters: Any) -> None:
        self.efforts = efforts
        self._task, self._index, self._parameters = task, index, parameters
        self._kept = dict[tuple[Narrow, int], Any]()

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        row = self._task.row_of[article_id]
        wanted = self._kept.get((narrow, effort))
        if wanted is None:
            wanted = self._kept[narrow, effort] = self._parameters(self._selector(narrow), effort)
        rows = self._index.search(self._task.vectors[row : row + 1], k + 1, params=wanted)[1]
        return cards(self._task, rows[0].tolist(), row, k)

    def size(self) -> int:
        import faiss as _faiss

        faiss: Any = _faiss
        return int(faiss.serialize_index(self._index).nbytes)

    def close(self) -> None:
        self._kept.clear()

    def _selector(self, narrow: Narrow) -> Any:
        import faiss as _faiss

        faiss: Any = _faiss
        return faiss.IDSelectorBitmap(np.packbits(self._task.allowed(narrow), bitorder="little"))
