"""Which articles may stand in a list: the one function that every list and every fallback asks."""

import math
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import numpy as np

from recsys.columns import Bools, Rows
from recsys.errors import ConfigError
from recsys.release import UNDATED, Release, seconds

_FEW = 16


class Narrowing(TypedDict, total=False):
    """What may be asked of every list; see `Filters`."""

    exclude: Iterable[str]
    section: str | None
    exclude_section: Iterable[str]
    published_after: datetime | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request narrows its lists to.

    Attributes:
        exclude: article ids that must not be shown, nor other versions of their texts; unknown ids are ignored.
        section: only this section and the sections under it; a section that the release lacks leaves nothing.
        exclude_section: none of these sections, nor of those under them; unknown ones are ignored.
        published_after: aware; only articles published after this moment (an undated one is not).
        as_of: aware; the lists as they could have been at this moment: nothing published later, to the second, is a
            candidate. The moment itself belongs to the past (closed), and an undated article is no candidate, for it
            cannot be shown to be earlier. What the night counted over the whole archive (neighbours, rarity) stays.

    Raises:
        ConfigError: a moment has no time zone.
    """

    exclude: Iterable[str] = frozenset()
    section: str | None = None
    exclude_section: Iterable[str] = ()
    published_after: datetime | None = None
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("published_after", "as_of"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ConfigError(f"{name} is {moment.isoformat()}, which has no time zone: add one, such as +00:00")


EVERYTHING = Filters()


class Eligibility:
    """The eligible rows for one request about the article `row`.

    Args:
        hidden: (n,) bool, rows that nobody may show now; see `recsys.standing`.
        taken: rows that another list of the page shows already.
        copies: whether other versions of the article itself, and of what is excluded or taken, may be shown.
    """

    def __init__(
        self,
        release: Release,
        row: int,
        filters: Filters,
        hidden: Bools,
        taken: Iterable[int] = (),
        copies: bool = False,
    ) -> None:
        self._release = release
        self._hidden = hidden
        self._filters = filters
        self._own = row
        self._taken = frozenset(taken)
        self._asked_out = frozenset(release.rows(filters.exclude))
        self._closed = {row, *self._taken, *self._asked_out}
        self._texts = set() if copies else {release.text_group.item(one) for one in self._closed} - {-1}
        self._node = None if filters.section is None else release.section_node(filters.section)
        self._without = {release.section_node(section) for section in filters.exclude_section} - {-1}
        self._after = None if filters.published_after is None else seconds(filters.published_after)
        # floor, as the store cuts: `int` would round moments before 1970 up, into their future
        self._as_of = None if filters.as_of is None else math.floor(filters.as_of.timestamp())
        self._narrows = bool(self._without) or not self._node is self._after is self._as_of is None

    def among(self, rows: Rows) -> Iterator[int]:
        """Those of the candidates that may be shown, in their order: for a list of which the first few are wanted.

        Each is looked at when it is asked for, which for a few is sooner than a `mask` of all.
        """
        hidden, text, texts = self._hidden.item, self._release.text_group.item, self._texts
        for row in rows.tolist():
            if not (row in self._closed or hidden(row) or (texts and text(row) in texts)) and (
                not self._narrows or self._asked_for(row)
            ):
                yield row

    def mask(self, rows: Rows) -> Bools:
        """(m,) true where the candidate `rows` (m,) may be shown."""
        eligible: Bools = ~self._hidden[rows]
        _drop(eligible, rows, self._closed)
        if self._texts:
            _drop(eligible, self._release.text_group[rows], self._texts)
        if self._node is not None:
            eligible &= self._inside(rows, {self._node})
        if self._without:
            eligible &= ~self._inside(rows, self._without)
        published = self._release.published[rows]
        if self._after is not None:
            eligible &= (published > self._after) & (published != UNDATED)
        if self._as_of is not None:
            eligible &= (published <= self._as_of) & (published != UNDATED)
        return eligible

    def obstacles(self, row: int) -> Iterator[str]:
        """Why the row may not be shown, in words, as far as the request and the page go; `hidden` is not its business.

        It says something of every row that `mask` refuses and `hidden` allows.
        """
        one = np.array([row])
        if row == self._own:
            yield "it is the article itself"
        elif self._release.text_group.item(row) in self._texts:
            mine = self._release.text_group[row] == self._release.text_group[self._own]
            yield "it is another version of the article's own text" if mine else "another version is shown or excluded"
        if row in self._asked_out:
            yield "the request excludes it"
        if row in self._taken:
            yield "another list of the page shows it"
        if self._node is not None and not self._inside(one, {self._node})[0]:
            yield f"it is not in the section {self._filters.section!r} that was asked for"
        if self._without and self._inside(one, self._without)[0]:
            yield "it is in a section that the request excludes"
        published = int(self._release.published[row])
        if self._after is not None and not (published > self._after and published != UNDATED):
            yield f"it was not published after {self._filters.published_after}"
        if self._as_of is not None and not (published <= self._as_of and published != UNDATED):
            yield f"it was not yet published at {self._filters.as_of}"

    def _asked_for(self, row: int) -> bool:
        """Whether the row is in the sections and of the time that the request narrows its lists to."""
        node, published = self._release.section.item(row), self._release.published.item(row)
        path = set(self._release.section_ancestors[node].tolist()) - {-1} if node >= 0 else set()
        return (
            (self._node is None or self._node in path)
            and path.isdisjoint(self._without)
            and (self._after is None or (published > self._after and published != UNDATED))
            and (self._as_of is None or (published <= self._as_of and published != UNDATED))
        )

    def _inside(self, rows: Rows, nodes: Set[int]) -> Bools:
        """Whether each row is in one of the sections, or under it; -1 is no section, and holds nothing."""
        if not len(self._release.section_ancestors):  # a release without any has no table to look it up in
            return np.zeros(len(rows), np.bool_)
        ancestors = self._release.section_ancestors[self._release.section[rows]]
        inside: Bools = np.isin(ancestors, list(nodes - {-1})).any(axis=1) & (self._release.section[rows] >= 0)
        return inside


def _drop(eligible: Bools, values: Rows, unwanted: Set[int]) -> None:
    """Set false where a value is unwanted; a handful is sooner compared than sorted."""
    if len(unwanted) > _FEW:
        eligible &= np.isin(values, list(unwanted), invert=True)
        return
    for one in unwanted:
        eligible &= values != one
