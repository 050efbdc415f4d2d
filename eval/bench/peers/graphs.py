"""usearch and hnswlib: graphs over vectors with numbers; filters and cards by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.bench.peers.by_hand import cards
from eval.bench.peers.peer import Built, Place, missing
from eval.bench.peers.task import Item, Narrow, Task

_Nearest = Callable[[int, Narrow, int, int], list[int]]  # of row, filter, count and effort
_EFFORTS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class Usearch:
    """A graph of usearch. From Python it knows no filter: more is fetched, and what is forbidden thrown away.

    Attributes:
        links: connectivity.
        breadth: expansion_add.
    """

    links: int = 32
    breadth: int = 200
    name: str = "usearch"
    remark: str = "no filter in Python: as many as the effort are fetched and filtered, more where they are too few"

    @property
    def settings(self) -> str:
        """In words."""
        return f"f32, connectivity {self.links}, expansion_add {self.breadth}; effort is expansion_search and the count"

    def lacks(self, place: Place) -> str:
        """The package."""
        return missing("usearch")

    def build(self, task: Task, place: Place) -> Built:
        """A graph by inner product."""
        import numpy as np
        from usearch.index import Index

        index = Index(ndim=task.vectors.shape[1], metric="ip", dtype="f32", connectivity=self.links,
                      expansion_add=self.breadth)  # fmt: skip
        index.add(np.arange(len(task), dtype=np.uint64), task.vectors)

        def nearest(row: int, narrow: Narrow, count: int, effort: int) -> list[int]:
            allowed, fetched = task.allowed(narrow), effort
            while True:
                index.expansion_search = fetched
                found = index.search(task.vectors[row], min(fetched, len(task)), threads=1).keys
                good: list[int] = found[allowed[found]].tolist()
                if len(good) >= count or fetched >= len(task):
                    return good
                fetched *= 4

        return _Graph(task, nearest, lambda: int(index.memory_usage))


@dataclass(frozen=True, slots=True)
class Hnswlib:
    """A graph of hnswlib, whose filter is a function that it asks of each candidate.

    Attributes:
        links: M.
        breadth: ef_construction.
    """

    links: int = 32
    breadth: int = 200
    name: str = "hnswlib"
    remark: str = "its filter is a Python function; where it finds too few it raises, and is asked to look harder"

    @property
    def settings(self) -> str:
        """In words."""
        return f"M {self.links}, ef_construction {self.breadth}, filter by function; effort is ef"

    def lacks(self, place: Place) -> str:
        """The package."""
        return missing("hnswlib")

    def build(self, task: Task, place: Place) -> Built:
        """A graph by inner product."""
        import hnswlib

        index = hnswlib.Index(space="ip", dim=task.vectors.shape[1])
        index.init_index(max_elements=len(task), ef_construction=self.breadth, M=self.links)
        index.add_items(task.vectors)
        flags = dict[Narrow, tuple[list[bool], int]]()

        def nearest(row: int, narrow: Narrow, count: int, effort: int) -> list[int]:
            if narrow not in flags:
                mask = task.allowed(narrow)
                flags[narrow] = mask.tolist(), int(mask.sum())
            passes, most = flags[narrow][0], min(count, flags[narrow][1])
            while most:
                try:
                    index.set_ef(max(effort, most))
                    labels = index.knn_query(task.vectors[row], most, num_threads=1, filter=passes.__getitem__)[0]
                    found: list[int] = labels[0].tolist()
                except RuntimeError:  # fewer were found than asked for
                    effort, most = effort * 4, most if effort < len(task) else most - 1
                else:
                    return found
            return []

        return _Graph(task, nearest, lambda: int(index.index_file_size()))


class _Graph:
    efforts: Sequence[int] = _EFFORTS

    def __init__(self, task: Task, nearest: _Nearest, size: Callable[[], int]) -> None:
        self._task, self._nearest, self._size = task, nearest, size

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        row = self._task.row_of[article_id]
        return cards(self._task, self._nearest(row, narrow, k + 1, effort), row, k)

    def size(self) -> int:
        return self._size()

    def close(self) -> None:
        pass
