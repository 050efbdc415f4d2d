"""The baseline "most linked or clicked": what most other articles lead to."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eval.baselines.scoring import NO, Asked, Baseline, Floats, Scorer, visible
from eval.judgments import Judgments
from recsys.columns import Int64
from recsys.release import UNDATED, Release

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def most_linked(popularity: Judgments) -> Baseline:
    """The sum of the gains of an article over all judged articles but the query, largest first; only above 0.

    Leave-one-out: what the query itself leads to never counts, so the very judgments that a run is scored with may be
    given. As of a moment, only what articles published by then lead to counts.
    """
    return Baseline("most linked", partial(_most_linked, popularity))


def _most_linked(popularity: Judgments, release: Release) -> Scorer:
    sources = list(popularity.gains)
    links = _links(popularity, sources, release)
    rows = np.array([_row(release, source) for source in sources], np.int64)
    # a source that the release lacks has no date that could be shown to be early enough
    published = np.where(rows >= 0, release.published[rows], UNDATED) if len(release) else np.empty(0, np.int64)

    def scored(asked: Asked) -> Floats:
        counts = visible(published, asked.latest) & (rows != asked.rows[:, None])
        gains = counts.astype(np.float64) @ links
        return np.where(gains > 0, gains, NO)

    return scored


def _links(popularity: Judgments, sources: list[str], release: Release) -> "csr_matrix[np.float64]":
    """(sources, n) the gain of each judged article of the release."""
    from scipy.sparse import csr_matrix

    known = [
        (place, row, gain)
        for place, source in enumerate(sources)
        for related, gain in popularity.gains[source].items()
        for row in release.rows([related])
    ]
    owners: Int64 = np.array([place for place, _, _ in known], np.int64)
    rows: Int64 = np.array([row for _, row, _ in known], np.int64)
    gains = np.array([gain for _, _, gain in known], np.float64)
    return csr_matrix((gains, (owners, rows)), shape=(len(sources), len(release)))


def _row(release: Release, article: str) -> int:
    return next(iter(release.rows([article])), -1)
