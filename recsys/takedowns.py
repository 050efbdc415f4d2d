"""Takedowns: an article is out of everything, whatever is ingested, until somebody lifts it.

    store.takedowns.take_down("a17", who="A. Editor", reason="court order")
    store.takedowns.lift("a17", who="A. Editor", reason="appeal won")

While a takedown stands, the article's status in the store is `canceled`; the status that it has of itself waits beside
it and is kept up to date. So builds, releases, followers and rollbacks know nothing of takedowns: they see a status.
A takedown is somebody's, or the CMS's own (`lifted_after`): that one ends when the CMS publishes a later version, see
`recsys.cms`. Somebody who takes such an article down makes it theirs.
An id that the store has never seen can be taken down too: there is nothing to show yet, so it takes no change number,
and the article comes in canceled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, String, delete, insert, literal, select, update

from recsys.articles import Status
from recsys.audit import What, note, said
from recsys.changes import keep_change, latest_change
from recsys.database import reading, writing
from recsys.errors import TakedownNotFound
from recsys.links import CHUNK
from recsys.moments import moment_of, seconds_down
from recsys.schema import articles, takedowns


@dataclass(frozen=True, slots=True)
class Takedown:
    """An article that is taken down. Moments are aware, in UTC, to the second.

    `lifted_after` is when the CMS took it down: a version that it publishes later brings the article back. None is for
    all other takedowns, which somebody has to lift.
    """

    article_id: str
    at: datetime
    who: str
    reason: str
    lifted_after: datetime | None = None


class Takedowns:
    """The takedowns of one store; made by `ArticleStore`, safe in threads. Everything may raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take_down(self, article_id: str, who: str, reason: str, now: datetime | None = None) -> Takedown:
        """Take the article down, whether or not the store has it. One that stands stays as it is, and is returned.

        Only one of the CMS becomes this one; the article was down since.

        Raises:
            ConfigError: no article or nobody is named, or no reason.
        """
        article_id, who, reason = said("article_id", article_id), said("who", who), said("reason", reason)
        moment = now or datetime.now(UTC)
        with writing(self._engine, "cannot take an article down") as connection:
            latest_change(connection)  # first: its lock lets no article in meanwhile
            standing = takedown_of(connection, article_id)
            if standing is not None and standing.lifted_after is None:
                return standing
            at = moment_of(seconds_down(moment)) if standing is None else standing.at
            made = Takedown(article_id, at, who, reason)
            put_down(connection, made, standing, moment)
        return made

    def lift(self, article_id: str, who: str, reason: str, now: datetime | None = None) -> Takedown:
        """End the takedown: the article stands as its newest version says. What stood is returned.

        Raises:
            TakedownNotFound: the article is not taken down.
            ConfigError: nobody is named, or no reason.
        """
        who, reason, moment = said("who", who), said("reason", reason), now or datetime.now(UTC)
        with writing(self._engine, "cannot lift a takedown") as connection:
            latest_change(connection)
            standing = takedown_of(connection, article_id)
            if standing is None:
                raise TakedownNotFound(article_id)
            put_back(connection, standing, who, reason, moment)
        return standing

    def standing(self) -> tuple[Takedown, ...]:
        """Every takedown that stands, by article id."""
        with reading(self._engine, "cannot read the takedowns") as connection:
            rows = connection.execute(select(takedowns).order_by(takedowns.c.article_id)).mappings()
            return tuple(_to_takedown(row) for row in rows)

    def among(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are taken down."""
        with reading(self._engine, "cannot read the takedowns") as connection:
            return taken_down(connection, ids)


def taken_down(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that are taken down, as this transaction sees it."""
    asked = list(dict.fromkeys(ids))
    column = takedowns.c.article_id
    chunks = (asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK))
    return {found for chunk in chunks for found in connection.scalars(select(column).where(column.in_(chunk)))}


def takedown_of(connection: Connection, article_id: str) -> Takedown | None:
    """The takedown of the article that stands, as this transaction sees it."""
    row = connection.execute(select(takedowns).where(takedowns.c.article_id == article_id)).mappings().first()
    return None if row is None else _to_takedown(row)


def put_down(connection: Connection, made: Takedown, standing: Takedown | None, moment: datetime) -> None:
    """Make `made` the article's takedown in place of `standing`; only for who has the lock of `latest_change`."""
    row = {name: getattr(made, name) for name in ("article_id", "who", "reason")}
    lifted_after = None if made.lifted_after is None else seconds_down(made.lifted_after)
    row |= {"at": seconds_down(made.at), "lifted_after": lifted_after}
    if standing is None:
        connection.execute(insert(takedowns).values(row))
        canceled = {"held_status": articles.c.status, "status": literal(Status.CANCELED.value, String)}
        change = _changed(connection, made.article_id, seconds_down(moment), canceled)
    else:
        connection.execute(update(takedowns).where(takedowns.c.article_id == made.article_id).values(row))
        of_article = select(articles.c.change).where(articles.c.id == made.article_id)
        change = connection.execute(of_article).scalar() or 0
    details = {"article_id": made.article_id, "reason": made.reason}
    note(connection, moment, made.who, What.TAKEN_DOWN, change, details)


def put_back(connection: Connection, standing: Takedown, who: str, reason: str, moment: datetime) -> None:
    """End this takedown; only for who has the lock of `latest_change`."""
    connection.execute(delete(takedowns).where(takedowns.c.article_id == standing.article_id))
    own = {"status": articles.c.held_status, "held_status": None}
    change = _changed(connection, standing.article_id, seconds_down(moment), own)
    details = {"article_id": standing.article_id, "reason": reason, "taken_down_for": standing.reason}
    note(connection, moment, who, What.TAKEDOWN_LIFTED, change, details)


def _changed(connection: Connection, article_id: str, at: int, values: Mapping[str, Any]) -> int:
    """Give the article these values and the next change number, which is returned; 0 where the store has none."""
    change = latest_change(connection) + 1
    numbered = update(articles).where(articles.c.id == article_id).values(**values, change=change, changed_at=at)
    if not connection.execute(numbered).rowcount:
        return 0
    keep_change(connection, change)
    return change


def _to_takedown(row: Mapping[str, Any] | RowMapping) -> Takedown:
    lifted_after = None if row["lifted_after"] is None else moment_of(row["lifted_after"])
    return Takedown(row["article_id"], moment_of(row["at"]), row["who"], row["reason"], lifted_after)
