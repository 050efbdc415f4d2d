"""Moments and spans of time as an editor types them, and what a terminal is told."""

import re
from datetime import UTC, date, datetime, time, timedelta

from recsys.errors import ConfigError

_SPAN = re.compile(r"(\d{1,6})([wdhm])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


def moment(text: str, end: bool = False) -> datetime:
    """The aware moment of an ISO 8601 text; without a zone it is UTC. A day alone begins a span, or ends one with it.

    Raises:
        ConfigError: it is none.

    >>> moment("2026-12-24"), moment("2026-12-24", end=True).day
    (datetime.datetime(2026, 12, 24, 0, 0, tzinfo=datetime.timezone.utc), 25)
    """
    try:
        day = _day(text.strip())
        if day is None:
            found = datetime.fromisoformat(text.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        return datetime.combine(day + timedelta(days=end), time(), UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{text!r} is no moment: write 2026-12-24 or 2026-12-24T18:00+01:00") from error


def span(text: str) -> timedelta:
    """A length of time such as 7d; weeks, days, hours or minutes.

    Raises:
        ConfigError: it is none.

    >>> span("12h")
    datetime.timedelta(seconds=43200)
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ConfigError(f"{text!r} is no length of time: write 7d, 12h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def shown(moment: datetime) -> str:
    """The moment in UTC to the second.

    >>> shown(datetime(2026, 12, 24, tzinfo=UTC))
    '2026-12-24T00:00:00Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(text: str) -> str:
    """The text in one line, and without what would speak to the terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
