"""What tells which articles are versions of one text, and which of them to show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys.columns import Bools, Int64, Rows, open_array, save_array
from recsys.fingerprints import Fingerprints

_NEWEST = 2_000  # articles whose sketches a release keeps whole: an edited version comes within days


@dataclass(frozen=True, slots=True)
class Versions:
    """What the night knows of n articles as versions of a text.

    Attributes:
        prints: of the n texts.
        agency: (n,) bool, agency copy.
        updated: (n,) int64, seconds since 1970 UTC of the last update, `UNDATED` where unknown.
    """

    prints: Fingerprints
    agency: Bools
    updated: Int64

    def save(self, folder: Path, published: Int64) -> None:
        """Write the columns of a release, with whole sketches of its newest articles only.

        Raises:
            OSError: the disk is full.
        """
        old = np.ones(len(published), np.bool_)
        old[np.lexsort((np.arange(len(published)), -published.astype(np.float64)))[:_NEWEST]] = False
        self.prints.cut(old).save(folder, "text")
        save_array(folder / "agency.npy", self.agency)
        save_array(folder / "updated.npy", self.updated)

    @classmethod
    def open(cls, folder: Path) -> "Versions":
        """What `save` wrote, memory-mapped.

        Raises:
            OSError: a file is missing.
            ValueError: the files do not belong together.
        """
        prints = Fingerprints.open(folder, "text")
        found = cls(prints, open_array(folder / "agency.npy"), open_array(folder / "updated.npy"))
        if not len(prints) == len(found.agency) == len(found.updated):
            raise ValueError(f"{folder}: {len(prints)} fingerprints, but other lengths of what tells versions apart")
        return found


def preferred(agency: Bools, updated: Int64, published: Int64, ids: Rows) -> Int64:
    """(m,) places, the one to show first: in-house before agency copy, the newest (updated, then published), the
    smaller id, by the places `ids` in the order of ids."""
    return np.lexsort((ids, -published.astype(np.float64), -updated.astype(np.float64), agency))
