"""How two articles are alike, one number in [0, 1] for each way, larger always more alike; and what sets them apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int64, ListColumn, Rows
from recsys.neighbours import Neighbours
from recsys.release import EVERGREEN, UNDATED, Release

Floats = npt.NDArray[np.float64]
Float32s = npt.NDArray[np.float32]
DAY = 86_400.0
Owner = int | Rows  # the article whose list is made, or of each pair


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of m candidates towards one article, each (m,) float64 in [0, 1] unless said otherwise.

    Attributes:
        semantic: calibrated cosine, 0 for a random pair; also 0 where it was not measured.
        lexical: square root of the cosine of TF-IDF word vectors; also 0 where it was not measured.
        names: the same of the names in both texts.
        kin: how much the nearest of each have to do with the other; also 0 where it was not measured.
        section: share of the section path in common, weighed by how rare that section is.
        author: 1 where an author is shared.
        tags: cosine of the tag sets, rare tags counting more.
        age_days: days between the two dates, >= 0; NaN where either is unknown.
        evidence: what these days say for belonging together, less the most that any days can say; <= 0.
        later: bool, published after the article whose list is made.
        elsewhere: bool, on another site.
        evergreen: bool, does not age.
    """

    semantic: Floats
    lexical: Floats
    names: Floats
    kin: Floats
    section: Floats
    author: Floats
    tags: Floats
    age_days: Floats
    evidence: Floats
    later: Bools
    elsewhere: Bools
    evergreen: Bools


@dataclass(frozen=True, slots=True)
class Matching:
    """What may make articles related besides their texts.

    Attributes:
        section_rarity: (nodes,) float32 in [0, 1]; sharing a section of rarity 0 says nothing.
        tag_rarity: (tags,) float32 >= 0; the same of tags.
        author_weight: (authors,) float32, 1 for an author whose articles are related by him or her, else 0.
        evergreen: (n,) bool, articles that do not age.
    """

    section_rarity: Float32s
    tag_rarity: Float32s
    author_weight: Float32s
    evergreen: Bools

    @classmethod
    def of(cls, release: Release) -> "Matching":
        """All that the release knows."""
        return cls(
            release.section_rarity,
            release.tag_rarity,
            np.ones(len(release.author_rows), np.float32),
            release.flags & EVERGREEN != 0,
        )


def signals(release: Release, row: Owner, near: Neighbours, matching: Matching) -> Signals:
    """The signals of the candidates `near` towards the article `row`; what the night did not measure is NaN there.

    `row` is one article, or (m,) articles, one a candidate; each pair's signals are the same to the bit either way.
    """
    days = age_days(release, row, near.rows)
    published = release.published
    return Signals(
        semantic=known(calibrated(near.cosine, release.manifest.semantic_base)),
        lexical=softened(near.words),
        names=softened(near.names),
        kin=known(near.kin.astype(np.float64)),
        section=section_affinity(release, row, near.rows, matching.section_rarity),
        author=(shared(release.authors, row, near.rows, matching.author_weight) > 0).astype(np.float64),
        tags=tag_affinity(release, row, near.rows, matching.tag_rarity),
        age_days=days,
        evidence=release.tempo.at(days) - release.tempo.peak,
        later=(published[near.rows] > published[row]) & ~np.isnan(days),
        elsewhere=elsewhere(release, row, near.rows),
        evergreen=matching.evergreen[near.rows],
    )


def known(values: Floats) -> Floats:
    """(m,) with 0 in the place of NaN: a similarity that was not measured."""
    return np.where(np.isnan(values), 0.0, values)


def softened(cosine: npt.NDArray[np.floating]) -> Floats:
    """The square root of a cosine of word vectors, in [0, 1]: few words in common are already a lot. NaN becomes 0."""
    found: Floats = np.sqrt(np.minimum(np.fmax(cosine.astype(np.float64), 0.0), 1.0))  # fmax passes NaN over
    return found


