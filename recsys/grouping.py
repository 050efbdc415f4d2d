"""Groups on a sparse graph of pairs: what is joined must be strongly tied somewhere, and tied well enough on average.

Single linkage alone chains (A like B, B like C, A not like C); average linkage alone splits a large group whose first
and last are far apart. So both are asked: the strongest pair between two groups, and the mean over all pairs between
them, where a pair that was never measured counts 0 (UPGMA: Sokal and Michener 1958).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int32, Int64

Floats = npt.NDArray[np.float64]
_DIGITS = 6  # of a mean, when groups are compared: sums of the same weights in another order differ in the last bits


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once, `first` < `second`; `weight` (m,) in [0, 1], larger for more alike."""

    first: Int64
    second: Int64
    weight: Floats

    def where(self, mask: npt.NDArray[np.bool_] | Int64) -> "Pairs":
        """Those where the mask is true, or at these places."""
        return Pairs(self.first[mask], self.second[mask], self.weight[mask])

    @classmethod
    def none(cls) -> "Pairs":
        """No pair."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    @classmethod
    def joined(cls, parts: Sequence["Pairs"]) -> "Pairs":
        """All pairs of one or more parts, by first and then by second row."""
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("first", "second", "weight"))
        whole = cls(*columns)
        return whole.where(np.lexsort((whole.second, whole.first)))


@dataclass(slots=True)
class _Group:
    """A group while it grows; `ties` holds (sum of weights, largest weight) to each other group."""

    size: int
    least: float
    rank: int
    version: int
    ties: dict[int, tuple[float, float]]


def grouped(pairs: Pairs, strong: float, least: Floats, start: Int64, rank: Int64) -> Int64:
    """(n,) int64: for each row the smallest row of its group.

    The two groups with the largest mean are joined first, as long as the strongest pair between them has at least
    `strong`, and the mean reaches the larger `least` of all their rows.

    Args:
        pairs: what is known of the n rows.
        strong: in [0, 1].
        least: (n,) in [0, 1].
        start: (n,) the smallest row of the group that a row is in from the outset, itself where it is alone.
        rank: (n,) distinct numbers; of equally near groups those of the smaller ranks are joined first.
    """
    return joined(_within_reach(pairs, strong, start), strong, least, start, rank)


def joined(pairs: Pairs, strong: float, least: Floats, start: Int64, rank: Int64) -> Int64:
    """What `grouped` gives, without leaving out first what cannot matter; for a few rows."""
    groups = _outset(pairs, least, start, rank)
    ends: dict[int, int] = {}
    heap: list[tuple[float, int, int, int, int, int, int]] = []
    for one, group in groups.items():
        for other in group.ties:
            if one < other and _fits(groups, one, other, strong):
                heap.append(_entry(groups, one, other))
    heapify(heap)
    while heap:
        *_, one, other, version, other_version = heappop(heap)
        if one in ends or other in ends:
            continue
        if (groups[one].version, groups[other].version) != (version, other_version):
            continue  # one of them has grown since, and has another entry
        ends[other] = one
        _join(groups, one, other)
        for third in groups[one].ties:
            low, high = min(one, third), max(one, third)
            if _fits(groups, low, high, strong):
                heappush(heap, _entry(groups, low, high))
    return np.array([_end(int(row), ends) for row in start], np.int64)


def numbered_groups(smallest: Int64) -> Int32:
    """(n,) int32: 0, 1, … for the groups of two or more in the order of their smallest rows, -1 for a row alone."""
    rows, place, sizes = np.unique(smallest, return_inverse=True, return_counts=True)
    numbers = np.where(sizes > 1, np.cumsum(sizes > 1) - 1, -1)
    return numbers[place].astype(np.int32) if len(rows) else np.empty(0, np.int32)


def first_of_each(owners: Int64, k: int) -> Bools:
    """True for the first k entries of each owner; `owners` is sorted."""
    mask: Bools = np.arange(len(owners)) - np.searchsorted(owners, owners, "left") < k
    return mask


def _within_reach(pairs: Pairs, strong: float, start: Int64) -> Pairs:
    """The pairs of rows that strong pairs join at all: no other can matter, and they are few."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(start)
    tight = pairs.where(pairs.weight >= strong)
    ends = np.concatenate([tight.first, np.arange(n)]), np.concatenate([tight.second, start])
    _, part = connected_components(coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(n, n)), directed=False)
    return pairs.where(part[pairs.first] == part[pairs.second])


def _outset(pairs: Pairs, least: Floats, start: Int64, rank: Int64) -> dict[int, _Group]:
    """The groups of the rows that have pairs, with the ties between them."""
    involved = np.unique(start[np.concatenate([pairs.first, pairs.second])])
    members = np.flatnonzero(np.isin(start, involved))
    groups: dict[int, _Group] = {}
    for row in members.tolist():
        group = groups.setdefault(int(start[row]), _Group(0, 0.0, int(rank[row]), 0, {}))
        group.size += 1
        group.least = max(group.least, float(least[row]))
        group.rank = min(group.rank, int(rank[row]))
    ends = start[pairs.first].tolist(), start[pairs.second].tolist()
    for one, other, weight in zip(*ends, pairs.weight.tolist(), strict=True):
        if one != other:
            total, most = groups[one].ties.get(other, (0.0, 0.0))
            groups[one].ties[other] = groups[other].ties[one] = (total + weight, max(most, weight))
    return groups


def _join(groups: dict[int, _Group], one: int, other: int) -> None:
    """`other` becomes part of `one`."""
    kept, gone = groups[one], groups.pop(other)
    kept.size += gone.size
    kept.least, kept.rank, kept.version = max(kept.least, gone.least), min(kept.rank, gone.rank), kept.version + 1
    del kept.ties[other], gone.ties[one]
    for third, (total, most) in gone.ties.items():
        known, largest = kept.ties.get(third, (0.0, 0.0))
        kept.ties[third] = known + total, max(largest, most)
        del groups[third].ties[other]
    for third, tie in kept.ties.items():
        groups[third].ties[one] = tie


def _mean(groups: dict[int, _Group], one: int, other: int) -> float:
    total, _ = groups[one].ties[other]
    return round(total / (groups[one].size * groups[other].size), _DIGITS)


def _fits(groups: dict[int, _Group], one: int, other: int, strong: float) -> bool:
    least = max(groups[one].least, groups[other].least)
    return groups[one].ties[other][1] >= strong and _mean(groups, one, other) >= least


def _entry(groups: dict[int, _Group], one: int, other: int) -> tuple[float, int, int, int, int, int, int]:
    """What the heap is ordered by, nearest first, and which state of the two groups it speaks of."""
    low, high = sorted((groups[one].rank, groups[other].rank))
    return -_mean(groups, one, other), low, high, one, other, groups[one].version, groups[other].version


def _end(row: int, ends: dict[int, int]) -> int:
    while row in ends:
        row = ends[row]
    return row
