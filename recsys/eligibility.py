"""Which articles may stand in a list: the one function that every list and every fallback asks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.columns import Bools, Rows
from recsys.errors import ConfigError
from recsys.release import UNDATED, Release, seconds


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request narrows its lists to.

    Attributes:
        exclude: article ids that must not be shown; unknown ids are ignored.
        section: only this section and the sections under it; a section that the release lacks leaves nothing.
        published_after: aware; only articles published after this moment (an undated one is not).
        as_of: aware; the lists as they could have been at this moment: nothing published later, to the second, is a
            candidate. The moment itself belongs to the past (closed), and an undated article is no candidate, for it
            cannot be shown to be earlier. What the night counted over the whole archive (neighbours, rarity) stays.

    Raises:
        ConfigError: a moment has no time zone.
    """

    exclude: frozenset[str] = frozenset()
    section: str | None = None
    published_after: datetime | None = None
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("published_after", "as_of"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ConfigError(f"{name} is {moment.isoformat()}, which has no time zone: add one, such as +00:00")


class Eligibility:
    """The eligible rows for one request about the article `row`.

    `hidden` (n,) is true for rows taken down since the release was built; `taken` are rows that another list of
    the page shows already.
    """

    def __init__(self, release: Release, row: int, filters: Filters, hidden: Bools, taken: Iterable[int] = ()) -> None:
        self._release = release
        self._node = None if filters.section is None else release.section_node(filters.section)
        self._after = None if filters.published_after is None else seconds(filters.published_after)
        # floor, as the store cuts: `int` would round moments before 1970 up, into their future
        self._as_of = None if filters.as_of is None else math.floor(filters.as_of.timestamp())
        self._hidden = hidden
        excluded = {row, *taken, *release.rows(filters.exclude)}
        self._excluded = np.fromiter(excluded, np.int64, len(excluded))

    def mask(self, rows: Rows) -> Bools:
        """(m,) true where the candidate `rows` (m,) may be shown."""
        eligible: Bools = np.isin(rows, self._excluded, invert=True) & ~self._hidden[rows]
        if self._node == -1:  # no such section; a release without any has no table to look it up in
            eligible[:] = False
        elif self._node is not None:
            ancestors = self._release.section_ancestors[self._release.section[rows]]
            eligible &= (ancestors == self._node).any(axis=1) & (self._release.section[rows] >= 0)
        published = self._release.published[rows]
        if self._after is not None:
            eligible &= (published > self._after) & (published != UNDATED)
        if self._as_of is not None:
            eligible &= (published <= self._as_of) & (published != UNDATED)
        return eligible
