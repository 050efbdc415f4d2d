"""How alike the articles of one list are: pairs of a list, for many lists at a time."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from eval.beyond.shown import NOTHING, Shown
from recsys.columns import Bools
from recsys.release import Release

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_NUMBERS = 4_000_000  # held at a time in one array: bounds memory


def diversity(shown: Shown) -> Floats:
    """(q,) the mean of 1 - cosine over all pairs of each list, in [0, 2]; NaN where a list has fewer than two answers.

    Intra-list diversity, the complement of the intra-list similarity of Ziegler, McNee, Konstan, Lausen, "Improving
    recommendation lists through topic diversification", WWW 2005 (there a sum, here a mean, so that lists of different
    length compare). The cosine is that of the release's vectors.
    """
    found = np.full(len(shown.rows), np.nan)
    for part in _blocks(shown.rows, shown.release.manifest.model.dim):
        rows = shown.rows[part]
        there = rows != NOTHING
        pairs = np.tril(there[:, :, None] & there[:, None, :], -1)
        apart = np.where(pairs, 1.0 - _cosines(shown.release, rows), 0.0)
        count = pairs.sum(axis=(1, 2))
        found[part] = np.where(count > 0, apart.sum(axis=(1, 2)) / np.maximum(count, 1), np.nan)
    return found


def repeats(shown: Shown, key: str, threshold: float) -> Floats:
    """(q, w) 1 where an answer nearly equals its query article or an answer above it, 0 else; NaN where there is none.

    Redundancy after Bernstein, Zobel, "Redundant documents and search effectiveness", CIKM 2005. Two articles are
    nearly equal from a similarity of `threshold` on, by `key`:

    - `words`: the word similarity in the release's neighbour tables (TF-IDF over the whole text). It sees texts that
      were copied and slightly changed. It cannot see the same news in other words or another language, a short version
      of a long text, and a pair of which neither is among the other's neighbours (only where a text has more copies
      than the table is long).
    - `cos`: the cosine of the release's vectors. It knows every pair, but the vectors saw only the start of each text
      (`release.text_length`): texts that part after it look equal, equal texts under another start do not, and regular
      columns on one subject look nearly equal.
    """
    places = np.concatenate([shown.asked[:, None], shown.rows], axis=1)
    alike = (
        _alike_by_words(shown.release, places, threshold) if key == "words" else _cosine_from(shown.release, threshold)
    )
    found = np.zeros(shown.rows.shape)
    for part in _blocks(places, shown.release.manifest.model.dim):
        above = np.tril(alike(places[part]), -1)  # [list, answer, what stands above it]; the query stands at the top
        found[part] = np.asarray(above.any(axis=2))[:, 1:]
    return np.where(shown.filled, found, np.nan)


def _blocks(places: Places, dim: int) -> Iterator[slice]:
    step = max(1, _NUMBERS // max(1, places.shape[1] * max(dim, places.shape[1])))
    return (slice(start, start + step) for start in range(0, len(places), step))


def _cosines(release: Release, places: Places) -> npt.NDArray[np.float32]:
    """(b, w, w) in [-1, 1]; what stands at empty places means nothing."""
    rows, where = np.unique(np.maximum(places, 0), return_inverse=True)
    vectors = release.vectors_of(rows)[where.reshape(places.shape)]
    cosines: npt.NDArray[np.float32] = np.clip(vectors @ vectors.transpose(0, 2, 1), -1.0, 1.0)
    return cosines


def _cosine_from(release: Release, threshold: float) -> Callable[[Places], Bools]:
    """From places (b, w) to (b, w, w): whether two articles' cosine reaches the threshold."""
    return lambda places: np.greater_equal(_cosines(release, places), np.float32(threshold))


def _alike_by_words(release: Release, places: Places, threshold: float) -> Callable[[Places], Bools]:
    """From places (b, w) to (b, w, w): whether either's neighbour table has the other with this word similarity."""
    pairs = [np.empty(0, np.int64)]
    for row in np.unique(places[places != NOTHING]).tolist():
        near = release.neighbours(row)
        others = near.rows[near.words >= np.float32(threshold)].astype(np.int64)
        pairs += [row * len(release) + others, others * len(release) + row]
    known = np.unique(np.concatenate(pairs))

    def alike(places: Places) -> Bools:
        wanted = places[:, :, None] * len(release) + places[:, None, :]
        if not len(known):
            return np.zeros(wanted.shape, np.bool_)
        found: Bools = known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted
        return found

    return alike
