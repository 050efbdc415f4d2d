"""How two articles are alike, one number in [0, 1] for each way, and larger is always more alike."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import ListColumn, Rows
from recsys.release import UNDATED, Release

Floats = npt.NDArray[np.float64]
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of m candidates towards one article, each (m,) float64 in [0, 1].

    Attributes:
        semantic: calibrated cosine, 0 for a random pair; also 0 where it was not measured.
        lexical: square root of the cosine of TF-IDF word vectors; also 0 where it was not measured.
        section: share of the section path in common, weighed by how rare that section is.
        author: 1 where an author is shared.
        tags: cosine of the tag sets, rare tags counting more.
        age_days: days between the two dates, >= 0; NaN where either is unknown.
    """

    semantic: Floats
    lexical: Floats
    section: Floats
    author: Floats
    tags: Floats
    age_days: Floats


def signals(
    release: Release, row: int, rows: Rows, cosine: Floats | None = None, words: Floats | None = None
) -> Signals:
    """The signals of the candidates `rows` (m,) towards the article `row`.

    `cosine` and `words` are (m,) where the night measured them, None for candidates found in other ways.
    """
    nothing = np.zeros(len(rows))
    return Signals(
        semantic=nothing if cosine is None else calibrated(cosine, release.manifest.semantic_base),
        lexical=nothing if words is None else np.sqrt(np.clip(words.astype(np.float64), 0.0, 1.0)),
        section=section_affinity(release, row, rows),
        author=(shared(release.authors, row, rows) > 0).astype(np.float64),
        tags=tag_affinity(release, row, rows),
        age_days=age_days(release, row, rows),
    )


def calibrated(cosine: npt.NDArray[np.floating], base: float) -> Floats:
    """`max(0, (cosine - base) / (1 - base))`: cosines of different models become comparable.

    `base` is the model's mean cosine of random pairs, so that "nothing in common" is 0 and "the same" is 1.
    """
    return np.clip((cosine.astype(np.float64) - base) / (1.0 - base), 0.0, 1.0)


def section_affinity(release: Release, row: int, rows: Rows) -> Floats:
    """Depth of the deepest section in common over the deeper of the two paths, times that section's rarity.

    A section that holds everything ("News") has rarity 0, so sharing it says nothing.
    """
    mine = int(release.section[row])
    if mine < 0 or not len(rows):
        return np.zeros(len(rows))
    theirs = release.section[rows]
    path, paths = release.section_ancestors[mine], release.section_ancestors[theirs]
    same = np.logical_and.accumulate((paths == path) & (path >= 0), axis=1)
    depth = same.sum(axis=1)
    deeper = np.maximum((paths >= 0).sum(axis=1), int((path >= 0).sum()))
    rarity = release.section_rarity[path[np.maximum(depth - 1, 0)]]
    affinity: Floats = np.where((theirs >= 0) & (depth > 0), depth / deeper * rarity, 0.0).astype(np.float64)
    return affinity


def shared(column: ListColumn, row: int, rows: Rows, weights: npt.NDArray[np.floating] | None = None) -> Floats:
    """For each of `rows`, the summed weight (1 each without `weights`) of the numbers that it shares with `row`."""
    mine = column[row]
    if not len(mine) or not len(rows):
        return np.zeros(len(rows))
    values, owners = column.gather(rows)
    hit = np.isin(values, mine)
    weight = None if weights is None else weights[values[hit]]
    return np.bincount(owners[hit], weights=weight, minlength=len(rows)).astype(np.float64)


def tag_affinity(release: Release, row: int, rows: Rows) -> Floats:
    """Cosine of the two tag sets as vectors of inverse document frequencies."""
    rarity = release.tag_rarity
    if not len(release.tags[row]) or not len(rows):
        return np.zeros(len(rows))
    squared = rarity.astype(np.float64) ** 2
    both = shared(release.tags, row, rows, squared)
    values, owners = release.tags.gather(rows)
    norms = np.sqrt(
        np.bincount(owners, weights=squared[values], minlength=len(rows)) * squared[release.tags[row]].sum()
    )
    affinity: Floats = np.divide(both, norms, out=np.zeros(len(rows)), where=norms > 0)
    return affinity


def age_days(release: Release, row: int, rows: Rows) -> Floats:
    """Days between the dates of two articles, NaN where either is unknown."""
    theirs, mine = release.published[rows], int(release.published[row])
    known = (theirs != UNDATED) & (mine != UNDATED)
    return np.where(known, np.abs(theirs.astype(np.float64) - float(mine)) / DAY, np.nan)
