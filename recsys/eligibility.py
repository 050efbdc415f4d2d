"""Which articles may stand in a list: the one function that every list and every fallback asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from recsys.columns import Bools, Rows
from recsys.release import UNDATED, Release, seconds


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request narrows its lists to.

    Attributes:
        exclude: article ids that must not be shown; unknown ids are ignored.
        section: only this section and the sections under it; a section that the release lacks leaves nothing.
        published_after: aware; only articles published after this moment (an undated one is not).
    """

    exclude: frozenset[str] = frozenset()
    section: str | None = None
    published_after: datetime | None = None


class Eligibility:
    """The eligible rows for one request about the article `row`.

    `hidden` (n,) is true for rows taken down since the release was built; `taken` are rows that another list of
    the page shows already.
    """

    def __init__(self, release: Release, row: int, filters: Filters, hidden: Bools, taken: Iterable[int] = ()) -> None:
        self._release = release
        self._node = None if filters.section is None else release.section_node(filters.section)
        self._after = None if filters.published_after is None else seconds(filters.published_after)
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
        if self._after is not None:
            published = self._release.published[rows]
            eligible &= (published > self._after) & (published != UNDATED)
        return eligible
