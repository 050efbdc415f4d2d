"""The relevance floor: what is no nearer than chance is not called similar.

At build some thousands of random pairs are measured like any other pair, so the floor fits the model and the archive;
here they are weighed like any other pair, so it fits the weights too. A cosine that means "related" under one model
means nothing under another: random pairs lie at 0.05 or at 0.45 (recsys/signals.py, `calibrated`).
"""

import numpy as np

from recsys.ranking import Weights, by_text
from recsys.release import Release
from recsys.signals import calibrated, softened

LEAST = 50  # so many articles stand above the floor on average: in a small archive any two may well be related


def floor(release: Release, weights: Weights) -> float:
    """The smallest relevance by text, in [0, 1], that counts as similar: a quantile of that of random pairs.

    It stays that of the night, whatever has come since.
    """
    share = min(weights.floor, 1.0 - LEAST / max(len(release.base), 1))
    if share <= 0 or not len(release.chance):
        return 0.0
    cosine, words, names, length = release.chance.T
    found = by_text(
        calibrated(cosine, release.manifest.semantic_base),
        softened(words),
        softened(names),
        length.astype(np.float64),
        weights,
    )
    long = np.minimum(1.0, length.astype(np.float64) / weights.long_text)
    relevance = sum(found.values(), np.zeros(len(length))) / weights.total(long)
    return float(np.quantile(relevance, share))
