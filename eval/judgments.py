"""What is known to be related, whatever it comes from: links that editors made by hand, stories, clicks, people."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.judged.lines import table_rows
from recsys.errors import ConfigError, SourceError
from recsys.notebook import frame, table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Judgments:
    """For each article id the ids of articles that were judged and their gain, and where this is known from.

    Gains are finite and >= 0; 0 is judged and not related, larger is more related; from 1 on an article is relevant for
    the measures that know only yes and no. `parts` are the judgments that these were merged from, each with its own
    source; () where they come from one.

    Raises:
        ConfigError: a gain is none.
    """

    gains: Mapping[str, Mapping[str, float]]
    source: str = "unknown"
    parts: "tuple[Judgments, ...]" = ()

    def __post_init__(self) -> None:
        for article, known in self.gains.items():
            for related, gain in known.items():
                if not (math.isfinite(gain) and gain >= 0):
                    raise ConfigError(f"gain {gain} of {article!r} and {related!r} is not a number >= 0")

    def __len__(self) -> int:
        return len(self.gains)

    def only(self, articles: Container[str]) -> "Judgments":
        """The judgments of these articles; what they are related to stays whole."""
        kept = {article: known for article, known in self.gains.items() if article in articles}
        return Judgments(kept, self.source, tuple(part.only(articles) for part in self.parts))

    def frame(self) -> "pd.DataFrame":
        """Every judged pair as a line of a pandas frame: article, related, gain, source (several with " + ").

        Raises:
            MissingExtra: pandas is not installed.
        """
        pairs = [(article, related, gain) for article, known in self.gains.items() for related, gain in known.items()]
        return frame(
            {
                "article": [article for article, _, _ in pairs],
                "related": [related for _, related, _ in pairs],
                "gain": [gain for _, _, gain in pairs],
                "source": [" + ".join(self.sources(article, related)) for article, related, _ in pairs],
            }
        )

    def _repr_html_(self) -> str:
        facts = {"articles": len(self), "pairs": sum(map(len, self.gains.values()))}
        return table(f"Judgments: {self.source}", (), facts.items())

    def sources(self, article: str, related: str) -> tuple[str, ...]:
        """Who judged this pair: the sources that know it, in the order in which they were merged.

        >>> links, clicks = Judgments({"a": {"b": 1.0}}, "links"), Judgments({"a": {"b": 0.0, "c": 2.0}}, "clicks")
        >>> merged([links, clicks]).sources("a", "b")
        ('links', 'clicks')
        """
        known = (part.source for part in self.parts or (self,) if related in part.gains.get(article, {}))
        return tuple(dict.fromkeys(known))


def merged(several: Sequence[Judgments]) -> Judgments:
    """All of them as one; of gains for one pair the larger counts. Each stays whole in `parts`, with its source.

    Gains of different sources are not on one scale (a link is 1, a click's gain is a ratio), so a figure over several
    is a summary; judge by each source alone.

    >>> both = merged([Judgments({"a": {"b": 1.0}}, "links"), Judgments({"a": {"c": 2.0}}, "clicks")])
    >>> both.source, both.gains
    ('links + clicks', {'a': {'b': 1.0, 'c': 2.0}})
    """
    parts = tuple(part for judgments in several for part in judgments.parts or (judgments,))
    if len(parts) == 1:
        return parts[0]
    gains: dict[str, dict[str, float]] = {}
    for part in parts:
        for article, known in part.gains.items():
            all_known = gains.setdefault(article, {})
            for related, gain in known.items():
                all_known[related] = max(gain, all_known.get(related, 0.0))
    return Judgments(gains, " + ".join(dict.fromkeys(part.source for part in parts)), parts)


def read_links(path: Path, source: str = "links") -> Judgments:
    """Judgments from a tab-separated file with the columns article_id, related_id and, optionally, gain (default 1).

    A link of an article to itself is left out; of two lines for one pair the larger gain counts.

    Raises:
        SourceError: the file cannot be read, lacks a column, or a gain is not a number > 0.
    """
    gains: dict[str, dict[str, float]] = {}
    for line, row in table_rows(path, ("article_id", "related_id")):
        article, related, gain = row["article_id"], row["related_id"], _gain(row.get("gain"), path, line)
        if article != related:
            known = gains.setdefault(article, {})
            known[related] = max(gain, known.get(related, 0.0))
    return Judgments(gains, source)


def read_queries(path: Path) -> list[str]:
    """The distinct ids in the column article_id of a tab-separated file, in its order; links and stories have it.

    Raises:
        SourceError: the file cannot be read or lacks the column.
    """
    return list(dict.fromkeys(row["article_id"] for _, row in table_rows(path, ("article_id",))))


def _gain(text: str | None, path: Path, line: int) -> float:
    try:
        gain = float(text or 1)
    except ValueError:
        gain = 0.0
    if not (gain > 0 and math.isfinite(gain)):
        raise SourceError(f"{path}, line {line}: gain {text!r} is not a number > 0")
    return gain
