"""The store as it is at one moment, however much is written meanwhile."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from recsys.articles import Article, Status
from recsys.database import store_errors
from recsys.links import inner_links
from recsys.postgres import may_stand_still
from recsys.schema import articles, counters, to_article

PAGE = 100  # articles in memory at once; a body may be 2 MB


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

    def links(self) -> Iterator[tuple[str, str]]:
        """(article id, linked article id) of each link in a body between two usable articles; see `inner_links`.

        Raises StoreError.
        """
        with store_errors("cannot read links"):
            yield from inner_links(self._connection)
