"""Each baseline against a slow and obvious oracle over the articles themselves."""

import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import bm25s
import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder

from eval.asof import ANY_TIME, AsOf
from eval.baselines import baselines
from eval.baselines.bm25 import bm25
from eval.baselines.metadata import NEWEST_IN_SECTION, SAME_AUTHOR, random
from eval.baselines.nearest import EMBEDDING, title_meaning
from eval.baselines.popularity import most_linked
from eval.baselines.scoring import Baseline, answer
from eval.baselines.texts import Texts, full_texts, titles
from eval.baselines.tfidf import tfidf
from eval.judgments import Judgments
from eval.runs import Run
from recsys import Release
from recsys.articles import Article, AuthorName, Status
from recsys.errors import ConfigError
from recsys.store import ArticleStore

Make = Callable[[str, Texts], Baseline]
WORDS = ["harbour", "council", "bridge", "oyster", "ferry", "storm", "school", "the", "and", "goal", "Bread"]
NAMES = ["Ines Vallory", "Rory McAldane", "Yuki Tanabe"]
N = 40
LINKS = Judgments(
    {
        "a001": {"a005": 1.0, "a006": 1.0},
        "a002": {"a005": 1.0, "a007": 2.0},
        "a030": {"a005": 1.0, "a006": 0.0},
        "gone": {"a008": 1.0, "a005": 1.0, "lost": 1.0},
    }
)


