"""The lists, held against a slow and obvious oracle, and the laws that no list may break."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from operator import add

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle

from recsys import Recommender, Release, Weights
from recsys.answers import Source
from recsys.articles import Article, AuthorName
from recsys.columns import ListColumn
from recsys.errors import ArticleNotFound, ConfigError
from recsys.ranking import PARTS
from recsys.variety import AS_RANKED

WORDS = [
    "harbour",
    "council",
    "bridge",
    "oyster",
    "ferry",
    "storm",
    "school",
    "musical",
    "baked",
    "goal",
    "the",
    "goals",
]
INSIDE = [
    "harbours",
    "council's",
    "bridges",
    "storms",
    "Marrowick",
    "Marrowick's",
    "EU",
    "Ines Vallory",
    "Rory McAldane",
]
HOSTS = ["https://paper.example", "http://www.paper.example", "https://sport.paper.example", ""]
SECTIONS = ["", "news", "news/local", "news/courts", "sport", "sport/football"]
NAMES = ["Ines Vallory", "Rory McAldane", "Yuki Tanabe-Holt"]


def paper(seed: int, n: int) -> list[Article]:
    """n articles of random words, names, sites, sections, authors, tags and dates (some without)."""
    random = np.random.default_rng(seed)
    pick = lambda values, size: [str(v) for v in random.choice(values, size)]  # noqa: E731 - three uses, one line
    return [
        article(
            number,
            title=" ".join(pick(WORDS, 3)),
            body=" ".join(
                f"{text[0].upper()}{text[1:]}." for text in (" ".join(pick(WORDS + INSIDE, 6)) for _ in "123")
            ),
            url=f"{host}/{number}" if (host := pick(HOSTS, 1)[0]) else "",
            section=pick(SECTIONS, 1)[0],
            authors=tuple(AuthorName(name) for name in set(pick(NAMES, int(random.integers(0, 3))))),
            tags=tuple(pick(WORDS, int(random.integers(0, 3)))),
            published_at=None
            if random.random() < 0.2
            else DAY_ZERO + timedelta(hours=int(400 * 24 * random.random() ** 3)),
        )
        for number in range(n)
    ]


WEIGHTS = Weights(
    words_long=0.8, words_short=0.2, long_text=300, names_short=0.3, names_long=0.5, kin_short=0.7, kin_long=0.2,
    section=0.3, author=0.2, tags=0.25, tempo=0.8, half_life_days=20, freshness_floor=0.5, later=0.9, other_site=0.6,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seed", "neighbours", "kin", "weights"),
    [
        (1, 40, 0, WEIGHTS),
        (2, 40, 9, Weights()),
        (3, 5, 6, replace(WEIGHTS, names_long=0.1, kin_short=0.1, kin_long=0.9)),
        (4, 3, 4, Weights(later=0, other_site=0)),
    ],
)
def test_every_score_and_every_part_equals_the_oracle(
    make_release: MakeRelease, seed: int, neighbours: int, kin: int, weights: Weights
) -> None:
    articles = paper(seed, 40)
    release = make_release(articles, neighbours=neighbours, kin=kin)
    oracle = Oracle(articles, weights, release.manifest.semantic_base, release.tempo.evidence.tolist())
    compared = oracle.with_kin(neighbours, kin)
    recommender, row = (
        Recommender(release, weights, variety=AS_RANKED),
        {a.id: number for number, a in enumerate(articles)},
    )
    for a in articles:
        own = row[a.id]
        items = recommender.similar(a.id, 39, explain=True).items
        assert {row[i.id] for i in items if i.source is Source.SIMILAR} == {b for x, b in compared if x == own}
        for item in items + recommender.more_from_author(a.id, 9, explain=True).items:
            expected = oracle.parts(own, row[item.id], compared.get((own, row[item.id])))
            assert item.parts is not None
            assert list(item.parts) == list(PARTS)
            assert item.parts == pytest.approx({name: expected[name] for name in PARTS}, abs=5e-6)
            assert item.score == pytest.approx(sum(expected.values()), abs=5e-6)
        scores = [i.score for i in items if i.source is Source.SIMILAR]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(("seed", "neighbours"), [(5, 60), (6, 4)])
def test_the_tempo_is_that_of_all_pairs_but_for_the_sample(
    make_release: MakeRelease, seed: int, neighbours: int
) -> None:
    articles = paper(seed, 60)
    release = make_release(articles, neighbours=neighbours)
    oracle = Oracle(articles, Weights(), release.manifest.semantic_base, release.tempo.evidence.tolist())
    own = oracle.own_evidence(neighbours)
    assert max(map(abs, own)) > 0.1
    assert release.tempo.evidence.tolist() == pytest.approx(own, abs=0.06)


def test_neighbours_are_the_union_of_both_brute_force_lists_and_kin(make_release: MakeRelease) -> None:
    articles, k, more = paper(7, 50), 5, 3
    release = make_release(articles, neighbours=k, kin=more)
    oracle = Oracle(articles, Weights(), release.manifest.semantic_base, release.tempo.evidence.tolist())
    compared = oracle.with_kin(k, more)
    for row, table in enumerate(oracle.table(k)):
        near = release.neighbours(row)
        assert near.rows.tolist() == sorted(b for a, b in compared if a == row)
        assert len(table) <= len(near.rows) <= len(table) + more
        for measured, exact in ((near.cosine, oracle.cosine), (near.words, oracle.words), (near.names, oracle.names)):
            assert measured == pytest.approx([exact[row][b] for b in near.rows], abs=1e-5)
        assert near.kin == pytest.approx([compared[row, b] for b in near.rows], abs=1e-5)
    assert any(len(release.neighbours(row).rows) > len(table) for row, table in enumerate(oracle.table(k)))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("laws"), paper(11, 60), neighbours=8)


any_weights = st.builds(
    Weights,
    **dict.fromkeys(("words_short", "words_long", "freshness_floor", "later", "other_site"), st.floats(0, 1)),
    **dict.fromkeys(("long_text", "half_life_days"), st.floats(1e-3, 1e4)),
    **dict.fromkeys(
        ("names_short", "names_long", "kin_short", "kin_long", "section", "author", "tags", "tempo"), st.floats(0, 20)
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_weights, st.integers(0, 59))
def test_whatever_the_weights_the_parts_add_up_to_a_score_between_0_and_1(
    release: Release, weights: Weights, number: int
) -> None:
    recommender, own = Recommender(release, weights), f"a{number:03}"
    similar = recommender.similar(own, 59, explain=True).items
    for item in similar + recommender.more_from_author(own, 5, explain=True).items:
        assert item.parts is not None
        assert list(item.parts) == list(PARTS)
        assert reduce(add, item.parts.values()) == item.score  # sum() is more exact since Python 3.12
        assert 0.0 <= item.score <= 1.0 + 1e-12
        assert all(value >= 0 for name, value in item.parts.items() if name not in ("time", "site"))
        assert item.parts["time"] <= 0 >= item.parts["site"]
    near = [item.score for item in similar if item.source is Source.SIMILAR]
    assert near == sorted(near, reverse=True)
    assert {item.parts is None for item in recommender.similar(own, 5).items} == {True}


def test_a_weight_of_nothing_takes_its_part_away(release: Release) -> None:
    for part, off in {
        "names": Weights(names_short=0, names_long=0),
        "kin": Weights(kin_short=0, kin_long=0),
        "time": Weights(tempo=0, freshness_floor=1, later=1),
        "site": Weights(other_site=1),
    }.items():
        on = Weights(names_long=1, kin_long=1, tempo=1, freshness_floor=0.5, later=0.5, other_site=0.5)
        shown = [
            [
                item.parts[part]
                for number in range(0, 60, 7)
                for item in Recommender(release, weights).similar(f"a{number:03}", 59, explain=True).items
                if item.parts
            ]
            for weights in (on, off)
        ]
        assert any(shown[0])
        assert not any(shown[1])


def test_a_short_list_is_filled_from_the_section_and_then_the_paper(make_release: MakeRelease) -> None:
    words = ["alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota kappa"]
    articles = [article(n, title="", body=text, section="news" if n < 3 else "sport") for n, text in enumerate(words)]
    articles = [
        Article(**{**{f: getattr(a, f) for f in a.__dataclass_fields__}, "title": f"t{n}"})
        for n, a in enumerate(articles)
    ]
    release = make_release(articles, neighbours=1, kin=0)
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
    flat = Weights(tempo=0, freshness_floor=1)
    assert [i.id for i in Recommender(release, flat).similar("a002", 4).items] == ["a001", "a003", "a000", "a004"]


def test_another_site_comes_later_and_an_unknown_one_is_not_held_against_anybody(make_release: MakeRelease) -> None:
    same = {"title": "one title", "body": "the same words", "published_at": DAY_ZERO}
    hosts = ["https://paper.example", "https://sport.paper.example", "", "http://www.paper.example"]
    release = make_release(
        [article(n, **same, url=f"{host}/{n}" if host else "") for n, host in enumerate(hosts)], kin=0
    )
    weights = Weights(other_site=0.5, kin_short=0, kin_long=0)
    items = Recommender(release, weights).similar("a000", 3, explain=True).items
    assert [i.id for i in items] == ["a002", "a003", "a001"]
    assert items[2].score == pytest.approx(items[0].score / 2)
    assert [i.parts["site"] < 0 for i in items if i.parts] == [False, False, True]
    unknown = Recommender(release, weights).similar("a002", 3, explain=True).items
    assert {i.parts["site"] for i in unknown if i.parts} == {0.0}


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


def test_an_article_is_found_by_any_spelling_of_its_address(make_release: MakeRelease) -> None:
    release = make_release([article(n) for n in range(9)])
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
