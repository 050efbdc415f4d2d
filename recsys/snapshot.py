"""The store as it is at one moment, however much is written meanwhile."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from recsys.articles import Article, Status
from recsys.changes import Change
from recsys.database import store_errors
from recsys.links import inner_links
from recsys.postgres import may_stand_still
from recsys.schema import LIFECYCLE, articles, counters, to_article, to_lifecycle

PAGE = 100  # articles in memory at once; a body may be 2 MB
_CHANGES = 1_000  # changes in one question


class Snapshot:
    """One read transaction on the store; made by `ArticleStore.snapshot`.

    `change` is the number of the last change that it sees.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        may_stand_still(connection)
        # the first read fixes what the transaction sees
        self.change = int(connection.execute(select(counters.c.value).where(counters.c.name == "change")).scalar_one())

    def articles(self, status: Status | None = Status.USABLE) -> Iterator[Article]:
        """Every article of that status (None: of any), in id order. May be asked several times, also interleaved.

        Raises StoreError.
        """
        page = select(articles).order_by(articles.c.id).limit(PAGE)
        if status is not None:
            page = page.where(articles.c.status == status.value)
        last: str | None = None
        while True:
            with store_errors("cannot read articles"):
                asked = page if last is None else page.where(articles.c.id > last)
                rows = self._connection.execute(asked).mappings().all()
            for row in rows:
                yield to_article(dict(row))
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    def articles_of(self, article_ids: Sequence[str]) -> list[Article]:
        """Those of the articles that there are, whatever their status, in the order asked; for a page of them.

        Raises StoreError.
        """
        asked = select(articles).where(articles.c.id.in_(article_ids))
        with store_errors("cannot read articles"):
            found = {row["id"]: to_article(dict(row)) for row in self._connection.execute(asked).mappings()}
        return [found[key] for key in article_ids if key in found]

    def changes_after(self, change: int) -> Iterator[Change]:
        """The changes after number `change`, in order; of each article only its latest. Raises StoreError."""
        page = select(articles.c.change, articles.c.id, *LIFECYCLE).order_by(articles.c.change).limit(_CHANGES)
        while True:
            with store_errors("cannot read changes"):
                rows = self._connection.execute(page.where(articles.c.change > change)).mappings().all()
            for row in rows:
                yield Change(row["change"], row["id"], to_lifecycle(dict(row)))
            if len(rows) < _CHANGES:
                return
            change = rows[-1]["change"]

    def links(self) -> Iterator[tuple[str, str]]:
        """(article id, linked article id) of each link in a body between two usable articles; see `inner_links`.

        Raises StoreError.
        """
        with store_errors("cannot read links"):
            yield from inner_links(self._connection)
