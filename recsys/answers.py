"""What is answered: lists of items that are ready to show, and where they come from."""

from dataclasses import dataclass
from enum import StrEnum

from recsys.cards import Card


class Source(StrEnum):
    """Why an item is in a list."""

    SIMILAR = "similar"  # near in meaning or words
    AUTHOR = "author"  # by an author of the article
    SECTION = "section"  # fallback: newest of the article's section
    RECENT = "recent"  # fallback: newest of the paper


@dataclass(frozen=True, slots=True)
class Item(Card):
    """One entry of a list: an article's card, and why it stands there.

    `score` is in [0, 1], larger is more related; it orders the items of source `similar`, the others go by date.
    `parts`, where asked for, add up to the score (in their order).
    """

    score: float
    source: Source
    parts: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One list: the best items first, and the release and model that made it."""

    article_id: str
    release: str
    model: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class RelatedAnswer:
    """Both lists of a page; no article is in both."""

    article_id: str
    release: str
    model: str
    similar: tuple[Item, ...]
    author: tuple[Item, ...]
