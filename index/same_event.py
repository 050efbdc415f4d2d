"""Same event: articles near in meaning and in words, within days.

    nearness = (2 · kin + meaning) / 3        in [0, 1]

kin says what the nearest of each make of the other, and so holds words, names and time already; meaning is the
calibrated cosine. Long texts must also share words: two opinions on one topic are near by everything else.
"""

import numpy as np
import numpy.typing as npt

from index.grouping import Pairs, grouped
from recsys.columns import Int32, Int64
from recsys.release import UNDATED
from recsys.signals import DAY

Floats = npt.NDArray[np.float64]
STRONG = 0.57  # nearness of the nearest two of what is joined
LEAST = 0.2  # mean nearness over all pairs of what is joined
LEAST_UNDATED = 0.5  # the same where one article has no date: text alone must tell
LONG = 1_000  # characters
LONG_SHARES = 0.25  # softened cosine by words that two long texts have at the least
_NOTHING = 0.03  # less is left out, as if it had not been measured


def nearness(meaning: Floats, kin: Floats) -> Floats:
    """(m,) in [0, 1], larger for more likely one event; `meaning` is calibrated."""
    found: Floats = (2.0 * kin + meaning) / 3.0
    return found


def same_event(pairs: Pairs, words: Floats, published: Int64, length: Int32, days: float, start: Int64) -> Int64:
    """(n,) int64: for each row the smallest row of its event.

    Args:
        pairs: each with its nearness.
        words: (m,) softened cosine by words of each pair.
        published: (n,) seconds since 1970 UTC, `UNDATED` where unknown.
        length: (n,) characters of each text.
        days: articles further apart are never one event.
        start: (n,) the smallest row of the same text.
    """
    first, second = published[pairs.first], published[pairs.second]
    dated = (first != UNDATED) & (second != UNDATED)
    late = dated & (np.abs(first.astype(np.float64) - second) > days * DAY)
    long = np.minimum(length[pairs.first], length[pairs.second]) >= LONG
    near = pairs.where(~late & ~(long & (words < LONG_SHARES)) & (pairs.weight >= _NOTHING))
    least = np.where(published == UNDATED, LEAST_UNDATED, LEAST)
    return grouped(near, STRONG, least, start, np.arange(len(published)))
