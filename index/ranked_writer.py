"""Writes what the night ranked, some rows at a time."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from recsys.array_writer import ArrayWriter
from recsys.columns import Int64
from recsys.signals import Floats


class RankedWriter:
    """Writes the files of `recsys.ranked.Ranked`. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        types = {"offsets": np.int64, "rows": np.int32, "scores": np.float64, "similar": np.uint8}
        self._parts = {name: ArrayWriter(folder / f"ranked.{name}.npy", dtype) for name, dtype in types.items()}
        self._open, self._total = ExitStack(), 0

    def __enter__(self) -> Self:
        for part in self._parts.values():
            self._open.enter_context(part)
        self._parts["offsets"].append(np.zeros(1, np.int64))
        return self

    def append(self, counts: Int64, rows: Int64, scores: Floats, similar: Int64) -> None:
        """The lists of the next rows: how many each has, the rows and scores of all, how many of each are similar."""
        self._parts["offsets"].append(self._total + np.cumsum(counts))
        self._total += len(rows)
        self._parts["rows"].append(rows)
        self._parts["scores"].append(scores)
        self._parts["similar"].append(similar)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
