"""What a CMS says of its articles, by a webhook or because it is followed: done in its order, in one transaction.

    store.cms.take([Reading(article, ()), Gone("a17", "deleted")], who="webhook cms")

Messages may come late, twice and in any order, to several processes at once: each is held against the store inside the
transaction that writes it. Of two versions the later `updated_at` stays; where one has none, the one that came last.

What the CMS calls gone or sends as canceled is a takedown in its name, so no ingest brings it back; so is an article
that was usable and is withheld by a version with an `updated_at`. A later usable version lifts it, as the CMS's editors
published it again: one with an `updated_at`, because nothing else tells it from an old message. What somebody took down
through us they lift themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, update

from recsys.articles import Status
from recsys.audit import LONGEST, said
from recsys.changes import latest_change
from recsys.database import store_errors, writing
from recsys.moments import moment_of, seconds_down
from recsys.putting import Condition, Known, Outcome, Refusal, Written, known_of, put_rows
from recsys.records import Reading
from recsys.schema import takedowns, to_row
from recsys.takedowns import Takedown, put_back, put_down, takedown_of, taken_down

_NEWEST = Condition(may_go_back=False)


@dataclass(frozen=True, slots=True)
class Gone:
    """An article that is to go: `reason` is for the log, `at` (aware) when it went if the CMS tells that."""

    id: str
    reason: str
    at: datetime | None = None


class Fate(StrEnum):
    """What became of one message."""

    NEW = "new"
    CHANGED = "changed"  # its content, or whether it is taken down
    UNCHANGED = "unchanged"
    STALE = "stale"  # the store has a later version
    UNKNOWN = "unknown"  # the store has no article of the id that is to go; it would come in taken down


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message, and whether its article is taken down now."""

    fate: Fate
    taken_down: bool


class Cms:
    """A CMS's way into one store; made by `ArticleStore`, safe in threads and processes. May raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, messages: Sequence[Reading | Gone], who: str, now: datetime | None = None) -> list[Taken]:
        """Do what the messages say; durable when it returns.

        Raises:
            ConfigError: nobody is named.
        """
        who = said("who", who[:LONGEST])
        with store_errors("cannot store articles"):
            told = [one if isinstance(one, Gone) else _Version(to_row(one.article), one.links) for one in messages]
        with writing(self._engine, "cannot store articles") as connection:
            return _Talk(connection, who, now or datetime.now(UTC)).all(told)


@dataclass(frozen=True, slots=True)
class _Version:
    row: dict[str, Any]
    links: Sequence[str]

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def is_usable(self) -> bool:
        return bool(self.row["status"] == Status.USABLE)


class _Talk:
    """The messages of one call, in one transaction."""

    def __init__(self, connection: Connection, who: str, moment: datetime) -> None:
        self._connection, self._who, self._moment = connection, who, moment
        latest_change(connection)  # first: its lock lets nobody else write until this is done

    def all(self, messages: Sequence[_Version | Gone]) -> list[Taken]:
        down = taken_down(self._connection, [one.id for one in messages])
        taken: list[Taken] = []
        usual: list[_Version] = []  # are put together, which is quicker
        for one in messages:
            if isinstance(one, _Version) and one.is_usable and one.id not in down:
                usual.append(one)
                continue
            taken += self._put(usual)
            usual = []
            taken.append(self._gone(one) if isinstance(one, Gone) else self._perhaps_gone(one))
            down.add(one.id)
        return taken + self._put(usual)

    def _put(self, versions: Sequence[_Version]) -> list[Taken]:
        if not versions:
            return []
        rows, links = [one.row for one in versions], [one.links for one in versions]
        conditions, at = [_NEWEST] * len(rows), seconds_down(self._moment)
        return [_told(result) for result in put_rows(self._connection, rows, links, at, conditions, self._who)]

    def _gone(self, gone: Gone) -> Taken:
        known = known_of(self._connection, [gone.id]).get(gone.id)
        last = None if known is None else known.updated_at
        if gone.at is not None and last is not None and seconds_down(gone.at) < last:
            return Taken(Fate.STALE, takedown_of(self._connection, gone.id) is not None)
        at = self._moment if gone.at is None else min(gone.at, self._moment)
        made = self._take_down(gone.id, gone.reason, at)
        if known is None:
            return Taken(Fate.UNKNOWN, taken_down=True)
        return Taken(Fate.CHANGED if made else Fate.UNCHANGED, taken_down=True)

    def _perhaps_gone(self, version: _Version) -> Taken:
        """A version that is not usable, or of an article that may be taken down."""
        row, known = version.row, known_of(self._connection, [version.id]).get(version.id)
        (taken,) = self._put([version])
        if taken.fate is Fate.STALE:
            return replace(taken, taken_down=takedown_of(self._connection, version.id) is not None)
        if version.is_usable:
            return Taken(_louder(taken.fate), taken_down=False) if self._lifted(row) else taken
        if not _withdraws(row, known):
            return taken
        at = self._moment if row["updated_at"] is None else moment_of(row["updated_at"])
        made = self._take_down(version.id, f"sent as {row['status']}", at)
        return Taken(_louder(taken.fate) if made else taken.fate, taken_down=True)

    def _take_down(self, article_id: str, reason: str, at: datetime) -> bool:
        """Whether it was not down before. What is down already is so at least until a version after `at` comes."""
        standing = takedown_of(self._connection, article_id)
        if standing is None:
            made = Takedown(article_id, moment_of(seconds_down(self._moment)), self._who, reason, at)
            put_down(self._connection, made, standing, self._moment)
            return True
        if standing.lifted_after is not None and standing.lifted_after < at:
            later = update(takedowns).where(takedowns.c.article_id == article_id)
            self._connection.execute(later.values(lifted_after=seconds_down(at)))
        return False

    def _lifted(self, row: dict[str, Any]) -> bool:
        standing = takedown_of(self._connection, row["id"])
        if standing is None or standing.lifted_after is None or row["updated_at"] is None:
            return False
        updated_at = moment_of(row["updated_at"])
        if updated_at <= standing.lifted_after:
            return False
        put_back(self._connection, standing, self._who, f"published again, updated at {updated_at}", self._moment)
        return True


def _withdraws(row: dict[str, Any], known: Known | None) -> bool:
    if row["status"] == Status.CANCELED:
        return True
    # a draft is no takedown, nor is what no later version could be told from
    return known is not None and known.status == Status.USABLE and row["updated_at"] is not None


def _louder(fate: Fate) -> Fate:
    return Fate.CHANGED if fate is Fate.UNCHANGED else fate


def _told(result: Written | Refusal) -> Taken:
    if not isinstance(result, Written):
        return Taken(Fate.STALE, taken_down=False)
    fates = {Outcome.NEW: Fate.NEW, Outcome.CHANGED: Fate.CHANGED, Outcome.UNCHANGED: Fate.UNCHANGED}
    return Taken(fates[result.outcome], result.taken_down)
