"""The few largest of many values, without sorting the others."""

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64, Rows
from recsys.grouping import first_of_each

_STRIPES = 16  # that an array is folded into


def largest(values: npt.NDArray[np.float32], k: int) -> Int64:
    """Places of the k largest above 0, in no order; NaN is none."""
    above = np.fmax(values, 0.0)
    whole = len(above) // _STRIPES * _STRIPES
    tops = above[:whole].reshape(_STRIPES, -1).max(axis=0)  # so many values are as large as the k largest of these
    least = np.partition(tops, len(tops) - k)[len(tops) - k] if 0 < k < len(tops) else 0.0
    places = np.flatnonzero(above >= least if least > 0 else above > 0)
    if len(places) <= k:
        return places
    return places[np.argpartition(-above[places], k - 1)[:k]]


def largest_of_each(counts: Int64, rows: Rows, values: npt.NDArray[np.float64], k: int) -> Int64:
    """Places of the k largest values of each owner, owner by owner, largest first; of equal ones the smaller row.

    Args:
        counts: (owners,) how many of the values each owner has, one owner after the other.
        rows: (m,) what the values are of.
        values: (m,) >= 0.
    """
    owner, width = np.repeat(np.arange(len(counts)), counts), max(int(counts.max(initial=0)), k)
    table = np.full((len(counts), width), -1.0)
    table[owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)] = values
    least = np.partition(table, width - k, axis=1)[:, width - k]
    places = np.flatnonzero(values >= least[owner])  # few, so that only these are sorted
    places = places[np.lexsort((rows[places], -values[places], owner[places]))]
    return places[first_of_each(owner[places], k)]
