"""Articles into the store, in the transaction of the caller: what is new, what has changed, what is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from recsys.articles import Status
from recsys.changes import keep_change, latest_change
from recsys.errors import PreconditionFailed, StaleArticle
from recsys.links import CHUNK, replace_links
from recsys.moments import moment_of
from recsys.schema import articles
from recsys.takedowns import taken_down

Row = Mapping[str, Any]  # of `articles`, as `to_row` makes it
Refusal = PreconditionFailed | StaleArticle


class Outcome(StrEnum):
    """What `put` did with an article."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Written:
    """An article that is in the store.

    `digest` is the content's and `change` the number of its latest change; `taken_down` says that nobody sees it.
    """

    outcome: Outcome
    digest: str
    change: int
    taken_down: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the store has of an id: `status` is the article's own, whether or not it is taken down."""

    digest: str
    status: str
    updated_at: int | None
    change: int


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so for an article to be written.

    Attributes:
        digests: the stored article's digest must be one of these, "*" is any; None asks nothing. Content that is
            stored already satisfies it, so that a write whose answer was lost can be sent again.
        absent: there must be no article of the id.
        may_go_back: `updated_at` may be earlier than the stored one.
    """

    digests: tuple[str, ...] | None = None
    absent: bool = False
    may_go_back: bool = True

    def refuses(self, row: Row, before: Known | None) -> Refusal | None:
        """Why the row may not be written over what was there before; None where it may."""
        if before is None:
            return None if self.digests is None else PreconditionFailed(row["id"], None)
        if self.absent:
            return PreconditionFailed(row["id"], before.digest)
        if before.digest == row["digest"]:
            return None
        if self.digests is not None and not {before.digest, "*"} & set(self.digests):
            return PreconditionFailed(row["id"], before.digest)
        stored, given = before.updated_at, row["updated_at"]
        if self.may_go_back or stored is None or given is None or given >= stored:
            return None
        return StaleArticle(row["id"], moment_of(stored), moment_of(given))


ALWAYS = Condition()


def put_rows(
    connection: Connection,
    rows: Sequence[Row],
    links: Sequence[Sequence[str] | None],
    at: int,
    conditions: Sequence[Condition] | None = None,
    who: str | None = None,
) -> list[Written | Refusal]:
    """Write the rows in their order, each under its condition; one id may come several times.

    `links` are the addresses that replace those of the article, None where these stay; `at` is the second since 1970.
    `who` is kept with what changed.
    """
    last = latest_change(connection)  # first: its lock keeps other writers, and takedowns, out
    ids = [row["id"] for row in rows]
    known, down = known_of(connection, ids), taken_down(connection, ids)
    there, results = frozenset(known), list[Written | Refusal]()
    final: dict[str, Row] = {}
    for row, condition in zip(rows, conditions or repeat(ALWAYS, len(rows)), strict=True):
        key, before, is_down = row["id"], known.get(row["id"]), row["id"] in down
        refused = condition.refuses(row, before)
        if refused is not None:
            results.append(refused)
        elif before is not None and (before.digest, before.status) == (row["digest"], row["status"]):
            results.append(Written(Outcome.UNCHANGED, before.digest, before.change, is_down))
        else:
            last += 1
            known[key] = Known(row["digest"], row["status"], row["updated_at"], last)
            final[key] = {**row, **_held(row, is_down), "change": last, "changed_at": at, "written_by": who}
            outcome = Outcome.NEW if before is None else Outcome.CHANGED
            results.append(Written(outcome, row["digest"], last, is_down))
    _write(connection, final, there)
    wanted = zip(ids, links, results, strict=True)
    kept = {key: urls for key, urls, result in wanted if urls is not None and isinstance(result, Written)}
    replace_links(connection, kept)
    if final:
        keep_change(connection, last)
    return results


def _held(row: Row, is_down: bool) -> Row:
    """Under a takedown the status that the article has of itself waits."""
    return {"status": Status.CANCELED.value, "held_status": row["status"]} if is_down else {"held_status": None}


def known_of(connection: Connection, ids: Sequence[str]) -> dict[str, Known]:
    """What is known of those ids that are in the store."""
    columns = (articles.c.digest, articles.c.held_status, articles.c.status, articles.c.updated_at, articles.c.change)
    return {
        row.id: Known(row.digest, row.held_status or row.status, row.updated_at, row.change)
        for chunk in _chunks(ids)
        for row in connection.execute(select(articles.c.id, *columns).where(articles.c.id.in_(chunk)))
    }


def _write(connection: Connection, final: Mapping[str, Row], there: frozenset[str]) -> None:
    new = [row for key, row in final.items() if key not in there]
    changed = [{**row, "of_id": key} for key, row in final.items() if key in there]
    if new:
        connection.execute(insert(articles), new)
    if changed:
        connection.execute(update(articles).where(articles.c.id == bindparam("of_id")), changed)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
