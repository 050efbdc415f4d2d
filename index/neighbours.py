"""For every article the nearest by meaning, by words and through others, with all similarities for each.

The union matters: re-ranking only the nearest by meaning was measured to gain nothing over words alone, because on
long articles words find what the model, which reads the first page, cannot.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from index.crew import ALONE, Crew
from index.kin import KinBlock, KinTable, nearest_of, nearest_pairs
from index.pair_table import PairBlock, PairTable, PairWriter, equal_spans
from index.pairs import Corpus, cosines, near_pairs
from recsys.array_writer import ArrayWriter
from recsys.columns import Int64
from recsys.kinship import relevance, timely_factor
from recsys.lexical import similarity
from recsys.neighbours import Neighbours
from recsys.progress import progress
from recsys.release import UNDATED
from recsys.signals import DAY
from recsys.tempo import Tempo
from recsys.vectors import VectorIndex

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Float32s = npt.NDArray[np.float32]
_TEMPO_NEAREST = 5
_NO_VALUES = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class NeighbourTable:
    """Neighbours of all rows, never itself, and what is learned from them.

    Attributes:
        pairs: with `cosine` in [-1, 1] and `words`, `names`, `kin` in [0, 1].
        tempo: what time tells, learned from these pairs.
        semantic_base: mean cosine of random pairs, in [0, 0.9].
        chance: (pairs, 4) float32, of random pairs the cosine, words, names and length of the first: what it looks
            like when two articles have nothing to do with each other.
    """

    pairs: PairTable
    tempo: Tempo
    semantic_base: float
    chance: Float32s


@dataclass(frozen=True, slots=True)
class _Second:
    """What every block needs to find pairs through others.

    Attributes:
        kin: of the pairs that are known.
        k: how many are wanted of each row.
        vectors: what the articles mean.
        words, names: unit rows, as `WordVectors` has them.
    """

    kin: KinTable
    k: int
    vectors: VectorIndex
    words: "csr_matrix[Any]"
    names: "csr_matrix[Any]"


@dataclass(frozen=True, slots=True)
class _Found:
    """The kin of a block's pairs, and what was measured of those that are new."""

    block: KinBlock
    cosine: Float32s
    words: Float32s
    names: Float32s


def neighbours(corpus: Corpus, k: int, kin: int, folder: Path, crew: Crew = ALONE) -> NeighbourTable:
    """The union of the k nearest rows by cosine, the k nearest by words, the nearest by the same authors, and the
    `kin` best through others.

    All similarities are exact for every pair, whichever way found it. In a large archive not quite all of the nearest
    are found; of both ways the recall is measured. Works through a block of rows at a time and writes the pairs to
    `folder`, as files `neighbours.…` of a release. The `crew` searches; what is found depends neither on who does nor
    on how many.

    Raises:
        OSError: the disk is full.
    """
    base = semantic_base(corpus.vectors)
    with TemporaryDirectory(dir=folder, prefix="pairs-") as work:
        with progress("neighbours", corpus.vectors.n) as advance:
            pairs = near_pairs(corpus, k, Path(work), advance, crew)
        relevance = _relevance(corpus, pairs, Path(work), base)
        tempo = _tempo(corpus, pairs, relevance)
        nearest = nearest_of(pairs, lambda block: relevance[block.span] * timely_factor(tempo, _days(corpus, block)))
        second = _Second(
            KinTable.of(pairs, relevance, nearest), kin, corpus.vectors, corpus.words.matrix, corpus.names.matrix
        )
        with PairWriter(folder, "neighbours", Neighbours.MEASURED) as writer, progress("kin", len(pairs)) as advance:
            every = crew.each(_found_by_kin, second, equal_spans(len(pairs)))
            for span, found in zip(equal_spans(len(pairs)), every, strict=True):
                _write_merged(writer, pairs.block(*span), pairs, found)
                advance(span[1] - span[0])
    return NeighbourTable(writer.table(), tempo, base, _chance(corpus))


def _relevance(corpus: Corpus, pairs: PairTable, folder: Path, base: float) -> Float32s:
    """(pairs,) float32 in [0, 1]: by text alone, before there is kin; mapped from the folder."""
    with ArrayWriter(folder / "relevance.npy", np.float32) as writer:
        for block in pairs.blocks():
            cosine, words, names = (pairs.measured[name][block.span] for name in ("cosine", "words", "names"))
            writer.append(relevance(cosine, words, names, corpus.length[block.owners].astype(np.float64), base))
    return writer.array()


def _tempo(corpus: Corpus, pairs: PairTable, relevance: Float32s) -> Tempo:
    days = [_NO_VALUES]
    for block in pairs.blocks():
        days.append(_days(corpus, block)[nearest_pairs(block, relevance[block.span], _TEMPO_NEAREST)])
    return Tempo.learn(np.concatenate(days), _days_of_any_two(corpus.published))


def _found_by_kin(second: _Second, span: tuple[int, int]) -> _Found:
    block = second.kin.block(*span, second.k)
    return _Found(
        block,
        cosine=cosines(second.vectors, block.owners, block.near),
        words=similarity(second.words, block.owners, block.near),
        names=similarity(second.names, block.owners, block.near),
    )


def _write_merged(writer: PairWriter, known: PairBlock, pairs: PairTable, found: _Found) -> None:
    """A block's rows: old pairs and new ones, in order."""
    fresh = found.block
    owners = np.concatenate([known.owners, fresh.owners])
    near = np.concatenate([known.near, fresh.near.astype(np.int32)])
    order = np.lexsort((near, owners))
    measured = {name: (pairs.measured[name][known.span], getattr(found, name)) for name in ("cosine", "words", "names")}
    measured["kin"] = fresh.values, fresh.found
    counts = np.bincount(owners - known.start, minlength=known.stop - known.start)
    writer.append(counts, values=near[order], **{name: np.concatenate(both)[order] for name, both in measured.items()})


def _days(corpus: Corpus, block: PairBlock) -> Float32s:
    """(m,) days between the two of each of the block's pairs, NaN where either has no date."""
    return _days_between(corpus.published, block.owners, block.near)


def _days_between(published: Int64, rows: Int64, near: npt.NDArray[np.integer]) -> Float32s:
    """(m,) days between the two of each pair, NaN where either has no date."""
    first, second = published[rows], published[near]
    known = (first != UNDATED) & (second != UNDATED)
    return np.where(known, np.abs(first.astype(np.float64) - second) / DAY, np.nan).astype(np.float32)


def _days_of_any_two(published: Int64) -> Float32s:
    return _days_between(published, *_any_two(len(published), 200_000)) if len(published) > 1 else _NO_VALUES


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
