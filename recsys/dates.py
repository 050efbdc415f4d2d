"""A moment out of whatever a CMS writes into a date column; never raises.

dateutil is imported where it is used: whoever serves articles does not need it.
"""

import re
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone, tzinfo

EARLIEST = 1600  # the year of the first newspapers is 1605
AHEAD = timedelta(days=731)
LONGEST_DATE = 100
EPOCH = re.compile(r"-?\d{9,13}(?:\.\d{1,9})?")
YEAR_FIRST = re.compile(r"\s*\d{4}[^\d]")  # dateutil would take even 2016-11-10 for October 11 with its `dayfirst`
# RFC 2822, section 4.3; every other letter name is ambiguous, so it counts as UTC
ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


def parse_date(value: object, now: datetime) -> datetime | None:
    """A moment in UTC to the second, or None where `value` names none: unreadable, incomplete, absurd.

    Reads datetimes, dates, ISO 8601, RFC 2822, epoch seconds (9 to 11 digits) or milliseconds (12 or 13), and whatever
    python-dateutil reads that names a year of four digits, a month and a day; 10/11/2016 is October 11. Without a zone
    it is UTC. Before the year 1600, or more than two years after `now` (aware), is absurd.

    >>> parse_date("Tue, 20 Sep 2016 10:00:00 +0200", datetime(2020, 1, 1, tzinfo=UTC))
    datetime.datetime(2016, 9, 20, 8, 0, tzinfo=datetime.timezone.utc)
    """
    moment = _utc(value)
    if moment is None or moment.year < EARLIEST or moment.replace(microsecond=0) > now + AHEAD:
        return None
    return moment.replace(microsecond=0)


def parse_moment(value: object) -> datetime | None:
    """The same for what decides whether something may be shown: of any year, and None where it has two readings.

    It may lie far ahead, as "never" often does, and keeps its part of a second. 10/11/2016 is None, 10/13/2016 is not.

    >>> parse_moment("9999-12-31T23:59:59-05:00")
    datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc)
    """
    found = _utc(value)
    year_first = isinstance(value, str) and YEAR_FIRST.match(value)
    return found if year_first or found == _utc(value, day_first=True) else None


def _utc(value: object, day_first: bool = False) -> datetime | None:
    try:
        moment = _moment(value, day_first)
        if moment is None:
            return None
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        # the last hours of the last year have no UTC in the west; whoever writes them means "never"
        return moment.replace(tzinfo=UTC) if moment.year == MAXYEAR else moment.astimezone(UTC)
    # dateutil leaks these on odd input; a date is never worth a crash
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError, ArithmeticError):
        return None


def _moment(value: object, day_first: bool) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)[: LONGEST_DATE + 1].strip()
    if len(text) > LONGEST_DATE:
        return None
    if EPOCH.fullmatch(text) and not _is_compact(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= 1e11 else seconds, UTC)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _by_dateutil(text, day_first)


def _is_compact(digits: str) -> bool:
    """Whether 12 digits are a date and time such as 201609201011, not milliseconds (which would then be 1975)."""
    try:
        return len(digits) == 12 and EARLIEST <= datetime.strptime(digits, "%Y%m%d%H%M").year <= 2100
    except ValueError:
        return False


def _by_dateutil(text: str, day_first: bool) -> datetime | None:
    from dateutil import parser

    # what the text does not name comes from the default: two of them that agree in nothing show it
    first, second = (
        parser.parse(text, default=default, tzinfos=_zone, dayfirst=day_first)
        for default in (datetime(2001, 2, 3), datetime(2004, 11, 28))
    )
    complete = first == second and f"{first.year:04}" in text
    return first if complete else None


def _zone(name: str | None, offset: int | None) -> tzinfo:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=ZONES.get((name or "").upper(), 0)))
