"""The stories of a release: its columns, their counts, and the largest groups for an editor to look at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.stories import Stories
from recsys import cards
from recsys.columns import Int64, ListColumn, TextColumn, save_array


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the report shows it: how many articles, and `id` and `title` of the first of them."""

    size: int
    articles: list[dict[str, str]]


Largest = dict[str, list[Group]]
"""For `same_text` and `same_event` the largest groups, largest first."""
_GROUPS = 20
_ARTICLES = 20  # of one group


def write_stories(folder: Path, found: Stories, published: Int64) -> None:
    """Write the story columns of a release.

    Raises:
        OSError: the disk is full.
    """
    save_array(folder / "text_group.npy", found.text)
    save_array(folder / "event_group.npy", found.event)
    save_array(folder / "text_preference.npy", found.preference)
    found.text_rows.save(folder, "text_rows")
    found.event_rows(published).save(folder, "event_rows")


def story_counts(found: Stories) -> dict[str, int]:
    """How many groups there are, and how many articles are in one."""
    return {
        "text_groups": int(found.text.max(initial=-1)) + 1,
        "event_groups": int(found.event.max(initial=-1)) + 1,
        "articles_with_twins": int((found.text >= 0).sum()),
        "articles_with_coverage": int((found.event >= 0).sum()),
    }


def largest_stories(folder: Path, found: Stories, published: Int64) -> Largest:
    """The largest groups of a release whose cards are in `folder`, largest first; of a group at most 20 articles."""
    column = TextColumn.open(folder, "cards")
    return {
        "same_text": _largest(column, found.text_rows),
        "same_event": _largest(column, found.event_rows(published)),
    }


def _largest(column: TextColumn, rows: ListColumn) -> list[Group]:
    sizes = np.diff(rows.offsets)
    first = np.lexsort((np.arange(len(sizes)), -sizes))[:_GROUPS]
    groups = [rows[int(group)].tolist() for group in first]
    return [Group(len(group), [_named(column, row) for row in group[:_ARTICLES]]) for group in groups]


def _named(column: TextColumn, row: int) -> dict[str, str]:
    card = cards.decode(column.bytes_at(row))
    return {"id": card.id, "title": card.title}
