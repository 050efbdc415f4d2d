"""As of when a list is asked for, so that no system may show what was not yet published."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.cards import Card
from recsys.columns import Int64, Rows
from recsys.errors import ConfigError
from recsys.release import Release

OWN = "published"
_EVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment after which nothing published may be a candidate; the moment itself is still allowed (closed).

    Undated articles cannot be shown to be earlier, so where there is a moment they are no candidates; and a query
    article without a date has no moment of its own, so its list is empty.

    Attributes:
        moment: aware, one for all queries; None for none.
        own: each query article's own publication time instead.

    Raises:
        ConfigError: both are given, or the moment has no time zone.
    """

    moment: datetime | None = None
    own: bool = False

    def __post_init__(self) -> None:
        if self.own and self.moment is not None:
            raise ConfigError(f"as_of is both {OWN!r} and {self.moment.isoformat()}: give one of them")
        if self.moment is not None and self.moment.utcoffset() is None:
            raise ConfigError(f"as_of is {self.moment.isoformat()}, which has no time zone: add one, such as +00:00")

    def __bool__(self) -> bool:
        return self.own or self.moment is not None

    def __str__(self) -> str:
        return OWN if self.own else "any time" if self.moment is None else self.moment.isoformat()

    @classmethod
    def parse(cls, text: str) -> "AsOf":
        """`published`, or an ISO 8601 time with its zone such as 2026-03-01T06:00:00+01:00.

        Raises:
            ConfigError: it is neither, or has no time zone.

        >>> AsOf.parse("2026-03-01T06:00Z").moment
        datetime.datetime(2026, 3, 1, 6, 0, tzinfo=datetime.timezone.utc)
        """
        if text.strip().lower() == OWN:
            return cls(own=True)
        try:
            return cls(datetime.fromisoformat(text.strip()))
        except ConfigError:
            raise
        except ValueError as error:
            raise ConfigError(
                f"as_of is {text!r}: give {OWN!r} or an ISO 8601 time with its zone, such as 2026-03-01T06:00:00+00:00"
            ) from error

    def of(self, card: Card) -> datetime | None:
        """The moment for this query article; None where there is none (no policy, or an undated article)."""
        return card.published_at if self.own else self.moment

    def latest(self, release: Release, rows: Rows | Sequence[int]) -> Int64:
        """(q,) int64: the last second that each query may see; `recsys.release.UNDATED` where it may see nothing."""
        if self.own:
            return release.published[np.asarray(rows, np.int64)]
        return np.full(len(rows), _EVER if self.moment is None else math.floor(self.moment.timestamp()), np.int64)


ANY_TIME = AsOf()
