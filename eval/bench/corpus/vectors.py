"""Vectors that lie as those of a sentence model do: a common direction, sections, events, and what is an article's own.

A vector is the sum of directions of random length whose squares are the shares below, scaled to length 1: so that the
cosine of two articles is about the sum of the shares that they have in common. Directions are drawn with a spectrum
that falls, as few of a model's dimensions carry most of the variance.
"""

import numpy as np
from numpy.typing import NDArray

from eval.bench.corpus.config import CorpusConfig
from eval.bench.corpus.draws import Ints, scattered

Vectors = NDArray[np.float32]
_BANK = 4_096  # directions that those of events are mixed from
_MIXED = 4
_COMMON, _TOP, _SECTION, _EVENT, _OWN = 0.13, 0.10, 0.14, 0.38, 0.25  # shares of the squared length


class Space:
    """The directions of an archive."""

    def __init__(self, config: CorpusConfig) -> None:
        rng = np.random.default_rng([config.seed, 4])
        self._spectrum = ((np.arange(config.dim) + 10.0) ** -0.35).astype(np.float32)
        self._parts = config.parts
        self._common = self._directions(rng, 1)
        self._top = self._directions(rng, config.topics)
        self._sections = self._directions(rng, config.sections)
        self._bank = self._directions(rng, _BANK)

    def vectors(self, rng: np.random.Generator, event: Ints, section: Ints) -> Vectors:
        """(n, dim) float32 unit rows."""
        n = len(event)
        own = self._directions(rng, n)
        # how much is an article's own differs: some are hardly on the event, some say the same in the same words
        share = rng.beta(4, 12, n).astype(np.float32)[:, None] * np.float32(_OWN * 4)
        found = (
            self._common * np.float32(_COMMON**0.5)
            + self._top[section // self._parts] * np.float32(_TOP**0.5)
            + self._sections[section] * np.float32(_SECTION**0.5)
            + self._events(event) * np.float32(_EVENT**0.5)
            + own * np.sqrt(share)
        )
        return _unit(found)

    def _events(self, event: Ints) -> Vectors:
        found = np.zeros((len(event), self._bank.shape[1]), np.float32)
        for salt in range(_MIXED):
            found += self._bank[scattered(event, 20 + salt, _BANK)]
        return _unit(found)

    def _directions(self, rng: np.random.Generator, n: int) -> Vectors:
        drawn = rng.standard_normal((n, len(self._spectrum)), dtype=np.float32)
        return _unit(drawn * self._spectrum)


def _unit(vectors: Vectors) -> Vectors:
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled
