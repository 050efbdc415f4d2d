"""The lists, held against a slow and obvious oracle, and the laws that no list may break."""

import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys import Recommender, Release, Weights
from recsys.answers import Source
from recsys.articles import Article, AuthorName
from recsys.columns import ListColumn
from recsys.errors import ArticleNotFound, ConfigError
from recsys.text import NO_BOILERPLATE, embedding_text, lexical_text

WORDS = ["harbour", "council", "bridge", "oyster", "ferry", "storm", "school", "music", "bread", "goal"]
SECTIONS = ["", "news", "news/local", "news/courts", "sport", "sport/football"]
NAMES = ["Ines Vallory", "Rory McAldane", "Yuki Tanabe-Holt"]


def paper(seed: int, n: int) -> list[Article]:
    """n articles of random words, sections, authors, tags and dates (some without)."""
    random = np.random.default_rng(seed)
    pick = lambda values, size: [str(v) for v in random.choice(values, size)]  # noqa: E731 - three uses, one line
    return [
        article(
            number,
            title=" ".join(pick(WORDS, 3)),
            body=" ".join(pick(WORDS, 12)),
            section=pick(SECTIONS, 1)[0],
            authors=tuple(AuthorName(name) for name in set(pick(NAMES, int(random.integers(0, 3))))),
            tags=tuple(pick(WORDS, int(random.integers(0, 3)))),
            published_at=None if random.random() < 0.2 else DAY_ZERO + timedelta(days=int(random.integers(0, 400))),
        )
        for number in range(n)
    ]


class Oracle:
    """The score as the documentation states it, one pair at a time, from the articles alone."""

    def __init__(self, articles: list[Article], weights: Weights, semantic_base: float) -> None:
        self.articles, self.weights, self.base = articles, weights, semantic_base
        embedder = FakeEmbedder()
        texts = [embedding_text(a, NO_BOILERPLATE, embedder.max_chars) for a in articles]
        self.vectors = {a.id: v for a, v in zip(articles, embedder.embed(texts), strict=True)}
        terms = {a.id: Counter(self._terms(lexical_text(a, NO_BOILERPLATE, 3))) for a in articles}
        n, frequency = len(articles), Counter(term for counts in terms.values() for term in counts)
        self.words = {
            key: self._unit(
                {
                    t: math.sqrt(c) * (math.log((1 + n) / (1 + frequency[t])) + 1) ** 1.5
                    for t, c in counts.items()
                    if 2 <= frequency[t] <= 50
                }
            )
            for key, counts in terms.items()
        }

    @staticmethod
    def _terms(text: str) -> list[str]:
        words = re.findall(r"(?u)\b\w[\w'’-]*\w\b", text.lower())
        return words + [f"{a} {b}" for a, b in pairwise(words)]

    @staticmethod
    def _unit(vector: dict[str, float]) -> dict[str, float]:
        length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        return {term: value / length for term, value in vector.items()}

    def section(self, a: Article, b: Article) -> float:
        ours, theirs = a.section.split("/") if a.section else [], b.section.split("/") if b.section else []
        common = 0
        while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
            common += 1
        if not common:
            return 0.0
        inside = sum(other.section.split("/")[:common] == ours[:common] for other in self.articles)
        rarity = math.log(len(self.articles) / inside) / math.log(len(self.articles))
        return common / max(len(ours), len(theirs)) * rarity

    def tags(self, a: Article, b: Article) -> float:
        n, count = len(self.articles), Counter(tag for other in self.articles for tag in set(other.tags))
        weight = {tag: math.log(1 + n / c) ** 2 for tag, c in count.items()}
        ours, theirs = set(a.tags), set(b.tags)
        norm = math.sqrt(sum(weight[t] for t in ours) * sum(weight[t] for t in theirs))
        return sum(weight[t] for t in ours & theirs) / norm if norm else 0.0

    def score(self, a: Article, b: Article) -> float:
        w = self.weights
        cosine = float(self.vectors[a.id] @ self.vectors[b.id])
        semantic = max(0.0, (cosine - self.base) / (1 - self.base))
        lexical = math.sqrt(sum(value * self.words[b.id].get(term, 0.0) for term, value in self.words[a.id].items()))
        length = len(embedding_text(a, NO_BOILERPLATE, FakeEmbedder().max_chars))
        words = w.words_short + (w.words_long - w.words_short) * min(1.0, length / w.long_text)
        fresh = (1 + w.freshness_floor) / 2
        if a.published_at and b.published_at:
            days = abs((a.published_at - b.published_at).total_seconds()) / 86_400
            fading = (0.5 ** (days / w.fast_half_life_days) + 0.5 ** (days / w.slow_half_life_days)) / 2
            fresh = w.freshness_floor + (1 - w.freshness_floor) * fading
        author = float(bool({x.name for x in a.authors} & {x.name for x in b.authors}))
        parts = [
            (words * lexical + (1 - words) * semantic) * fresh,
            w.section * self.section(a, b),
            w.author * author,
            w.tags * self.tags(a, b),
        ]
        return sum(parts) / (1 + w.section + w.author + w.tags)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_similar_equals_the_oracle_over_all_pairs(make_release: MakeRelease, seed: int) -> None:
    articles = paper(seed, 40)
    release = make_release(articles, neighbours=40)
    weights = Weights(
        words_long=0.8, words_short=0.2, long_text=300, section=0.3, author=0.2, tags=0.25, fast_half_life_days=20
    )
    oracle = Oracle(articles, weights, release.manifest.semantic_base)
    recommender = Recommender(release, weights)
    for a in articles[::5]:
        items = [i for i in recommender.similar(a.id, 39).items if i.source is Source.SIMILAR]
        expected = {b.id: oracle.score(a, b) for b in articles if b.id != a.id}
        assert {i.id: i.score for i in items} == pytest.approx({i.id: expected[i.id] for i in items}, abs=2e-6)
        assert [i.score for i in items] == sorted((i.score for i in items), reverse=True)
        assert len(items) == 39


