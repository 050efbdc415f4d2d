"""For every article the nearest by meaning, by words and through others, with all similarities for each.

The union matters: re-ranking only the nearest by meaning was measured to gain nothing over words alone, because on
long articles words find what the model, which reads the first page, cannot.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.crew import ALONE, Crew
from index.kin import KinBlock, kin_blocks, nearest_pairs
from index.pairs import Corpus, Pairs, cosines, near_pairs
from recsys.columns import Int32, Int64, ListColumn
from recsys.kinship import relevance, timely_factor
from recsys.progress import Advance
from recsys.release import UNDATED
from recsys.signals import DAY
from recsys.tempo import Tempo
from recsys.vectors import VectorIndex

Float32s = npt.NDArray[np.float32]
_TEMPO_NEAREST = 5
_NOTHING = np.empty(0, np.int32)
_NO_VALUES = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """Neighbours of all rows; the pairs' values are in the order of `rows.values`.

    Attributes:
        rows: for each row its neighbours (int32), smallest first, never itself.
        cosine: (pairs,) float32 in [-1, 1].
        words: (pairs,) float32 in [0, 1].
        names: (pairs,) float32 in [0, 1].
        kin: (pairs,) float32 in [0, 1].
        tempo: what time tells, learned from these pairs.
        semantic_base: mean cosine of random pairs, in [0, 0.9].
        chance: (pairs, 4) float32, of random pairs the cosine, words, names and length of the first: what it looks
            like when two articles have nothing to do with each other.
    """

    rows: ListColumn
    cosine: Float32s
    words: Float32s
    names: Float32s
    kin: Float32s
    tempo: Tempo
    semantic_base: float
    chance: Float32s


def neighbours(
    corpus: Corpus, k: int, kin: int, advance: Advance = lambda number: None, crew: Crew = ALONE
) -> NeighbourTable:
    """The union of the k nearest rows by cosine, the k nearest by words, the nearest by the same authors, and the
    `kin` best through others.

    All similarities are exact for every pair, whichever way found it. In a large archive not quite all of the nearest
    are found; of both ways the recall is measured. Works through a block of rows at a time, so that only the table
    itself grows with the archive; `advance` is told how many rows were done. The `crew` searches; what is found depends
    neither on who does nor on how many.
    """
    base = semantic_base(corpus.vectors)
    pairs = near_pairs(corpus, k, advance, crew)
    owners = np.repeat(np.arange(corpus.vectors.n), np.diff(pairs.rows.offsets))
    near = _relevance(corpus, pairs, owners, base)
    days = _days(corpus.published, owners, pairs.rows.values)
    tempo = Tempo.learn(days[nearest_pairs(pairs.rows, near, _TEMPO_NEAREST)], _days_of_any_two(corpus.published))
    timely = timely_factor(tempo, days).astype(np.float32)
    blocks = [_merged(corpus, pairs, block) for block in kin_blocks(pairs.rows, near, timely, kin)]
    counts, others, cosine, words, names, shared = (
        (np.concatenate(column) for column in zip(*blocks, strict=True)) if blocks else _empty()
    )
    rows = ListColumn(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), others)
    return NeighbourTable(rows, cosine, words, names, shared, tempo, base, _chance(corpus))


def _relevance(corpus: Corpus, pairs: Pairs, owners: Int64, base: float) -> Float32s:
    """(pairs,) float32 in [0, 1]: by text alone, before there is kin."""
    length = corpus.length[owners].astype(np.float64)
    return relevance(pairs.cosine, pairs.words, pairs.names, length, base).astype(np.float32)


def _merged(
    corpus: Corpus, pairs: Pairs, block: KinBlock
) -> tuple[Int64, Int32, Float32s, Float32s, Float32s, Float32s]:
    """(counts, near, cosine, words, names, kin) of the block's rows, old pairs and new ones, in order."""
    span = slice(int(pairs.rows.offsets[block.start]), int(pairs.rows.offsets[block.stop]))
    known = np.repeat(np.arange(block.start, block.stop), np.diff(pairs.rows.offsets[block.start : block.stop + 1]))
    owners = np.concatenate([known, block.owners])
    near = np.concatenate([pairs.rows.values[span], block.near.astype(np.int32)])
    order = np.lexsort((near, owners))
    measured = (
        (pairs.cosine[span], cosines(corpus.vectors, block.owners, block.near)),
        (pairs.words[span], corpus.words.similarity(block.owners, block.near)),
        (pairs.names[span], corpus.names.similarity(block.owners, block.near)),
        (block.values, block.found),
    )
    cosine, words, names, kin = (np.concatenate(both)[order] for both in measured)
    counts = np.bincount(owners - block.start, minlength=block.stop - block.start)
    return counts, near[order], cosine, words, names, kin


def _empty() -> tuple[Int64, Int32, Float32s, Float32s, Float32s, Float32s]:
    return np.empty(0, np.int64), _NOTHING, _NO_VALUES, _NO_VALUES, _NO_VALUES, _NO_VALUES


def _days(published: Int64, rows: Int64, near: npt.NDArray[np.integer]) -> Float32s:
    """(m,) days between the two of each pair, NaN where either has no date."""
    first, second = published[rows], published[near]
    known = (first != UNDATED) & (second != UNDATED)
    return np.where(known, np.abs(first.astype(np.float64) - second) / DAY, np.nan).astype(np.float32)


def _days_of_any_two(published: Int64) -> Float32s:
    return _days(published, *_any_two(len(published), 200_000)) if len(published) > 1 else _NO_VALUES


def _any_two(n: int, pairs: int, seed: int = 0) -> tuple[Int64, Int64]:
    """Random pairs of different rows, the same every time; n is at least 2."""
    random = np.random.default_rng(seed)
    first = random.integers(0, n, pairs)
    return first, (first + random.integers(1, n, pairs)) % n


def _chance(corpus: Corpus, pairs: int = 20_000) -> Float32s:
    if corpus.vectors.n < 2:
        return np.empty((0, 4), np.float32)
    first, second = _any_two(corpus.vectors.n, pairs)
    order = np.argsort(first, kind="stable")  # equal rows together: one row's words are spread out once
    first, second = first[order], second[order]
    measured = (
        cosines(corpus.vectors, first, second),
        corpus.words.similarity(first, second),
        corpus.names.similarity(first, second),
        corpus.length[first],
    )
    return np.stack(measured, axis=1, dtype=np.float32)


def semantic_base(vectors: VectorIndex, pairs: int = 20_000) -> float:
    """Mean cosine of random pairs of different rows: what "nothing in common" means under this model.

    0 where there are fewer than two articles; kept within [0, 0.9] so that calibration never divides by nothing.
    """
    if vectors.n < 2:
        return 0.0
    return float(np.clip(cosines(vectors, *_any_two(vectors.n, pairs)).astype(np.float64).mean(), 0.0, 0.9))
