"""What is answered: lists of items that are ready to show, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from recsys.cards import Card
from recsys.notebook import frame, table

if TYPE_CHECKING:
    import pandas as pd


class Source(StrEnum):
    """Why an item is in a list."""

    PINNED = "pinned"  # an editor put it there
    SIMILAR = "similar"  # near in meaning or words
    AUTHOR = "author"  # by an author of the article
    CO_AUTHOR = "co_author"  # by someone who has signed an article with one of them
    COVERAGE = "coverage"  # on the same event
    SECTION = "section"  # fallback: newest of the article's section
    RECENT = "recent"  # fallback: newest of the paper


class Fallback(StrEnum):
    """What may fill a list that has too few items of its own."""

    NONE = "none"  # nothing: the list may be short or empty
    SECTION = "section"  # the newest of the article's section
    RECENT = "recent"  # those, then the newest of the paper


class Order(StrEnum):
    """What comes first in "more from this author"."""

    NEWEST = "newest"
    RELATED = "related"  # by the score that orders similar articles


class Filled(StrEnum):
    """How far a list came."""

    FULL = "full"  # as many as were asked for
    SHORT = "short"  # there are no more
    EMPTY = "empty"  # there is none
    HIDDEN = "hidden"  # nothing is to be shown on this page: the newsroom said so


class Item(Card, frozen=True):
    """One entry of a list: an article's card, and why it stands there.

    `score` is in [0, 1], larger is more related; it orders the items of source `similar`, the others go by date (but
    for "more from this author" in the order `related`).
    `parts`, where asked for, add up to the score (in their order).
    """

    score: float
    source: Source
    parts: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One list: the best items first, how far it came, and the release and model that made it."""

    article_id: str
    release: str
    model: str
    status: Filled
    items: tuple[Item, ...]

    def frame(self) -> "pd.DataFrame":
        """The list as a pandas frame: a row an item, best first; parts, if asked for, in `part_…`.

        Raises:
            MissingExtra: pandas is not installed.
        """
        fields = ("id", "title", "section", "published_at", "authors", "url", "score", "source")
        columns: dict[str, Sequence[object]] = {"rank": range(1, len(self.items) + 1)}
        columns |= {name: [getattr(item, name) for item in self.items] for name in fields}
        columns["source"] = [item.source.value for item in self.items]
        parts = dict.fromkeys(name for item in self.items for name in item.parts or ())
        columns |= {f"part_{name}": [(item.parts or {}).get(name) for item in self.items] for name in parts}
        return frame(columns, times=("published_at",))

    def _repr_html_(self) -> str:
        return _table(f"for {self.article_id}", self.items)


@dataclass(frozen=True, slots=True)
class PageStatus:
    """How far each list of a page came."""

    similar: Filled
    author: Filled
    coverage: Filled


@dataclass(frozen=True, slots=True)
class RelatedAnswer:
    """All lists of a page; no article, and no two copies of one text, are in two of them."""

    article_id: str
    release: str
    model: str
    status: PageStatus
    similar: tuple[Item, ...]
    author: tuple[Item, ...]
    coverage: tuple[Item, ...]

    def _repr_html_(self) -> str:
        lists = {
            f"similar to {self.article_id}": self.similar,
            "more from the author": self.author,
            "more on this event": self.coverage,
        }
        return "".join(_table(caption, items) for caption, items in lists.items() if items or "event" not in caption)


def _table(caption: str, items: Sequence[Item]) -> str:
    rows = [(item.title, item.section, item.published_at, item.score, item.source.value) for item in items]
    return table(caption, ("title", "section", "published", "score", "source"), rows)
