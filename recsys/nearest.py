"""Of each row the few that look most related at first (`recsys.kinship`), as the night wrote them down.

A newcomer's kin asks this of hundreds of rows, of which all neighbours would be read else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.columns import open_array, save_array

NEAREST = 5  # so many of an article's nearest are asked what they make of another
_NAME = "nearest.{}.npy"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The NEAREST of n rows.

    Attributes:
        rows: (n, NEAREST) int32, nearest first; of equals the smaller row.
        scores: (n, NEAREST) float32 >= 0, by text and time; 0 where there are fewer.
    """

    rows: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def none(cls, n: int) -> "Nearest":
        """Of n rows that have no neighbours."""
        return cls(np.zeros((n, NEAREST), np.int32), np.zeros((n, NEAREST), np.float32))

    @classmethod
    def joined(cls, parts: "Sequence[Nearest]") -> "Nearest":
        """Of all their rows, one after the other; there is at least one."""
        return cls(np.concatenate([one.rows for one in parts]), np.concatenate([one.scores for one in parts]))

    def save(self, folder: Path) -> None:
        """Write both.

        Raises:
            OSError: the disk is full or the folder is gone.
        """
        save_array(folder / _NAME.format("rows"), self.rows)
        save_array(folder / _NAME.format("scores"), self.scores)

    @classmethod
    def open(cls, folder: Path) -> "Nearest | None":
        """What was written, memory-mapped; None in a release of before that was done.

        Raises:
            OSError: one of the files is missing.
            ValueError: the files do not belong together.
        """
        if not (folder / _NAME.format("rows")).exists():
            return None
        found = cls(*(open_array(folder / _NAME.format(part)) for part in ("rows", "scores")))
        if not found.rows.shape == found.scores.shape == (len(found), NEAREST):
            raise ValueError(f"nearest: {found.rows.shape} rows, {found.scores.shape} scores")
        return found
