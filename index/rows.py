"""One pass over the articles: a row each, in the order of ids."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embed import embedding_key
from index.keywords import KeywordWriter
from index.lists import numbered
from index.visibility import VisibilityWriter
from recsys import cards
from recsys.agency import agency_copy
from recsys.articles import Article, content_hash
from recsys.authors import People, Person
from recsys.cards import card_of
from recsys.columns import KeyTableWriter, TextColumnWriter, save_array, write_texts
from recsys.embedding import Embedder
from recsys.release import last_change, seconds
from recsys.text import Boilerplate
from recsys.urls import canonical_url, site_of

COLUMNS = ("title", "url", "standfirst", "body", "published_at", "section", "tags", "image")


@dataclass(frozen=True, slots=True)
class RowColumns:
    """What one pass over the articles collects: one entry a row, and how many rows have each field (`filled`)."""

    digests: list[str]
    lengths: list[int]
    sites: list[str]
    published: list[int]
    persons: list[tuple[Person, ...]]
    sections: list[str]
    tags: list[tuple[str, ...]]
    contents: list[int]
    agency: list[bool]
    updated: list[int]
    visibility: VisibilityWriter
    keywords: KeywordWriter
    filled: Counter[str]


def write_rows(
    folder: Path, articles: Iterable[Article], boilerplate: Boilerplate, embedder: Embedder, people: People
) -> RowColumns:
    """One pass in id order: text columns go to disk as they come, the rest is collected."""
    columns = RowColumns([], [], [], [], [], [], [], [], [], [], VisibilityWriter(), KeywordWriter(), Counter())
    ids, urls, once = KeyTableWriter(), KeyTableWriter(), _Once()
    with (
        TextColumnWriter(folder, "ids") as id_column,
        TextColumnWriter(folder, "urls") as url_column,
        TextColumnWriter(folder, "cards") as card_column,
    ):
        for row, article in enumerate(articles):
            persons = people.of(article)
            digest, text = embedding_key(article, embedder, boilerplate)
            id_column.append(article.id)
            url_column.append(article.url)
            card_column.append(cards.encode(card_of(article, persons)))
            ids.add(article.id, row)
            canonical = canonical_url(article.url)
            if canonical:
                urls.add(canonical, row)
            columns.lengths.append(len(text))
            columns.sites.append(once.text(site_of(canonical)))
            columns.digests.append(digest)
            columns.published.append(seconds(article.published_at))
            columns.persons.append(once.persons(persons))
            columns.sections.append(once.text(article.section))
            columns.tags.append(tuple(map(once.text, article.tags)))
            columns.visibility.add(article)
            columns.keywords.add(article)
            columns.contents.append(content_hash(article))
            columns.agency.append(agency_copy(article))
            columns.updated.append(last_change(article.updated_at, article.published_at))
            columns.filled.update(name for name in COLUMNS if getattr(article, name))
            columns.filled["authors"] += bool(persons)
    ids.save(folder, "id_table")
    urls.save(folder, "url_table")
    save_array(folder / "published.npy", np.array(columns.published, np.int64))
    save_array(folder / "text_length.npy", np.array(columns.lengths, np.int32))
    save_array(folder / "site.npy", numbered(columns.sites))
    write_texts(folder, "sites", sorted(set(columns.sites) - {""}))
    save_array(folder / "digests.npy", np.array(columns.contents, np.uint64))
    columns.visibility.write(folder)
    columns.keywords.write(folder)
    return columns


class _Once:
    """Gives the same object for equal ones: an archive has many rows, but few sections, tags and authors."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._persons: dict[tuple[tuple[str, str, str], ...], tuple[Person, ...]] = {}

    def text(self, text: str) -> str:
        """The first text that was equal to this one."""
        return self._texts.setdefault(text, text)

    def persons(self, persons: tuple[Person, ...]) -> tuple[Person, ...]:
        """The same of persons, with their printed names."""
        return self._persons.setdefault(tuple((one.key, one.name, one.printed) for one in persons), persons)
