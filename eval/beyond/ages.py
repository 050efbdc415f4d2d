"""How old what is shown is: days between an article and its answers."""

import numpy as np
import numpy.typing as npt

from eval.beyond.shown import Shown
from recsys.release import UNDATED

Floats = npt.NDArray[np.float64]
_DAY = 86_400.0  # seconds


def age(shown: Shown) -> Floats:
    """(q, w) days that an answer was published before its query article; below 0 where it is newer, NaN where undated.

    The age of what a reader of the new article is shown, as in Chakraborty, Ghosh, Ganguly, Gummadi, "Optimizing the
    recency-relevance-diversity trade-offs in non-personalized news recommendations", Information Retrieval Journal 22,
    2019. Its figures are quantiles (`q`, in percent; type 7 of Hyndman, Fan, The American Statistician 50(4), 1996).
    Where later articles may be answered, ages of both signs cancel out: look at `gap`, the same without its sign.
    """
    published = shown.release.published
    asked, answered = published[shown.asked][:, None], published[np.maximum(shown.rows, 0)]
    known = shown.filled & (asked != UNDATED) & (answered != UNDATED)
    days = (np.where(known, asked, 0) - np.where(known, answered, 0)) / _DAY
    return np.where(known, days, np.nan)


def stale(shown: Shown, days: float) -> Floats:
    """(q, w) 1 where the answer is more than `days` older than its query article, 0 else; NaN where undated."""
    ages = age(shown)
    return np.where(np.isnan(ages), np.nan, ages > days)


def undated(shown: Shown) -> Floats:
    """(q, w) 1 where the answer has no age, because it or its query article has no date, 0 else."""
    return np.where(shown.filled, np.isnan(age(shown)), np.nan)
