"""Articles written one by one between two nights, under conditions, and read back with what is known of them.

    store.edits.put(article, links, Condition(digests=(stored.digest,)))

Each call is one transaction: the condition holds at the moment of the write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from recsys.articles import Article
from recsys.database import reading, store_errors, writing
from recsys.moments import moment_of, seconds_down
from recsys.putting import Condition, Refusal, Written, put_rows
from recsys.schema import articles, to_article, to_row
from recsys.takedowns import Takedown, takedown_of


@dataclass(frozen=True, slots=True)
class Stored:
    """An article as the store has it.

    Attributes:
        article: as it was last put, with its own status, whether or not it is taken down.
        digest: of its content as it was put.
        change: number of its latest change.
        changed_at: when the store took it, aware and in UTC; None in rows of an older store.
        takedown: the one that stands.
        written_by: who put it, as they named themselves; None where they did not.
    """

    article: Article
    digest: str
    change: int
    changed_at: datetime | None
    takedown: Takedown | None
    written_by: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """An article to be written; `links` are as in `ArticleStore.put`, None leaves those that are known."""

    article: Article
    links: tuple[str, ...] | None = None
    condition: Condition = field(default_factory=lambda: Condition(may_go_back=False))


class Edits:
    """The articles of one store; made by `ArticleStore`, safe in threads. Everything may raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, article_id: str) -> Stored | None:
        """The article and what is known of it, or None."""
        with reading(self._engine, "cannot read an article") as connection:
            found = connection.execute(select(articles).where(articles.c.id == article_id)).mappings().first()
            takedown = takedown_of(connection, article_id)
        if found is None:
            return None
        row = dict(found)
        own = to_article(row | {"status": row["held_status"] or row["status"]})
        changed_at = None if row["changed_at"] is None else moment_of(row["changed_at"])
        return Stored(own, row["digest"], row["change"], changed_at, takedown, row["written_by"])

    def put(self, edit: Edit, now: datetime | None = None, who: str | None = None) -> Written:
        """Write one article; `who` wrote it.

        Raises:
            PreconditionFailed: the stored article is not the one that the condition names.
            StaleArticle: `updated_at` would go back.
        """
        (result,) = self.put_all([edit], now, who)
        if not isinstance(result, Written):
            raise result
        return result

    def put_all(
        self, edits: Sequence[Edit], now: datetime | None = None, who: str | None = None
    ) -> list[Written | Refusal]:
        """Write those whose conditions hold, in one transaction and in their order; the others are told by an error."""
        with store_errors("cannot store articles"):
            rows = [to_row(edit.article) for edit in edits]
        links, conditions = [edit.links for edit in edits], [edit.condition for edit in edits]
        with writing(self._engine, "cannot store articles") as connection:
            return put_rows(connection, rows, links, seconds_down(now or datetime.now(UTC)), conditions, who)
