"""Same event: articles near in meaning and in words within days, nearer than what they are near to at other times.

    nearness = (2 · kin + meaning) / 3                                    in [0, 1]
    evidence = nearness - (background of one + background of other) / 4   at least 0

kin says what the nearest of each make of the other, and so holds words, names and time already; meaning is the
calibrated cosine. The background of an article is the nearness of what is on its topic but too far in time to be on its
event: a war has many days that read alike, a plane crash has one. Long texts must also share words: two opinions on one
topic are near by everything else.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32, Int64
from recsys.grouping import Pairs, first_of_each, grouped
from recsys.release import UNDATED
from recsys.signals import DAY

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
STRONG = 0.40  # evidence of the nearest two of what is joined
LEAST = 0.14  # mean evidence over all pairs of what is joined
LEAST_UNDATED = 0.5  # the same where one article has no date: text alone must tell
BACKGROUND = 3  # articles on the topic that an article is held against
LONG = 1_000  # characters
LONG_SHARES = 0.25  # softened cosine by words that two long texts have at the least
_MANY = 5_000_000  # pairs that are kept until all but the nearest are let go
_NOTHING = 0.03  # less is left out, as if it had not been measured


def nearness(meaning: Floats, kin: Floats) -> Floats:
    """(m,) in [0, 1], larger for more alike; `meaning` is calibrated."""
    found: Floats = (2.0 * kin + meaning) / 3.0
    return found


def same_event(
    blocks: Callable[[], Iterable[tuple[Pairs, Floats]]], published: Int64, length: Int32, days: float, start: Int64
) -> Int64:
    """(n,) int64: for each row the smallest row of its event.

    Args:
        blocks: gives all pairs, each once, some at a time: their nearness, and (m,) the softened cosine by words of
            each. It is asked twice.
        published: (n,) seconds since 1970 UTC, `UNDATED` where unknown.
        length: (n,) characters of each text.
        days: articles further apart are never one event.
        start: (n,) the smallest row of the same text.
    """
    asked = np.zeros(len(start), np.bool_)  # rows with a pair that could be joined
    for pairs, words in blocks():
        _, may = apart(pairs, words, published, length, days)
        near = pairs.where(may & (pairs.weight >= STRONG))
        asked[near.first] = asked[near.second] = True
    could = asked | (np.bincount(start, minlength=len(start))[start] > 1)  # or could come along as the same text
    backgrounds, found = _Backgrounds(len(start)), [Pairs.none()]
    for pairs, words in blocks():
        late, may = apart(pairs, words, published, length, days)
        backgrounds.add(pairs.where(late & (asked[pairs.first] | asked[pairs.second])))
        found.append(pairs.where(may & could[pairs.first] & could[pairs.second]))
    told = evident(Pairs.joined(found), backgrounds.mean())
    return grouped(told, STRONG, least_mean(published), start, np.arange(len(start)))


def apart(pairs: Pairs, words: Floats, published: Int64, length: Int32, days: float) -> tuple[Bools, Bools]:
    """(late, may), each (m,): which pairs are too far apart in time, and which may be one event."""
    first, second = published[pairs.first], published[pairs.second]
    dated = (first != UNDATED) & (second != UNDATED)
    late: Bools = dated & (np.abs(first.astype(np.float64) - second) > days * DAY)
    long = np.minimum(length[pairs.first], length[pairs.second]) >= LONG
    return late, ~late & ~(long & (words < LONG_SHARES)) & (pairs.weight >= _NOTHING)


def evident(near: Pairs, background: Floats) -> Pairs:
    """The pairs with their evidence, where there is any; `background` is (n,)."""
    evidence = near.weight - (background[near.first] + background[near.second]) / 4.0
    return Pairs(near.first, near.second, evidence).where(evidence >= _NOTHING)


def background_of(late: Floats) -> float:
    """The background of one article, from its nearness to all that is late."""
    return float(np.sort(late)[-BACKGROUND:].sum()) / BACKGROUND


def least_mean(published: Int64) -> Floats:
    """(n,) the mean evidence that each row asks for at the least."""
    return np.where(published == UNDATED, LEAST_UNDATED, LEAST)


class _Backgrounds:
    """Of each of n rows the nearness of the BACKGROUND nearest late pairs; of the others it is not asked."""

    def __init__(self, n: int) -> None:
        self._n, self._owners, self._weights, self._many = n, [np.empty(0, np.int64)], [np.empty(0)], 0

    def add(self, far: Pairs) -> None:
        """More late pairs."""
        self._owners += [far.first, far.second]
        self._weights += [far.weight, far.weight]
        self._many += 2 * len(far.weight)
        if self._many > _MANY:
            owners, weight = self._nearest()
            self._owners, self._weights, self._many = [owners], [weight], 0

    def mean(self) -> Floats:
        """(n,) their mean, one that is missing counting 0."""
        owners, weight = self._nearest()
        return np.bincount(owners, weights=weight, minlength=self._n) / BACKGROUND

    def _nearest(self) -> tuple[Int64, Floats]:
        owners, weight = np.concatenate(self._owners), np.concatenate(self._weights)
        order = np.lexsort((-weight, owners))
        best = order[first_of_each(owners[order], BACKGROUND)]
        return owners[best], weight[best]
