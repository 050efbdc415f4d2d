"""A newcomer held against an archive: exact for what is asked, whatever is left aside, and nearly all that is near."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_aside import WORDS, texts

import index.aside
from index.aside import aside_for_newcomers
from recsys.lexical import WordVectors
from recsys.likeness import ASIDE, Likeness
from recsys.postings import Bag, Postings, Terms

OTHER = ["zebra", "quay", "lantern", "orchard"]


def _cosines(postings: Postings, terms: Terms) -> list[float]:
    """Text by text and term by term."""
    own = dict(zip(terms.hashes.tolist(), terms.weights.tolist(), strict=True))
    sums, squares = np.zeros(postings.n), np.zeros(postings.n)
    for place, key in enumerate(postings.hashes.tolist()):
        for entry in range(postings.offsets[place], postings.offsets[place + 1]):
            sums[postings.rows[entry]] += own.get(key, 0.0) * float(postings.weights[entry])
    singles = (postings.single_hashes.tolist(), postings.single_rows.tolist(), postings.single_weights.tolist())
    for key, row, weight in zip(*singles, strict=True):
        sums[row] += own.get(key, 0.0) * weight
        squares[row] += (key in own) * weight**2
    return np.clip(sums / np.sqrt(1.0 + squares), 0.0, 1.0).tolist()  # type: ignore[no-any-return]


@settings(max_examples=60, deadline=None)
@given(
    corpus=texts,
    newcomer=st.lists(st.sampled_from(WORDS + OTHER), max_size=9),
    own=st.sets(st.integers(0, 13)),
    aside=st.sampled_from([0.0, 0.1, 0.6, 2.0, math.inf]),
    long=st.integers(0, 4),
    k=st.integers(1, 15),
)
def test_every_cosine_is_the_one_of_all_terms_and_without_lists_left_aside_the_nearest_are_all_found(
    corpus: list[str], newcomer: list[str], own: set[int], aside: float, long: int, k: int
) -> None:
    """Some texts have a word for themselves that the newcomer has too, and which weighs only between these two."""
    corpus = [f"{text} own{row}" if row in own else text for row, text in enumerate(corpus)]
    newcomer = [*newcomer, *(f"own{row}" for row in own)]
    postings = WordVectors.of(corpus, str.split).postings()
    terms = postings.weighed(Bag.of(newcomer))
    truth = _cosines(postings, terms)
    likeness = Likeness.of(postings, terms, aside, long)
    everyone = np.arange(len(corpus))[::-1]
    assert likeness.at(everyone).tolist() == pytest.approx(truth[::-1], abs=1e-5)
    rows, found = likeness.nearest(k)
    assert found.tolist() == pytest.approx([truth[row] for row in rows.tolist()], abs=1e-5)
    assert len(set(rows.tolist())) == len(rows) <= k
    if not aside:
        assert likeness.is_whole
        best = sorted((value for value in truth if value > 1e-6), reverse=True)[:k]
        assert sorted(found.tolist(), reverse=True)[: len(best)] == pytest.approx(best, abs=1e-5)
    alone = np.setdiff1d(everyone, likeness.sharing)
    gained = likeness.at(alone) - np.minimum(likeness.sums[alone], 1.0)
    assert (gained <= aside + 2e-3).all(), "weights have 16 bits, so that a text's length may be a little above 1"


def test_a_text_that_is_less_near_for_all_that_it_alone_has_in_common_does_not_hide_another() -> None:
    """The first shares more of what others hold, but a word that it repeats counts to its length from now on."""
    corpus = [
        "harbour ferry" + " lonely" * 60,
        "harbour ferry mayor",
        *["ferry storm", "mayor council", "storm council"] * 2,
    ]
    postings = WordVectors.of(corpus, str.split).postings()
    likeness = Likeness.of(postings, postings.weighed(Bag.of(["harbour", "ferry"] * 20 + ["lonely"])), 0.0)
    assert likeness.sums[0] > likeness.sums[1]
    assert likeness.nearest(1)[0].tolist() == [1]


def _papers(n: int, seed: int) -> list[str]:
    """Texts of a language with common and rare words, a section and an event."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        section, event = rng.integers(0, 5), rng.integers(0, 400)
        common = [f"w{word}" for word in rng.zipf(1.25, 400) if word < 20_000]
        found.append(" ".join([*common, *(f"s{section}x{w}" for w in rng.zipf(1.5, 30) if w < 300),
                               *(f"e{event}x{w}" for w in rng.integers(0, 12, 8))]))  # fmt: skip
    return found


@pytest.fixture(scope="module")
def archive() -> tuple[WordVectors, Postings]:
    words = WordVectors.of(_papers(3_000, 1), str.split)
    return words, words.postings()


@pytest.mark.parametrize(("aside", "share"), [(ASIDE, 0.85), (2 * ASIDE, 0.5)])
def test_nearly_all_that_is_near_is_found_in_the_shorter_lists(
    archive: tuple[WordVectors, Postings], aside: float, share: float
) -> None:
    """Every list above 40 of 3,000 texts may be left aside."""
    _, postings = archive
    shares, through = [], []
    for text in _papers(60, 2):
        terms = postings.weighed(Bag.of(text.split()))
        whole, part = Likeness.of(postings, terms, 0.0), Likeness.of(postings, terms, aside, 40)
        least = whole.nearest(100)[1].min()
        found = part.nearest(100)[1]
        shares.append((found >= least - 1e-6).sum() / 100)
        left = int((part.spans[:, 1] - part.spans[:, 0]).sum())
        through.append(1.0 - left / sum(_entries(postings, terms)))
    assert np.mean(shares) >= 0.98
    assert np.mean(through) < share, "the others are left aside"


def _entries(postings: Postings, terms: Terms) -> list[int]:
    kept = np.isin(postings.hashes, terms.hashes)
    return (postings.offsets[1:] - postings.offsets[:-1])[kept].tolist()  # type: ignore[no-any-return]


def test_less_is_left_aside_until_a_sample_of_the_night_is_found_again(
    archive: tuple[WordVectors, Postings], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, postings = archive
    assert aside_for_newcomers(words, postings, 100, 0.98) == {}, "no list is long in a small archive"
    assert aside_for_newcomers(words, postings, 100, 0.98, long=40) == {
        "newcomer_aside": ASIDE,
        "newcomer_recall": pytest.approx(1.0, abs=0.005),
    }
    monkeypatch.setattr(index.aside, "ASIDE", 0.8)
    loose = aside_for_newcomers(words, postings, 100, 0.0, long=40)
    assert loose["newcomer_aside"] == 0.8
    assert float(loose["newcomer_recall"]) < 0.9
    strict = aside_for_newcomers(words, postings, 100, 1.0, long=0)
    assert float(strict["newcomer_aside"]) < 0.8
    assert strict["newcomer_recall"] == 1.0
    nothing = WordVectors.of([], str.split)
    assert aside_for_newcomers(nothing, nothing.postings(), 100, 0.98) == {}
