"""The nearest by words where lists are left aside: what is found is compared exactly, and nearly all is found."""

from pathlib import Path

import numpy as np
import pytest
from conftest import article
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

import index.aside
from index.aside import aside_at_night
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


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(1, 5), st.sampled_from([0.0, 0.1, 0.5, 2.0]), st.integers(0, 4))
def test_what_is_found_is_exact_and_with_nothing_left_aside_it_is_all(
    corpus: list[str], k: int, aside: float, long: int
) -> None:
    words = WordVectors.of(corpus, term_reader())
    dense = (words.matrix @ words.matrix.T).toarray()
    np.fill_diagonal(dense, 0.0)
    rows, near, similarity = words.nearest(0, len(corpus), k, aside, long)
    assert similarity.tolist() == pytest.approx(dense[rows, near].tolist(), abs=1e-6)
    for row in range(len(corpus)):
        found, others = similarity[rows == row], near[rows == row]
        assert len(found) <= k
        assert (np.diff(found) <= 0).all()
        assert (np.diff(others)[np.diff(found) == 0] > 0).all(), "of equals the smaller row is first"
        assert row not in others
        if not aside or long >= len(corpus):
            best = sorted((value for value in dense[row] if value > 1e-6), reverse=True)[:k]
            assert found.tolist() == pytest.approx(best, abs=1e-6)


def test_what_is_left_aside_proposes_nothing_but_counts() -> None:
    """Of three texts that share a rare word with the first, two share a frequent one with it as well."""
    frequent = ["bridge tram"] * 40
    words = WordVectors.of(["oyster bridge", "oyster ferry", "oyster bridge", *frequent], str.split)
    (rows, near, similarity), exact = (words.nearest(0, 1, 3, aside, long=10) for aside in (0.9, 0.0))
    assert len(rows) == 2, "no text that has only the frequent word"
    assert near.tolist() == [2, 1] == exact[1][:2].tolist()
    assert similarity.tolist() == pytest.approx(exact[2][:2].tolist(), abs=1e-6)


def test_half_as_much_is_left_aside_until_enough_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    words = WordVectors.of(_paper(300), str.split)
    assert aside_at_night(words, 10, 0.98) == (0.0, {}), "a small archive is compared text by text"
    monkeypatch.setattr(index.aside, "EXACT_UP_TO", 0)
    monkeypatch.setattr(index.aside, "ASIDE", 1.6)
    assert aside_at_night(words, 10, 0.0, long=5)[0] == 1.6
    aside, about = aside_at_night(words, 10, 0.98, long=5)
    assert 0 < aside < 1.6
    assert about == {"words_aside": aside, "words_recall": pytest.approx(1, abs=0.015)}
    exact, more = (words.nearest(0, 300, 10, one, 5)[2].sum() for one in (0.0, 1.6))
    assert more < 0.98 * exact, "with most left aside less is found"


def test_at_last_nothing_is_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    words = WordVectors.of(_paper(300), str.split)
    monkeypatch.setattr(index.aside, "EXACT_UP_TO", 0)
    monkeypatch.setattr(index.aside, "is_safely_above", lambda reached, wanted: False)
    assert aside_at_night(words, 10, 0.98, long=5) == (0.0, {"words_aside": 0.0, "words_recall": 1.0})


def test_a_night_that_leaves_lists_aside_finds_nearly_the_same_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArticleStore.open(f"sqlite:///{tmp_path / 'articles.db'}", create=True)
    store.put([article(n, body=body) for n, body in enumerate(_paper(200, 1))])
    monkeypatch.setattr(WordVectors.nearest, "__defaults__", (0.0, 20))
    monkeypatch.setattr(aside_at_night, "__defaults__", (20,))
    releases = []
    for name, least in (("exact", 50_000), ("aside", 0)):
        monkeypatch.setattr(index.aside, "EXACT_UP_TO", least)
        nightly(store, tmp_path / name, FakeEmbedder(), NightlyConfig(force=True))
        releases.append(Release.open(tmp_path / name))
    exact, other = releases
    assert "words_recall" not in exact.manifest.index
    assert other.manifest.index["words_aside"]
    assert float(other.manifest.index["words_recall"]) >= 0.98
    shares = [
        len(np.intersect1d(exact.neighbours(row).rows, other.neighbours(row).rows)) / len(exact.neighbours(row).rows)
        for row in range(len(exact))
    ]
    assert np.mean(shares) >= 0.95
    store.close()
