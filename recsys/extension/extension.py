"""Takes in articles that came after the night, one after the other, and gives the release with them."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from recsys import cards
from recsys.articles import Article, content_hash
from recsys.authors import People, Person
from recsys.cards import card_of
from recsys.columns import Int64
from recsys.extension.arrival import Arrival
from recsys.extension.extended import ExtendedRelease, Near
from recsys.extension.finder import Finder
from recsys.extension.stories import Stories
from recsys.keywords import words
from recsys.registry import read_registry
from recsys.release import Release, seconds
from recsys.text import Boilerplate, embedding_text, lexical_text, text_digest
from recsys.urls import canonical_url

Vector = npt.NDArray[np.float32]


class Extension:
    """What came after a release; of one thread at a time. What `release` gave stays as it was.

    Args:
        release: what the night built.

    Raises:
        OSError, ValueError: a file of the release that only newcomers need cannot be read.
    """

    def __init__(self, release: Release) -> None:
        self._base = release
        lines = release.report["boilerplate"]
        self._boilerplate = Boilerplate(lines["lines"], len(release), lines["threshold"])
        self._people = People(read_registry(release.path))
        self._finder = Finder(release)
        self._stories = Stories(release)
        self._arrivals: list[Arrival] = []
        self._near_arrivals: defaultdict[int, list[Near]] = defaultdict(list)  # only ever grows; see ExtendedRelease
        self._rows: dict[str, int] = {}
        self._of_author: defaultdict[str, list[int]] = defaultdict(list)
        self._contents: dict[str, tuple[int, bool]] = {}

    def __len__(self) -> int:
        return len(self._arrivals)

    def key(self, article: Article) -> str:
        """The digest under which the store keeps the vector of this article's text."""
        model = self._base.manifest.model
        return text_digest(model.fingerprint, embedding_text(article, self._boilerplate, model.max_chars))

    def text(self, article: Article) -> str:
        """What the model is given of this article."""
        return embedding_text(article, self._boilerplate, self._base.manifest.model.max_chars)

    def knows(self, article: Article, has_vector: bool) -> bool:
        """Whether the article is here as it is now printed, and with a vector if there is one."""
        known = self._contents.get(article.id)
        if known is not None:
            return known[0] == content_hash(article) and (known[1] or not has_vector)
        return any(int(self._base.digests[row]) == content_hash(article) for row in self._base.rows([article.id]))

    def add(self, article: Article, vector: Vector | None) -> None:
        """Give the article a row; it takes the place of the one with its id.

        Args:
            vector: (dim,) float32 of length 1; None while nobody has embedded it.
        """
        persons = self._people.of(article)
        printed = lexical_text(article, self._boilerplate, 1)
        text = self._finder.text(
            lexical_text(article, self._boilerplate, int(self._base.manifest.config["title_weight"])),
            printed,
            self.text(article),
            vector,
        )
        row, replaced = len(self._base) + len(self._arrivals), self._rows_of(article.id)
        near = self._finder.near(text, seconds(article.published_at), self._mates(persons))
        near = near.of(~np.isin(near.rows, replaced))
        heads = (article.title, article.standfirst, *article.tags)
        card, canonical = cards.decode(cards.encode(card_of(article, persons))), canonical_url(article.url)
        found = frozenset(word for one in heads for word in words(one))
        placing = self._stories.place(article, printed, text.length, near, replaced)  # from here on nothing fails
        arrival = Arrival(article, persons, card, canonical, found, text.length, near, replaced, placing)
        self._finder.add(text, near, seconds(article.published_at))
        self._arrivals.append(arrival)
        for entry in zip(near.rows.tolist(), near.cosine.tolist(), near.words.tolist(), near.names.tolist(),
                         near.kin.tolist(), strict=True):  # fmt: skip
            self._near_arrivals[entry[0]].append((row, *entry[1:]))
        for person in persons:
            self._of_author[person.key].append(row)
        self._rows[article.id] = row
        self._contents[article.id] = content_hash(article), vector is not None

    def release(self) -> Release:
        """The release with all that came so far."""
        if not self._arrivals:
            return self._base
        return ExtendedRelease(self._base, self._arrivals, self._near_arrivals, self._people)

    def _rows_of(self, article_id: str) -> Int64:
        later = self._rows.get(article_id)
        return np.array(self._base.rows([article_id]) if later is None else [later], np.int64)

    def _mates(self, persons: Iterable[Person]) -> Int64:
        lists = [
            self._base.author_rows[int(number)]
            for person in persons
            for number in self._base.authors_by_name[person.key]
        ]
        return np.unique(np.concatenate([np.empty(0, np.int64), *lists]))
