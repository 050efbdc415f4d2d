"""One article that came after the night: what is compared of its text, and what is kept of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.articles import Article
from recsys.authors import Person
from recsys.cards import Card
from recsys.columns import Int64
from recsys.extension.stories import Placing
from recsys.neighbours import Neighbours
from recsys.postings import Float32s, Terms


@dataclass(frozen=True, slots=True)
class Text:
    """What is compared of a text.

    Attributes:
        length: characters that the model is given.
        vector: (dim,) float32 of length 1; None while nobody has embedded it.
        terms, names: its words, and its names.
        words_of, names_of: (n,) float32, its cosines with every article of the release.
    """

    length: int
    vector: npt.NDArray[np.float32] | None
    terms: Terms
    names: Terms
    words_of: Float32s
    names_of: Float32s


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article with a row of its own after those of the release.

    Attributes:
        persons: its authors.
        card: what a widget shows of it.
        canonical: its address in the one spelling that all are compared in, "" where it has none.
        words: folded, of title, standfirst and tags.
        length: characters that the model is given of it.
        near: its neighbours among the release's rows and the arrivals before it.
        replaced: rows that it takes the place of.
        placing: its stories.
    """

    article: Article
    persons: tuple[Person, ...]
    card: Card
    canonical: str
    words: frozenset[str]
    length: int
    near: Neighbours
    replaced: Int64
    placing: Placing
