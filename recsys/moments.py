"""Moments as the store keeps them: whole seconds since 1970 in UTC. Which way a moment is rounded is the caller's."""

from datetime import UTC, datetime, timedelta

_START, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _START) // _SECOND


def seconds_down(moment: datetime) -> int:
    """The second that the aware moment lies in.

    >>> seconds_down(datetime(1970, 1, 1, 0, 0, 7, 999_999, tzinfo=UTC))
    7
    """
    return (moment - _START) // _SECOND


def seconds_up(moment: datetime) -> int:
    """The first whole second that is not before the aware moment.

    >>> seconds_up(datetime(1970, 1, 1, 0, 0, 7, 1, tzinfo=UTC))
    8
    """
    return min(-((_START - moment) // _SECOND), _LAST)


def moment_of(seconds: int) -> datetime:
    """The moment, aware and in UTC. Raises OverflowError outside of the years 1 to 9999."""
    return _START + timedelta(seconds=seconds)