def elsewhere(release: Release, row: Owner, rows: Rows) -> Bools:
    """Whether each of `rows` is on another site than `row`; never where a site is unknown."""
    mine, theirs = release.site[row], release.site[rows]
    different: Bools = (theirs != mine) & (theirs >= 0) & (mine >= 0)
    return different


def calibrated(cosine: npt.NDArray[np.floating], base: float) -> Floats:
    """`max(0, (cosine - base) / (1 - base))`: cosines of different models become comparable.

    `base` is the model's mean cosine of random pairs, so that "nothing in common" is 0 and "the same" is 1.
    """
    scaled = (cosine.astype(np.float64) - base) / (1.0 - base)
    return np.minimum(np.maximum(scaled, 0.0), 1.0)


def section_affinity(release: Release, row: Owner, rows: Rows, section_rarity: Float32s) -> Floats:
    """Depth of the deepest section in common over the deeper of the two paths, times that section's rarity.

    A section that holds everything ("News") has rarity 0, so sharing it says nothing.
    """
    mine, theirs = release.section[row], release.section[rows]
    if not len(rows) or not len(release.section_ancestors):
        return np.zeros(len(rows))
    path, paths = release.section_ancestors[mine], release.section_ancestors[theirs]
    same = np.logical_and.accumulate((paths == path) & (path >= 0), axis=1)
    depth = same.sum(axis=1)
    deeper = np.maximum((paths >= 0).sum(axis=1), (path >= 0).sum(axis=-1))
    deepest = np.take_along_axis(paths, np.maximum(depth - 1, 0)[:, None], axis=1)[:, 0]
    shares = (mine >= 0) & (theirs >= 0) & (depth > 0)
    affinity: Floats = np.where(shares, depth / np.maximum(deeper, 1) * section_rarity[deepest], 0.0).astype(np.float64)
    return affinity


def shared(column: ListColumn, row: Owner, rows: Rows, weights: npt.NDArray[np.floating] | None = None) -> Floats:
    """For each of `rows` the summed squares of the weights (of 1 without any) of what it shares with `row`."""
    values, owners = column.gather(rows)
    if isinstance(row, np.ndarray):
        mine, theirs = column.gather(row)
        size = max(int(values.max(initial=0)), int(mine.max(initial=0))) + 1
        hit = np.isin(owners * size + values, theirs * size + mine)
    else:
        own = column[row]
        hit = values == own[0] if len(own) == 1 else np.isin(values, own)
    weight = None if weights is None else weights[values[hit]].astype(np.float64) ** 2
    return np.bincount(owners[hit], weights=weight, minlength=len(rows)).astype(np.float64)


def tag_affinity(release: Release, row: Owner, rows: Rows, rarity: Float32s) -> Floats:
    """Cosine of the two tag sets as vectors of inverse document frequencies."""
    if not isinstance(row, np.ndarray) and not len(release.tags[row]):
        return np.zeros(len(rows))
    both = shared(release.tags, row, rows, rarity)
    mine = _length(release.tags, row if isinstance(row, np.ndarray) else np.array([row]), rarity)
    norms = np.sqrt(_length(release.tags, rows, rarity) * mine)
    affinity: Floats = np.divide(both, norms, out=np.zeros(len(rows)), where=norms > 0)
    return affinity


def _length(column: ListColumn, rows: Rows, rarity: Float32s) -> Floats:
    """(m,) the squared lengths of the tag vectors of these rows."""
    values, owners = column.gather(rows)
    squares = rarity[values].astype(np.float64) ** 2
    return np.bincount(owners, weights=squares, minlength=len(rows)).astype(np.float64)


def age_days(release: Release, row: Owner, rows: Rows) -> Floats:
    """Days between the dates of two articles, NaN where either is unknown."""
    return days_between(release.published[row], release.published[rows])


def days_between(mine: int | Int64, theirs: Int64) -> Floats:
    """(m,) days between a moment, or one for each, and others (seconds since 1970 UTC); NaN where one is `UNDATED`."""
    dated = (theirs != UNDATED) & (mine != UNDATED)
    return np.where(dated, np.abs(theirs.astype(np.float64) - np.float64(mine)) / DAY, np.nan)
