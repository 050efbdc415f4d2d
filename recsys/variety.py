"""One of each text, so many of each event: a list while it is filled."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import numpy as np

from recsys.answers import Source
from recsys.columns import Bools, Rows
from recsys.errors import ConfigError
from recsys.release import Release


@dataclass(frozen=True, slots=True)
class Variety:
    """What a list may repeat.

    Attributes:
        copies: whether versions and wire copies of one text may stand in one list, and beside the article itself.
        per_event: how many articles on one event a list may hold, >= 1; None for any number.

    Raises:
        ConfigError: `per_event` is below 1.
    """

    copies: bool = False
    per_event: int | None = 3

    def __post_init__(self) -> None:
        if self.per_event is not None and (isinstance(self.per_event, bool) or self.per_event < 1):
            raise ConfigError(f"per_event is {self.per_event!r}: give a number of at least 1, or None for no limit")


AS_RANKED = Variety(copies=True, per_event=None)
_NOTHING = np.empty(0, np.int32)


class Shelf:
    """A list of at most k rows, filled from the front; it refuses what would repeat."""

    def __init__(self, release: Release, variety: Variety, k: int) -> None:
        self.rows: list[int] = []
        self.sources: list[Source] = []
        self._text, self._event, self._variety, self._k = release.text_group, release.event_group, variety, k
        self._texts: set[int] = set()
        self._events: dict[int, int] = {}

    @property
    def full(self) -> bool:
        """Whether k rows are there."""
        return len(self.rows) >= self._k

    def pin(self, rows: Iterable[int]) -> None:
        """Take the rows, however many are on one event: an editor wants them here."""
        self._take(rows, Source.PINNED, inf, inf)

    def offer(self, rows: Iterable[int], source: Source) -> None:
        """Take the rows in their order until the list is full."""
        most = self._variety.per_event
        self._take(rows, source, self._k - len(self.rows), inf if most is None else most)

    def _take(self, rows: Iterable[int], source: Source, room: float, per_event: float) -> None:
        """Take at most `room` rows; none that stands here already, nor another version of its text."""
        text_of, event_of, texts, events = self._text.item, self._event.item, self._texts, self._events
        for row in rows if room > 0 else ():  # in one loop, as most of what a list costs is here
            text, event = text_of(row), event_of(row)
            on_event = events.get(event, 0)
            if on_event >= per_event or text in texts or row in self.rows:
                continue
            self.rows.append(row)
            self.sources.append(source)
            if text >= 0 and not self._variety.copies:
                texts.add(text)
            if event >= 0:
                events[event] = on_event + 1
            room -= 1
            if room <= 0:
                return


def best_versions(release: Release, rows: Rows) -> Bools:
    """(m,) true where no other of the distinct `rows` is a better version of the same text."""
    group = release.text_group[rows]
    best: Bools = np.ones(len(rows), np.bool_)
    copies = np.flatnonzero(group >= 0)
    if len(copies) > 1:
        order = copies[np.lexsort((release.text_preference[rows[copies]], group[copies]))]
        best[order[1:][np.diff(group[order]) == 0]] = False
    return best


def better_versions(release: Release, row: int) -> Rows:
    """The versions of a row's text that are to be shown before it, the best first."""
    place = release.text_preference.item(row)
    return release.text_rows[release.text_group.item(row)][:place] if place > 0 else _NOTHING
