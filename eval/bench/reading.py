"""Readers: which articles they ask for, and how long one call takes."""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from eval.bench.corpus.draws import Zipf


def asked_for(newest_first: Sequence[str], number: int, seed: int) -> list[str]:
    """`number` ids by Zipf's law; the first are asked for most."""
    ranks = Zipf(len(newest_first)).draw(np.random.default_rng([seed, 40]), number)
    return [newest_first[rank] for rank in ranks.tolist()]


def timed(call: Callable[[str], object], ids: Sequence[str]) -> list[float]:
    """Microseconds of each call, one after the other."""
    found = []
    for one in ids:
        began = perf_counter()
        call(one)
        found.append((perf_counter() - began) * 1e6)
    return found
