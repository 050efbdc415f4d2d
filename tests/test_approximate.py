"""Approximate kinds: laws that hold for all of them, whatever they miss."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.errors import ReleaseDamaged
from recsys.index_kind import Kind
from recsys.recall import least_effort, recall, sample
from recsys.vectors import FOUND_BY, NO_ROW, VectorIndex

DIM, N = 16, 3_000
APPROXIMATE = [Kind.HNSW, Kind.IVF_SQ8, Kind.IVF_PQ4]
Vectors = NDArray[np.float32]


def clustered(n: int = N, dim: int = DIM, seed: int = 0, copies: int = 200) -> Vectors:
    """(n, dim) unit rows in clusters, the last `copies` equal to the first."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n // 30, dim))[rng.integers(0, n // 30, n)] + 0.5 * rng.normal(size=(n, dim))
    rows[n - copies :] = rows[:copies]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


VECTORS = clustered()
EXACT = VectorIndex.build(VECTORS, DIM)
QUERIES = np.concatenate([VECTORS[::100], clustered(60, seed=1, copies=0)])


@pytest.fixture(scope="module", params=APPROXIMATE, ids=str)
def index(request: pytest.FixtureRequest) -> VectorIndex:
    return next(EXACT.found_by(request.param))


@pytest.mark.parametrize("k", [0, 1, 10, 100])
def test_similarities_are_exact_and_in_order_and_no_row_comes_twice(index: VectorIndex, k: int) -> None:
    found = index.search(QUERIES, k)
    assert found.rows.shape == found.similarities.shape == (len(QUERIES), k)
    assert found.rows.dtype == np.int64
    assert found.similarities.dtype == np.float32
    assert found.found.all()
    for query, rows, similarities in zip(QUERIES, found.rows, found.similarities, strict=True):
        exact = (VECTORS[rows].astype(np.float64) @ query.astype(np.float64)).astype(np.float32)
        np.testing.assert_allclose(similarities, exact, rtol=1e-7)
        assert len(set(rows.tolist())) == k
        expected = np.lexsort((rows, -similarities))
        np.testing.assert_array_equal(expected, np.arange(k))


def test_what_is_found_has_the_bits_that_an_exact_search_gives_it(index: VectorIndex) -> None:
    exact, found = index.exact(QUERIES, 50), index.search(QUERIES, 50)
    same = 0
    for query in range(len(QUERIES)):
        truth = dict(zip(exact.rows[query].tolist(), exact.similarities[query].tolist(), strict=True))
        both = [place for place in range(50) if found.rows[query, place] in truth]
        same += len(both)
        assert all(found.similarities[query, place] == truth[found.rows[query, place]] for place in both)
    assert same > 0.7 * exact.rows.size


def test_more_than_there_are_gives_all_rows_exactly_and_then_minus_one(index: VectorIndex) -> None:
    found, exact = index.search(QUERIES[:3], N + 5), EXACT.search(QUERIES[:3], N + 5)
    np.testing.assert_array_equal(found.rows, exact.rows)
    np.testing.assert_array_equal(found.similarities, exact.similarities)
    assert (found.rows[:, N:] == NO_ROW).all()


def test_who_got_too_few_is_searched_for_exactly() -> None:
    """Of 16 cells at first: 400 of 3,000 rows cannot be in them all."""
    few = next(EXACT.found_by(Kind.IVF_SQ8))
    found, exact = few.search(QUERIES, 2_500), EXACT.search(QUERIES, 2_500)
    np.testing.assert_array_equal(found.rows, exact.rows)


def test_a_query_gets_the_same_answer_alone_and_among_others(index: VectorIndex) -> None:
    together = index.search(QUERIES, 10)
    for query in range(0, len(QUERIES), 7):
        alone = index.search(QUERIES[query : query + 1], 10)
        np.testing.assert_array_equal(alone.rows[0], together.rows[query])
        np.testing.assert_array_equal(alone.similarities[0], together.similarities[query])


def test_it_has_the_vectors_and_refuses_what_an_exact_index_refuses(index: VectorIndex) -> None:
    np.testing.assert_array_equal(index.vectors(np.array([N - 1, 0])), VECTORS[[N - 1, 0]])
    assert (index.n, index.dim) == (N, DIM)
    with pytest.raises(IndexError):
        index.vectors(np.array([-1]))
    with pytest.raises(ValueError, match="finite"):
        index.search(np.full((1, DIM), np.nan, np.float32), 3)
    with pytest.raises(ValueError, match="negative"):
        index.search(QUERIES, -1)
    assert index.search(QUERIES[:0], 4).rows.shape == (0, 4)


