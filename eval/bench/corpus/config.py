"""What an invented archive is like. The shapes are those of newspapers; the numbers are round."""

from dataclasses import dataclass
from datetime import UTC, datetime

LAST_DAY = datetime(2026, 6, 1, tzinfo=UTC)  # when the archive ends; what is drawn "later" comes after it
CHUNK = 2_000  # articles that are drawn at a time: bounds memory, and part of what a seed gives


@dataclass(frozen=True, slots=True)
class CorpusConfig:
    """Which archive.

    Attributes:
        articles: >= 1, how many.
        seed: >= 0; the same one gives the same articles and vectors.
        dim: >= 8, length of a vector.
        years: > 0, time that the archive covers.
        topics: top sections; each has `parts` sections below it.
        copies: share of articles that repeat another one's text, in [0, 0.5]; half of these with a new first line.
    """

    articles: int = 100_000
    seed: int = 0
    dim: int = 384
    years: float = 10.0
    topics: int = 12
    parts: int = 8
    copies: float = 0.03

    @property
    def sections(self) -> int:
        """Sections below the top ones."""
        return self.topics * self.parts
