"""Same text: versions, updates of a live blog, wire copies and reprints of one text.

Long texts are compared by how much of the smaller is in the other: nearly all of it, or within days most of it, for a
version that was edited comes soon, and what comes again after a year is whole. (What is not, is the captions of a
gallery or a paragraph of background.) A short text, such as a headline alone, is the same only where every word is, and
where it does not come again and again. Of a text of which only a cut sketch is kept, a copy is whole and shares words.
"""

import numpy as np
import numpy.typing as npt

from recsys.columns import Int64
from recsys.fingerprints import Fingerprints
from recsys.grouping import Pairs, grouped
from recsys.release import UNDATED
from recsys.signals import DAY

Floats = npt.NDArray[np.float64]
SHORT = 20  # shingles; with fewer in common, a quotation could be all there is
LEAST_WORDS = 0.3  # cosine by words that two copies have at the least, unless one is a sixth of the other or less
WHOLE = 0.9  # share of the smaller text that is in the other whenever that one appeared
CUT_WORDS = 0.85  # cosine by words of a copy of a cut sketch, by the root of how much shorter the smaller text is


def same_text(prints: Fingerprints, candidates: Pairs, published: Int64, same: float, days: float) -> Int64:
    """(n,) int64: for each row the smallest row of its text.

    Args:
        prints: of the n texts.
        candidates: pairs that may be one text; weight is the cosine by words.
        published: (n,) seconds since 1970 UTC, `UNDATED` where unknown.
        same: share of the smaller text that must be in the other, in (0, 1], where the two are at most `days` apart or
            either has no date; else it is at least WHOLE.
        days: headlines that come again later are no copies either.
    """
    start = _identical(prints, published, days)
    rank = np.lexsort((prints.total, prints.whole)).argsort().astype(np.int64)
    least = np.full(len(start), same)
    return grouped(overlapping(prints, candidates, published, days), same, least, start, rank)


def overlapping(prints: Fingerprints, candidates: Pairs, published: Int64, days: float) -> Pairs:
    """The candidates that may be one text, with how much of the smaller is in the other; arguments as above."""
    long = prints.total >= SHORT
    near = candidates.where((candidates.weight >= LEAST_WORDS) & long[candidates.first] & long[candidates.second])
    shared = Pairs(near.first, near.second, prints.overlaps(near.first, near.second))
    whole = shared.weight >= WHOLE
    cut = prints.is_cut[near.first] | prints.is_cut[near.second]
    sizes = prints.total[near.first].astype(np.float64), prints.total[near.second].astype(np.float64)
    alike = near.weight >= CUT_WORDS * np.sqrt(np.minimum(*sizes) / np.maximum(*sizes))
    return shared.where(np.where(cut, whole & alike, whole | (_days_between(shared, published) <= days)))


def comes_again(total: int, published: Int64, days: float) -> bool:
    """Whether a text of so many shingles, which appeared at these times, is a headline that comes again later."""
    dated = published[published != UNDATED]
    return total < SHORT and len(dated) > 0 and int(dated.max()) - int(dated.min()) > days * DAY


def _days_between(pairs: Pairs, published: Int64) -> Floats:
    """(m,) days between the dates of each pair, 0 where either is unknown."""
    first, second = published[pairs.first], published[pairs.second]
    known = (first != UNDATED) & (second != UNDATED)
    return np.where(known, np.abs(first.astype(np.float64) - second) / DAY, 0.0)


def _identical(prints: Fingerprints, published: Int64, days: float) -> Int64:
    """(n,) the smallest row with the very same words, itself where that is no other article of one text."""
    known = prints.total > 0  # SHINGLE words or more: "Letters to the editor" is no text
    _, text = np.unique(prints.whole, return_inverse=True)
    smallest = np.full(text.max(initial=-1) + 1, len(text), np.int64)
    np.minimum.at(smallest, text, np.arange(len(text)))
    again = (prints.total < SHORT) & (_span(text, published) > days)
    return np.where(known & ~again, smallest[text], np.arange(len(text)))


def _span(text: Int64, published: Int64) -> Floats:
    """(n,) days between the first and the last known date of the text of each row, -inf where none is known."""
    dated = published != UNDATED
    first, last = np.full(text.max(initial=-1) + 1, np.inf), np.full(text.max(initial=-1) + 1, -np.inf)
    np.minimum.at(first, text[dated], published[dated].astype(np.float64))
    np.maximum.at(last, text[dated], published[dated].astype(np.float64))
    return (last[text] - first[text]) / DAY
