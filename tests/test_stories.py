"""Stories: which articles are one text and which are about one event, in invented newspapers."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import DAY_ZERO, MakeRelease, article
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.__main__ import main
from index.build import BuildConfig
from index.neighbours import neighbours
from index.pairs import Corpus
from index.stories import Stories, StoryConfig, stories
from recsys.agency import agency_copy
from recsys.articles import Article, AuthorName
from recsys.columns import Int32, Int64, ListColumn, open_array
from recsys.errors import ConfigError
from recsys.fingerprints import SHINGLE, SKETCH, Fingerprints
from recsys.grouping import Pairs, grouped, numbered_groups
from recsys.lexical import WordVectors
from recsys.release import UNDATED, last_change, seconds
from recsys.same_event import same_event
from recsys.same_text import same_text
from recsys.signals import DAY
from recsys.terms import names, term_reader
from recsys.text import embedding_text, find_boilerplate, lexical_text
from recsys.vectors import VectorIndex
from recsys.versions import Versions

Groups = set[frozenset[str]]
TOPICS = ("harbour", "council", "school", "bridge", "rowing", "tram", "market", "theatre")


def prose(seed: int, words: int = 120, topic: str = "") -> str:
    """Invented text: paragraphs of ten words from a stock of 2,000, the same for the same seed."""
    chance = random.Random(seed)
    found = [topic if topic and chance.random() < 0.15 else f"w{chance.randrange(2_000)}" for _ in range(words)]
    return "\n".join(" ".join(found[start : start + 10]) for start in range(0, words, 10))


def lines(text: str, first: int, last: int) -> str:
    return "\n".join(text.split("\n")[first:last])


def crowd(number: int = 12) -> list[Article]:
    """Articles that have nothing to do with anything."""
    return [
        article(900 + n, title=f"Other x{n} y{n}", body=prose(5_000 + n), published_at=DAY_ZERO + timedelta(days=9 * n))
        for n in range(number)
    ]


def night(articles: Sequence[Article], **config: Any) -> tuple[Stories, Int64]:
    """What the build finds of these articles, a row for each in this order; and their dates."""
    embedder, boilerplate = FakeEmbedder(), find_boilerplate(lambda: articles)
    plain = [lexical_text(a, boilerplate, 1) for a in articles]
    index = VectorIndex.build([embedder.embed([embedding_text(a, boilerplate, 2_048) for a in articles])], embedder.dim)
    words = WordVectors.of((lexical_text(a, boilerplate, 3) for a in articles), term_reader())
    dates = np.array([seconds(a.published_at) for a in articles], np.int64)
    lengths = np.array([len(text) for text in plain], np.int32)
    corpus = Corpus(index, words, WordVectors.of(plain, names), dates, lengths, ListColumn.of([]))
    agency = np.array([agency_copy(a) for a in articles], np.bool_)
    updated = np.array([last_change(a.updated_at, a.published_at) for a in articles], np.int64)
    with TemporaryDirectory() as folder:
        table = neighbours(corpus, 40, 10, Path(folder))
    return stories(corpus, table, Versions(Fingerprints.of(plain), agency, updated), StoryConfig(**config)), dates


def sets(number: Int32, articles: Sequence[Article]) -> Groups:
    """The groups as sets of ids."""
    return {
        frozenset(articles[row].id for row in np.flatnonzero(number == group).tolist())
        for group in range(int(number.max(initial=-1)) + 1)
    }


def texts(articles: Sequence[Article], **config: Any) -> Groups:
    everything = [*articles, *crowd()]
    return sets(night(everything, **config)[0].text, everything)


def events(articles: Sequence[Article], **config: Any) -> Groups:
    everything = [*articles, *crowd()]
    return sets(night(everything, **config)[0].event, everything)


# --- one text


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda body: body, id="reprint"),
        pytest.param(lambda body: lines(body, 0, 4), id="cut to a third"),
        pytest.param(lambda body: f"{body}\n{prose(77, 30)}", id="a paragraph added"),
        pytest.param(lambda body: f"{prose(78, 20)}\n{lines(body, 2, 12)}", id="a new beginning"),
        pytest.param(lambda body: body.upper().replace("\n", " — "), id="set otherwise"),
    ],
)
def test_a_version_under_another_headline_is_the_same_text(other: Callable[[str], str]) -> None:
    body = prose(1)
    pair = [article(1, title="Tram line opens", body=body), article(2, title="First ride today", body=other(body))]
    assert texts(pair) == {frozenset({"a001", "a002"})}


def test_a_live_blog_that_grows_is_one_text() -> None:
    body = prose(2, 400)
    blog = [article(n, title=f"Live: update {n}", body=lines(body, 0, 6 + 5 * n)) for n in range(1, 6)]
    assert texts(blog) == {frozenset(a.id for a in blog)}


def test_a_digest_does_not_join_what_it_is_made_of() -> None:
    briefs = [article(n, body=prose(10 + n, 60), title=f"Brief q{n}") for n in range(1, 4)]
    digest = article(9, title="All at once", body="\n".join(a.body for a in briefs))
    found = texts([*briefs, digest])
    assert all(len({a.id for a in briefs} & group) < 2 for group in found)


def test_captions_that_other_months_carry_too_make_no_copy() -> None:
    captions = prose(30, 140)
    own = [
        article(n, title=f"Gallery z{n}", body=f"{prose(40 + n, 160)}\n{captions}", published_at=DAY_ZERO)
        for n in range(1, 4)
    ]
    later = DAY_ZERO + timedelta(days=60)
    assert texts([*own, article(9, title="Captions", body=f"{prose(50, 30)}\n{captions}", published_at=later)]) == set()


def test_an_edited_version_comes_within_days_and_a_whole_one_at_any_time() -> None:
    body, later = prose(3), DAY_ZERO + timedelta(days=300)
    edited = f"{prose(79, 30)}\n{lines(body, 1, 11)}"
    first = article(1, title="Mill sold", body=body)
    assert texts([first, article(2, title="b", body=edited)]) == {frozenset({"a001", "a002"})}
    assert texts([first, article(2, title="b", body=edited, published_at=later)]) == set()
    assert texts([first, article(2, title="b", body=body, published_at=later)]) != set()


@pytest.mark.parametrize(
    ("title", "days", "same"),
    [
        ("Ferry runs aground off Marrowick harbour", (0, 1), True),
        ("Ferry runs aground off Marrowick harbour", (0, 40), False),  # another ferry
        ("Ferry runs aground off Marrowick harbour", (None, None), True),
        ("Letters to the editor", (0, 1), False),  # too little to be a text
        ("Today in history: what happened on this day", (0, 1, 2, 3, 4, 5), False),  # comes again and again
    ],
)
def test_headlines_alone_are_one_text_where_they_are_equal_and_do_not_recur(
    title: str, days: tuple[int | None, ...], same: bool
) -> None:
    printed = (title, title.upper() + "!", f"“{title}”", title, title, title)
    moments = [None if day is None else DAY_ZERO + timedelta(days=day) for day in days]
    alone = [
        article(n, title=printed[n], body="", published_at=moment, url=f"https://paper.example/{n}")
        for n, moment in enumerate(moments)
    ]
    assert texts(alone) == ({frozenset(a.id for a in alone)} if same else set())


def test_short_texts_that_share_only_boilerplate_are_not_one() -> None:
    appeal = "Support local reporting and subscribe today to read every story that we print in this town and beyond"
    notices = [article(n, title=f"Notice n{n}", body=f"{prose(60 + n, 10)}\n{appeal}") for n in range(1, 8)]
    assert texts(notices) == set()


def test_how_much_must_be_shared_is_a_setting() -> None:
    body = prose(4, 200)
    pair = [article(1, title="a", body=body), article(2, title="b", body=f"{lines(body, 0, 13)}\n{prose(80, 70)}")]
    assert texts(pair) == set()
    assert texts(pair, same_text=0.5) == {frozenset({"a001", "a002"})}


# --- one event


def report(number: int, event: str, days: float | None, **fields: object) -> Article:
    """A report in words of its own on an event, whose few names it shares."""
    when = None if days is None else DAY_ZERO + timedelta(days=days)
    names = " ".join(f"{event}{n}" for n in range(12))
    return article(number, title=f"{event}0 {event}1", body=f"{names} {prose(number, 12)}", published_at=when, **fields)


def test_reports_on_one_event_within_days_are_one_event() -> None:
    fire, vote = [report(n, "fire", n) for n in range(3)], [report(10 + n, "vote", n) for n in range(3)]
    assert events([*fire, *vote]) == {frozenset(a.id for a in fire), frozenset(a.id for a in vote)}


def test_the_same_topic_a_year_apart_is_not_one_event() -> None:
    assert events([report(1, "regatta", 0), report(2, "regatta", 365)]) == set()
    assert events([report(1, "regatta", 0), report(2, "regatta", 6)]) == set()
    assert len(events([report(1, "regatta", 0), report(2, "regatta", 6)], event_days=7)) == 1


def pairs_of(n: int, weight: float) -> Pairs:
    first, second = (np.array(ends, np.int64) for ends in zip(*combinations(range(n), 2), strict=True))
    return Pairs(first, second, np.full(len(first), weight))


def found(pairs: Pairs, days: Sequence[float | None], words: float = 0.5, length: int = 200) -> list[int]:
    moments = np.array([UNDATED if day is None else int(day * DAY) for day in days], np.int64)
    sizes, start = np.full(len(days), length, np.int32), np.arange(len(days))
    several = [pairs.where(np.arange(len(pairs.weight)) % 2 == part) for part in (0, 1)]
    blocks = [(one, np.full(len(one.weight), words)) for one in several]
    return same_event(lambda: blocks, moments, sizes, 3, start).tolist()


def test_what_is_alike_every_week_needs_to_be_nearer_than_that() -> None:
    """Rows 0 and 1 are two days apart; rows 2 to 4 are on their topic in other months."""
    alike, days = pairs_of(5, 0.48), (0, 2, 100, 200, 300)
    assert found(alike, days) == [0, 1, 2, 3, 4]
    alone = alike.where((alike.first == 0) & (alike.second == 1))
    assert found(alone, days) == [0, 0, 2, 3, 4]
    nearer = Pairs(alike.first, alike.second, np.where((alike.first == 0) & (alike.second == 1), 0.7, 0.48))
    assert found(nearer, days) == [0, 0, 2, 3, 4]


def test_undated_articles_need_more_to_be_one_event() -> None:
    assert found(pairs_of(2, 0.48), (0, 1)) == [0, 0]
    assert found(pairs_of(2, 0.48), (None, 1)) == [0, 1]
    assert found(pairs_of(2, 0.6), (None, None)) == [0, 0]


def test_long_texts_that_share_few_words_are_not_one_event() -> None:
    assert found(pairs_of(2, 0.6), (0, 1), words=0.1, length=1_500) == [0, 1]
    assert found(pairs_of(2, 0.6), (0, 1), words=0.1, length=200) == [0, 0]


# --- which one to show


def test_the_house_is_shown_before_the_agency_and_then_the_newest(make_release: MakeRelease) -> None:
    body = prose(6)
    copies = [
        article(1, body=body, byline="Associated Press", published_at=DAY_ZERO + timedelta(days=9)),
        article(2, body=body, byline="Ines Vallory", published_at=DAY_ZERO),
        article(3, body=body, byline="Ines Vallory", updated_at=DAY_ZERO + timedelta(days=5), published_at=DAY_ZERO),
        article(4, body=body, byline="Ines Vallory", published_at=DAY_ZERO),
    ]
    release = make_release([*copies, *crowd()])
    rows = ListColumn.open(release.path, "text_rows")[0]
    assert [release.ids[row] for row in rows] == ["a003", "a002", "a004", "a001"]
    assert open_array(release.path / "text_preference.npy")[rows].tolist() == [0, 1, 2, 3]
    assert set(open_array(release.path / "text_group.npy")[rows].tolist()) == {0}
    covered = ListColumn.open(release.path, "event_rows")[int(open_array(release.path / "event_group.npy")[rows[0]])]
    assert [release.ids[row] for row in covered] == ["a001", "a002", "a003", "a004"]  # newest first


@pytest.mark.parametrize(
    ("byline", "agency"),
    [
        ("Reuters", True),
        ("By The Associated Press", True),
        ("Ines Vallory, AP", True),
        ("Ines Vallory", False),
        ("", False),
        ("Ines Vallory and Reuters", False),
        ("Ines Vallory, Northline", False),
    ],
)
def test_agency_copy_is_told_by_its_byline(byline: str, agency: bool) -> None:
    assert agency_copy(Article("1", "t", byline=byline)) is agency


def test_authors_of_the_cms_tell_agency_copy_too() -> None:
    assert agency_copy(Article("1", "t", authors=(AuthorName("Reuters"),)))
    assert not agency_copy(Article("1", "t", byline="Reuters", authors=(AuthorName("Ines Vallory"),)))


# --- laws


@st.composite
def newspapers(draw: st.DrawFn) -> list[Article]:
    """Articles that reuse, cut, join and repeat a few texts, some undated, some of agencies."""
    number = draw(st.integers(2, 14))
    made = []
    for n in range(number):
        parts = draw(st.lists(st.integers(0, 4), min_size=0, max_size=2))
        body = "\n".join(lines(prose(200 + part, 80, TOPICS[part]), draw(st.integers(0, 3)), 8) for part in parts)
        days = draw(st.one_of(st.none(), st.integers(0, 30)))
        made.append(
            article(
                n,
                title=draw(
                    st.sampled_from(["Storm over the old harbour tonight", "Council votes again", f"Title t{n}"])
                ),
                body=body,
                byline=draw(st.sampled_from(["", "Reuters", "Ines Vallory"])),
                published_at=None if days is None else DAY_ZERO + timedelta(days=days),
            )
        )
    return made


@settings(max_examples=30, deadline=None)
@given(articles=newspapers(), order=st.randoms(use_true_random=False))
def test_stories_are_a_partition_and_texts_do_not_depend_on_the_order_of_articles(
    articles: list[Article], order: random.Random
) -> None:
    found, dates = night(articles)
    for number, rows in ((found.text, found.text_rows), (found.event, found.event_rows(dates))):
        assert sorted(number[number >= 0].tolist()) == sorted(np.repeat(np.arange(len(rows)), np.diff(rows.offsets)))
        assert all((number[rows[group]] == group).all() and len(rows[group]) > 1 for group in range(len(rows)))
        smallest = [int(rows[group].min()) for group in range(len(rows))]
        assert smallest == sorted(smallest)  # numbered in the order of the smallest row
    for group in range(int(found.text.max(initial=-1)) + 1):
        members = np.flatnonzero(found.text == group)
        assert len(set(found.event[members].tolist())) == 1
        assert found.event[members[0]] >= 0
        assert found.preference[found.text_rows[group]].tolist() == list(range(len(members)))
    assert (found.preference[found.text < 0] == 0).all()
    shuffled = order.sample(articles, len(articles))
    again, _ = night(shuffled)
    assert sets(again.text, shuffled) == sets(found.text, articles)
    # events also hang on the mean cosine of pairs drawn by row, so for them the law below is what holds; a build has
    # its rows in the order of ids, whatever the order of ingest


tied = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.dictionaries(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda ends: ends[0] < ends[1]),
            st.integers(1, 20).map(lambda weight: weight / 20),
        ),
        st.permutations(range(n)),
    )
)


def groups_of(
    n: int, ties: dict[tuple[int, int], float], rank: Sequence[int], strong: float, least: float
) -> list[int]:
    ends = sorted(ties)
    first, second = (np.array([end[side] for end in ends], np.int64) for side in (0, 1))
    pairs = Pairs(first, second, np.array([ties[end] for end in ends]))
    return grouped(pairs, strong, np.full(n, least), np.arange(n), np.array(rank, np.int64)).tolist()


@settings(deadline=None)
@given(case=tied)
def test_groups_are_those_of_a_plain_search_for_the_nearest_two(
    case: tuple[int, dict[tuple[int, int], float], list[int]],
) -> None:
    n, ties, rank = case
    strong, least = 0.6, 0.4
    parts = [frozenset({row}) for row in range(n)]

    def between(one: frozenset[int], other: frozenset[int]) -> list[float]:
        return [ties.get((min(a, b), max(a, b)), 0.0) for a in one for b in other]

    while True:
        best = min(
            (
                (
                    -round(sum(w) / len(w), 6),
                    *sorted((min(rank[r] for r in one), min(rank[r] for r in other))),
                    one,
                    other,
                )
                for one, other in combinations(parts, 2)
                if max(w := between(one, other)) >= strong and round(sum(w) / len(w), 6) >= least
            ),
            key=lambda entry: entry[:3],
            default=None,
        )
        if best is None:
            break
        *_, one, other = best
        parts = [part for part in parts if part not in (one, other)] + [one | other]
    expected = {row: min(part) for part in parts for row in part}
    assert groups_of(n, ties, rank, strong, least) == [expected[row] for row in range(n)]


def test_a_good_mean_does_not_join_groups_that_no_strong_pair_ties() -> None:
    """Row 4 is strongly tied to both pairs, and stays out: its mean to either is too small."""
    ties = {(0, 1): 0.9, (2, 3): 0.9, (1, 4): 0.6, (2, 4): 0.6}
    ties |= {(a, b): 0.5 for a in (0, 1) for b in (2, 3)}
    assert groups_of(5, ties, range(5), strong=0.6, least=0.4) == [0, 0, 2, 2, 4]
    assert groups_of(5, ties, range(5), strong=0.5, least=0.4) == [0, 0, 0, 0, 4]


@settings(deadline=None)
@given(case=tied, order=st.randoms(use_true_random=False))
def test_renumbering_the_rows_renumbers_the_groups_and_nothing_else(
    case: tuple[int, dict[tuple[int, int], float], list[int]], order: random.Random
) -> None:
    n, ties, rank = case
    to = order.sample(range(n), n)
    moved = {(min(to[a], to[b]), max(to[a], to[b])): weight for (a, b), weight in ties.items()}
    moved_rank = [rank[to.index(row)] for row in range(n)]
    one, other = groups_of(n, ties, rank, 0.5, 0.3), groups_of(n, moved, moved_rank, 0.5, 0.3)
    assert all((one[a] == one[b]) == (other[to[a]] == other[to[b]]) for a, b in combinations(range(n), 2))


def test_groups_are_numbered_by_their_smallest_row_and_those_alone_have_none() -> None:
    assert numbered_groups(np.array([0, 1, 2, 1, 0, 5])).tolist() == [0, 1, -1, 1, 0, -1]
    assert numbered_groups(np.empty(0, np.int64)).tolist() == []


# --- oracles


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return {tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def test_overlap_is_that_of_whole_sets_of_shingles_and_near_it_where_texts_are_longer_than_a_sketch() -> None:
    body = prose(7, 300)
    small = [body, lines(body, 0, 9), f"{prose(81, 100)}\n{lines(body, 5, 30)}", prose(82, 50), "two words"]
    first, second = (np.array(ends) for ends in zip(*combinations(range(len(small)), 2), strict=True))
    exact = [
        len(shingles(small[a]) & shingles(small[b])) / max(min(len(shingles(small[a])), len(shingles(small[b]))), 1)
        for a, b in zip(first, second, strict=True)
    ]
    assert Fingerprints.of(small).overlaps(first, second).tolist() == pytest.approx(exact)
    long = prose(8, 6 * SKETCH)
    prints = Fingerprints.of([long, f"{lines(long, 0, 150)}\n{prose(83, SKETCH)}"])
    assert prints.overlaps(np.array([0]), np.array([1]))[0] == pytest.approx(0.745, abs=0.08)


def test_the_neighbour_table_misses_no_copy_that_comparing_all_pairs_finds() -> None:
    """60 texts, each with a copy that is cut, extended or begun anew; every pair is compared with every other."""
    bodies = [prose(300 + n, 150, TOPICS[n % 8]) for n in range(60)]
    edits = [
        lambda n, body: lines(body, 0, 6),
        lambda n, body: f"{body}\n{prose(700 + n, 40)}",
        lambda n, body: f"{prose(800 + n, 30)}\n{lines(body, 2, 15)}",
    ]
    copies = [edits[n % 3](n, body) for n, body in enumerate(bodies)]
    articles = [article(n, title=f"T{n} {n % 7}", body=text) for n, text in enumerate([*bodies, *copies])]
    ids = [f"a{n:03}" for n in range(120)]
    known = {
        frozenset({ids[a], ids[b]})
        for (a, one), (b, other) in combinations(enumerate(map(shingles, [*bodies, *copies])), 2)
        if len(one & other) >= 0.75 * min(len(one), len(other))
    }
    assert len(known) == 60
    assert sets(night(articles, event_days=400)[0].text, articles) == known


def test_copies_are_found_however_many_there_are() -> None:
    """More equal texts than an article has neighbours: no table could hold all their pairs."""
    prints = Fingerprints.of([prose(9)] * 400 + [prose(10)])
    nothing = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    assert same_text(prints, nothing, np.zeros(401, np.int64), 0.75, 3).tolist() == [0] * 400 + [400]


# --- the release, its report and its judges


def test_the_release_counts_and_lists_its_stories_for_an_editor(make_release: MakeRelease) -> None:
    body = prose(11)
    release = make_release([article(n, title=f"Copy {n}", body=body) for n in range(3)] + crowd())
    counts = release.manifest.counts
    assert (counts["text_groups"], counts["articles_with_twins"], counts["event_groups"]) == (1, 3, 1)
    assert (release.manifest.config["same_text"], release.manifest.config["event_days"]) == (0.75, 3)
    (largest,) = release.report["stories"]["same_text"]
    assert (largest["size"], sorted(one["title"] for one in largest["articles"])) == (3, ["Copy 0", "Copy 1", "Copy 2"])


def test_an_empty_release_has_no_stories(make_release: MakeRelease) -> None:
    release = make_release([])
    assert len(open_array(release.path / "event_group.npy")) == 0
    assert len(ListColumn.open(release.path, "text_rows")) == 0


@pytest.mark.parametrize("wrong", [{"same_text": 0.2}, {"same_text": 1.1}, {"event_days": -1}])
def test_a_setting_out_of_range_is_told_before_the_night(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        BuildConfig(**wrong)  # type: ignore[arg-type]


def test_eval_stories_tells_precision_recall_and_b_cubed(make_release: MakeRelease, tmp_path: Path) -> None:
    """Copies 0, 1, 2 are one group; people say 0 and 1 are one story, with 3, and 2 is another."""
    body = prose(12)
    release = make_release([article(n, title=f"Copy {n}", body=body) for n in range(3)] + [article(3), *crowd()])
    judged = tmp_path / "stories.tsv"
    judged.write_text("story\tarticle_id\ns\ta000\ns\ta001\ns\ta003\nt\ta002\nu\tmissing\n")
    result = CliRunner().invoke(main, ["stories", "--releases", str(release.path), "--stories", str(judged)])
    assert result.exit_code == 0, result.output
    row = next(line for line in result.output.splitlines() if line.startswith("| same text"))
    # 1 of 3 pairs is right, of 3 that are known; B³: precision (2/3 + 2/3 + 1/3 + 1)/4, recall (2/3 + 2/3 + 1 + 1/3)/4
    assert row == "| same text | 4 | 3 | 0.333 | 0.333 | 0.667 | 0.667 | 0.667 | 1 | median 3, largest 3 |"


def test_eval_stories_refuses_a_release_without_the_judged_articles(make_release: MakeRelease, tmp_path: Path) -> None:
    judged = tmp_path / "stories.tsv"
    judged.write_text("story\tarticle_id\ns\tmissing\n")
    arguments = ["stories", "--releases", str(make_release([article(1)]).path), "--stories", str(judged)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "it has none of the 1 judged articles" in result.output
