"""Random draws in bulk: by Zipf's law, and numbers that depend on a key alone."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_TABLE = 1 << 18  # quantiles that are tabulated


class Zipf:
    """Ranks 0 … n-1, rank r with a chance in proportion to (r + 1 + shift) ** -exponent (Zipf and Mandelbrot)."""

    def __init__(self, n: int, exponent: float = 1.0, shift: float = 2.7) -> None:
        chances = (np.arange(n) + 1.0 + shift) ** -exponent
        self.chances: Floats = chances / chances.sum()
        self._ranks = np.searchsorted(np.cumsum(self.chances), (np.arange(_TABLE) + 0.5) / _TABLE).astype(np.int32)
        np.minimum(self._ranks, n - 1, out=self._ranks)

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> Ints:
        """Ranks, drawn by a table of quantiles: a rank rarer than 1 in 260,000 may never come."""
        found: Ints = self._ranks[rng.integers(0, _TABLE, size)].astype(np.int64)
        return found


def scattered(keys: Ints, salt: int, below: int) -> Ints:
    """For each key a number in [0, below) that depends on the key and the salt alone (splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = keys.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    found: Ints = (mixed % np.uint64(below)).astype(np.int64)
    return found
