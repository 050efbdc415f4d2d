"""Moments in a cursor, and how far a source is read back."""

from datetime import UTC, datetime, timedelta

from recsys.dates import parse_date

# What a CMS says was changed at one moment may be seen only later: its clocks differ, a save takes a while, and
# WordPress compares local times, of which an hour comes twice in autumn. So each round begins so much earlier.
OVERLAP = timedelta(hours=2)
FAR = datetime(9000, 1, 1, tzinfo=UTC)


def written(moment: datetime) -> str:
    """The moment as ISO 8601 in UTC to the second.

    >>> written(datetime(2026, 3, 1, tzinfo=UTC))
    '2026-03-01T00:00:00Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(value: object) -> datetime | None:
    """The moment that a CMS or a cursor names, aware and in UTC; None where it names none."""
    return parse_date(value, FAR)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two, of which each may be unknown."""
    return max((found for found in (one, other) if found), default=None)
