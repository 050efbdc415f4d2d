"""The vectors of a release, and what finds the nearest of them: of the kind that fits the archive and the memory."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.index_kind import AUTO, Kind, choose
from recsys.recall import least_effort, sample
from recsys.vectors import VectorIndex

log = logging.getLogger(__name__)
_SAMPLE = 500  # rows that the effort is chosen by; the check before publishing takes others


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """Which vector index.

    Attributes:
        kind: "auto", or one of `recsys.index_kind.Kind`.
        memory: > 0, GiB that searches may keep busy, for "auto".
        recall: in [0, 1], what share of the nearest an approximate kind must find.

    Raises:
        ConfigError: no such kind, or no memory.
    """

    kind: str = AUTO
    memory: float = 2.0
    recall: float = 0.98

    def __post_init__(self) -> None:
        choose(0, 1, self.kind, self.memory)  # refuses now what it would refuse after the embedding


def write_vectors(
    path: Path, blocks: Iterable[npt.NDArray[np.float32]], dim: int, k: int, config: IndexConfig
) -> tuple[VectorIndex, dict[str, int | float | str]]:
    """The index over these blocks of unit rows, written to `path`, and what the manifest says of it.

    An approximate kind looks at as much as it needs to find the share `config.recall` of the `k` nearest, and a little
    more. Where looking at all that it can is too little it is written as it is: the check before publishing refuses it.

    Raises:
        OSError: the disk is full.
    """
    exact = VectorIndex.build(blocks, dim)
    kind = choose(exact.n, dim, config.kind, config.memory)
    if kind is Kind.FLAT:
        exact.save(path)
        return exact, {"kind": kind.value}
    rows = sample(exact.n, _SAMPLE)
    index, reached = least_effort(exact.found_by(kind), rows, k, config.recall)
    level = logging.INFO if reached >= config.recall else logging.WARNING
    log.log(level, "vector index %s, effort %d: recall@%d %.4f on %d rows", kind, index.effort, k, reached, len(rows))
    index.save(path)
    return index, {"kind": kind.value, "effort": index.effort, "k": k, "recall": reached, "rows": len(rows)}
