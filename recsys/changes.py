"""The number of the store's latest change: every change of an article takes the next."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from recsys.articles import Status
from recsys.lifecycle import Lifecycle
from recsys.schema import counters

_CHANGE = counters.c.name == "change"


@dataclass(frozen=True, slots=True)
class Change:
    """The latest change of one article. Numbers start at 1 and grow."""

    change: int
    id: str
    lifecycle: Lifecycle

    @property
    def status(self) -> Status:
        """The status it has since."""
        return self.lifecycle.status


def latest_change(connection: Connection) -> int:
    """The latest number; in a writer, with the lock that makes numbers visible in their order until it commits."""
    value = select(counters.c.value).where(_CHANGE)
    writes = connection.get_execution_options().get("write", False)
    return int(connection.execute(value.with_for_update() if writes else value).scalar_one())


def keep_change(connection: Connection, change: int) -> None:
    """Make this the latest number; only for who has the lock of `latest_change`."""
    connection.execute(update(counters).where(_CHANGE).values(value=change))
