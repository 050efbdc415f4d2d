"""LanceDB: a table on disk with an index of cells, columns for filters and cards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.bench.peers.peer import Built, Place, bytes_in, made, missing
from eval.bench.peers.task import Item, Narrow, Task

_BLOCK = 10_000
_ENOUGH = 1_000  # rows below which cells are not worth it
_A_CELL = 256  # rows that it wants to train each on


@dataclass(frozen=True, slots=True)
class Lance:
    """Cells with product quantisation; candidates are compared again by their whole vectors.

    Attributes:
        numbers: of the vector that share one code.
    """

    numbers: int = 8
    name: str = "lancedb"
    remark: str = "the vector of the article asked for is kept beside it, in NumPy"

    @property
    def settings(self) -> str:
        """In words."""
        return (
            f"IVF_PQ, √n cells (at most n / 256), {self.numbers} numbers a code, bitmap on section and shown, btree on "
            "date, prefilter; effort is nprobes and refine_factor"
        )

    def lacks(self, place: Place) -> str:
        """The package."""
        return missing("lancedb", "pyarrow")

    def build(self, task: Task, place: Place) -> Built:
        """A table, its index where it has many rows, and indices for the filters."""
        import lancedb
        import pyarrow as pa
        from lancedb.index import Bitmap, BTree, IvfPq

        folder, dim = made(place.folder / "lance"), task.vectors.shape[1]
        fields = [("id", pa.string()), ("url", pa.string()), ("title", pa.string())]
        fields += [("section", pa.string()), ("published", pa.int64()), ("shown", pa.bool_())]
        schema = pa.schema([*fields, ("vector", pa.list_(pa.float32(), dim))])
        table = lancedb.connect(folder).create_table("articles", data=_batches(task, schema), schema=schema)
        cells = max(1, min(round(len(task) ** 0.5), len(task) // _A_CELL))
        if len(task) >= _ENOUGH:
            coded = IvfPq(distance_type="dot", num_partitions=cells, num_sub_vectors=dim // self.numbers)
            table.create_index("vector", config=coded)
        for column, kind in (("section", Bitmap()), ("shown", Bitmap()), ("published", BTree())):
            table.create_index(column, config=kind)
        table.optimize()
        return _Lance(task, table, folder, cells)


class _Lance:
    efforts: Sequence[int] = (8, 16, 32, 64, 128, 256)

    def __init__(self, task: Task, table: Any, folder: Path, cells: int) -> None:
        self._task, self._table, self._folder, self._cells = task, table, folder, cells

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        row = self._task.row_of[article_id]
        wanted = self._table.search(self._task.vectors[row], vector_column_name="vector").distance_type("dot")
        wanted = wanted.where(_where(narrow), prefilter=True).nprobes(min(effort, self._cells)).refine_factor(effort)
        found = wanted.limit(k + 1).select(["id", "url", "title", "_distance"]).to_arrow()
        columns = (found.column(name).to_pylist() for name in ("id", "url", "title"))
        items = [Item(*card) for card in zip(*columns, strict=True)]
        return [item for item in items if item.id != article_id][:k]

    def size(self) -> int:
        return bytes_in(self._folder)

    def close(self) -> None:
        self._table = None


def _where(narrow: Narrow) -> str:
    terms = ["shown = true"]
    if narrow.section is not None:
        section = narrow.section.replace("'", "''")
        terms.append(f"section = '{section}'")
    if narrow.since is not None:
        terms.append(f"published >= {int(narrow.since.timestamp())}")
    return " AND ".join(terms)


def _batches(task: Task, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    for start in range(0, len(task), _BLOCK):
        part = slice(start, start + _BLOCK)
        items, vectors = task.items[part], task.vectors[part]
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
        columns: list[list[Any]] = [*map(list, zip(*items, strict=True))]
        columns += [task.sections[part], task.published[part].tolist(), task.shown[part].tolist()]
        arrays = [pa.array(one, field.type) for one, field in zip(columns, schema, strict=False)]
        yield pa.record_batch([*arrays, flat], schema=schema)