def test_neighbours_are_the_union_of_both_brute_force_lists(make_release: MakeRelease) -> None:
    articles, k = paper(7, 50), 5
    release = make_release(articles, neighbours=k)
    oracle = Oracle(articles, Weights(), 0.0)
    vectors = np.array([oracle.vectors[a.id] for a in articles])
    cosine = vectors @ vectors.T
    words = np.array(
        [
            [sum(v * oracle.words[b.id].get(t, 0.0) for t, v in oracle.words[a.id].items()) for b in articles]
            for a in articles
        ]
    )
    for row in range(50):
        near = release.neighbours(row)
        others = np.delete(np.arange(50), row)
        assert near.cosine == pytest.approx(cosine[row, near.rows], abs=1e-5)
        assert near.words == pytest.approx(words[row, near.rows], abs=1e-5)
        for exact, measured in ((cosine[row], near.cosine), (words[row], near.words)):
            kth = np.sort(exact[others])[-k]
            assert (np.sort(measured)[-k:] >= kth - 1e-5).all()
        assert k <= len(near.rows) <= 2 * k
        assert row not in near.rows


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("laws"), paper(11, 60), neighbours=8)


requests = {
    "number": st.integers(0, 59),
    "k": st.integers(0, 70),
    "exclude": st.frozensets(st.integers(0, 61).map(lambda n: f"a{n:03}"), max_size=20),
    "section": st.sampled_from([None, "news", "news/local", "sport", "nowhere"]),
    "after": st.one_of(st.none(), st.integers(-10, 410).map(lambda d: DAY_ZERO + timedelta(days=d))),
    "withdrawn": st.frozensets(st.integers(0, 59), max_size=10),
}


def eligible(
    articles: list[Article], own: str, exclude: frozenset[str], section: str | None, after: datetime | None
) -> set[str]:
    return {
        a.id
        for a in articles
        if a.id != own
        and a.id not in exclude
        and (section is None or f"{a.section}/".startswith(f"{section}/"))
        and (after is None or (a.published_at is not None and a.published_at > after))
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**requests)
def test_every_list_obeys_every_filter_and_is_as_long_as_it_can_be(
    release: Release,
    number: int,
    k: int,
    exclude: frozenset[str],
    section: str | None,
    after: datetime | None,
    withdrawn: frozenset[int],
) -> None:
    articles, own = paper(11, 60), f"a{number:03}"
    recommender = Recommender(release, withdrawn=withdrawn)
    may = eligible(articles, own, exclude | {f"a{row:03}" for row in withdrawn}, section, after)
    asked = {"exclude": exclude, "section": section, "published_after": after}

    similar = recommender.similar(own, k, **asked).items
    assert len(similar) == min(k, len(may))
    assert {i.id for i in similar} <= may
    assert len({i.id for i in similar}) == len(similar)

    authors = {name.name for name in articles[number].authors}
    theirs = {a.id for a in articles if a.id in may and authors & {name.name for name in a.authors}}
    by_author = recommender.more_from_author(own, k, **asked).items
    assert len(by_author) == min(k, len(theirs))
    assert {i.id for i in by_author} <= theirs
    oldest = datetime.min.replace(tzinfo=UTC)
    dates = [i.published_at or oldest for i in by_author]
    assert dates == sorted(dates, reverse=True)

    both = recommender.related(own, k, 3, **asked)
    assert len(both.author) == min(3, len(theirs))
    assert len(both.similar) == min(k, len(may) - len(both.author))
    assert not {i.id for i in both.similar} & {i.id for i in both.author}
    assert both == recommender.related(own, k, 3, **asked)


