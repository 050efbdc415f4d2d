"""The nearest articles of one article, with what the night measured of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from recsys.columns import Rows


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest articles of one row by meaning, by words or through others, in no order.

    Attributes:
        rows: (m,) int32, never the row itself.
        cosine: (m,) float32 in [-1, 1], larger is nearer in meaning.
        words: (m,) float32 in [0, 1], larger shares more telling words.
        names: (m,) float32 in [0, 1], larger shares more telling names.
        kin: (m,) float32 in [0, 1], larger where the nearest of each have more to do with the other.

    Of other articles than the night compared, the four are NaN.
    """

    MEASURED: ClassVar = ("cosine", "words", "names", "kin")

    rows: Rows
    cosine: npt.NDArray[np.float32]
    words: npt.NDArray[np.float32]
    names: npt.NDArray[np.float32]
    kin: npt.NDArray[np.float32]

    @classmethod
    def unknown(cls, rows: Rows) -> "Neighbours":
        """These rows, with nothing measured."""
        nothing = np.full(len(rows), np.nan, np.float32)
        return cls(rows, nothing, nothing, nothing, nothing)

    @classmethod
    def joined(cls, parts: "Sequence[Neighbours]") -> "Neighbours":
        """All of these, one after the other; there is at least one."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("rows", *cls.MEASURED)))

    def of(self, places: npt.NDArray[Any]) -> "Neighbours":
        """Those at these places, or where a mask is true."""
        return Neighbours(
            self.rows[places], self.cosine[places], self.words[places], self.names[places], self.kin[places]
        )

    def lookup(self, wanted: Rows) -> "Neighbours":
        """The (m,) rows `wanted` in this order, with what was measured of them."""
        places = {row: place for place, row in enumerate(self.rows.tolist())}
        place = np.array([places.get(row, -1) for row in wanted.tolist()], np.int64)
        known = place >= 0

        def of(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            return np.where(known, values[place] if len(values) else np.nan, np.nan).astype(np.float32)

        return Neighbours(wanted, of(self.cosine), of(self.words), of(self.names), of(self.kin))
