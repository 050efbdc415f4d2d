"""The log of who did what: one entry for each change of rules, keys and takedowns, in one transaction with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select

from recsys.errors import ConfigError
from recsys.moments import moment_of, seconds_down
from recsys.schema import log

LONGEST = 500  # characters of a name or of a reason


class What(StrEnum):
    """What was done."""

    RULE_ADDED = "rule added"
    RULE_ENDED = "rule ended"
    KEY_MADE = "key made"
    KEY_REVOKED = "key revoked"
    TAKEN_DOWN = "article taken down"
    TAKEDOWN_LIFTED = "takedown lifted"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Attributes:
        id: grows from entry to entry.
        at: aware, in UTC, to the second.
        who: as they named themselves, or the owner of the key.
        what: see `What`; a text, so that entries of newer programs can be read.
        number: of the rule, of the key, or of the article's change (0 where the store has no such article).
        details: of JSON's types; for an added rule all of its fields, so that the log tells it all by itself. For a
            takedown `article_id` and `reason`.
    """

    id: int
    at: datetime
    who: str
    what: str
    number: int
    details: Mapping[str, Any] = field(default_factory=dict)


def said(name: str, text: str) -> str:
    """The text without blanks at its ends. Raises ConfigError where it says nothing or is too long."""
    if not text.strip() or len(text) > LONGEST or "\0" in text:  # PostgreSQL takes no NUL
        raise ConfigError(f"{name} is {text[:60]!r}: say it in 1 to {LONGEST} characters")
    return text.strip()


def note(connection: Connection, at: datetime, who: str, what: What, number: int, details: Mapping[str, Any]) -> None:
    """Write an entry in the transaction of what it tells."""
    row = {"at": seconds_down(at), "who": who, "what": what.value, "number": number, "details": dict(details)}
    connection.execute(insert(log).values(row))


def entries(connection: Connection, limit: int, before: int | None) -> tuple[Entry, ...]:
    """The newest first, at most `limit`; those with an id below `before` only."""
    asked = select(log).order_by(log.c.id.desc()).limit(limit)
    if before is not None:
        asked = asked.where(log.c.id < before)
    rows = connection.execute(asked).mappings()
    return tuple(Entry(**{**row, "at": moment_of(row["at"])}) for row in rows)
