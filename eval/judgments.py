"""What is known to be related, whatever it comes from: links that editors made by hand, stories, other judgments."""

import csv
import math
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from recsys.errors import ConfigError, SourceError


@dataclass(frozen=True, slots=True)
class Judgments:
    """For each article id the ids of articles that were judged and their gain, and where this is known from.

    Gains are finite and >= 0; 0 is judged and not related, larger is more related; from 1 on an article is relevant for
    the measures that know only yes and no.

    Raises:
        ConfigError: a gain is none.
    """

    gains: dict[str, dict[str, float]]
    source: str = "unknown"

    def __post_init__(self) -> None:
        for article, known in self.gains.items():
            for related, gain in known.items():
                if not (math.isfinite(gain) and gain >= 0):
                    raise ConfigError(f"gain {gain} of {article!r} and {related!r} is not a number >= 0")

    def __len__(self) -> int:
        return len(self.gains)

    def only(self, articles: Container[str]) -> "Judgments":
        """The judgments of these articles; what they are related to stays whole."""
        return Judgments({a: known for a, known in self.gains.items() if a in articles}, self.source)


def read_links(path: Path, source: str = "links") -> Judgments:
    """Judgments from a tab-separated file with the columns article_id, related_id and, optionally, gain (default 1).

    A link of an article to itself is left out; of two lines for one pair the larger gain counts.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a gain is not a number > 0.
    """
    gains: dict[str, dict[str, float]] = {}
    for line, row in _rows(path, ("article_id", "related_id")):
        article, related, gain = row["article_id"], row["related_id"], _gain(row.get("gain"), path, line)
        if article != related:
            known = gains.setdefault(article, {})
            known[related] = max(gain, known.get(related, 0.0))
    return Judgments(gains, source)


def read_stories(path: Path, source: str = "stories") -> Judgments:
    """Judgments from a tab-separated file with the columns story and article_id: all of one story are related, gain 1.

    A story of one article relates nothing, so that article is not judged; an article may be in several stories.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a line has an empty one.
    """
    stories: dict[str, dict[str, None]] = {}
    for line, row in _rows(path, ("story", "article_id")):
        if not row["story"]:  # articles without a story are not one story together
            raise SourceError(f"{path}, line {line}: the story is empty; leave the line out")
        stories.setdefault(row["story"], {})[row["article_id"]] = None
    gains: dict[str, dict[str, float]] = {}
    for articles in stories.values():
        for article in articles if len(articles) > 1 else ():
            gains.setdefault(article, {}).update((other, 1.0) for other in articles if other != article)
    return Judgments(gains, source)


def read_queries(path: Path) -> list[str]:
    """The distinct ids in the column article_id of a tab-separated file, in its order; links and stories have it.

    Raises:
        SourceError: the file cannot be read or lacks the column.
    """
    return list(dict.fromkeys(row["article_id"] for _, row in _rows(path, ("article_id",))))


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line; every one of `columns` holds a text."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise SourceError(
                    f"{path}: no column {', '.join(sorted(missing))}; its first line must name the columns"
                )
            for row in reader:
                if any(row[column] is None for column in columns):
                    raise SourceError(f"{path}, line {reader.line_num}: too few columns; separate them with tabs")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: {error}") from error


def _gain(text: str | None, path: Path, line: int) -> float:
    try:
        gain = float(text or 1)
    except ValueError:
        gain = 0.0
    if not (gain > 0 and math.isfinite(gain)):
        raise SourceError(f"{path}, line {line}: gain {text!r} is not a number > 0")
    return gain