def paper() -> list[Article]:
    random = np.random.default_rng(5)

    def some(values: list[str], size: int) -> list[str]:
        return [str(value) for value in random.choice(values, size)]

    return [
        article(
            n,
            title=" ".join(some(WORDS, 3)),
            standfirst=" ".join(some(WORDS, 2)),
            body=" ".join(some(WORDS, int(random.integers(0, 30)))),
            section=some(["", "news", "news/local"], 1)[0],
            authors=tuple(AuthorName(name) for name in sorted(set(some(NAMES, n % 3)))),
            published_at=DAY_ZERO + timedelta(days=int(random.integers(0, 20))),
        )
        for n in range(N)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    published(folder, paper())
    return folder


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return Release.open(folder / "releases")


def store_in(folder: Path) -> ArticleStore:
    return ArticleStore.open(f"sqlite:///{folder / 'articles.db'}")


ALL = [f"a{n:03}" for n in range(N)]
TEXTS = [f"{a.title}\n{a.standfirst}\n{a.body}" for a in paper()]
TITLES = [a.title for a in paper()]


def docs(run: Run, query: str) -> list[str]:
    return [found.doc for found in run.lists[query]]


def check(run: Run, score: Callable[[int, int], float]) -> None:
    """Every list of `run` holds exactly what scores above 0, by score, then newer, then smaller id."""
    dates = [a.published_at for a in paper()]
    for query in range(N):
        known = {row: score(query, row) for row in range(N) if row != query}
        found = {int(ranked.doc[1:]): ranked.score for ranked in run.lists[ALL[query]]}
        assert found == pytest.approx({row: value for row, value in known.items() if value > 1e-9}, abs=2e-6)
        order = list(found.items())
        for (row, value), (other, lower) in pairwise(order):
            assert value >= lower
            assert value > lower or (-dates[row].timestamp(), row) < (-dates[other].timestamp(), other)


def words(text: str) -> list[str]:
    return re.findall(r"(?u)\b\w\w+\b", text.lower())


@pytest.mark.parametrize("texts", [TEXTS, TITLES])
def test_tfidf_is_the_cosine_of_damped_counts(release: Release, texts: list[str]) -> None:
    counts = [Counter(words(text)) for text in texts]
    frequency = Counter(word for found in counts for word in found)
    idf = {word: math.log((1 + N) / (1 + count)) + 1 for word, count in frequency.items()}
    vectors = [{word: (1 + math.log(c)) * idf[word] for word, c in found.items()} for found in counts]
    lengths = [math.sqrt(sum(value**2 for value in vector.values())) for vector in vectors]

    def cosine(a: int, b: int) -> float:
        return sum(v * vectors[b].get(word, 0.0) for word, v in vectors[a].items()) / lengths[a] / lengths[b]

    check(answer(tfidf("t", lambda _: texts), release, ALL), cosine)


@pytest.mark.parametrize("texts", [TEXTS, TITLES])
def test_bm25_is_what_the_library_answers_for_the_whole_text(release: Release, texts: list[str]) -> None:
    tokens = bm25s.tokenize(texts, return_ids=False, show_progress=False)
    library = bm25s.BM25()
    library.index(tokens, show_progress=False)
    scores = [library.get_scores(found) if found else np.zeros(N) for found in tokens]
    assert any(len(found) > len(set(found)) for found in tokens)  # words that count more than once
    run = answer(bm25("b", lambda _: texts), release, ALL)
    check_against = {query: {ALL[row]: float(scores[query][row]) for row in range(N)} for query in range(N)}
    for query in range(N):
        for ranked in run.lists[ALL[query]]:
            assert ranked.score == pytest.approx(check_against[query][ranked.doc], rel=1e-5)
        assert len(run.lists[ALL[query]]) == sum(scores[query][row] > 0 for row in range(N) if row != query)


def test_bm25_is_the_formula_of_lucene(release: Release) -> None:
    counts = [Counter(word for word in words(text) if word not in {"the", "and"}) for text in TEXTS]
    frequency = Counter(word for found in counts for word in found)
    mean = sum(sum(found.values()) for found in counts) / N

    def score(query: int, doc: int) -> float:
        total, norm = 0.0, 1.5 * (1 - 0.75 + 0.75 * sum(counts[doc].values()) / mean)
        for word, times in counts[query].items():
            idf = math.log(1 + (N - frequency[word] + 0.5) / (frequency[word] + 0.5))
            total += times * idf * counts[doc][word] / (counts[doc][word] + norm)
        return total

    run = answer(bm25("b", lambda _: TEXTS), release, ALL)
    for query in range(N):
        expected = {ALL[doc]: score(query, doc) for doc in range(N) if doc != query}
        for ranked in run.lists[ALL[query]]:
            assert ranked.score == pytest.approx(expected[ranked.doc], rel=1e-4)


def test_the_embedding_is_exact_over_all_articles_and_not_cut_to_neighbours(make_release: MakeRelease) -> None:
    release = make_release(paper(), neighbours=3)
    vectors = release.vectors.vectors(np.arange(N)).astype(np.float64)
    run = answer(EMBEDDING, release, ALL)
    assert {len(found) for found in run.lists.values()} == {N - 1}
    for query, found in run.lists.items():
        expected = vectors @ vectors[release.row(query)]
        assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
        for ranked in found:
            assert ranked.score == pytest.approx(expected[release.row(ranked.doc)], abs=1e-6)


def test_the_embedding_of_titles_reads_nothing_but_titles(release: Release) -> None:
    embedder = FakeEmbedder()
    run = answer(title_meaning(lambda: embedder), release, ["a003"])
    assert embedder.batches == [TITLES]
    vectors = embedder.embed(TITLES).astype(np.float64)
    best = max((row for row in range(N) if row != 3), key=lambda row: round(float(vectors[row] @ vectors[3]), 6))
    assert run.lists["a003"][0].score == pytest.approx(float(vectors[best] @ vectors[3]), abs=1e-6)


def newest(rows: list[int]) -> list[str]:
    known = paper()
    return [ALL[row] for row in sorted(rows, key=lambda row: (-known[row].published_at.timestamp(), row))]


def test_the_newest_of_the_section_come_first_and_then_the_newest_of_the_paper(release: Release) -> None:
    known, run = paper(), answer(NEWEST_IN_SECTION, release, ALL)
    for query in range(N):
        own = known[query].section
        same = [row for row in range(N) if row != query and own and known[row].section == own]
        others = [row for row in range(N) if row != query and row not in same]
        assert docs(run, ALL[query]) == newest(same) + newest(others)


def test_the_same_authors_newest_and_nothing_else(release: Release) -> None:
    known, run = paper(), answer(SAME_AUTHOR, release, ALL)
    for query in range(N):
        theirs = {name.name for name in known[query].authors}
        same = [row for row in range(N) if row != query and theirs & {name.name for name in known[row].authors}]
        assert docs(run, ALL[query]) == newest(same)


def test_chance_is_the_same_for_a_query_whatever_else_is_asked(release: Release) -> None:
    run = answer(random(7), release, ALL)
    assert answer(random(7), release, ["a009"]).lists["a009"] == run.lists["a009"]
    assert answer(random(8), release, ["a009"]).lists["a009"] != run.lists["a009"]
    firsts = Counter(found[0].doc for found in run.lists.values())
    assert len(firsts) > N / 3
    assert {len(found) for found in run.lists.values()} == {N - 1}


def test_what_most_others_lead_to_without_the_querys_own_links(release: Release) -> None:
    run = answer(most_linked(LINKS), release, ["a001", "a003", "a005"])
    scores = {query: {found.doc: found.score for found in run.lists[query]} for query in run.lists}
    assert scores["a003"] == {"a005": 4, "a006": 1, "a007": 2, "a008": 1}
    assert scores["a001"] == {"a005": 3, "a007": 2, "a008": 1}  # its own link to a006 is not known to it
    assert scores["a005"] == {"a006": 1, "a007": 2, "a008": 1}


def test_links_of_the_future_do_not_make_an_article_popular(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(31)])  # article n is of day n
    run = answer(most_linked(LINKS), release, ["a010"], as_of=AsOf(own=True))
    assert {found.doc: found.score for found in run.lists["a010"]} == {"a005": 2, "a006": 1, "a007": 2}
    run = answer(most_linked(LINKS), release, ["a010"], as_of=AsOf(DAY_ZERO + timedelta(days=30)))
    assert {found.doc: found.score for found in run.lists["a010"]} == {"a005": 3, "a006": 1, "a007": 2}


