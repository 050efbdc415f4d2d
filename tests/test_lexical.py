"""Words: the nearest equal a dense product, and a word that is everywhere says nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.lexical import WordVectors
from recsys.terms import term_reader

TERMS = term_reader()
texts = st.lists(
    st.lists(st.sampled_from(["harbour", "bridge", "oyster", "ferry", "storm", "a", "b"]), max_size=6).map(" ".join),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(texts, st.integers(1, 5))
def test_nearest_and_similarity_equal_the_dense_product(corpus: list[str], k: int) -> None:
    words = WordVectors.of(corpus, TERMS)
    dense = (words.matrix @ words.matrix.T).toarray()
    np.fill_diagonal(dense, 0.0)
    found = {row: [] for row in range(len(corpus))}
    half = len(corpus) // 2
    for start, stop in ((0, half), (half, len(corpus))):
        rows, near, similarity = words.nearest(start, stop, k)
        assert ((rows >= start) & (rows < stop)).all()
        for row, other, value in zip(rows.tolist(), near.tolist(), similarity.tolist(), strict=True):
            assert row != other
            assert value == pytest.approx(dense[row, other], abs=1e-6)
            found[row].append(value)
    for row, values in found.items():
        best = sorted((value for value in dense[row] if value > 1e-6), reverse=True)[:k]
        assert sorted(values, reverse=True)[:k] == pytest.approx(best, abs=1e-6)
    if corpus:
        rows, others = np.divmod(np.arange(len(corpus) ** 2), len(corpus))
        expected = (words.matrix @ words.matrix.T).toarray().ravel()
        assert words.similarity(rows, others) == pytest.approx(expected, abs=1e-6)


def test_rows_are_of_unit_length_or_empty_where_no_other_has_a_word_of_theirs() -> None:
    texts = ["harbour bridge", "", "?!", "oyster", "harbour", "the and of", "the and of"]
    lengths = np.sqrt(WordVectors.of(texts, TERMS).matrix.power(2).sum(axis=1)).A1
    assert lengths == pytest.approx([1, 0, 0, 0, 1, 0, 0])


def test_a_word_of_more_than_a_tenth_of_a_large_archive_is_dropped() -> None:
    corpus = [f"harbour w{n} v{n}" for n in range(600)]
    large, small = WordVectors.of(corpus, TERMS), WordVectors.of(corpus[:50], TERMS)
    pair = np.array([0]), np.array([1])
    assert large.similarity(*pair)[0] == 0.0
    assert small.similarity(*pair)[0] > 0.0


def test_no_texts_give_no_rows() -> None:
    nothing = WordVectors.of([], TERMS)
    assert len(nothing) == 0
    assert [len(part) for part in nothing.nearest(0, 0, 3)] == [0, 0, 0]


def test_only_what_the_term_reader_finds_is_counted() -> None:
    """The 2nd and the 3rd have nothing in common but the letter that they begin with."""
    corpus = ["bridge", "harbour", "house"]
    first_letters = WordVectors.of(corpus, lambda text: [text[0]])
    assert first_letters.similarity(np.array([1, 1]), np.array([2, 0])).tolist() == [1.0, 0.0]
    assert WordVectors.of(corpus, TERMS).similarity(np.array([1]), np.array([2])).tolist() == [0.0]


@settings(max_examples=20, deadline=None)
@given(texts)
def test_the_order_of_the_texts_changes_no_similarity(corpus: list[str]) -> None:
    there, back = WordVectors.of(corpus, TERMS), WordVectors.of(corpus[::-1], TERMS)
    if corpus:
        rows, others = np.divmod(np.arange(len(corpus) ** 2), len(corpus))
        last = len(corpus) - 1
        mirrored = back.similarity(last - rows, last - others)
        assert there.similarity(rows, others) == pytest.approx(mirrored, abs=1e-6)
