"""Story groups: articles that people filed under one story are related to each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from eval.judged.lines import json_rows, kind, table_rows
from eval.judgments import Judgments
from recsys.errors import SourceError


@dataclass(frozen=True, slots=True, eq=False)
class Others(Mapping[str, float]):
    """Every article of one or several stories but one, each with gain 1.

    The stories are shared, so n articles cost n and not n², and it stays known which articles are one story.

    >>> dict(Others(({"a": None, "b": None, "c": None},), "b"))
    {'a': 1.0, 'c': 1.0}
    """

    stories: tuple[Mapping[str, None], ...]
    article: str

    def __getitem__(self, article: str) -> float:
        if article == self.article or not any(article in story for story in self.stories):
            raise KeyError(article)
        return 1.0

    def __iter__(self) -> Iterator[str]:
        return (article for article in dict.fromkeys(chain(*self.stories)) if article != self.article)

    def __len__(self) -> int:
        (first, *more) = self.stories
        return (len(set(first).union(*more)) if more else len(first)) - 1


def read_stories(path: Path, source: str = "stories") -> Judgments:
    """Judgments from story groups: all of one story are related, gain 1.

    The file is tab-separated with the columns story and article_id, or JSON lines (`.jsonl`) of objects with `story`
    and `article_id` or `id`, where an object without a story is passed over; `.gz` too. A story of one article relates
    nothing, so that article is not judged; an article may be in several stories.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a line has an empty one.
    """
    stories: dict[str, dict[str, None]] = {}
    for story, article in _rows(path):
        stories.setdefault(story, {})[article] = None
    of: dict[str, list[Mapping[str, None]]] = {}
    for articles in stories.values():
        for article in articles if len(articles) > 1 else ():
            of.setdefault(article, []).append(articles)
    return Judgments({article: Others(tuple(found), article) for article, found in of.items()}, source)


def read_groups(path: Path) -> dict[str, frozenset[str]]:
    """Article -> the stories that it is in, those of one article too; the file is as for `read_stories`.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a line has an empty one.
    """
    of: dict[str, set[str]] = {}
    for story, article in _rows(path):
        of.setdefault(article, set()).add(story)
    return {article: frozenset(stories) for article, stories in of.items()}


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    return _from_json(path) if kind(path) in (".jsonl", ".ndjson") else _from_table(path)


def _from_table(path: Path) -> Iterator[tuple[str, str]]:
    for line, row in table_rows(path, ("story", "article_id")):
        if not row["story"]:  # articles without a story are not one story together
            raise SourceError(f"{path}, line {line}: the story is empty; leave the line out")
        yield row["story"], row["article_id"]


def _from_json(path: Path) -> Iterator[tuple[str, str]]:
    for line, row in json_rows(path):
        story, article = row.get("story"), row.get("article_id", row.get("id"))
        if story in (None, ""):
            continue
        if not isinstance(story, str | int) or not isinstance(article, str | int) or article == "":
            raise SourceError(f"{path}, line {line}: story {story!r} of article {article!r}; both must be texts")
        yield str(story), str(article)
