"""When and where each row of a release may be shown, with what the newsroom has changed laid over it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.articles import Status
from recsys.columns import Bools, Int64, Rows
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.release import FOREVER, Release, flags_of, seconds

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Lifecycles:
    """The lifecycles of the n rows of `release` as `overlay` has them.

    Attributes:
        first, last: (n,) int64, seconds since 1970 UTC; to be shown from the first on and before the second.
        flags: (n,) uint8, as in a release.
        withdrawn: (n,) bool.
    """

    release: Release
    overlay: Overlay
    first: Int64
    last: Int64
    flags: npt.NDArray[np.uint8]
    withdrawn: Bools

    @classmethod
    def of(cls, release: Release, overlay: Overlay) -> "Lifecycles":
        """Worked out from nothing."""
        columns = release.visible_from, release.visible_until, release.flags, _withdrawn(release)
        return _changed(cls(release, overlay, *columns), overlay.changed)

    def followed(self, release: Release, overlay: Overlay) -> "Lifecycles":
        """The same as `of`, from what has changed since these where that is known."""
        if release is self.release and overlay is self.overlay:
            return self
        n, size, same = len(self.first), len(release), overlay is self.overlay
        follows = (overlay.since, overlay.before) == (self.overlay.since, self.overlay.upto)
        if not (same or follows) or release.base is not self.release.base or size < n:
            return Lifecycles.of(release, overlay)
        more = Lifecycles(
            release,
            overlay,
            np.concatenate([self.first, release.visible_from[n:]]),
            np.concatenate([self.last, release.visible_until[n:]]),
            np.concatenate([self.flags, release.flags[n:]]),
            np.concatenate([self.withdrawn, np.zeros(size - n, np.bool_)]),
        )
        ids = [release.ids[row] for row in range(n, size)]
        arrived = {key: overlay.changed[key] for key in ids if key in overlay.changed}
        changed = arrived if same else {**overlay.latest, **arrived}
        return _changed(more, changed, release.replaced[len(self.release.replaced) :])


def lifecycle(release: Release, overlay: Overlay, row: int) -> Lifecycle:
    """When and where a row may be shown, as the newsroom says now."""
    return overlay.changed.get(release.ids[row]) or release.lifecycle(row)


def _withdrawn(release: Release) -> Bools:
    withdrawn = np.zeros(len(release), np.bool_)
    withdrawn[list(release.withdrawn)] = True
    return withdrawn


def _changed(known: Lifecycles, changed: Mapping[str, Lifecycle], replaced: Rows = _NONE) -> Lifecycles:
    """With the lifecycles of these ids, as far as there are rows of them; those replaced are as the night left them."""
    there = [(row, life) for key, life in changed.items() for row in known.release.rows([key])]
    if not there and not len(replaced):
        return known
    rows, lives = np.array([row for row, _ in there], np.int64), [life for _, life in there]
    first, last = known.first.copy(), known.last.copy()
    flags, withdrawn = known.flags.copy(), known.withdrawn.copy()
    for column, plain in ((first, known.release.visible_from), (last, known.release.visible_until)):
        column[replaced] = plain[replaced]
    flags[replaced], withdrawn[replaced] = known.release.flags[replaced], _withdrawn(known.release)[replaced]
    first[rows] = [seconds(life.embargoed_until) for life in lives]
    last[rows] = [FOREVER if life.expires_at is None else seconds(life.expires_at) for life in lives]
    flags[rows] = [flags_of(life) for life in lives]
    withdrawn[rows] = [life.status is not Status.USABLE for life in lives]
    return Lifecycles(known.release, known.overlay, first, last, flags, withdrawn)
