"""How alike the texts of an archive are to one that comes after the night, by words or by names.

The lists of texts that hold a newcomer's terms grow with the archive, and the longest tell least. Those that have most
entries for what their term weighs in the newcomer are left aside (index elimination; Manning, Raghavan, Schütze 2008,
"Introduction to Information Retrieval", 7.1.2), as long as their terms' weights together are no longer than ASIDE: by
Cauchy and Schwarz no cosine gains more by them, so that the sums over all other lists propose the right texts. In the
lists left aside, which rise by row, only those that are proposed are looked up: every cosine that is given is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.columns import Bools, Int64, Rows
from recsys.largest import largest
from recsys.postings import Float32s, Postings, Terms, places_of

ASIDE = 0.1  # what lists left aside may make of a cosine at most, where the night found no other number
LONG = 8_192  # entries: a shorter list is sooner gone through than a thousand rows are looked up in it
_WIDE = 5  # texts that are compared for each one that is wanted


@dataclass(frozen=True, slots=True)
class Likeness:
    """The cosines of one text with those of an archive; make one with `of`.

    Attributes:
        postings: the archive.
        sums: (n,) float32: what the terms that were gone through make of each text.
        spans: (m, 2) int64: from where to where in the postings the lists left aside are.
        weights: (m,) of their terms in the text.
        sharing: rows of the texts that hold a term of theirs alone which the text has too, rising.
        shared: (s,) what these terms make of each of them.
        lengths: (s,) by how much the same terms lengthen them; see `recsys.postings`.
    """

    postings: Postings
    sums: Float32s
    spans: Int64
    weights: Float32s
    sharing: npt.NDArray[np.int32]
    shared: Float32s
    lengths: Float32s

    @classmethod
    def of(cls, postings: Postings, terms: Terms, aside: float, long: int = LONG) -> "Likeness":
        """That of a text with these terms.

        Args:
            aside: >= 0, length of the weights whose lists may be left aside; 0 leaves none, infinity all that are long.
            long: entries of the longest list that is always gone through.
        """
        known, places = places_of(postings.hashes, terms.hashes)
        own, spans = terms.weights[known], np.column_stack([postings.offsets[places], postings.offsets[places + 1]])
        left = lightest(own, spans[:, 1] - spans[:, 0], aside, long)
        sums = _sums(postings, spans[~left], own[~left])
        single, places = places_of(postings.single_hashes, terms.hashes)
        theirs = postings.single_weights[places].astype(np.float32)
        sharing, place = np.unique(postings.single_rows[places], return_inverse=True)
        shared, squares = (
            np.bincount(place, one * theirs, len(sharing)).astype(np.float32) for one in (terms.weights[single], theirs)
        )
        return cls(postings, sums, spans[left], own[left], sharing, shared, np.sqrt(1.0 + squares))

    @property
    def is_whole(self) -> bool:
        """Whether every list was gone through."""
        return not len(self.weights)

    def at(self, rows: Rows) -> Float32s:
        """(m,) float32 in [0, 1]: the cosines with the texts of these rows, in any order."""
        distinct, place = np.unique(rows.astype(np.int32), return_inverse=True)
        found = self.sums[distinct]  # a copy
        if len(self.weights) and len(distinct):
            self._look_up(found, distinct)
        sharing, places = places_of(self.sharing, distinct)
        found[sharing] = (found[sharing] + self.shared[places]) / self.lengths[places]
        return np.clip(found, 0.0, 1.0)[place]

    def nearest(self, k: int) -> tuple[Int64, Float32s]:
        """(rows, cosines) of the k nearest with a term in common, in no order: nearly always, surely if `is_whole`."""
        most = (k if self.is_whole else _WIDE * k) + len(self.sharing)  # those that share may be less near than summed
        rows = np.union1d(largest(self.sums, most), self.sharing)
        found = self.at(rows)
        best = largest(found, k)
        return rows[best], found[best]

    def _look_up(self, found: Float32s, rows: npt.NDArray[np.int32]) -> None:
        """Add to `found` what the terms of the lists left aside make of these rows, which rise."""
        lists = self.postings.rows
        spans = zip(self.spans[:, 0].tolist(), self.spans[:, 1].tolist(), strict=True)
        places = np.stack([lists[first:last].searchsorted(rows) for first, last in spans]) + self.spans[:, :1]
        np.minimum(places, self.spans[:, 1:] - 1, out=places)  # no list left aside is empty
        term, place = np.nonzero(lists[places] == rows)
        np.add.at(found, place, self.weights[term] * self.postings.weights[places[term, place]])


def lightest(weights: Float32s, sizes: npt.NDArray[np.integer], aside: float, long: int) -> Bools:
    """(m,) bool: which terms' lists are left aside, by the weights of the terms and the sizes of the lists.

    Those of more than `long` entries that have most of them for their weight, as long as the weights of all that are
    left have no more than the length `aside`.
    """
    left, places = np.zeros(len(weights), np.bool_), np.flatnonzero(sizes > long)
    places = places[np.argsort(-sizes[places] / weights[places], kind="stable")]
    left[places[np.cumsum(weights[places].astype(np.float64) ** 2) <= aside**2]] = True
    return left


def _sums(postings: Postings, spans: Int64, weights: Float32s) -> Float32s:
    sizes = spans[:, 1] - spans[:, 0]
    if not sizes.sum():
        return np.broadcast_to(np.float32(0.0), postings.n)  # takes no memory

    def joined(column: npt.NDArray[np.generic]) -> Iterator[npt.NDArray[np.generic]]:
        return (column[first:last] for first, last in spans.tolist())

    sums = np.zeros(postings.n, np.float32)
    theirs = np.concatenate([*joined(postings.weights)], dtype=np.float32)
    np.add.at(sums, np.concatenate([*joined(postings.rows)]), np.repeat(weights, sizes) * theirs)
    return sums
