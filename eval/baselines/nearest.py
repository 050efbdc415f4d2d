"""The embedding alone: every article by the cosine of its vector, with nothing re-ranked."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from eval.baselines.scoring import Asked, Baseline, Floats, Scorer
from eval.baselines.texts import titles
from recsys.embedding import Embedder
from recsys.release import Release

_DECIMALS = 6  # float32 vectors know no more, and beyond it the order of a sum would decide


def by_meaning(release: Release) -> Scorer:
    """Cosine of the release's own vectors, exact over all articles, rounded to 6 decimals."""
    return _cosines(release.vectors_of(np.arange(len(release))))


def title_meaning(load: Callable[[], Embedder]) -> Baseline:
    """Cosine of the titles' vectors; `load` gives the model, which should be the release's own."""
    return Baseline("embedding of titles", partial(_by_title, load))


EMBEDDING = Baseline("embedding", by_meaning)


def _by_title(load: Callable[[], Embedder], release: Release) -> Scorer:
    return _cosines(load().embed(titles(release)))


def _cosines(vectors: npt.NDArray[np.float32]) -> Scorer:
    exact = vectors.astype(np.float64)

    def scored(asked: Asked) -> Floats:
        return np.round(exact[asked.rows] @ exact.T, _DECIMALS)

    return scored
