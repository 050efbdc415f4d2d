"""How many of a text's words may be left aside where its nearest are looked for: measured on a sample of the texts.

In a large archive the longest lists of texts with a word tell least (`recsys.likeness`). Half as much is left aside
until the share that is wanted of the k nearest is safely found, at last nothing.
"""

import logging
from collections.abc import Callable, Mapping

import numpy as np

from recsys.lexical import WordVectors
from recsys.likeness import ASIDE, LONG, Likeness
from recsys.postings import Float32s, Postings, Terms
from recsys.recall import is_safely_above, share_found

log = logging.getLogger(__name__)

EXACT_UP_TO = 300_000  # texts of a night that are all compared: up to here leaving lists aside saves nothing
_SAMPLE = 128
_LEAST = 0.01  # below it so little is left aside that all may be gone through
About = dict[str, int | float | str]


def aside_at_night(words: WordVectors, k: int, wanted: float, long: int = LONG) -> tuple[float, About]:
    """What may be left aside among the night's own texts, and what the manifest says of it: nothing where it is 0.

    `long` is as for `WordVectors.nearest`.
    """
    if len(words) <= EXACT_UP_TO:
        return 0.0, {}

    def nearest(row: int, aside: float) -> Float32s:
        return words.nearest(row, row + 1, k, aside, long)[2]

    aside, reached = _most(nearest, _sample(words), k, wanted, "a text's nearest by words")
    return aside, {"words_aside": aside, "words_recall": reached}


def aside_for_newcomers(words: WordVectors, postings: Postings, k: int, wanted: float, long: int = LONG) -> About:
    """What the manifest says of it: nothing where a text like those of the sample is held against all others.

    `long` is as for `Likeness.of`.
    """
    texts = {row: _terms(words, row) for row in _sample(words)}
    if all(Likeness.of(postings, terms, ASIDE, long).is_whole for terms in texts.values()):
        return {}

    def nearest(row: int, aside: float) -> Float32s:
        rows, found = Likeness.of(postings, texts[row], aside, long).nearest(k + 1)
        others: Float32s = found[rows != row]
        return others

    aside, reached = _most(nearest, list(texts), k, wanted, "a newcomer's nearest by words")
    return {"newcomer_aside": aside, "newcomer_recall": reached}


def _most(
    nearest: Callable[[int, float], Float32s], rows: list[int], k: int, wanted: float, what: str
) -> tuple[float, float]:
    """(what may be left aside, the recall with it); `nearest` gives the cosines of a row's nearest."""
    truth = {row: found for row in rows if len(found := nearest(row, 0.0))}
    aside = ASIDE
    while True:
        reached = _recall({row: nearest(row, aside) for row in truth}, truth)
        log.info("%s, %.3f left aside: recall@%d %.4f on %d rows", what, aside, k, reached, len(rows))
        if is_safely_above(reached, wanted) or not aside:
            return aside, reached
        aside = aside / 2 if aside > _LEAST else 0.0


def _recall(found: Mapping[int, Float32s], truth: Mapping[int, Float32s]) -> float:
    return float(np.mean([share_found(found[row], exact) for row, exact in truth.items()] or [1.0]))


def _sample(words: WordVectors) -> list[int]:
    rows: list[int] = np.unique(np.linspace(0, len(words) - 1, _SAMPLE if len(words) else 0).astype(np.int64)).tolist()
    return rows


def _terms(words: WordVectors, row: int) -> Terms:
    """The terms of one of the texts, but those that no other has."""
    span = slice(int(words.matrix.indptr[row]), int(words.matrix.indptr[row + 1]))
    hashes = words.features[words.matrix.indices[span]]
    return Terms(hashes, words.matrix.data[span], np.zeros(len(hashes), np.bool_))
