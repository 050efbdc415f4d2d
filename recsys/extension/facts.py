"""What tells stories apart, of a release's rows and the arrivals after them as one."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int32, Int64, Rows
from recsys.fingerprints import Fingerprint, Fingerprints
from recsys.neighbours import Neighbours
from recsys.release import Release

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Fact:
    """Of one arrival: as in `Versions` and `Release`; `near` are its neighbours among the rows before it."""

    id: str
    print: Fingerprint
    agency: bool
    updated: int
    published: int
    length: int
    near: Neighbours


class Facts:
    """The facts of all rows. Of one thread at a time."""

    def __init__(self, release: Release) -> None:
        self._release, self._n = release, len(release)
        self._versions = release.versions
        whole = self._versions.prints.whole
        self._order = np.argsort(whole, kind="stable").astype(np.int32)
        self._sorted = whole[self._order]
        self._later: list[Fact] = []
        self._of_words: defaultdict[int, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return self._n + len(self._later)

    def add(self, fact: Fact) -> None:
        """The facts of the next row."""
        self._of_words[fact.print.whole].append(len(self))
        self._later.append(fact)

    def later(self) -> list[Fact]:
        """Those of the arrivals."""
        return self._later

    def drop(self) -> None:
        """Forget the last row."""
        self._of_words[self._later.pop().print.whole].pop()

    def print(self, row: int) -> Fingerprint:
        """The fingerprint of a row; the night's may be cut."""
        return self._versions.prints[row] if row < self._n else self._later[row - self._n].print

    def prints(self, rows: list[int]) -> Fingerprints:
        """The fingerprints of these rows."""
        return Fingerprints.joined([self.print(row) for row in rows])

    def with_words(self, whole: int) -> list[int]:
        """The rows with the very same words."""
        wanted = np.uint64(whole)
        first, last = np.searchsorted(self._sorted, wanted, "left"), np.searchsorted(self._sorted, wanted, "right")
        own: list[int] = self._order[first:last].tolist()
        return own + self._of_words.get(whole, [])

    def places_by_id(self, rows: Rows) -> Int64:
        """(m,) the place of each row in the order of their ids, which is that of rows at night."""
        ids = [self._release.ids[row] if row < self._n else self._later[row - self._n].id for row in rows.tolist()]
        return np.argsort(sorted(range(len(ids)), key=ids.__getitem__))

    def near(self, row: int) -> Neighbours:
        """The neighbours of a row that it had when it came."""
        return self._release.neighbours(row) if row < self._n else self._later[row - self._n].near

    def published(self, rows: Rows) -> Int64:
        """(m,) seconds since 1970 UTC, `UNDATED` where unknown."""
        return self._of(self._release.published, rows, [fact.published for fact in self._asked(rows)])

    def updated(self, rows: Rows) -> Int64:
        """(m,) the same of the last update."""
        return self._of(self._versions.updated, rows, [fact.updated for fact in self._asked(rows)])

    def lengths(self, rows: Rows) -> Int32:
        """(m,) characters that the model is given."""
        return self._of(self._release.text_length, rows, [fact.length for fact in self._asked(rows)])

    def agency(self, rows: Rows) -> Bools:
        """(m,) agency copy."""
        return self._of(self._versions.agency, rows, [fact.agency for fact in self._asked(rows)])

    def _asked(self, rows: Rows) -> list[Fact]:
        return [self._later[row - self._n] for row in rows[rows >= self._n].tolist()]

    def _of(self, column: npt.NDArray[Number], rows: Rows, later: list[int]) -> npt.NDArray[Number]:
        found = np.empty(len(rows), column.dtype)
        old = rows < self._n
        found[old] = column[rows[old]]
        found[~old] = later
        return found
