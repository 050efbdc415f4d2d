"""A run seen from the release that it was made from: which rows each list shows, ready for arithmetic over them all."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from eval.runs import Run
from recsys.answers import Source
from recsys.columns import Bools
from recsys.errors import ConfigError
from recsys.release import Release

NOTHING = -1  # a place behind the end of a list, or a source that the run does not tell
SOURCES = tuple(Source)


@dataclass(frozen=True, slots=True)
class Shown:
    """The lists of one run as rows of a release; w is the length of the longest.

    Attributes:
        system: as in the run.
        release: where the rows are.
        queries: ids of the query articles, q of them, in the order of the run.
        asked: (q,) int64, their rows.
        rows: (q, w) int64, the answers best first, `NOTHING` behind the end of a list.
        sources: (q, w) int8, each answer's place in `SOURCES`, `NOTHING` where the run does not tell.
    """

    system: str
    release: Release
    queries: tuple[str, ...]
    asked: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int8]

    @classmethod
    def of(cls, run: Run, release: Release) -> "Shown":
        """All lists of the run.

        Raises:
            ConfigError: the run has no query, or an id, of a query or an answer at any rank, is not in the release.
        """
        if not len(run):
            raise ConfigError(f"run {run.system!r} has no query: there is nothing to look at")
        row_of = _rows(run, release)
        shape = (len(run), max(map(len, run.lists.values())))
        rows, sources = np.full(shape, NOTHING, np.int64), np.full(shape, NOTHING, np.int8)
        for place, answers in enumerate(run.lists.values()):
            rows[place, : len(answers)] = [row_of[answer.doc] for answer in answers]
            told = [NOTHING if answer.source is None else SOURCES.index(answer.source) for answer in answers]
            sources[place, : len(answers)] = told
        queries = tuple(run.lists)
        return cls(run.system, release, queries, np.array([row_of[query] for query in queries]), rows, sources)

    def cut(self, cutoff: int | None) -> "Shown":
        """The first `cutoff` answers of each list; all of them where it is None."""
        return replace(self, rows=self.rows[:, :cutoff], sources=self.sources[:, :cutoff])

    @property
    def filled(self) -> Bools:
        """(q, w) True where there is an answer."""
        there: Bools = self.rows != NOTHING
        return there

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """(q,) int64, how many answers each list has."""
        return np.asarray(self.filled.sum(axis=1), np.int64)


def _rows(run: Run, release: Release) -> dict[str, int]:
    """The row of every id in the run."""
    ids: Iterable[str] = dict.fromkeys(chain(run.lists, (answer.doc for _, answer in run)))
    found = {identity: release.rows([identity]) for identity in ids}
    unknown = [identity for identity, rows in found.items() if not rows]
    if unknown:
        raise ConfigError(
            f"run {run.system!r}: {len(unknown)} of its {len(found)} articles are not in {release.id}, such as"
            f" {unknown[0]!r}: give the release that the run was made from"
        )
    return {identity: rows[0] for identity, rows in found.items()}
