"""Which articles may stand in a list: the one function that every list and every fallback asks."""

import math
from collections.abc import Iterable, Iterator
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
        self._taken = _array(taken)
        self._asked_out = _array(release.rows(filters.exclude))
        closed = np.concatenate([[row], self._taken, self._asked_out])
        self._closed = closed
        texts = _array(()) if copies else release.text_group[closed]
        self._texts = texts[texts >= 0]
        self._node = None if filters.section is None else release.section_node(filters.section)
        nodes = {release.section_node(section) for section in filters.exclude_section} - {-1}
        self._without = _array(nodes)
        self._after = None if filters.published_after is None else seconds(filters.published_after)
        # floor, as the store cuts: `int` would round moments before 1970 up, into their future
        self._as_of = None if filters.as_of is None else math.floor(filters.as_of.timestamp())

    def mask(self, rows: Rows) -> Bools:
        """(m,) true where the candidate `rows` (m,) may be shown."""
        eligible: Bools = ~self._hidden[rows]
        _drop(eligible, rows, self._closed)
        if len(self._texts):
            _drop(eligible, self._release.text_group[rows], self._texts)
        if self._node is not None:
            eligible &= self._inside(rows, _array([self._node]))
        if len(self._without):
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
        one = _array([row])
        if row == self._own:
            yield "it is the article itself"
        elif len(self._texts) and self._release.text_group[row] in self._texts:
            mine = self._release.text_group[row] == self._release.text_group[self._own]
            yield "it is another version of the article's own text" if mine else "another version is shown or excluded"
        if row in self._asked_out:
            yield "the request excludes it"
        if row in self._taken:
            yield "another list of the page shows it"
        if self._node is not None and not self._inside(one, _array([self._node]))[0]:
            yield f"it is not in the section {self._filters.section!r} that was asked for"
        if len(self._without) and self._inside(one, self._without)[0]:
            yield "it is in a section that the request excludes"
        published = int(self._release.published[row])
        if self._after is not None and not (published > self._after and published != UNDATED):
            yield f"it was not published after {self._filters.published_after}"
        if self._as_of is not None and not (published <= self._as_of and published != UNDATED):
            yield f"it was not yet published at {self._filters.as_of}"

    def _inside(self, rows: Rows, nodes: Rows) -> Bools:
        """Whether each row is in one of the sections, or under it; -1 is no section, and holds nothing."""
        if not len(self._release.section_ancestors):  # a release without any has no table to look it up in
            return np.zeros(len(rows), np.bool_)
        nodes = nodes[nodes >= 0]
        ancestors = self._release.section_ancestors[self._release.section[rows]]
        inside: Bools = np.isin(ancestors, nodes).any(axis=1) & (self._release.section[rows] >= 0)
        return inside


def _drop(eligible: Bools, values: Rows, unwanted: Rows) -> None:
    """Set false where a value is unwanted; a handful is sooner compared than sorted."""
    if len(unwanted) > _FEW:
        eligible &= np.isin(values, unwanted, invert=True)
        return
    for one in unwanted.tolist():
        eligible &= values != one


def _array(rows: Iterable[int]) -> Rows:
    return np.fromiter(rows, np.int64)
