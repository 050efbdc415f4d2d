"""One server of the engine of vectors: PostgreSQL with pgvector. All that knows its SQL, or imports its driver for it.

    vector_collections    what lies here: name, numbers a vector, which part of how many, rows, whether it is whole
    vector_uses           which place of releases a collection is for; one that is for none is dropped
    vectors_…             a collection: the row's number in the release, its vector with 16 bits a number, an HNSW graph

16 bits are enough to propose rows, as they are then compared by the exact vectors, and half of the memory.
"""

from collections.abc import Collection as Names
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from recsys.errors import ConfigError, EngineLost, MissingExtra
from recsys.postgres import connect_args
from recsys.waits import Waits

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

MOST = 1_000  # pgvector's largest ef_search
_GRAPH = "hnsw (vector halfvec_ip_ops) WITH (m = 32, ef_construction = 100)"  # as the graph in memory (DECISIONS.md 48)
_LOCK = 7_230_002  # advisory; with it, or with it and a name, one night at a time changes what is here
_TABLES = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS vector_collections (name text PRIMARY KEY, dim int NOT NULL, part int NOT NULL,
    parts int NOT NULL, rows bigint NOT NULL, whole boolean NOT NULL DEFAULT false);
CREATE TABLE IF NOT EXISTS vector_uses (place text, name text, PRIMARY KEY (place, name))
"""
_NEAREST = """
SELECT asked.place - 1, near.row FROM unnest(%s::halfvec[]) WITH ORDINALITY AS asked (vector, place)
CROSS JOIN LATERAL (SELECT row FROM {} ORDER BY vector <#> asked.vector LIMIT %s) AS near
"""
_SIGNATURE, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"  # of PostgreSQL's binary COPY format


class Shard:
    """The server that keeps part `part` of `parts` of every collection. Of one thread at a time.

    Every method but `close` raises EngineLost where the server is away, too slow, or refuses.
    """

    def __init__(self, url: str, part: int, parts: int, waits: Waits) -> None:
        """Connects at the first use.

        Raises:
            ConfigError: no address of PostgreSQL.
            MissingExtra: psycopg is not installed.
        """
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtra("the engine of vectors needs psycopg: pip install 'news-recsys[engine]'") from error
        try:
            self._address = make_url(url)
        except ArgumentError:
            raise ConfigError("an engine's address cannot be read: write postgresql://user@host/database") from None
        if not self._address.drivername.startswith("postgres"):
            raise ConfigError(f"no engine of vectors is known at {self}; write postgresql://user@host/database")
        self.part, self.parts = part, parts
        self._waits, self._psycopg = waits, psycopg
        self._connection: Any = None
        self._whole: set[str] = set()  # collections that were found whole on this connection
        self._effort = 0  # that this connection was told

    def __str__(self) -> str:
        return self._address.render_as_string(hide_password=True)

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def ping(self) -> None:
        """Ask whether it answers."""
        with self._connected() as connection:
            connection.execute("SELECT 1")

    def search(self, name: str, queries: Vectors, count: int, effort: int) -> Rows:
        """(m, count) int64: the nearest rows of this part, as far as it finds them; -1 where there is no more."""
        asked = ["[" + ",".join(map(str, query)) + "]" for query in queries.tolist()]
        with self._connected() as connection:
            self._see_that_whole(connection, name)
            if effort != self._effort:
                connection.execute("SELECT set_config('hnsw.ef_search', %s, false)", [str(min(effort, MOST))])
                self._effort = effort
            found = connection.execute(_NEAREST.format(_table(name)), [asked, count]).fetchall()
        pairs = np.array(found, np.int64).reshape(-1, 2)
        rows = np.full((len(queries), count), -1, np.int64)
        first = np.searchsorted(pairs[:, 0], np.arange(len(queries)))  # a query's rows come together, and in its turn
        rows[pairs[:, 0], np.arange(len(pairs)) - first[pairs[:, 0]]] = pairs[:, 1]
        return rows

    def begin(self, name: str, dim: int, rows: int, place: str) -> bool:
        """Make room for a collection that is used at `place`, unless it is here; whether it is, whole.

        What was dealt out to another number of servers is put anew.
        """
        with self._connected() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            connection.execute(_TABLES)
            connection.execute("INSERT INTO vector_uses VALUES (%s, %s) ON CONFLICT DO NOTHING", [place, name])
            *known, whole = self._found(connection, name)
            if known == [self.part, self.parts, rows, dim]:
                return bool(whole)
            connection.execute("DELETE FROM vector_collections WHERE name = %s", [name])
            connection.execute(f"DROP TABLE IF EXISTS {_table(name)}")
            connection.execute(f"CREATE TABLE {_table(name)} (row bigint PRIMARY KEY, vector halfvec({dim:d}))")
            connection.execute(
                "INSERT INTO vector_collections VALUES (%s, %s, %s, %s, %s)", [name, dim, self.part, self.parts, rows]
            )
            return False

    def put(self, name: str, rows: Rows, vectors: Vectors) -> None:
        """Keep these (m,) rising rows with their (m, dim) vectors; what is here already does not go over the wire."""
        between = f"SELECT count(*) FROM {_table(name)} WHERE row BETWEEN %s AND %s"  # noqa: S608
        with self._connected() as connection, connection.transaction():
            if not len(rows) or connection.execute(between, [int(rows[0]), int(rows[-1])]).fetchone() == (len(rows),):
                return
            connection.execute(f"CREATE TEMP TABLE incoming (LIKE {_table(name)}) ON COMMIT DROP")
            with connection.cursor().copy("COPY incoming FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(_SIGNATURE + _packed(rows, vectors) + _END)
            connection.execute(f"INSERT INTO {_table(name)} SELECT * FROM incoming ON CONFLICT DO NOTHING")  # noqa: S608

    def finish(self, name: str, rows: int) -> None:
        """Index what was put and declare it whole. Raises EngineLost where it has not so many rows."""
        with self._connected() as connection:
            table = _table(name)
            if (found := connection.execute(f"SELECT count(*) FROM {table}").fetchone()) != (rows,):  # noqa: S608
                raise EngineLost(f"{self}: collection {name} has {found[0]} rows and must have {rows}; run again")
            connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_LOCK, name])  # of two nights one waits
            try:
                connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_near ON {table} USING {_GRAPH}")
                connection.execute(f"ANALYZE {table}")
            finally:
                if not connection.broken:
                    connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCK, name])
            connection.execute("UPDATE vector_collections SET whole = true WHERE name = %s", [name])

    def forget(self, place: str, kept: Names[str]) -> list[str]:
        """Drop the collections that were for `place` and are not among these; returns their names."""
        with self._connected() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if connection.execute("SELECT to_regclass('vector_uses')").fetchone() == (None,):
                return []
            connection.execute("DELETE FROM vector_uses WHERE place = %s AND name <> ALL(%s)", [place, list(kept)])
            unused = connection.execute(
                "DELETE FROM vector_collections WHERE name NOT IN (SELECT name FROM vector_uses) RETURNING name"
            ).fetchall()
            for (name,) in unused:
                connection.execute(f"DROP TABLE IF EXISTS {_table(name)}")
            return sorted(name for (name,) in unused)

    def _see_that_whole(self, connection: Any, name: str) -> None:
        if name in self._whole:
            return
        there = connection.execute("SELECT to_regclass('vector_collections')").fetchone() != (None,)
        part, parts, _, _, whole = self._found(connection, name) if there else (-1, 0, 0, 0, False)
        if not whole:
            raise EngineLost(f"{self}: collection {name} is not there, whole; give the service the night's --engine")
        if (part, parts) != (self.part, self.parts):
            raise EngineLost(
                f"{self}: has part {part + 1} of {parts} of {name}, not {self.part + 1} of {self.parts}; give --engine"
                " the night's addresses, in its order"
            )
        self._whole.add(name)

    def _found(self, connection: Any, name: str) -> tuple[int, int, int, int, bool]:
        """(part, parts, rows, dim, whole) of a collection; part -1 where it is not here."""
        known = connection.execute(
            "SELECT part, parts, rows, dim, whole FROM vector_collections WHERE name = %s", [name]
        ).fetchone()
        return known or (-1, 0, 0, 0, False)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """The connection. What fails on it is told as EngineLost, without the password."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection, self._whole, self._effort = self._connect(), set(), 0
            yield self._connection
        except self._psycopg.Error as error:
            if self._connection is not None and self._connection.closed:
                self.close()
            raise EngineLost(f"{self}: {str(error).strip() or type(error).__name__}") from error

    def _connect(self) -> Any:
        given = self._address.translate_connect_args(username="user", database="dbname") | dict(self._address.query)
        connection = self._psycopg.connect(**(given | connect_args(self._address, self._waits)), autocommit=True)
        connection.execute(
            "SELECT set_config('jit', 'off', false), set_config('hnsw.iterative_scan', 'strict_order', false)"
        )
        return connection


def _table(name: str) -> str:
    """A collection's table; its name is hexadecimal, so that it may stand in a statement."""
    if not name or set(name) - set("0123456789abcdef"):
        raise EngineLost(f"{name!r} is no name of a collection; build the release again")
    return f"vectors_{name}"


def _packed(rows: Rows, vectors: Vectors) -> bytes:
    """Rows of a `bigint` and a `halfvec` as a binary COPY has them."""
    dim = vectors.shape[1]
    fields = [
        ("fields", ">i2"), ("row_bytes", ">i4"), ("row", ">i8"), ("vector_bytes", ">i4"), ("dim", ">i2"),
        ("unused", ">i2"), ("vector", ">f2", (dim,)),
    ]  # fmt: skip
    packed = np.zeros(len(rows), np.dtype(fields))
    packed["fields"], packed["row_bytes"], packed["row"] = 2, 8, rows
    packed["vector_bytes"], packed["dim"], packed["vector"] = 4 + 2 * dim, dim, vectors
    return packed.tobytes()
