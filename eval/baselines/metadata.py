"""Baselines that read no text: chance, the newest of the section, the newest by the same author."""

from functools import partial

import numpy as np

from eval.baselines.scoring import NO, Asked, Baseline, Floats, Scorer, newness
from recsys.release import Release


def random(seed: int = 0) -> Baseline:
    """Any articles in any order, the same for a query whatever else is asked: the floor of every figure."""
    return Baseline("random", partial(_random, seed))


NEWEST_IN_SECTION = Baseline("newest in section", lambda release: _newest_in_section(release))
"""The newest of exactly the query's section, then of the paper; of the paper at once where it has no section."""

SAME_AUTHOR = Baseline("same author (newest)", lambda release: _same_author(release))
"""The newest by any of the query's authors; none where it has none."""


def _random(seed: int, release: Release) -> Scorer:
    def scored(asked: Asked) -> Floats:
        draws = [np.random.default_rng([seed, int(row)]).random(len(release)) for row in asked.rows]
        return np.array(draws, np.float64).reshape(len(asked.rows), len(release))

    return scored


def _newest_in_section(release: Release) -> Scorer:
    newest = newness(release)

    def scored(asked: Asked) -> Floats:
        own = release.section[asked.rows][:, None]
        return np.where((own == release.section) & (own >= 0), newest + len(release), newest)

    return scored


def _same_author(release: Release) -> Scorer:
    from scipy.sparse import csr_matrix

    newest = newness(release)
    authors, people = release.authors, len(release.author_rows)
    ones = np.ones(len(authors.values), np.float64)
    wrote = csr_matrix((ones, authors.values, authors.offsets), shape=(len(release), people))

    def scored(asked: Asked) -> Floats:
        return np.where((wrote[asked.rows] @ wrote.T).toarray() > 0, newest, NO)

    return scored
