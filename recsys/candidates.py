"""What proposes rows to a search: the seam at which an index in memory, or an engine on other machines, stands in.

`recsys.vectors.VectorIndex` compares what is proposed by the exact vectors of the release, which lie mapped on disk. So
all kinds give exact similarities in exact order, and only rows can be missed.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recsys.index_kind import Kind


class Candidates(Protocol):
    """Proposes rows of n unit vectors; `recsys.approximate.Approximate` and `recsys.engine.Collection` do."""

    @property
    def kind(self) -> Kind:
        """How they are found."""

    @property
    def effort(self) -> int:
        """How much a search looks at: more is slower, and misses less."""

    def search(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """(m, c) int64 for (m, dim) unit `queries`, c >= count: near rows, none twice, -1 where there is no more.

        Raises EngineLost where it is elsewhere and does not answer in time.
        """

    def answers(self) -> bool:
        """Whether a search would be answered now, as far as is known; it may ask, but not often."""
