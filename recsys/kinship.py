"""How related two articles look before anything else is known of them: what kin and tempo are made from.

The weights are not the built-in ones, so that these can change without another build.
"""

import numpy as np

from recsys.columns import Int64
from recsys.largest import largest_of_each
from recsys.nearest import NEAREST, Nearest
from recsys.neighbours import Neighbours
from recsys.ranking import Weights, by_text
from recsys.signals import Floats, calibrated, softened
from recsys.tempo import Tempo

FIRST_LOOK = Weights(words_short=0.4, words_long=0.9, long_text=1_000.0, names_short=0.2, names_long=0.0, tempo=0.3)
SHARPNESS = 3.0  # the nearest of the few counts most
_MOST = 1.0 + max(FIRST_LOOK.names_short, FIRST_LOOK.names_long)


def relevance(
    cosine: "np.typing.NDArray[np.floating]",
    words: "np.typing.NDArray[np.floating]",
    names: "np.typing.NDArray[np.floating]",
    length: Floats | float,
    base: float,
) -> Floats:
    """(m,) in [0, 1]: by text alone; `length` is that of the article that is asked, `base` the release's semantic base.

    A similarity that was not measured (NaN) counts 0.
    """
    semantic = np.nan_to_num(calibrated(cosine, base))
    found = by_text(semantic, softened(words), softened(names), length, FIRST_LOOK)
    return sum(found.values(), np.zeros(len(cosine))) / _MOST


def timely_factor(tempo: Tempo, days: "np.typing.NDArray[np.floating]") -> Floats:
    """(m,) > 0, what so many days apart make of being near."""
    return np.exp(FIRST_LOOK.tempo * tempo.at(days))


def shares(score: Floats) -> Floats:
    """(m,) how much each of an article's nearest counts, summing to 1; all 0 where nothing is related at all."""
    weight = np.maximum(score, 0.0) ** SHARPNESS
    total = weight.sum()
    return weight / total if total > 0 else weight


def nearest_among(counts: Int64, near: Neighbours, length: Floats, days: Floats, base: float, tempo: Tempo) -> Nearest:
    """The nearest of some rows among all neighbours that they have.

    Args:
        counts: (n,) how many of `near` each row has, one row's after the other's.
        near: (m,) these; their kin is not looked at.
        length: (m,) characters of the text of each one's owner.
        days: (m,) between the dates of the two, NaN where unknown.
        base, tempo: the release's.
    """
    score = relevance(near.cosine, near.words, near.names, length, base) * timely_factor(tempo, days)
    owner, best = np.repeat(np.arange(len(counts)), counts), largest_of_each(counts, near.rows, score, NEAREST)
    place = np.arange(len(best)) - np.searchsorted(owner[best], owner[best])
    found = Nearest.none(len(counts))
    found.rows[owner[best], place], found.scores[owner[best], place] = near.rows[best], score[best]
    return found
