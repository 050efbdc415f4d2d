"""The first of each list as the night ranked it, with the arrivals that have come near since in their places."""

import numpy as np

from recsys.neighbours import Neighbours
from recsys.ranked import First
from recsys.ranking import Weights, parts, score, text_relevance
from recsys.release import Release
from recsys.signals import Matching, signals
from recsys.standing import Rescored, Standing

_MOST = 50_000  # lists that are remembered; then all are forgotten


class Firsts:
    """Of one release and one set of weights; it may serve many threads.

    Args:
        release: what the night built.
        weights: how much each signal counts; where the night ranked for others nothing of it holds.
        floor: the least relevance by text that is called similar, in [0, 1].
    """

    def __init__(self, release: Release, weights: Weights, floor: float) -> None:
        self._holds = release.manifest.config.get("weights") == weights.record()
        self._weights, self._floor = weights, floor
        self._known: dict[int, tuple[bytes, int, First]] = {}  # with what it was made of, and the last row of that

    def of(self, release: Release, row: int, standing: Standing) -> First | None:
        """The first of a row's lists in this view of the release; None where only ranking can tell."""
        first = release.first(row) if self._holds else None
        if first is None or _rescored(release, row, first, standing.rescored):
            return None
        if not (mark := release.mark(row)):
            return first
        known = self._known.get(row)
        if known is not None and known[0] is mark and known[1] < len(release):
            return known[2]
        later = release.later(row)
        found = self._merged(release, row, first, later, standing.matching)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[row] = mark, int(later.rows.max(initial=-1)), found
        return found

    def _merged(self, release: Release, row: int, first: First, later: Neighbours, matching: Matching) -> First:
        by_part = parts(signals(release, row, later, matching), float(release.text_length[row]), self._weights)
        near = text_relevance(by_part) >= self._floor
        rows = np.concatenate([first.rows, later.rows[near].astype(np.int32)])
        scores = np.concatenate([first.scores, score(by_part)[near]])
        order = np.lexsort((rows, -release.published[rows].astype(np.float64), -scores))
        if not first.whole:  # what comes after the last that the night kept is not known
            order = order[: int(np.flatnonzero(order == len(first.rows) - 1)[0]) + 1]
        return First(rows[order], scores[order], first.whole, first.more, first.more_scores)


def _rescored(release: Release, row: int, first: First, changed: Rescored | None) -> bool:
    """Whether any score that the row's lists are made of may be another now."""
    if changed is None:
        return False
    near = (release if changed.later else release.base).neighbours(row).rows
    return changed.pages.item(row) or any(changed.rows.take(rows).any() for rows in (near, first.more))
