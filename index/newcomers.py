"""How much of a newcomer's words may be left aside: measured on a sample of the night's texts, as if they came now."""

import logging

import numpy as np

from recsys.lexical import WordVectors
from recsys.likeness import ASIDE, LONG, Likeness
from recsys.postings import Float32s, Postings, Terms
from recsys.recall import is_safely_above, share_found

log = logging.getLogger(__name__)
_SAMPLE = 128
_LEAST = 0.01  # below it so little is left aside that all may be gone through


def aside_for_newcomers(
    words: WordVectors, postings: Postings, k: int, wanted: float, long: int = LONG
) -> dict[str, int | float | str]:
    """What the manifest says of it: nothing where a text like those of the sample is held against all others.

    Half as much is left aside until the share `wanted` of the k nearest is safely found; at last nothing at all.
    `long` is as for `Likeness.of`.
    """
    rows = np.linspace(0, len(words) - 1, _SAMPLE if len(words) else 0).astype(np.int64)
    texts = {row: _terms(words, row) for row in np.unique(rows).tolist()}
    if all(Likeness.of(postings, terms, ASIDE, long).is_whole for terms in texts.values()):
        return {}
    truth = {row: _nearest(Likeness.of(postings, terms, 0.0, long), row, k) for row, terms in texts.items()}
    aside = ASIDE
    while True:
        found = {row: _nearest(Likeness.of(postings, terms, aside, long), row, k) for row, terms in texts.items()}
        reached = float(
            np.mean([share_found(found[row], exact) for row, exact in truth.items() if len(exact)] or [1.0])
        )
        log.info(
            "a newcomer's nearest by words, %.3f left aside: recall@%d %.4f on %d rows", aside, k, reached, len(rows)
        )
        if is_safely_above(reached, wanted) or not aside:
            return {"newcomer_aside": aside, "newcomer_recall": reached}
        aside = aside / 2 if aside > _LEAST else 0.0


def _terms(words: WordVectors, row: int) -> Terms:
    """The terms of one of the texts, but those that no other has."""
    span = slice(int(words.matrix.indptr[row]), int(words.matrix.indptr[row + 1]))
    hashes = words.features[words.matrix.indices[span]]
    return Terms(hashes, words.matrix.data[span], np.zeros(len(hashes), np.bool_))


def _nearest(likeness: Likeness, row: int, k: int) -> Float32s:
    """Cosines of the k nearest others than this row."""
    rows, found = likeness.nearest(k + 1)
    others: Float32s = found[rows != row]
    return others