@pytest.mark.parametrize("empty", [Judgments({}), Judgments({"a001": {}}), Judgments({"gone": {"lost": 1.0}})])
def test_without_any_link_nothing_is_popular(release: Release, empty: Judgments) -> None:
    assert answer(most_linked(empty), release, ["a001"]).lists == {"a001": ()}


def test_texts_are_as_printed_with_what_was_withdrawn_and_without_what_is_not_in_the_release(folder: Path) -> None:
    release, store = Release.open(folder / "releases"), store_in(folder)
    assert full_texts(store)(release) == [text.rstrip("\n") for text in TEXTS]
    assert titles(release) == TITLES
    withdrawn = Article(
        **{f: getattr(paper()[4], f) for f in Article.__dataclass_fields__} | {"status": Status.CANCELED}
    )
    store.put([withdrawn, article(99)])
    try:
        assert full_texts(store)(release) == [text.rstrip("\n") for text in TEXTS]
    finally:
        store.put([paper()[4]])


def test_another_papers_store_is_refused(make_release: MakeRelease, folder: Path) -> None:
    with pytest.raises(ConfigError, match="built from another article store"):
        full_texts(store_in(folder))(make_release([article(1)]))


@pytest.mark.parametrize(("make", "text"), [(tfidf, ""), (tfidf, "? !"), (bm25, ""), (bm25, "? !"), (bm25, "the and")])
def test_articles_without_words_are_like_nothing(make_release: MakeRelease, make: Make, text: str) -> None:
    release = make_release([article(n) for n in range(3)])

    def lists(*texts: str) -> list[list[str]]:
        run = answer(make("words", lambda _: list(texts)), release, ["a000", "a001", "a002"])
        return [docs(run, query) for query in run.lists]

    assert lists(text, text, text) == [[], [], []]
    assert lists(text, "harbour", "council") == [[], [], []]
    assert lists("harbour bridge", text, "harbour") == [["a002"], [], ["a000"]]


def test_all_that_can_be_made_from_what_is_given(release: Release, folder: Path) -> None:
    least = ["random", "newest in section", "same author (newest)", "TF-IDF of titles", "BM25 of titles", "embedding"]
    assert [baseline.name for baseline in baselines()] == least
    every = baselines(full_texts(store_in(folder)), LINKS, FakeEmbedder)
    assert {baseline.name for baseline in every} == {*least, "most linked", "TF-IDF", "BM25", "embedding of titles"}
    for when in (ANY_TIME, AsOf(own=True)):
        for baseline in every:
            first, second = (answer(baseline, release, asked, 7, when) for asked in (ALL, ALL[20:]))
            assert first.system == baseline.name
            assert max(len(found) for found in first.lists.values()) <= 7
            assert all(second.lists[query] == first.lists[query] for query in ALL[20:])
