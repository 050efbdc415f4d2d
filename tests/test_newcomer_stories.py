"""What comes after the night joins the stories of the release, as a night over all of it would have it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stories import TOPICS, crowd, lines, prose, report

from recsys import Recommender, Release
from recsys.articles import Article
from recsys.extension import Extension
from recsys.extension.ties import TextTies
from recsys.neighbours import Neighbours

Sets = set[frozenset[str]]
NOBODY = np.empty(0, np.int64)


def extended(base: Release, later: Sequence[Article]) -> Release:
    extension = Extension(base)
    for one in later:
        extension.add(one, FakeEmbedder().embed([extension.text(one)])[0])
    return extension.release()


def sets(release: Release, kind: str) -> Sets:
    """The groups ("text" or "event") of those rows that stand for something, as sets of ids; the columns agree."""
    number, rows = getattr(release, f"{kind}_group"), getattr(release, f"{kind}_rows")
    found = set()
    for group in range(len(rows)):
        members = rows[group].tolist()
        assert sorted(members) == np.flatnonzero(number == group).tolist()
        assert len(members) != 1
        assert not set(members) & set(release.replaced.tolist())
        if kind == "text":
            assert [int(release.text_preference[row]) for row in members] == list(range(len(members)))
            assert len({int(release.event_group[row]) for row in members} - {-1}) == (len(members) > 0)
        else:
            dates = [-int(release.published[row]) for row in members]
            assert dates == sorted(dates)
        if members:
            found.add(frozenset(release.ids[row] for row in members))
    assert (release.text_preference[release.text_group < 0] == 0).all()
    assert len(number) == len(release)
    return found


def check(live: Release, rebuilt: Release) -> None:
    """Same texts, shown in the same order."""
    assert sets(live, "text") == sets(rebuilt, "text")
    sets(live, "event")
    orders = [
        {tuple(release.ids[row] for row in release.text_rows[group]) for group in range(len(release.text_rows))} - {()}
        for release in (live, rebuilt)
    ]
    assert orders[0] == orders[1]


VERSIONS: dict[str, Callable[[str], str]] = {
    "reprint": lambda body: body,
    "cut to a third": lambda body: lines(body, 0, 4),
    "a paragraph added": lambda body: f"{body}\n{prose(77, 30)}",
    "a new beginning": lambda body: f"{prose(78, 20)}\n{lines(body, 2, 12)}",
    "set otherwise": lambda body: body.upper().replace("\n", " — "),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_version_of_an_article_of_the_release_is_the_same_text(make_release: MakeRelease, name: str) -> None:
    first = article(1, title="Tram line opens", body=prose(1))
    second = article(2, title="First ride today", body=VERSIONS[name](prose(1)))
    base = make_release([first, *crowd()])
    live = extended(base, [second])
    assert sets(live, "text") == sets(live, "event") == {frozenset({"a001", "a002"})}
    assert live.text_rows[0].tolist() == [len(base), 0], "the newest first"
    assert sets(base, "text") == set(), "the night's release stays as it was"


def test_one_wire_story_that_comes_three_times_stands_in_any_list_once(make_release: MakeRelease) -> None:
    copies = [
        article(n, title=f"Flood, report {n}", body=prose(5, topic="harbour"), byline="Reuters", section="news")
        for n in (50, 51, 52)
    ]
    near = [article(n, title=f"Harbour {n}", body=prose(20 + n, topic="harbour"), section="news") for n in range(8)]
    live = Recommender(extended(make_release(near), copies))
    ids = {one.id for one in copies}
    for asked in (one.id for one in near):
        assert len(ids & {item.id for item in live.similar(asked, 20).items}) == 1
        assert len(ids & {item.id for item in live.similar(asked, 20, section="news").items}) == 1
    for asked in ids:
        assert not ids & {item.id for item in live.similar(asked, 20).items}
        assert live.similar(asked, 20).items


def test_the_house_is_shown_before_the_agency_and_then_the_newest(make_release: MakeRelease) -> None:
    body, night = (
        prose(6),
        [
            article(1, body=prose(6), byline="Associated Press", published_at=DAY_ZERO + timedelta(days=9)),
            article(2, body=prose(6), byline="Ines Vallory", published_at=DAY_ZERO),
        ],
    )
    later = [
        article(3, body=body, byline="Ines Vallory", updated_at=DAY_ZERO + timedelta(days=5), published_at=DAY_ZERO),
        article(4, body=body, byline="Ines Vallory", published_at=DAY_ZERO),
        article(5, body=body, byline="Reuters", published_at=DAY_ZERO + timedelta(days=11)),
        article(6, body=body, published_at=None),
    ]
    live, rebuilt = extended(make_release([*night, *crowd()]), later), make_release([*night, *later, *crowd()])
    check(live, rebuilt)
    assert [live.ids[row] for row in live.text_rows[0]] == ["a003", "a002", "a004", "a006", "a005", "a001"]


def test_a_changed_version_keeps_its_place_and_one_that_is_rewritten_leaves_its_story(
    make_release: MakeRelease,
) -> None:
    three = [article(n, title=f"Copy {n}", body=prose(7)) for n in (1, 2, 3)]
    base = make_release([*three, *crowd()])
    changed = replace(three[1], title="Another headline", body=f"{prose(7)}\n{prose(70, 10)}")
    live = extended(base, [changed, replace(changed, standfirst="Twice changed")])
    assert sets(live, "text") == {frozenset({"a001", "a002", "a003"})}
    assert live.row("a002") in live.text_rows[0]
    rewritten = replace(three[1], title="Nothing of it", body=prose(71))
    assert sets(extended(base, [rewritten]), "text") == {frozenset({"a001", "a003"})}
    other = [rewritten, replace(three[2], body=prose(72))]
    assert sets(extended(base, other), "text") == sets(extended(base, other), "event") == set()
    back = [*other, three[2]]
    assert sets(extended(base, back), "text") == {frozenset({"a001", "a003"})}


def test_reports_on_an_event_join_it_or_begin_one_and_no_other_day_does(make_release: MakeRelease) -> None:
    fire = [report(n, "fire", n) for n in range(3)]
    vote = [report(10 + n, "vote", n) for n in range(3)]
    base = make_release([*fire[:2], vote[0], *crowd()])
    live = extended(base, [vote[1], fire[2], vote[2], report(30, "fire", 300)])
    assert sets(live, "event") == {frozenset(one.id for one in story) for story in (fire, vote)}
    assert sets(live, "text") == set()
    shown = {item.id for item in Recommender(live).similar("a900", 100).items}
    assert len(shown & {one.id for one in fire}) <= 3


@pytest.mark.parametrize(("days", "same"), [((0, 1), True), ((0, 40), False), ((None, None), True)])
def test_headlines_alone_are_one_text_where_they_are_equal_and_do_not_recur(
    make_release: MakeRelease, days: tuple[int | None, ...], same: bool
) -> None:
    title = "Ferry runs aground off Marrowick harbour"
    moments = [None if day is None else DAY_ZERO + timedelta(days=day) for day in days]
    one, other = (article(n, title=title, body="", published_at=moment) for n, moment in enumerate(moments))
    live = extended(make_release([one, *crowd()]), [other])
    assert sets(live, "text") == ({frozenset({"a000", "a001"})} if same else set())


def test_a_group_larger_than_any_list_of_neighbours_grows(make_release: MakeRelease) -> None:
    copies = [article(n, title="The same", body=prose(9)) for n in range(80)]
    live = extended(make_release([*copies[:75], *crowd()], neighbours=10, kin=5), copies[75:])
    assert sets(live, "text") == {frozenset(one.id for one in copies)}


def test_of_an_old_article_a_whole_copy_is_found_and_an_edited_one_is_not(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.versions._NEWEST", 0)
    base = make_release([article(1, body=prose(1)), article(2, body=prose(2)), *crowd()])
    copy = article(3, title="Again", body=prose(1))
    edited = article(4, title="Another", body=f"{prose(78, 20)}\n{lines(prose(2), 2, 12)}")
    assert sets(extended(base, [copy, edited]), "text") == {frozenset({"a001", "a003"})}


def test_an_article_that_cannot_be_placed_leaves_no_trace(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_release([article(1, body=prose(1)), *crowd()])
    extension, copy = Extension(base), article(2, title="Again", body=prose(1))
    vector = FakeEmbedder().embed([extension.text(copy)])[0]
    with monkeypatch.context() as patch:
        patch.setattr(TextTies, "of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            extension.add(copy, vector)
    assert len(extension) == 0
    for one in (copy, article(3, title="And again", body=prose(1))):
        extension.add(one, vector)
    assert sets(extension.release(), "text") == {frozenset({"a001", "a002", "a003"})}


@st.composite
def days_of_a_paper(draw: st.DrawFn) -> list[Article]:
    """Articles of which many are a few texts: whole, cut, with more, or under another headline, some undated."""
    made = []
    for n in range(draw(st.integers(3, 14))):
        text = draw(st.integers(0, 4))
        body = lines(prose(200 + text, 120, TOPICS[text]), draw(st.integers(0, 1)), draw(st.integers(7, 12)))
        days = draw(st.one_of(st.none(), st.integers(0, 2)))
        made.append(
            article(
                n,
                title=draw(st.sampled_from(["Storm over the old harbour tonight", f"Title t{n}"])),
                body=draw(st.sampled_from([body, body, ""])),
                byline=draw(st.sampled_from(["", "Reuters", "Ines Vallory"])),
                published_at=None if days is None else DAY_ZERO + timedelta(days=days),
            )
        )
    return made


@settings(max_examples=15, deadline=None)
@given(articles=days_of_a_paper(), chance=st.randoms(use_true_random=False))
def test_texts_are_those_of_a_night_over_everything(
    tmp_path_factory: pytest.TempPathFactory, articles: list[Article], chance: random.Random
) -> None:
    """Some come in the night and some after it, in any order, and some of those in another version first."""
    late = chance.sample(articles, chance.randint(1, len(articles)))
    early = [one if chance.random() < 0.5 else replace(one, body=prose(900 + chance.randrange(3))) for one in late]
    first = [one for one in articles if one not in late] + early[: len(early) // 3]
    folder: Callable[[], Path] = lambda: tmp_path_factory.mktemp("paper")  # noqa: E731
    live = extended(published(folder(), [*first, *crowd()]), [*early[len(early) // 3 :], *late])
    check(live, published(folder(), [*articles, *crowd()]))


def test_rows_beyond_the_release_are_judged_by_their_neighbours_alone(make_release: MakeRelease) -> None:
    """A copy that is no neighbour is not looked for, unless its words are the very same."""
    base = make_release([article(1, body=prose(1)), *crowd()])
    nobody = Neighbours.unknown(NOBODY)
    for body, number in ((f"{prose(1)} more", -1), (prose(1), 0)):
        placing = Extension(base)._stories.place(article(2), f"Story 1\n{body}", 100, nobody, NOBODY).placing
        assert placing.text_group == number
