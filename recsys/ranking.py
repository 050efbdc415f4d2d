"""How related two articles are: one score, and the parts that add up to it.

    words     = words_short + (words_long - words_short) · min(1, length / long_text)
    text      = lexical · words + semantic · (1 - words)
    freshness = floor + (1 - floor) · (0.5 ** (days / fast_half_life) + 0.5 ** (days / slow_half_life)) / 2
    score     = (text · freshness + section · w.section + author · w.author + tags · w.tags) / (1 + their weights)

`length` is that of the article whose list is made: on a headline meaning finds more, on a full article words do.
`days` lie between the two articles: news links to yesterday, an archive links across years, and two half-lives serve
both. The floor keeps a perfect match from the archive above today's noise.
"""

from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path

import msgspec
import numpy as np

from recsys.errors import ConfigError
from recsys.signals import Floats, Signals

PARTS = ("semantic", "lexical", "freshness", "section", "author", "tags")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts; they belong to the deployment and come from measurement (`python -m eval`).

    Attributes:
        words_long: share of words in the text part of a long article, in [0, 1]; meaning has the rest.
        words_short: the same for a text of no length.
        long_text: characters from which a text is long, > 0.
        section, author, tags: weights of these signals beside the text part's 1, >= 0.
        fast_half_life_days, slow_half_life_days: > 0; how soon the two halves of freshness fade.
        freshness_floor: what is left of freshness in the end, in [0, 1]; 1 switches it off.

    Raises:
        ConfigError: a value is out of its range.
    """

    words_long: float = 0.9
    words_short: float = 0.3
    long_text: float = 1_000.0
    section: float = 0.02
    author: float = 0.02
    tags: float = 0.02
    fast_half_life_days: float = 7.0
    slow_half_life_days: float = 180.0
    freshness_floor: float = 0.5

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise ConfigError(f"weight {item.name} is {value!r}: give a finite number >= 0")
        for name in ("words_long", "words_short", "freshness_floor"):
            if getattr(self, name) > 1:
                raise ConfigError(f"weight {name} is {getattr(self, name)}: give a number in [0, 1]")
        for name in ("long_text", "fast_half_life_days", "slow_half_life_days"):
            if getattr(self, name) == 0:
                raise ConfigError(f"weight {name} is 0: give a number > 0 (freshness_floor 1 switches freshness off)")

    @property
    def total(self) -> float:
        """The largest sum that the parts can reach, by which they are divided."""
        return 1.0 + self.section + self.author + self.tags

    def words(self, length: float) -> float:
        """Share of words in the text part, in [0, 1], for an article of `length` characters."""
        return self.words_short + (self.words_long - self.words_short) * min(1.0, length / self.long_text)

    @classmethod
    def read(cls, path: Path) -> "Weights":
        """Weights from a JSON file with any of the attributes' names.

        Raises:
            ConfigError: the file cannot be read, names an unknown weight or holds a value out of range.
        """
        try:
            raw = msgspec.json.decode(path.read_bytes(), type=dict[str, float])
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"weights file {path}: {error}") from error
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(raw) - known):
            raise ConfigError(
                f"weights file {path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
            )
        return cls(**raw)


def freshness(days: Floats, weights: Weights) -> Floats:
    """The freshness of articles that lie `days` (>= 0) from the one whose list is made, in [floor, 1].

    An unknown age (NaN) is neutral: it gets the value halfway (search engines whose default is 1 put undated articles
    first).
    """
    floor = weights.freshness_floor
    fading = (0.5 ** (days / weights.fast_half_life_days) + 0.5 ** (days / weights.slow_half_life_days)) / 2
    return np.where(np.isnan(days), (1.0 + floor) / 2, floor + (1.0 - floor) * fading)


def parts(found: Signals, length: float, weights: Weights) -> dict[str, Floats]:
    """The parts of the score, each (m,), in the order of `PARTS`; freshness is what it takes away (<= 0).

    `length` is the number of characters of the article whose list is made.
    """
    words, total = weights.words(length), weights.total
    semantic = found.semantic * ((1.0 - words) / total)
    lexical = found.lexical * (words / total)
    return {
        "semantic": semantic,
        "lexical": lexical,
        "freshness": (semantic + lexical) * (freshness(found.age_days, weights) - 1.0),
        "section": found.section * (weights.section / total),
        "author": found.author * (weights.author / total),
        "tags": found.tags * (weights.tags / total),
    }


def score(by_part: dict[str, Floats]) -> Floats:
    """(m,) scores in [0, 1]: the parts added in the order of `PARTS`, so that a reader's own sum is the same number."""
    total = by_part[PARTS[0]]
    for name in PARTS[1:]:
        total = total + by_part[name]
    return total
