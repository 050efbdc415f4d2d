"""Takes in articles that came after the night, one after the other, and gives the release with them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.articles import Article, content_hash
from recsys.authors import People, Person
from recsys.columns import Int64
from recsys.extension.annex import Annex
from recsys.extension.annex_files import opened_annex, save_annex
from recsys.extension.arrival import Arrival, Text
from recsys.extension.extended import ExtendedRelease
from recsys.extension.finder import Finder
from recsys.extension.kept import open_rest, save_rest
from recsys.extension.kept_terms import KeptTerms
from recsys.extension.stories import Placed, Stories
from recsys.lifecycle import Lifecycle
from recsys.postings import Terms
from recsys.registry import read_registry
from recsys.release import Release, seconds
from recsys.text import Boilerplate, embedding_text, lexical_text, text_digest

Vector = npt.NDArray[np.float32]
_WORKS = 5_000  # of an author that an article is held against


class Extension:
    """What came after a full build; of one thread at a time. What `release` gave stays as it was.

    It goes on from the arrivals that the release's own folder holds: these are not measured again.

    Args:
        release: what a night published.
        keeping: remember what `save` needs besides; a service does not save.

    Raises:
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file that only newcomers need cannot be read.
    """

    def __init__(self, release: Release, keeping: bool = False) -> None:
        self._base = base = release.base
        lines = base.report["boilerplate"]
        self._boilerplate = Boilerplate(lines["lines"], len(base), lines["threshold"])
        self._people = People(read_registry(base.path))
        self._annex = _annex(base, self._people)
        self._finder = Finder(base, self._annex)
        self._stories = Stories(base)
        self._of_author: dict[str, list[int]] = {}
        self._contents: dict[str, tuple[int, bool]] = {}
        self._unsearched: set[str] = set()
        self._terms: tuple[list[Terms], list[Terms]] | None = ([], []) if keeping else None
        if base.manifest.foundation is not None:
            self._restore(base.path)

    def __len__(self) -> int:
        return len(self._annex)

    def key(self, article: Article) -> str:
        """The digest under which the store keeps the vector of this article's text."""
        model = self._base.manifest.model
        return text_digest(model.fingerprint, embedding_text(article, self._boilerplate, model.max_chars))

    def text(self, article: Article) -> str:
        """What the model is given of this article."""
        return embedding_text(article, self._boilerplate, self._base.manifest.model.max_chars)

    def knows(self, article: Article, has_vector: bool) -> bool:
        """Whether the article is here as it is now printed, and with a vector if there is one."""
        if any(row in self._annex.withdrawn for row in self._annex.rows(article.id)):
            return False  # it is back, and gets a row of its own
        known = self._contents.get(article.id)
        if known is not None:
            return known[0] == content_hash(article) and (known[1] or not has_vector)
        return any(int(self._base.digests[row]) == content_hash(article) for row in self._base.rows([article.id]))

    def lacks_a_search(self, article_id: str) -> bool:
        """Whether the article came, with its vector, while the engine that proposes near rows was lost.

        Once `answers` is true again it may be added anew.
        """
        return article_id in self._unsearched

    def answers(self) -> bool:
        """Whether what proposes near rows is there, as far as is known; always, where that is in this process."""
        return self._base.vectors.answers()

    def add(self, article: Article, vector: Vector | None) -> None:
        """Give the article a row; it takes the place of the one with its id.

        Args:
            vector: (dim,) float32 of length 1; None while nobody has embedded it.
        """
        arrival, text, placed = self._measured(article, vector)
        row = self._annex.add(arrival, placed.placing)  # from here on nothing fails
        self._stories.take(placed)
        self._finder.add(text, arrival)
        if self._terms is not None:
            for kept, terms in zip(self._terms, (text.terms, text.names), strict=True):
                kept.append(terms)
        for person in arrival.persons:
            self._of_author.setdefault(person.key, []).append(row)
        searched = vector is None or self._finder.searched
        self._contents[article.id] = content_hash(article), vector is not None and searched
        (self._unsearched.discard if searched else self._unsearched.add)(article.id)

    def settle(self, changed: Mapping[str, Lifecycle]) -> None:
        """Let these ids have these lifecycles from now on; see `Annex.settle`."""
        self._annex.settle(changed)

    def save(self, folder: Path) -> None:
        """Write all arrivals, those of the release among them, as files of another release on the same full build.

        Raises:
            OSError: the disk is full.
            ValueError: it was not told to keep what this needs.
        """
        if self._terms is None:
            raise ValueError("nothing was kept to be saved: make the Extension with keeping=True")
        save_annex(self._annex, folder)
        self._finder.save(folder)
        self._stories.save(folder)
        for name, later in zip(("terms", "names"), self._terms, strict=True):
            terms = KeptTerms.of(later)
            before = self._base.manifest.foundation is not None
            (KeptTerms.open(self._base.path, name).then(terms) if before else terms).save(folder, name)
        save_rest(folder, "extension", {"authors": self._of_author, "contents": self._contents})

    def _restore(self, folder: Path) -> None:
        self._finder.restore(folder)
        self._stories.restore(self._annex, folder)
        rest = open_rest(folder, "extension")
        self._of_author = rest["authors"]
        self._contents = {key: (content, searched) for key, (content, searched) in rest["contents"].items()}

    def release(self) -> Release:
        """The release with all that came so far."""
        return ExtendedRelease(self._annex) if len(self._annex) or self._annex.settled else self._base

    def with_draft(self, article: Article, vector: Vector | None) -> Release:
        """The same with this article after all others, as if it had just come; it is not taken in: nothing keeps it.

        Only its own lists are to be asked for: it is in nobody else's.
        """
        arrival, _, placed = self._measured(article, vector)
        alone = Annex(self.release(), self._people)
        alone.add(arrival, placed.placing)
        return ExtendedRelease(alone)

    def _measured(self, article: Article, vector: Vector | None) -> tuple[Arrival, Text, Placed]:
        """The article as the next arrival; it changes nothing."""
        persons, printed = self._people.of(article), lexical_text(article, self._boilerplate, 1)
        title_weight = int(self._base.manifest.config["title_weight"])
        plain = lexical_text(article, self._boilerplate, title_weight)
        text = self._finder.text(plain, printed, self.text(article), vector)
        replaced = np.array(self._annex.rows(article.id), np.int64)
        near = self._finder.near(text, seconds(article.published_at), self._mates(persons), replaced)
        arrival = Arrival.of(article, persons, text.length, near, replaced)
        return arrival, text, self._stories.place(article, printed, text.length, near, replaced)

    def _mates(self, persons: Iterable[Person]) -> Int64:
        """Rows by the same authors: of each the newest, and all that came since."""
        lists = [np.empty(0, np.int64)]
        for person in persons:
            lists += [self._base.author_rows[int(number)][:_WORKS] for number in self._base.authors_by_name[person.key]]
            lists.append(np.array(self._of_author.get(person.key, ()), np.int64))
        return np.unique(np.concatenate(lists))


def with_arrivals(base: Release) -> Release:
    """The release whose full build was opened as `base`, with what its folder holds of arrivals, if it has any.

    Raises:
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file of them cannot be read.
    """
    if base.manifest.foundation is None:
        return base
    return ExtendedRelease(opened_annex(base, People(read_registry(base.path))))


def _annex(base: Release, people: People) -> Annex:
    return Annex(base, people) if base.manifest.foundation is None else opened_annex(base, people)
