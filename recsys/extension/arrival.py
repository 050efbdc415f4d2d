"""One article that came after the night: what is compared of its text, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys import cards
from recsys.articles import Article, section_path, tag_key
from recsys.authors import Person
from recsys.cards import card_of
from recsys.columns import Int64
from recsys.extension.recent import Alike
from recsys.keywords import words
from recsys.neighbours import Neighbours
from recsys.postings import Terms
from recsys.release import FOREVER, flags_of, seconds
from recsys.urls import canonical_url, site_of


@dataclass(frozen=True, slots=True)
class Text:
    """What is compared of a text.

    Attributes:
        length: characters that the model is given.
        vector: (dim,) float32 of length 1; None while nobody has embedded it.
        terms, names: its words, and its names.
        words_of, names_of: its cosines with the articles of the release and the arrivals so far.
    """

    length: int
    vector: npt.NDArray[np.float32] | None
    terms: Terms
    names: Terms
    words_of: Alike
    names_of: Alike


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that is to have a row of its own after those of the release, with all that could fail worked out.

    Attributes:
        persons: its authors.
        near: its neighbours among the release's rows and the arrivals before it.
        replaced: rows that it takes the place of.
        numbers: its value in each column of numbers that needs nothing but the article.
        section: its path, "" where it has none.
        id, url, card: as bytes, for their columns.
        canonical, host: its address in the one spelling that all are compared in, "" where it has none.
        tags: their keys.
        words: folded, of title, standfirst and tags.
    """

    article_id: str
    persons: tuple[Person, ...]
    near: Neighbours
    replaced: Int64
    numbers: Mapping[str, int]
    section: str
    id: bytes
    url: bytes
    card: bytes
    canonical: str
    host: str
    tags: frozenset[str]
    words: frozenset[str]

    @classmethod
    def of(
        cls, article: Article, persons: tuple[Person, ...], length: int, near: Neighbours, replaced: Int64
    ) -> "Arrival":
        """The arrival of an article of which the model is given so many characters."""
        canonical = canonical_url(article.url) or ""
        return cls(
            article.id, persons, near, replaced,
            {
                "published": seconds(article.published_at),
                "text_length": length,
                "visible_from": seconds(article.embargoed_until),
                "visible_until": FOREVER if article.expires_at is None else seconds(article.expires_at),
                "flags": flags_of(article),
            },
            section_path(article.section),
            article.id.encode(), article.url.encode(), cards.encode(card_of(article, persons)),
            canonical, site_of(canonical) if canonical else "",
            frozenset(tag_key(tag) for tag in article.tags) - {""},
            frozenset(word for text in (article.title, article.standfirst, *article.tags) for word in words(text)),
        )  # fmt: skip
