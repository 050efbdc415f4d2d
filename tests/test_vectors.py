import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.errors import ReleaseDamaged
from recsys.vectors import NO_ROW, VectorIndex

DIM = 8
Vectors = NDArray[np.float32]


def unit(n: int, seed: int = 0, dim: int = DIM, different: int | None = None) -> Vectors:
    """(n, dim) random unit rows, of which only `different` are different."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(different or n, dim))
    if different:
        rows = rows[generator.integers(0, different, size=n)]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32).reshape(n, dim)


def brute_force(vectors: Vectors, queries: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
    """The oracle: every similarity, sorted by (larger similarity, smaller row), -1 and -inf where there is no more."""
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    similarities = np.full((len(queries), k), -np.inf, dtype=np.float32)
    for place, query in enumerate(queries):
        exact = [np.float32(np.dot(row.astype(np.float64), query.astype(np.float64))) for row in vectors]
        best = sorted(range(len(vectors)), key=lambda row: (-exact[row], row))[:k]
        rows[place, : len(best)] = best
        similarities[place, : len(best)] = [exact[row] for row in best]
    return rows, similarities


@given(
    n=st.integers(0, 60),
    different=st.integers(1, 60),
    m=st.integers(0, 5),
    k=st.integers(0, 70),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None)
def test_search_finds_what_brute_force_finds_in_the_same_order(
    n: int, different: int, m: int, k: int, seed: int
) -> None:
    vectors = unit(n, seed, different=different)
    queries = np.concatenate([vectors[:2], unit(m, seed + 1)])
    rows, similarities = VectorIndex.build(vectors, DIM).search(queries, k)
    expected_rows, expected_similarities = brute_force(vectors, queries, k)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(similarities, expected_similarities)
    assert rows.dtype == np.int64
    assert similarities.dtype == np.float32


def test_a_vector_is_its_own_nearest() -> None:
    vectors = unit(500)
    rows, similarities = VectorIndex.build(vectors, DIM).search(vectors, 1)
    np.testing.assert_array_equal(rows[:, 0], np.arange(500))
    np.testing.assert_allclose(similarities, 1, atol=1e-6)


def test_hundreds_of_equal_vectors_come_in_row_order() -> None:
    vectors = np.concatenate([unit(300, seed=1), np.repeat(unit(1, seed=2), 400, axis=0), unit(300, seed=3)])
    rows, similarities = VectorIndex.build(vectors, DIM).search(vectors[350:351], 25)
    np.testing.assert_array_equal(rows[0], np.arange(300, 325))
    assert len(set(similarities[0])) == 1


@pytest.mark.parametrize("better", ["first", "last"])
def test_a_tie_that_reaches_beyond_k_goes_to_the_smallest_rows(better: str) -> None:
    query, other = np.eye(2, DIM, dtype=np.float32)
    tied = np.repeat((query + other)[None] / np.sqrt(2), 400, axis=0)
    best = np.repeat(query[None], 20, axis=0)
    vectors = np.concatenate([best, tied] if better == "first" else [tied, best])
    rows, _ = VectorIndex.build(vectors, DIM).search(query[None], 25)
    expected = [*range(25)] if better == "first" else [*range(400, 420), *range(5)]
    np.testing.assert_array_equal(rows[0], expected)


def test_a_query_gets_the_same_answer_alone_and_among_others() -> None:
    vectors = unit(2000, dim=384, different=1500)
    index = VectorIndex.build(vectors, 384)
    together = index.search(vectors[:64], 10)
    for query in range(64):
        alone = index.search(vectors[query : query + 1], 10)
        np.testing.assert_array_equal(alone.rows[0], together.rows[query])
        np.testing.assert_array_equal(alone.similarities[0], together.similarities[query])


def test_blocks_make_the_same_index_as_the_whole(tmp_path: Path) -> None:
    vectors = unit(100)
    VectorIndex.build(vectors, DIM).save(tmp_path / "whole")
    VectorIndex.build(iter([vectors[:30], vectors[30:30], vectors[30:]]), DIM).save(tmp_path / "blocks")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "blocks").read_bytes()


def test_where_there_is_nothing_the_row_is_minus_one_and_the_similarity_minus_infinity() -> None:
    vectors = unit(2)
    near = VectorIndex.build(vectors, DIM).search(vectors, 4)
    assert (near.rows[:, 2:] == NO_ROW).all()
    assert np.isneginf(near.similarities[:, 2:]).all()
    np.testing.assert_array_equal(near.found, [[True, True, False, False]] * 2)
    rows, similarities = near.of(1)
    assert (rows.tolist(), len(similarities)) == ([1, 0], 2)


def test_an_empty_index_finds_nothing_also_from_disk(tmp_path: Path) -> None:
    index = VectorIndex.build(np.empty((0, DIM), dtype=np.float32), DIM)
    index.save(tmp_path / "index")
    for each in (index, VectorIndex.open(tmp_path / "index", n=0, dim=DIM), VectorIndex.build(iter([]), DIM)):
        assert each.n == 0
        assert not each.search(unit(3), 5).found.any()
        assert each.vectors(np.array([], dtype=np.int64)).shape == (0, DIM)


def test_the_mapped_file_answers_as_the_index_in_memory(tmp_path: Path) -> None:
    vectors = unit(3000, dim=32)
    built = VectorIndex.build(vectors, 32)
    built.save(tmp_path / "index")
    opened = VectorIndex.open(tmp_path / "index", n=3000, dim=32)
    for ours, theirs in zip(built.search(vectors[:50], 12), opened.search(vectors[:50], 12), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(opened.vectors(np.array([2999, 0, 7])), vectors[[2999, 0, 7]])
    assert (opened.n, opened.dim) == (3000, 32)


@pytest.mark.parametrize("row", [-1, 5])
def test_a_row_outside_is_an_error_and_never_the_last_vector(row: int) -> None:
    with pytest.raises(IndexError, match=r"0 … 4"):
        VectorIndex.build(unit(5), DIM).vectors(np.array([0, row]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_queries_and_vectors_that_are_not_finite_are_refused(bad: float) -> None:
    broken = unit(3)
    broken[1, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        VectorIndex.build(unit(5), DIM).search(broken, 2)
    with pytest.raises(ValueError, match="finite"):
        VectorIndex.build(broken, DIM)


def test_other_shapes_and_a_negative_k_are_refused() -> None:
    index = VectorIndex.build(unit(5), DIM)
    with pytest.raises(ValueError, match=r"\(m, 8\)"):
        index.search(unit(2, dim=9), 1)
    with pytest.raises(ValueError, match=r"\(m, 8\)"):
        index.search(unit(1)[0], 1)
    with pytest.raises(ValueError, match="negative"):
        index.search(unit(1), -1)


@pytest.mark.parametrize(("n", "dim"), [(99, DIM), (100, DIM + 1), (200, DIM // 2)])
def test_an_index_of_another_size_is_refused(tmp_path: Path, n: int, dim: int) -> None:
    VectorIndex.build(unit(100), DIM).save(tmp_path / "index")
    with pytest.raises(ReleaseDamaged, match="expected"):
        VectorIndex.open(tmp_path / "index", n=n, dim=dim)


def test_an_index_of_another_metric_is_refused(tmp_path: Path) -> None:
    VectorIndex.build(unit(100), DIM).save(tmp_path / "index")
    raw = bytearray((tmp_path / "index").read_bytes())
    assert raw[:4] == b"IxFI"  # the flat index by inner product; IxF2 is the one by Euclidean distance
    raw[33:37] = (1).to_bytes(4, "little")
    raw[3:4] = b"2"
    (tmp_path / "index").write_bytes(raw)
    with pytest.raises(ReleaseDamaged, match="metric 1"):
        VectorIndex.open(tmp_path / "index", n=100, dim=DIM)


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    VectorIndex.build(unit(10), DIM).save(tmp_path / "index")
    whole = (tmp_path / "index").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(ReleaseDamaged):
            VectorIndex.open(tmp_path / "cut", n=10, dim=DIM)
    with pytest.raises(ReleaseDamaged):
        VectorIndex.open(tmp_path / "absent", n=10, dim=DIM)


def test_a_full_disk_raises() -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("needs the device /dev/full, which is always full")
    with pytest.raises(OSError, match="No space left") as caught:
        VectorIndex.build(unit(5000), DIM).save(full)
    assert caught.value.errno == errno.ENOSPC
