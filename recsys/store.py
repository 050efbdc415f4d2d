"""The article store: the system of record. Articles by id, their changes in order, embeddings by digest.

    store = ArticleStore.open("sqlite:///articles.db", create=True)
    store.put([Article(id="a17", title="Storm over the bay")])        # [Outcome.NEW]

Every change of an article has a number of its own, and numbers become visible in their order: who has seen change n
has seen all before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, func, insert, select

from recsys.articles import Article, Status
from recsys.changes import Change, latest_change
from recsys.cms import Cms
from recsys.database import open_engine, reading, store_errors, writing
from recsys.desk import Desk
from recsys.edits import Edits
from recsys.errors import StoreError
from recsys.full_export import FullExport
from recsys.keys import KeyRing
from recsys.links import CHUNK, links_of
from recsys.moments import seconds_down
from recsys.putting import Outcome, Written, put_rows
from recsys.schema import LIFECYCLE, articles, counters, embeddings, to_article, to_lifecycle, to_row
from recsys.snapshot import Snapshot
from recsys.takedowns import Takedowns
from recsys.waits import JOB, Waits

__all__ = ["ArticleStore", "Change", "Outcome"]


class ArticleStore:
    """The store. Safe in threads; after a fork, open it again. Everything raises StoreError when the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.desk = Desk(engine)  # what editors decided
        self.keys = KeyRing(engine)  # who may write over HTTP
        self.takedowns = Takedowns(engine)  # what is out, whatever is ingested
        self.edits = Edits(engine)  # articles written between two nights
        self.cms = Cms(engine)  # what a CMS says of them

    @classmethod
    def open(cls, url: str, create: bool = False, waits: Waits = JOB) -> "ArticleStore":
        """The store at an SQLAlchemy URL: `sqlite:///articles.db`, or `postgresql://user@host/articles`.

        With `create`, the file, its folder and its tables are made (of PostgreSQL the tables alone), and an older
        store is upgraded. `waits` bounds how long anything that is asked of it takes. Raises StoreError where there is
        none, StoreVersionError where its schema is not this code's.
        """
        return cls(open_engine(url, create, waits))

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    # --- articles ---

    def put(
        self,
        batch: Sequence[Article],
        links: Sequence[Sequence[str]] | None = None,
        now: datetime | None = None,
        who: str | None = None,
    ) -> list[Outcome]:
        """Store articles in one transaction; the outcomes are in the order of `batch`.

        An id that occurs twice is put twice, in order. Times are kept to the second. An article that was retired is
        CHANGED even when its content is as before.

        `links` are, for each article, the distinct canonical addresses that its body links to, in order; they replace
        those that were known. Without it these stay. They are no part of the article: new links alone leave it
        UNCHANGED, so nothing is built anew for them. `now` (aware; the clock's else) is kept as `Lifecycle.changed_at`
        of what changed, and `who` as `Stored.written_by`.

        What is taken down stays so: the newest version waits until that is lifted.
        """
        with store_errors("cannot store articles"):
            rows = [to_row(article) for article in batch]
        at = seconds_down(now or datetime.now(UTC))
        with writing(self._engine, "cannot store articles") as connection:
            kept = [None] * len(rows) if links is None else links
            results = put_rows(connection, rows, kept, at, who=who)
        return [result.outcome for result in results if isinstance(result, Written)]

    def get(self, article_id: str) -> Article | None:
        """The article, whatever its status, or None."""
        if "\0" in article_id:  # which no id has, and PostgreSQL cannot be asked for
            return None
        with reading(self._engine, "cannot read an article") as connection:
            row = connection.execute(select(articles).where(articles.c.id == article_id)).mappings().first()
        return None if row is None else to_article(dict(row))

    def articles(self, article_ids: Sequence[str]) -> list[Article]:
        """Those of the articles that there are, whatever their status, in the order asked."""
        found: dict[str, Article] = {}
        with reading(self._engine, "cannot read articles") as connection:
            for chunk in _chunks(list(article_ids)):
                rows = connection.execute(select(articles).where(articles.c.id.in_(chunk))).mappings()
                found |= {row["id"]: to_article(dict(row)) for row in rows}
        return [found[key] for key in article_ids if key in found]

    def links(self, article_id: str) -> tuple[str, ...]:
        """The canonical addresses that the article's body links to, in order, whether or not they are the paper's."""
        with reading(self._engine, "cannot read links") as connection:
            return links_of(connection, [article_id])[article_id]

    def count(self) -> dict[Status, int]:
        """How many articles there are of each status, zeros included."""
        by_status = select(articles.c.status, func.count()).group_by(articles.c.status)
        with reading(self._engine, "cannot count articles") as connection:
            found = {Status(status): int(number) for status, number in connection.execute(by_status)}
        return {status: found.get(status, 0) for status in Status}

    @contextmanager
    def full_export(self) -> Iterator[FullExport]:
        """Collects the ids of a full export while it is put, to retire what it lacks."""
        with store_errors("cannot read the article store"):
            connection = self._engine.connect()
        try:
            with store_errors("cannot note the ids of the export"):
                export = FullExport(connection)
            yield export
        finally:
            connection.invalidate()  # the temporary table must not go back to the pool
            connection.close()

    # --- changes ---

    def change(self) -> int:
        """The number of the latest change; 0 in an empty store."""
        with reading(self._engine, "cannot read the change number") as connection:
            return latest_change(connection)

    def identity(self) -> int:
        """A number that no other store has, given when it was made."""
        with reading(self._engine, "cannot read the store's identity") as connection:
            return int(connection.execute(select(counters.c.value).where(counters.c.name == "store")).scalar_one())

    def changes_after(self, change: int, limit: int = 1000) -> list[Change]:
        """The first `limit` changes after number `change`, in order; of each article only its latest change."""
        later = select(articles.c.change, articles.c.id, *LIFECYCLE).where(articles.c.change > change)
        with reading(self._engine, "cannot read changes") as connection:
            rows = connection.execute(later.order_by(articles.c.change).limit(limit)).mappings().all()
        return [Change(row["change"], row["id"], to_lifecycle(dict(row))) for row in rows]

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One consistent view for as long as the block runs. Writers go on; SQLite's log grows meanwhile."""
        engine = self._engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with store_errors("cannot read the article store"):
            connection = engine.connect()
        with connection:
            with store_errors("cannot read the article store"):
                snapshot = Snapshot(connection)
            yield snapshot

    # --- embeddings ---

    def known_embeddings(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests that have a vector."""
        with reading(self._engine, "cannot look up embeddings") as connection:
            asked = list(dict.fromkeys(digests))
            return {
                digest
                for chunk in _chunks(asked)
                for digest in connection.scalars(select(embeddings.c.digest).where(embeddings.c.digest.in_(chunk)))
            }

    def put_embeddings(self, fingerprint: str, digests: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store one vector a digest, (n, dim) float32, replacing what is there. On disk when it returns.

        Raises StoreError where the shapes do not match or a number is not finite.
        """
        if vectors.ndim != 2 or len(vectors) != len(digests):
            raise StoreError(f"{len(digests)} digests need ({len(digests)}, dim) vectors, found {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise StoreError(f"a vector for {fingerprint!r} is not finite: it cannot be stored")
        raw = np.ascontiguousarray(vectors, dtype="<f4")
        rows = {
            digest: {"digest": digest, "fingerprint": fingerprint, "dim": raw.shape[1], "vector": vector.tobytes()}
            for digest, vector in zip(digests, raw, strict=True)
        }
        with writing(self._engine, "cannot store embeddings") as connection:
            for chunk in _chunks(list(rows)):
                connection.execute(delete(embeddings).where(embeddings.c.digest.in_(chunk)))
            _write(connection, list(rows.values()), insert(embeddings))

    def embeddings(self, digests: Sequence[str], dim: int) -> NDArray[np.float32]:
        """The vectors of the digests, in their order, (n, dim) float32.

        Raises StoreError naming the first digest that has no vector, or none of `dim` numbers.
        """
        found = np.empty((len(digests), dim), dtype=np.float32)
        with reading(self._engine, "cannot read embeddings") as connection:
            for start in range(0, len(digests), CHUNK):
                chunk = list(digests[start : start + CHUNK])
                vectors = _raw_vectors(connection, chunk)
                for place, digest in enumerate(chunk, start):
                    found[place] = _vector(digest, vectors.get(digest), dim)
        return found

    def embeddings_known(self, digests: Iterable[str], dim: int) -> dict[str, NDArray[np.float32]]:
        """The (dim,) float32 vectors of those of the digests that have one.

        Raises StoreError naming a digest whose vector has not `dim` numbers.
        """
        with reading(self._engine, "cannot read embeddings") as connection:
            return {
                digest: _vector(digest, raw, dim)
                for chunk in _chunks(list(dict.fromkeys(digests)))
                for digest, raw in _raw_vectors(connection, chunk).items()
            }


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _write(connection: Connection, rows: list[dict[str, Any]], statement: Any) -> None:
    if rows:
        connection.execute(statement, rows)


def _raw_vectors(connection: Connection, digests: list[str]) -> dict[str, bytes]:
    asked = select(embeddings.c.digest, embeddings.c.vector).where(embeddings.c.digest.in_(set(digests)))
    return {row.digest: row.vector for row in connection.execute(asked)}


def _vector(digest: str, raw: bytes | None, dim: int) -> NDArray[np.float32]:
    if raw is None:
        raise StoreError(f"no embedding of digest {digest!r} in the store; run the embedding step again")
    if len(raw) != 4 * dim:
        raise StoreError(f"the embedding of digest {digest!r} has {len(raw) // 4} numbers, expected {dim}")
    return np.frombuffer(raw, dtype="<f4")
