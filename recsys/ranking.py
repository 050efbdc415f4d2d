"""How related two articles are: one score, and the parts that add up to it.

    text      = semantic · w.semantic + lexical · w.lexical
    freshness = floor + (1 - floor) · 0.5 ** (days between the two / half_life)
    score     = text · freshness + section · w.section + author · w.author + tags · w.tags

The text part is multiplied by freshness because that was measured to beat adding it; the floor keeps a perfect match
from the archive above today's noise. All weights are divided by their sum, so the score is in [0, 1].
"""

from dataclasses import dataclass, fields
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
        semantic, lexical, section, author, tags: >= 0, relative to one another, not all zero.
        half_life_days: > 0; days between two articles after which half of the freshness above the floor is gone.
        freshness_floor: in [0, 1]; 1 switches freshness off.

    Raises:
        ConfigError: a value is out of its range.
    """

    semantic: float = 0.5
    lexical: float = 0.5
    section: float = 0.05
    author: float = 0.05
    tags: float = 0.1
    half_life_days: float = 90.0
    freshness_floor: float = 0.6

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
                raise ConfigError(f"weight {item.name} is {value!r}: give a finite number >= 0")
        if self.total <= 0:
            raise ConfigError("all weights are 0: give at least one signal a weight > 0")
        if self.half_life_days == 0:
            raise ConfigError("half_life_days is 0: give days > 0 (freshness_floor 1 switches freshness off)")
        if self.freshness_floor > 1:
            raise ConfigError(f"freshness_floor is {self.freshness_floor}: give a number in [0, 1]")

    @property
    def total(self) -> float:
        """Sum of the signals' weights, by which scores are divided."""
        return self.semantic + self.lexical + self.section + self.author + self.tags

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
            raise ConfigError(f"weights file {path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        return cls(**raw)


def freshness(days: Floats, weights: Weights) -> Floats:
    """`floor + (1 - floor) · 0.5 ** (days / half_life)`, in [floor, 1].

    An unknown age (NaN) is neutral: it gets the value halfway, neither fresh nor stale (search engines whose default is
    1 put undated articles first).
    """
    floor = weights.freshness_floor
    decayed = floor + (1.0 - floor) * 0.5 ** (days / weights.half_life_days)
    return np.where(np.isnan(days), (1.0 + floor) / 2, decayed)


def parts(found: Signals, weights: Weights) -> dict[str, Floats]:
    """The parts of the score, each (m,), in the order of `PARTS`; freshness is what it takes away (<= 0)."""
    total = weights.total
    semantic = found.semantic * (weights.semantic / total)
    lexical = found.lexical * (weights.lexical / total)
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