def test_parts_add_up_to_the_score_exactly(release: Release) -> None:
    recommender = Recommender(release)
    for item in (
        recommender.similar("a005", 30, explain=True).items
        + recommender.more_from_author("a005", 5, explain=True).items
    ):
        assert item.parts is not None
        assert reduce(add, item.parts.values()) == item.score  # sum() is more exact since Python 3.12
        assert 0.0 <= item.score <= 1.0
    assert all(item.parts is None for item in recommender.similar("a005", 5).items)


def test_a_short_list_is_filled_from_the_section_and_then_the_paper(make_release: MakeRelease) -> None:
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa"]
    articles = [article(n, title="", body=text, section="news" if n < 3 else "sport") for n, text in enumerate(words)]
    articles = [
        Article(**{**{f: getattr(a, f) for f in a.__dataclass_fields__}, "title": f"t{n}"})
        for n, a in enumerate(articles)
    ]
    release = make_release(articles, neighbours=1)
    items = Recommender(release, Weights()).similar("a000", 4).items
    order = [Source.SIMILAR, Source.SECTION, Source.RECENT]
    assert [order.index(i.source) for i in items] == sorted(order.index(i.source) for i in items)
    assert len(items) == 4
    fallback = [i for i in items if i.source is Source.RECENT]
    assert [i.published_at for i in fallback] == sorted((i.published_at for i in fallback), reverse=True)


def test_equal_scores_are_ordered_by_date_and_then_by_id(make_release: MakeRelease) -> None:
    same = {"title": "one title", "body": "the same words"}
    days = {0: 5, 1: 9, 2: 1, 3: 9, 4: 5}
    release = make_release([article(n, **same, published_at=DAY_ZERO + timedelta(days=d)) for n, d in days.items()])
    flat = Weights(freshness_floor=1)
    assert [i.id for i in Recommender(release, flat).similar("a002", 4).items] == ["a001", "a003", "a000", "a004"]


def test_a_section_is_found_however_it_is_printed(make_release: MakeRelease) -> None:
    release = make_release(
        [article(n, section=" World / Middle  East/" if n % 2 else "world/middle east") for n in range(8)]
    )
    items = Recommender(release).similar("a000", 7, section="World/Middle East").items
    assert len(items) == 7
    for printed in {item.section for item in items} | {"world", "/WORLD/ middle east "}:
        assert len(Recommender(release).similar("a000", 7, section=printed).items) == 7


def test_every_co_author_is_covered_and_spellings_meet(make_release: MakeRelease) -> None:
    bylines = [
        "By Ines Vallory and Rory McAldane",
        "INES VALLORY",
        "Rory McAldane at Tannery Lane",
        "Courier staff",
        "Inés Vallory, Northline",
    ]
    release = make_release([article(n, byline=byline) for n, byline in enumerate(bylines)])
    recommender = Recommender(release)
    assert [i.id for i in recommender.more_from_author("a000").items] == ["a004", "a002", "a001"]
    assert recommender.more_from_author("a003").items == ()
    assert {i.source for i in recommender.more_from_author("a000").items} == {Source.AUTHOR}


def test_a_byline_meets_the_cms_author_of_that_name(make_release: MakeRelease) -> None:
    release = make_release(
        [
            article(0, authors=(AuthorName("Ines Vallory", "17"),)),
            article(1, byline="By Ines Vallory"),
            article(2, authors=(AuthorName("I. Vallory", "17"),)),
            article(3, authors=(AuthorName("Ines Other", "18"),)),
        ]
    )
    assert {i.id for i in Recommender(release).more_from_author("a001").items} == {"a000", "a002"}


def test_unknown_articles_and_senseless_counts_are_refused_by_name(release: Release) -> None:
    recommender = Recommender(release)
    with pytest.raises(ArticleNotFound, match="'nowhere'"):
        recommender.similar("nowhere")
    for k in (-1, 101):
        with pytest.raises(ConfigError, match=f"k is {k}"):
            recommender.similar("a001", k)


def test_an_article_is_found_by_any_spelling_of_its_address(release: Release) -> None:
    assert release.row_of_url("http://www.paper.example/story/7/?utm_source=x#top") == 7
    with pytest.raises(ArticleNotFound):
        release.row_of_url("https://paper.example/story/700")
    with pytest.raises(ArticleNotFound):
        release.row_of_url("")


def test_a_list_column_gathers_what_it_holds() -> None:
    column = ListColumn.of([[3, 1], [], [7], [2, 2, 9]])
    values, owners = column.gather(np.array([3, 1, 0]))
    assert values.tolist() == [2, 2, 9, 3, 1]
    assert owners.tolist() == [0, 0, 0, 2, 2]
    with pytest.raises(IndexError):
        column[-1]
