"""The editors' desk: their rules in the store, added and ended but never rewritten, with a log of who did what.

    rule = store.desk.add(rule, who="A. Editor")
    store.desk.end(rule.id, who="A. Editor", reason="settled")

Times are kept to the second. What an editor asked for holds at least as long as it was asked for, as it matters when an
article must not be seen: a start is rounded down and an end up, so a rule is in force under a second longer at either
side. Ending a rule rounds down: the next request does without it.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from recsys.audit import Entry, What, entries, note, said
from recsys.database import added, reading, writing
from recsys.errors import ConfigError, RuleNotFound, StoreError
from recsys.moments import moment_of, seconds_down, seconds_up
from recsys.rules import Action, Kind, Rule, Subject, Widget
from recsys.schema import LARGEST, counters, rules

LOG = logging.getLogger(__name__)
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError)  # what a row that is no rule raises


class Desk:
    """The rules of one store; made by `ArticleStore`, safe in threads. Everything may raise StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: set[int] = set()  # rows that cannot be read and were warned of

    def add(self, rule: Rule, who: str, now: datetime | None = None) -> Rule:
        """Put a rule in force; it comes back as it is kept, with its id and its times to the second.

        The id of `rule` is ignored.

        Raises:
            ConfigError: it is over already, or would never be in force.
        """
        now, who = now or datetime.now(UTC), said("who", who)
        if rule.ends_at is not None and _is_over(rule, now):
            raise ConfigError(f"ends_at is {rule.ends_at.isoformat()}: the rule is over already, give a later moment")
        row = _to_row(rule)
        with writing(self._engine, "cannot add a rule") as connection:
            _count(connection)
            rule_id = added(connection, rules, row)
            kept = _to_rule(row | {"id": rule_id})
            note(connection, now, who, What.RULE_ADDED, rule_id, as_json(kept))
        return kept

    def end(self, rule_id: int, who: str, reason: str, now: datetime | None = None) -> Rule:
        """End a rule now; one that has not begun ends as it would begin, and so is never in force. The rule is kept.

        Raises:
            RuleNotFound: there is none, or it is over.
            ConfigError: nobody is named, or no reason.
        """
        now, who, reason = now or datetime.now(UTC), said("who", who), said("reason", reason)
        with writing(self._engine, "cannot end a rule") as connection:
            _count(connection)  # first, as its lock makes one of two that end the same rule the first
            rule = _one(connection, rule_id)
            if _is_over(rule, now):
                raise RuleNotFound(rule_id, rule.ends_at)
            ended = replace(rule, ends_at=max(moment_of(seconds_down(now)), rule.starts_at))
            row = {"ends_at": _to_row(ended)["ends_at"]}
            connection.execute(update(rules).where(rules.c.id == rule_id).values(row))
            times = {"ends_at": _text(ended.ends_at), "would_have_ended_at": _text(rule.ends_at)}
            note(connection, now, who, What.RULE_ENDED, rule_id, {"reason": reason, **times})
        return ended

    def rules(self, now: datetime | None = None) -> tuple[Rule, ...]:
        """The rules that are in force at `now` (aware) or will be, by id; without it all that ever were.

        A row that is no rule to this program, such as one of a newer program, is left out with a warning (once).
        """
        asked = select(rules).order_by(rules.c.id)
        if now is not None:
            # `_is_over` in SQL; an end is a whole second, so it is after `now` just where it is after now's second
            not_over = (rules.c.ends_at > seconds_down(now)) & (rules.c.ends_at > rules.c.starts_at)
            asked = asked.where(rules.c.ends_at.is_(None) | not_over)
        with reading(self._engine, "cannot read the rules") as connection:
            rows = connection.execute(asked).mappings().all()
        found = (self._read(dict(row)) for row in rows)
        return tuple(rule for rule in found if rule is not None)

    def rule(self, rule_id: int) -> Rule:
        """One rule, whether or not it is over.

        Raises:
            RuleNotFound: there is none.
        """
        with reading(self._engine, "cannot read a rule") as connection:
            return _one(connection, rule_id)

    def version(self) -> int:
        """A number that grows by one with each change of the rules; 0 where there never was one."""
        with reading(self._engine, "cannot read the number of the rules") as connection:
            return int(connection.execute(select(counters.c.value).where(counters.c.name == "rules")).scalar_one())

    def log(self, limit: int = 100, before: int | None = None) -> tuple[Entry, ...]:
        """What was done to rules, keys and takedowns, newest first; with `before`, only entries of a smaller id.

        Raises:
            ConfigError: `limit` is not a positive number.
        """
        if limit < 1:
            raise ConfigError(f"limit is {limit}: give at least 1")
        with reading(self._engine, "cannot read the log") as connection:
            return entries(connection, min(limit, LARGEST), None if before is None else min(before, LARGEST))

    def _read(self, row: Mapping[str, Any]) -> Rule | None:
        try:
            return _to_rule(row)
        except _UNREADABLE as error:
            if row["id"] not in self._told:
                self._told.add(row["id"])
                LOG.warning("rule %s of the store is left out, as it cannot be read: %s", row["id"], error)
            return None


def as_json(rule: Rule) -> dict[str, Any]:
    """Every field of the rule but its id, in JSON's types; times as ISO 8601."""
    row = _to_row(rule)
    return row | {"starts_at": _text(rule.starts_at), "ends_at": _text(rule.ends_at)}


def _is_over(rule: Rule, now: datetime) -> bool:
    """Whether it is not in force any more and will not be, as it ended before it began or ends as it begins."""
    return rule.ends_at is not None and rule.ends_at <= max(now, rule.starts_at)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _count(connection: Connection) -> None:
    """Give the rules their next number. Whoever writes waits here for the one before."""
    of_rules = counters.c.name == "rules"
    connection.execute(update(counters).where(of_rules).values(value=counters.c.value + 1))


def _one(connection: Connection, rule_id: int) -> Rule:
    in_range = 0 < rule_id <= LARGEST
    row = connection.execute(select(rules).where(rules.c.id == rule_id)).mappings().first() if in_range else None
    if row is None:
        raise RuleNotFound(rule_id)
    try:
        return _to_rule(dict(row))
    except _UNREADABLE as error:
        raise StoreError(f"rule {rule_id} of the store cannot be read: {error}") from error


def _to_row(rule: Rule) -> dict[str, Any]:
    return {
        "action": rule.action.value,
        "subject_kind": rule.subject.kind.value,
        "subject_value": rule.subject.value,
        "owner": rule.owner,
        "reason": rule.reason,
        "starts_at": seconds_down(rule.starts_at),
        "ends_at": None if rule.ends_at is None else seconds_up(rule.ends_at),
        "widget": rule.widget.value,
        "place_kind": rule.place.kind.value,
        "place_value": rule.place.value,
        "slot": rule.slot,
        "factor": rule.factor,
    }


def _to_rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        action=Action(row["action"]),
        subject=Subject(Kind(row["subject_kind"]), row["subject_value"]),
        owner=row["owner"],
        reason=row["reason"],
        starts_at=moment_of(row["starts_at"]),
        ends_at=None if row["ends_at"] is None else moment_of(row["ends_at"]),
        widget=Widget(row["widget"]),
        place=Subject(Kind(row["place_kind"]), row["place_value"]),
        slot=row["slot"],
        factor=row["factor"],
        id=row["id"],
    )
