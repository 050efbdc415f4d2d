"""How often each article, author and section is shown, and how unevenly."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from eval.beyond.shown import Shown
from recsys.release import Release

Counts = npt.NDArray[np.int64]


def skewness(counts: Counts) -> float:
    """Skewness of the k-occurrence: mean((N - mean(N))**3) / std(N)**3, with the population's std.

    N counts in how many lists of k each article stands. Above 0 a few articles (hubs) stand in very many lists;
    Radovanović, Nanopoulos, Ivanović, "Hubs in space: popular nearest neighbors in high-dimensional data", Journal of
    Machine Learning Research 11, 2010. 0 where all counts are equal.

    Args:
        counts: (n,) one for each article of the catalogue, also for those never shown; n >= 1.

    >>> round(skewness(np.array([2, 8, 0, 4, 1, 9, 9, 0])), 4)
    0.2651
    """
    if counts.min() == counts.max():  # the variance of equal numbers is 0 only up to rounding
        return 0.0
    off = counts - counts.mean()
    return float((off**3).mean() / (off**2).mean() ** 1.5)


def gini(counts: Counts) -> float:
    """The Gini coefficient: sum((2 i - n - 1) x_i) / (n sum(x)) over counts sorted upwards, i from 1.

    In [0, 1): 0 where all have the same, (n - 1) / n where one has everything; NaN where nobody has anything.
    Damgaard, Weiner, "Describing inequality in plant size or fecundity", Ecology 81(4), 2000; used on what a
    recommender shows by Fleder, Hosanagar, "Blockbuster culture's next rise or fall", Management Science 55(5), 2009.

    Args:
        counts: (n,) >= 0.

    >>> round(gini(np.array([1, 2, 3, 4, 5])), 4)
    0.2667
    """
    n, total = len(counts), int(counts.sum())
    if not total:
        return float("nan")
    weights = 2 * np.arange(1, n + 1, dtype=np.int64) - n - 1
    return float(int((weights * np.sort(counts)).sum()) / (n * total))


def coverage(shown: Shown) -> float:
    """Catalogue coverage: articles in at least one list / articles of the release, in [0, 1].

    Ge, Delgado-Battenfeld, Jannach, "Beyond accuracy: evaluating recommender systems by coverage and serendipity",
    RecSys 2010. It cannot exceed answers / articles, so a sample of the queries covers less.
    """
    return float((_occurrences(shown) > 0).mean())


def unseen(shown: Shown) -> float:
    """Articles in no list / articles of the release: 1 - coverage; Radovanović et al. (2010) call them anti-hubs."""
    return float((_occurrences(shown) == 0).mean())


def hubness(shown: Shown) -> float:
    """The skewness of the k-occurrence over all articles of the release; see `skewness`."""
    return skewness(_occurrences(shown))


def largest_occurrence(shown: Shown) -> float:
    """Nmax: in how many lists the article stands that stands in most (Radovanović et al. 2010)."""
    return float(_occurrences(shown).max())


def author_counts(release: Release, rows: Counts) -> Counts:
    """(authors,) how many of `rows` are by each author of the release; one by two authors counts for both.

    Rows without an author count for nobody.
    """
    return np.bincount(release.authors.gather(rows)[0], minlength=len(release.author_rows))


def section_counts(release: Release, rows: Counts) -> Counts:
    """(sections,) how many of `rows` stand in each section that has articles of its own, parents not counted.

    Rows without a section count for none.
    """
    nodes = len(release.section_rarity)
    sections, everywhere = release.section[rows], release.section
    counts, there = (np.bincount(s[s >= 0], minlength=nodes) for s in (sections, everywhere))
    return counts[there > 0]


def concentration(name: str, release: Release, rows: Counts) -> float:
    """`gini` over the authors (GiniAuthor) or sections (GiniSection) of `rows`; NaN where there are none.

    All authors or sections of the release take part, also those that are not shown. Few rows give a larger figure than
    many of the same kind, for they cannot reach everybody.
    """
    counts = CONCENTRATIONS[name](release, rows)
    return gini(counts) if len(counts) else float("nan")


def _occurrences(shown: Shown) -> Counts:
    """(n,) in how many lists each article of the release stands."""
    return np.bincount(shown.rows[shown.filled], minlength=len(shown.release))


CONCENTRATIONS: Mapping[str, Callable[[Release, Counts], Counts]] = {
    "GiniAuthor": author_counts,
    "GiniSection": section_counts,
}
