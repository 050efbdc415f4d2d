"""Data sets that are no newspapers, as articles: JSON lines that ingest reads, with addresses that are invented.

Each line also keeps its `story`, which ingest passes over and `eval.judged.stories` reads. The files go to the work
folder: the texts belong to their publishers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.judged.lines import json_rows
from eval.trec import replace_text
from recsys.errors import SourceError

Row = Mapping[str, object]
TITLE = 80
"""Characters of a title that is made of the beginning of a text."""


@dataclass(frozen=True, slots=True)
class Converter:
    """Where a set's rows lie in its folder, and the articles that one row holds."""

    file: str
    articles: Callable[[Row], list[dict[str, object]]]


def convert(name: str, source: Path, target: Path) -> int:
    """Write the articles of the set `name` as JSON lines and return how many; of one id the last row counts.

    Raises:
        SourceError: the file cannot be read, or a row lacks a column.
        ConfigError: the target cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    found = dict(_converted(source, CONVERTERS[name], f"https://{name.partition('_')[0]}.example/"))
    replace_text(target, "".join(f"{line}\n" for line in found.values()))
    return len(found)


def beginning(text: str, limit: int = TITLE) -> str:
    """A title for a text that has none: its first `limit` characters, cut at the last space where it is longer.

    >>> beginning("Council closes the old harbour bridge", 15)
    'Council closes'
    """
    return text[:limit].rsplit(" ", 1)[0] if len(text) > limit else text


def _converted(source: Path, converter: Converter, site: str) -> Iterator[tuple[str, str]]:
    for line, row in json_rows(source):
        try:
            articles = converter.articles(row)
        except (KeyError, ValueError) as error:
            raise SourceError(f"{source}, line {line}: {error!r}; is this the file as it was published?") from error
        for article in articles:
            name = str(article["id"])
            yield name, json.dumps({"url": f"{site}{name}", **article}, ensure_ascii=False)


def _wiki(row: Row) -> list[dict[str, object]]:
    """One paragraph is all that there is of an item; its beginning is its title, as ingest needs one."""
    text = str(row["text"])
    fields = {"section": row["category"], "published_at": row["date"], "story": row["story"]}
    return [{"id": row["id"], "title": beginning(text), "body": text, **fields}]


def _uci(row: Row) -> list[dict[str, object]]:
    """A headline without any text; the time is in milliseconds."""
    when = datetime.fromtimestamp(int(str(row["TIMESTAMP"])) / 1000, UTC).isoformat()
    fields = {"section": row["CATEGORY"], "published_at": when, "story": row["STORY"]}
    return [{"id": row["ID"], "title": row["TITLE"], "body": "", **fields}]


def _ecbplus(row: Row) -> list[dict[str, object]]:
    """An event is a story; many texts begin with their headline, on a line of its own."""
    return [_untitled(row["doc"], str(row["text"]), row["event"])]


def _fnc1(row: Row) -> list[dict[str, object]]:
    return [_untitled(row["body_id"], str(row["body"]), row["story"])]


def _semeval(row: Row) -> list[dict[str, object]]:
    """Two articles a row, which stand under the two ids of `pair_id`; an article may be in several rows."""
    names = str(row["pair_id"]).split("_")
    return [_untitled(name, str(text), None) for name, text in zip(names, (row["text1"], row["text2"]), strict=True)]


def _untitled(name: object, text: str, story: object) -> dict[str, object]:
    return {"id": name, "title": beginning(text.strip().split("\n")[0]), "body": text, "story": story}


CONVERTERS = {
    "wiki_current_events": Converter("items.jsonl.gz", _wiki),
    "uci_news_aggregator": Converter("headlines.jsonl.gz", _uci),
    "ecbplus": Converter("docs.jsonl.gz", _ecbplus),
    "fnc1": Converter("test_bodies.jsonl.gz", _fnc1),
    "semeval22_task8": Converter("pairs_en_en.jsonl.gz", _semeval),
}
