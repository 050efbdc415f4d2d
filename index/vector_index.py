"""The vectors of a release, and what finds the nearest of them: of the kind that fits the archive and the memory."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.engine import FIRST_EFFORT, Engine
from recsys.errors import ConfigError
from recsys.index_kind import AUTO, Kind, choose
from recsys.manifest import sha256_of
from recsys.progress import progress
from recsys.recall import least_effort, sample
from recsys.vectors import VectorIndex

log = logging.getLogger(__name__)
_SAMPLE = 500  # rows that the effort is chosen by; the check before publishing takes others
_NAME = 16  # hexadecimal digits of a collection's name: 64 bits of the checksum of its vectors


@dataclass(frozen=True, slots=True)
class Outside:
    """An engine on other machines.

    Attributes:
        engine: the engine.
        place: where the releases are published to, for which it keeps collections; no two newspapers have the same.
    """

    engine: Engine
    place: str


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
    path: Path,
    blocks: Iterable[npt.NDArray[np.float32]],
    dim: int,
    k: int,
    config: IndexConfig,
    outside: Outside | None = None,
) -> tuple[VectorIndex, dict[str, int | float | str]]:
    """The index over these blocks of unit rows, written to `path`, and what the manifest says of it.

    An approximate kind looks at as much as it needs to find the share `config.recall` of the `k` nearest, and a little
    more. Where looking at all that it can is too little it is written as it is: the check before publishing refuses it.

    Raises:
        ConfigError: the kind is that of an engine, and there is none.
        EngineLost: the engine cannot be written to.
        OSError: the disk is full.
    """
    exact = VectorIndex.build(blocks, dim)
    kind = choose(exact.n, dim, config.kind, config.memory)
    if kind is Kind.FLAT:
        exact.save(path)
        return exact, {"kind": kind.value}
    if kind is Kind.ENGINE:
        return _outside(path, exact, k, config, outside)
    index, about = _measured(exact, exact.found_by(kind), k, config)
    index.save(path)
    return index, about


def _outside(
    path: Path, exact: VectorIndex, k: int, config: IndexConfig, outside: Outside | None
) -> tuple[VectorIndex, dict[str, int | float | str]]:
    """The vectors in the file, and in a collection of the engine that is named by them."""
    if outside is None:
        raise ConfigError("the index of kind engine needs one: give --engine postgresql://user@host/database")
    exact.save(path)
    name = sha256_of(path)[:_NAME]
    with progress("engine", exact.n) as advance:
        outside.engine.publish(name, exact, outside.place, advance)
    first = outside.engine.collection(name, FIRST_EFFORT)
    index, about = _measured(exact, (exact.proposed_by(one) for one in first.harder()), k, config)
    return index, about | {"collection": name}


def _measured(
    exact: VectorIndex, tries: Iterable[VectorIndex], k: int, config: IndexConfig
) -> tuple[VectorIndex, dict[str, int | float | str]]:
    """The first of `tries` with the recall that is wanted, or the last, and what the manifest says of it."""
    rows = sample(exact.n, _SAMPLE)
    index, reached = least_effort(tries, rows, k, config.recall)
    level = logging.INFO if reached >= config.recall else logging.WARNING
    log.log(
        level, "vector index %s, effort %d: recall@%d %.4f on %d rows", index.kind, index.effort, k, reached, len(rows)
    )
    return index, {"kind": index.kind.value, "effort": index.effort, "k": k, "recall": reached, "rows": len(rows)}