@pytest.mark.parametrize("kind", APPROXIMATE, ids=str)
def test_equal_vectors_give_equal_files_on_any_number_of_threads(kind: Kind, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", VECTORS)
    program = (
        "import sys, faiss, numpy, pathlib\n"
        "from recsys.vectors import VectorIndex; from recsys.index_kind import Kind\n"
        "faiss.omp_set_num_threads(int(sys.argv[3])); vectors = numpy.load(sys.argv[1])\n"
        f"exact = VectorIndex.build(vectors, {DIM})\n"
        "next(exact.found_by(Kind(sys.argv[4]))).save(pathlib.Path(sys.argv[2]))"
    )
    files = []
    for threads in ("1", "4"):
        target = tmp_path / f"{threads}.faiss"
        subprocess.run([sys.executable, "-c", program, tmp_path / "vectors.npy", target, threads, kind], check=True)
        files.append((target.read_bytes(), target.with_suffix(FOUND_BY).read_bytes()))
    assert files[0] == files[1]


def test_the_mapped_files_answer_as_the_index_in_memory(index: VectorIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "vectors.faiss")
    opened = VectorIndex.open(tmp_path / "vectors.faiss", n=N, dim=DIM)
    assert (opened.kind, opened.effort) == (index.kind, index.effort)
    for ours, theirs in zip(index.search(QUERIES, 12), opened.search(QUERIES, 12), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    opened.save(tmp_path / "again.faiss")
    assert (tmp_path / "again.ann").read_bytes() == (tmp_path / "vectors.ann").read_bytes()


def test_a_flat_index_has_no_second_file_and_opens_without_one(tmp_path: Path) -> None:
    EXACT.save(tmp_path / "vectors.faiss")
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.faiss"]
    assert VectorIndex.open(tmp_path / "vectors.faiss", n=N, dim=DIM).kind is Kind.FLAT
    assert [each.kind for each in EXACT.found_by(Kind.FLAT)] == [Kind.FLAT]


def test_the_second_file_is_without_the_exact_vectors(tmp_path: Path) -> None:
    wide = VectorIndex.build(clustered(dim=256), 256)
    next(wide.found_by(Kind.HNSW)).save(tmp_path / "vectors.faiss")
    assert (tmp_path / "vectors.ann").stat().st_size < N * 300


def test_a_second_file_cut_short_or_of_other_vectors_is_refused(index: VectorIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "vectors.faiss")
    beside = tmp_path / "vectors.ann"
    whole = beside.read_bytes()
    for length in [*range(200), *range(len(whole) - 200, len(whole)), *range(200, len(whole), 9_973)]:
        beside.write_bytes(whole[:length])
        with pytest.raises(ReleaseDamaged):
            VectorIndex.open(tmp_path / "vectors.faiss", n=N, dim=DIM)
    beside.write_bytes(whole[1_000:])  # a whole end, and a beginning that is not there
    with pytest.raises(ReleaseDamaged, match="cut short"):
        VectorIndex.open(tmp_path / "vectors.faiss", n=N, dim=DIM)
    other = VectorIndex.build(clustered(2_000), DIM)
    other.save(tmp_path / "vectors.faiss")
    beside.write_bytes(whole)
    with pytest.raises(ReleaseDamaged, match="expected 2000 of 16"):
        VectorIndex.open(tmp_path / "vectors.faiss", n=2_000, dim=DIM)


def test_a_second_file_of_another_kind_than_its_end_says_is_refused(tmp_path: Path) -> None:
    next(EXACT.found_by(Kind.IVF_SQ8)).save(tmp_path / "vectors.faiss")
    beside = tmp_path / "vectors.ann"
    beside.write_bytes(beside.read_bytes().replace(b'"ivf-sq8"', b'"ivf-pq4"'))
    with pytest.raises(ReleaseDamaged, match="its end says ivf-pq4"):
        VectorIndex.open(tmp_path / "vectors.faiss", n=N, dim=DIM)


@pytest.mark.parametrize("kind", APPROXIMATE, ids=str)
def test_more_effort_is_taken_until_the_recall_is_there(kind: Kind) -> None:
    rows = sample(N, 60)
    ladder = list(EXACT.found_by(kind))  # they share what was built, and none changes another
    assert [each.effort for each in ladder] == sorted({each.effort for each in ladder})
    reached = [recall(each, rows, 30) for each in ladder]
    index, value = least_effort(ladder, rows, 30, 0.98)
    enough = [place for place, each in enumerate(reached) if each >= 0.985]
    assert enough, reached
    assert (index.effort, value) == (ladder[enough[0]].effort, reached[enough[0]])
    last, value = least_effort(ladder, rows, 30, 1.01)
    assert (last.effort, value) == (ladder[-1].effort, reached[-1])


def test_recall_counts_the_share_that_was_found_and_not_the_article_itself() -> None:
    """The oracle: brute force, in plain Python; of the equal rows each is as good."""
    index = next(EXACT.found_by(Kind.IVF_SQ8))
    rows = sample(N, 40)
    found = index.search(VECTORS[rows], 21)
    shares = []
    for place, row in enumerate(rows.tolist()):
        exact = np.sort(np.vecdot(VECTORS.astype(np.float64), VECTORS[row].astype(np.float64)).astype(np.float32))
        hits = sum(value >= exact[-21] - 1e-7 for value in found.similarities[place].tolist())
        shares.append((hits - 1) / 20)
    assert 0.5 < np.mean(shares) < 1.0
    assert recall(index, rows, 20) == pytest.approx(np.mean(shares))


def test_an_exact_index_has_a_recall_of_one_whatever_its_size() -> None:
    for n in (0, 1, 2, 30):
        small = VectorIndex.build(VECTORS[:n], DIM)
        assert recall(small, sample(n, 500), 10) == 1.0
