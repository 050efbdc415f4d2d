"""The nearest by words from few texts for each term: what is found is compared exactly, and nearly all is found."""

from pathlib import Path

import numpy as np
import pytest
from conftest import article
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

import index.champions
from index.champions import Champions, search_by_words
from index.nightly import NightlyConfig, nightly
from recsys.lexical import WordVectors
from recsys.release import Release
from recsys.store import ArticleStore
from recsys.terms import term_reader

WORDS = ["harbour", "bridge", "oyster", "ferry", "storm", "council", "mayor", "school"]
texts = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=14)


def _paper(n: int, seed: int = 0) -> list[str]:
    """Texts in which a few words are in many."""
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{word}" for word in rng.zipf(1.4, 40) if word < 5_000) for _ in range(n)]


@settings(max_examples=40, deadline=None)
@given(texts, st.integers(1, 5), st.integers(1, 14))
def test_what_is_found_is_exact_and_with_all_texts_of_a_term_it_is_all(corpus: list[str], k: int, most: int) -> None:
    words = WordVectors.of(corpus, term_reader())
    dense = (words.matrix @ words.matrix.T).toarray()
    np.fill_diagonal(dense, 0.0)
    rows, near, similarity = Champions.of(words, most).nearest(0, len(corpus), k)
    assert similarity.tolist() == pytest.approx(dense[rows, near].tolist(), abs=1e-6)
    for row in range(len(corpus)):
        found = similarity[rows == row]
        assert len(found) <= k
        assert (np.diff(found) <= 0).all()
        assert row not in near[rows == row]
        if most >= len(corpus):
            best = sorted((value for value in dense[row] if value > 1e-6), reverse=True)[:k]
            assert found.tolist() == pytest.approx(best, abs=1e-6)


def test_of_each_term_the_texts_in_which_it_weighs_most_are_kept() -> None:
    words = WordVectors.of([*["harbour bridge oyster ferry"] * 3, "harbour", "harbour bridge"], term_reader())
    champions = Champions.of(words, 2)
    for term in range(words.columns.shape[0]):
        whole, kept = words.columns[[term]], champions.columns[[term]]
        assert sorted(kept.data, reverse=True) == pytest.approx(sorted(whole.data, reverse=True)[:2])
        assert set(kept.indices) <= set(whole.indices)


def test_twice_as_many_are_taken_until_enough_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    words = WordVectors.of(_paper(300), str.split)
    assert search_by_words(words, 10, 0.98) == (words, {}), "a small archive is compared text by text"
    monkeypatch.setattr(index.champions, "EXACT_UP_TO", 0)
    monkeypatch.setattr(index.champions, "FIRST", 1)
    search, about = search_by_words(words, 10, 0.98)
    assert isinstance(search, Champions)
    assert about["words_recall"] >= 0.98
    assert about["words_champions"] == search.most > 1
    fewer = Champions.of(words, 1).nearest(0, 300, 10)[2]
    exact = np.sort(words.nearest(0, 300, 10)[2])
    assert fewer.sum() < exact.sum(), "with one text for each term less is found"
    assert search_by_words(words, 10, 0.0)[1]["words_champions"] == 1


def test_a_night_with_champions_finds_nearly_the_same_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    store.put([article(n, body=body) for n, body in enumerate(_paper(200, 1))])
    releases = []
    for name, least in (("exact", 50_000), ("champions", 0)):
        monkeypatch.setattr(index.champions, "EXACT_UP_TO", least)
        monkeypatch.setattr(index.champions, "FIRST", 8)
        nightly(store, tmp_path / name, FakeEmbedder(), NightlyConfig(force=True))
        releases.append(Release.open(tmp_path / name))
    exact, other = releases
    assert "words_recall" not in exact.manifest.index
    assert float(other.manifest.index["words_recall"]) >= 0.98
    shares = [
        len(np.intersect1d(exact.neighbours(row).rows, other.neighbours(row).rows)) / len(exact.neighbours(row).rows)
        for row in range(len(exact))
    ]
    assert np.mean(shares) >= 0.95
    store.close()
