"""Which articles a full export still has, so that the others can be retired."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, MetaData, String, Table, exists, func, literal, select, text, update

from recsys.articles import Status
from recsys.changes import keep_change, latest_change
from recsys.database import store_errors
from recsys.errors import StoreError
from recsys.moments import seconds_down
from recsys.schema import Identifier, articles

# dies with its connection
seen_ids = Table("seen_ids", MetaData(), Column("id", Identifier, primary_key=True), prefixes=["TEMPORARY"])


class FullExport:
    """The ids that an export has, in a temporary table: millions cost no memory. Made by `ArticleStore.full_export`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        with connection.begin():
            seen_ids.create(connection, checkfirst=False)
        with connection.begin():
            self.usable_before = _usable(connection)

    def add(self, ids: Iterable[str]) -> None:
        """Note ids that the export has; the same one may come several times. Raises StoreError."""
        rows = [{"id": article_id} for article_id in dict.fromkeys(ids)]
        if not rows:
            return
        with store_errors("cannot note the ids of the export"), self._connection.begin():
            self._connection.execute(text("INSERT INTO seen_ids (id) VALUES (:id) ON CONFLICT DO NOTHING"), rows)

    def retire_absent(self, limit: float = 1.0, now: datetime | None = None) -> int:
        """Retire every article that the export no longer has; how many that were. Each gets a change number.

        Raises StoreError, and retires none, where more than the share `limit` in [0, 1] of the articles that were
        usable when the export was opened would go. `now` (aware; the clock's else) is when they were retired.

        One that is taken down stays so, without a number: it is retired when that is lifted. It is not counted.
        """
        # not NOT IN, which PostgreSQL answers by looking through all ids for each article
        seen = exists().where(seen_ids.c.id == articles.c.id)
        is_down = articles.c.held_status.is_not(None)
        absent = (articles.c.status != Status.RETIRED.value) & ~is_down & ~seen
        connection = self._connection.execution_options(write=True)
        with store_errors("cannot retire articles"), connection.begin():
            last = latest_change(connection)
            going = int(
                connection.execute(
                    select(func.count()).where(absent, articles.c.status == Status.USABLE.value)
                ).scalar_one()
            )
            if going > limit * self.usable_before:
                raise StoreError(
                    f"the export lacks {going} of the store's {self.usable_before} usable articles, more than the limit"
                    f" of {limit:.0%}: none was retired; if it is right, run again with a higher --retire-limit"
                )
            place = func.row_number().over(order_by=articles.c.id)
            order = select(articles.c.id, place.label("place")).where(absent).subquery()
            retired = connection.execute(
                update(articles)
                .where(articles.c.id == order.c.id)
                .values(
                    status=literal(Status.RETIRED.value, String),
                    change=last + order.c.place,
                    changed_at=seconds_down(now or datetime.now(UTC)),
                )
            ).rowcount
            connection.execute(update(articles).where(is_down, ~seen).values(held_status=Status.RETIRED.value))
            keep_change(connection, last + retired)
        return retired


def _usable(connection: Connection) -> int:
    of_status = select(func.count()).select_from(articles).where(articles.c.status == Status.USABLE.value)
    return int(connection.execute(of_status).scalar_one())
