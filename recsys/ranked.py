"""What the night ranked: the first of each article's list, so that a request has only to look who may be shown.

It holds for the weights that the night was given and while nothing but who may be shown depends on the newsroom's word;
`recsys.page` works everything out anew where it does not. Both ways lead to the same list and the same scores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.columns import Int32, Int64, open_array

MOST = 64  # rows of a list of similar articles; who needs more has them ranked at the request
BY_AUTHOR = 8  # rows of a list of the same authors, with their scores
_FILES = ("offsets", "rows", "scores", "similar")


@dataclass(frozen=True, slots=True)
class First:
    """The first of one article's lists.

    Attributes:
        rows: (m,) int32, similar ones, best first.
        scores: (m,) float64 in [0, 1].
        whole: whether no other article is similar.
        more: (b,) int32, other rows, by the same authors.
        more_scores: (b,) float64.
    """

    rows: Int32
    scores: npt.NDArray[np.float64]
    whole: bool
    more: Int32
    more_scores: npt.NDArray[np.float64]

    def scores_of(self, wanted: Sequence[int]) -> list[float] | None:
        """The scores of these rows; None where one of them is none of these."""
        rows, more, found = self.rows.tolist(), self.more.tolist(), list[float]()
        for row in wanted:  # mostly the first few of either: sooner found there than a table of all is made
            if row in more:
                found.append(self.more_scores.item(more.index(row)))
            elif row in rows:
                found.append(self.scores.item(rows.index(row)))
            else:
                return None
        return found


@dataclass(frozen=True, slots=True)
class Ranked:
    """The first of all lists: those of row r are at `offsets[r]` … `offsets[r + 1]`, `similar[r]` similar ones first.

    `offsets` is (n + 1,) int64, `rows` (total,) int32, `scores` (total,) float64, `similar` (n,) uint8.
    """

    offsets: Int64
    rows: Int32
    scores: npt.NDArray[np.float64]
    similar: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.similar)

    def __getitem__(self, row: int) -> First:
        start, stop, similar = self.offsets.item(row), self.offsets.item(row + 1), self.similar.item(row)
        middle, rows, scores = start + similar, self.rows, self.scores
        return First(rows[start:middle], scores[start:middle], similar < MOST, rows[middle:stop], scores[middle:stop])

    @classmethod
    def none(cls, n: int) -> "Ranked":
        """Of n rows, before anything is ranked."""
        nothing = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float64)
        return cls(*nothing, np.zeros(n, np.uint8))

    @classmethod
    def open(cls, folder: Path) -> "Ranked":
        """What the night wrote, memory-mapped.

        Raises:
            ValueError: the files do not belong together.
        """
        found = cls(*(open_array(folder / f"ranked.{part}.npy") for part in _FILES))
        if len(found.offsets) != len(found) + 1 or not int(found.offsets[-1]) == len(found.rows) == len(found.scores):
            raise ValueError(f"ranked: {len(found.rows)} rows, its offsets end elsewhere")
        return found
