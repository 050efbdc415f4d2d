"""Through lists of rows that are newest first, as far as somebody asks: the eligible ones, the best version of each."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from recsys.columns import Rows
from recsys.eligibility import Eligibility
from recsys.release import Release
from recsys.variety import better_versions

_FIRST_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows, newest first, and whether a row is among them."""

    rows: Rows
    holds: Callable[[int], bool]


def by_authors(release: Release, authors: Sequence[int]) -> list[Listing]:
    """A listing for each author."""
    return [Listing(release.author_rows[one], lambda row, one=one: one in release.authors[row]) for one in authors]  # type: ignore[misc]


def of_section(release: Release, node: int) -> Listing:
    """The articles of a section and of the sections under it."""
    return Listing(
        release.section_rows[node],
        lambda row: release.section[row] >= 0 and node in release.section_ancestors[release.section[row]],
    )


def on_event(release: Release, group: int) -> Listing:
    """The articles on an event."""
    return Listing(release.event_rows[group], lambda row: release.event_group[row] == group)


def of_all(release: Release) -> Listing:
    """The whole paper."""
    return Listing(release.recent, lambda row: True)


def walk(release: Release, listings: Sequence[Listing], eligible: Eligibility, copies: bool) -> Iterator[int]:
    """The eligible rows of all listings, newest first, of one date the smaller row; one of two listings comes twice.

    Without `copies`, a row is passed over where a better version of its text is eligible and in a listing as well.
    """
    walks = [_eligible(listing.rows, eligible) for listing in listings]
    place = release.text_preference.item
    for row in walks[0] if len(walks) == 1 else heapq.merge(*walks, key=lambda r: (-float(release.published[r]), r)):
        if copies or not place(row) or not _outdone(release, row, listings, eligible):
            yield row


def _eligible(rows: Rows, eligible: Eligibility) -> Iterator[int]:
    yield from eligible.among(rows[:_FIRST_BLOCK])  # mostly nobody asks for more
    start = _FIRST_BLOCK
    while start < len(rows):
        block = rows[start : 4 * start]
        yield from block[eligible.mask(block)].tolist()
        start *= 4


def _outdone(release: Release, row: int, listings: Sequence[Listing], eligible: Eligibility) -> bool:
    better = better_versions(release, row)
    return any(any(listing.holds(one) for listing in listings) for one in eligible.among(better))
