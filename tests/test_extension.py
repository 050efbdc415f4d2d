"""A release with what came after it answers as one that is built from all of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_laws import NOW, Reading, articles, check_list, lifecycles, narrowings, overlays
from test_recommender import paper
from test_standing import Clock, rule

from recsys import Recommender, Release
from recsys.answers import Source
from recsys.articles import Article, AuthorName
from recsys.extension import Extension
from recsys.extension.nearness import MOST
from recsys.extension.recent import Recent
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.postings import Terms
from recsys.rules import Action, Kind, Widget
from recsys.standing import WIDGETS
from recsys.variety import AS_RANKED


def extended(base: Release, later: list[Article], embed: bool = True) -> Release:
    extension = Extension(base)
    for one in later:
        extension.add(one, FakeEmbedder().embed([extension.text(one)])[0] if embed else None)
    return extension.release()


def lists(release: Release, article_id: str, k: int) -> set[str]:
    return {item.id for item in Recommender(release, variety=AS_RANKED).similar(article_id, k).items}


def test_neighbours_are_those_of_a_rebuilt_release_but_for_what_an_archive_of_another_size_counts(
    make_release: MakeRelease,
) -> None:
    """Rarity, tempo and the base of cosines stay those of the night: a small archive of few words feels it most."""
    everything = paper(5, 200)
    later = everything[3::20]
    live = extended(make_release([one for one in everything if one not in later], neighbours=30), later)
    check_recall(live, make_release(everything, neighbours=30), everything, later)


def check_recall(live: Release, rebuilt: Release, everything: list[Article], later: list[Article]) -> None:
    """Lists of ten agree with those of a rebuilt release: 0.7 of an arrival's own, 0.8 of all others'."""
    found = {one.id: len(lists(live, one.id, 10) & lists(rebuilt, one.id, 10)) / 10 for one in everything}
    new = {one.id for one in later}
    assert np.mean([share for key, share in found.items() if key in new]) >= 0.7
    assert np.mean([share for key, share in found.items() if key not in new]) >= 0.8
    old = [one.id for one in everything if one.id not in new]
    shown = [(lists(live, key, 10) & new, lists(rebuilt, key, 10) & new) for key in old]
    assert sum(len(both & rest) for both, rest in shown) >= 0.7 * sum(len(rest) for _, rest in shown)
    for one in everything[:40]:
        ours, theirs = (
            Recommender(release, variety=AS_RANKED).more_from_author(one.id, 100).items for release in (live, rebuilt)
        )
        assert [item.published_at for item in ours] == [item.published_at for item in theirs]


def test_similarities_are_those_that_the_night_would_measure(make_release: MakeRelease) -> None:
    everything = [
        article(n, title=f"T{n}", body=f"storm harbour bridge{n % 7} council{n % 5} ferry{n % 3}") for n in range(80)
    ]
    live = extended(make_release(everything[:-1], neighbours=80), everything[-1:])
    rebuilt = make_release(everything, neighbours=80)
    ours, theirs = (
        release.neighbours(release.row("a079")).lookup(np.array([release.row(f"a{n:03}") for n in range(79)]))
        for release in (live, rebuilt)
    )
    assert ours.cosine == pytest.approx(theirs.cosine, abs=1e-5)
    assert ours.words == pytest.approx(theirs.words, abs=0.05)
    assert np.corrcoef(ours.kin, theirs.kin)[0, 1] > 0.95
    assert ours.kin == pytest.approx(theirs.kin, abs=0.05)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """The paper of the laws: built whole, and with its last third laid over the rest, some of it changed twice."""
    whole = list(articles())
    first = [*whole[:40], *(replace(one, title="An older title", section="") for one in whole[40:45])]
    base = published(tmp_path_factory.mktemp("base"), first, neighbours=8)
    later = [*whole[40:50], replace(whole[50], body="an older text"), *whole[50:]]
    return extended(base, later), published(tmp_path_factory.mktemp("whole"), whole, neighbours=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 59), k=st.integers(0, 70), overlay=overlays, asked=narrowings, hours=st.integers(-4, 4))
def test_every_filter_and_every_rule_is_obeyed_as_in_a_rebuilt_release(
    halves: tuple[Release, Release], number: int, k: int, overlay: Overlay, asked: dict[str, object], hours: int
) -> None:
    check_filters(halves, number, k, overlay, asked, hours)


def check_filters(
    halves: tuple[Release, Release], number: int, k: int, overlay: Overlay, asked: dict[str, object], hours: int
) -> None:
    """One with arrivals and one that is built from all obey, and agree in all that filters."""
    now, own = NOW + timedelta(hours=hours), articles()[number]
    live, rebuilt = (Recommender(release, overlay=overlay, variety=AS_RANKED, clock=Clock(now)) for release in halves)
    may = Reading(overlay, now).eligible(own, AS_RANKED, **asked)
    pages = [one.related(own.id, k, 9, explain=True, **asked) for one in (live, rebuilt)]  # type: ignore[arg-type]
    assert pages[0].status == pages[1].status
    for name in ("similar", "author"):
        ours, theirs = (getattr(page, name) for page in pages)
        check_list(ours, may, AS_RANKED)
        assert len(ours) == len(theirs)
    assert [item.id for item in pages[0].author] == [item.id for item in pages[1].author]
    if k >= 60 and not Reading(overlay, now).silent(own, Widget.SIMILAR):
        assert {item.id for item in pages[0].similar} == {item.id for item in pages[1].similar}
    assert live.gone(own.id) == rebuilt.gone(own.id)


def test_what_is_changed_takes_the_place_of_what_it_was(make_release: MakeRelease) -> None:
    ines = (AuthorName("Ines Vallory"),)
    base = make_release([article(n, authors=ines) for n in range(12)])
    moved = article(
        3, title="Another title", url="https://paper.example/moved", section="world/europe", tags=("Harbour",)
    )
    live = extended(base, [moved, replace(moved, title="A third title")])
    assert live.card(live.row("a003")).title == "A third title"
    assert 12 not in live.neighbours(live.row("a003")).rows, "the second takes the place of the first"
    assert live.row_of_url("https://paper.example/moved") == live.row("a003") >= 12
    with pytest.raises(LookupError):
        live.row_of_url("https://paper.example/story/3")
    again = extended(base, [moved, replace(moved, url="https://paper.example/moved-again")])
    assert again.row_of_url("https://paper.example/moved-again") == again.row("a003")
    with pytest.raises(LookupError):
        again.row_of_url("https://paper.example/moved")
    recommender = Recommender(live, variety=AS_RANKED)
    for key in (f"a{n:03}" for n in range(12)):
        page = recommender.related(key, 20, 20)
        assert [item.id for item in page.similar + page.author].count("a003") == (key != "a003")
        assert "a003" not in {item.id for item in page.author}, "it has another author now"
    assert {item.id for item in recommender.similar("a000", 20, section="World").items} == {"a003"}
    assert recommender.similar("a003", 20).items
    assert {item.id for item in Recommender(base).more_from_author("a000", 20).items} >= {"a003"}, "the night's stays"


def test_without_a_vector_an_article_is_found_by_its_words_author_and_section(make_release: MakeRelease) -> None:
    base = make_release([article(n, authors=(AuthorName("Ines Vallory"),), section="news") for n in range(30)])
    new = article(99, title="Story 1 again", body="word1 word1 harbour council", authors=(AuthorName("Ines Vallory"),))
    live = Recommender(extended(base, [new], embed=False), variety=AS_RANKED)
    assert live.similar("a099", 5).items[0].source is Source.SIMILAR
    assert "a099" in {item.id for item in live.similar("a001", 30).items if item.source is Source.SIMILAR}
    assert live.more_from_author("a001", 3).items[0].id == "a099"


def test_new_sections_authors_and_tags_are_known_at_once(tmp_path: Path) -> None:
    base = published(tmp_path, [article(n) for n in range(10)])
    late = [
        article(n, section="world/africa/kenya", authors=(AuthorName("Bo Day"), AuthorName("Li Wei")), tags=("Vote",))
        for n in (20, 21)
    ]
    live = extended(base, late)
    assert live.section_path(live.section_node("World/Africa")) == "world/africa"
    assert live.section_node("world/asia") == -1
    assert live.rows_by_tag["vote"].tolist() == live.rows_by_word["vote"].tolist() == [10, 11]
    assert live.authors_by_name["li wei"].tolist() == live.authors[10].tolist()[1:]
    assert live.co_authors[int(live.authors[10][0])].tolist() == [int(live.authors[10][1])]
    assert {item.id for item in Recommender(live).more_from_author("a020", 5).items} == {"a021"}
    (parts,) = Recommender(live).parts("a020", ["a021"])
    assert min(parts[name] for name in ("section", "author", "tags")) > 0
    assert len(live) == 12
    assert live.recent[:2].tolist() == [11, 10]


def test_what_is_known_already_need_not_be_measured_again(make_release: MakeRelease) -> None:
    base = make_release([article(n) for n in range(5)])
    extension = Extension(base)
    assert extension.knows(article(1), True)
    assert extension.knows(replace(article(1), show_related=False, expires_at=DAY_ZERO), True), (
        "shown elsewhere, no text"
    )
    assert not extension.knows(replace(article(1), title="Another"), False)
    assert not extension.knows(article(9), False)
    extension.add(article(9), None)
    assert extension.knows(article(9), False)
    assert not extension.knows(article(9), True), "its vector has come"
    assert extension.release() is not base
    assert len(extension) == 1


def test_tags_old_and_new_are_found_among_many(make_release: MakeRelease) -> None:
    base = make_release([article(n, tags=(f"tag{n:02}",)) for n in range(20)])
    live = extended(base, [article(50, tags=("tag05", "a new one", "zebra")), article(51, tags=("a new one",))])
    assert live.rows_by_tag["tag05"].tolist() == [5, 20]
    assert live.rows_by_tag["tag19"].tolist() == [19]
    assert live.rows_by_tag["a new one"].tolist() == [20, 21]
    assert [live.rows_by_tag.place(tag) >= 20 for tag in ("a new one", "zebra", "tag05", "nothing")] == [
        True,
        True,
        False,
        False,
    ]
    assert live.rows_by_tag.place("nothing") == -1
    assert {live.rows_by_tag.texts[int(tag)] for tag in live.tags[20]} == {"tag05", "a new one", "zebra"}


def everything_of(release: Release) -> dict[str, object]:
    """What any request could read of a release."""
    rows = range(len(release))
    lists = ("authors", "tags", "section_rows", "author_rows", "text_rows", "event_rows", "co_authors")
    numbers = (
        "published", "text_length", "site", "section", "flags", "visible_from", "visible_until", "text_group",
        "event_group", "text_preference", "section_ancestors", "section_rarity", "tag_rarity", "recent", "replaced",
    )  # fmt: skip
    words = sorted({word for row in rows for word in release.card(row).title.casefold().split()} | {"rare", "topic"})
    names = sorted({name.casefold() for row in rows for name in release.card(row).authors})
    return {
        **{name: getattr(release, name).tolist() for name in numbers},
        **{name: [getattr(release, name)[n].tolist() for n in range(len(getattr(release, name)))] for name in lists},
        "ids": [release.ids[row] for row in rows],
        "urls": [release.urls[row] for row in rows],
        "rows": {key: release.rows([key]) for key in {release.ids[row] for row in rows}},
        "cards": [release.card(row) for row in rows],
        "sections": [release.section_path(node) for node in range(len(release.section_rarity))],
        "nodes": [release.section_node(release.section_path(node)) for node in range(len(release.section_rarity))],
        "tag names": [release.rows_by_tag.texts[n] for n in range(len(release.rows_by_tag.texts))],
        "by tag": [release.rows_by_tag[tag].tolist() for tag in ("a", "b", "new", "newer")],
        "by word": {word: release.rows_by_word[word].tolist() for word in words},
        "by name": {name: release.authors_by_name[name].tolist() for name in names},
        "neighbours": [
            sorted(
                zip(near.rows.tolist(), *(np.nan_to_num(column, nan=-9.0).tolist() for column in measured), strict=True)
            )
            for near in map(release.neighbours, rows)
            for measured in [(near.cosine, near.words, near.names, near.kin)]
        ],
    }


newcomers = st.lists(
    st.builds(
        lambda number, title, section, author, tags, hour: article(
            number, title=title, section=section, authors=author, tags=tags, published_at=hour,
            url=f"https://paper.example/{title.replace(' ', '-')}" if number % 2 else f"https://paper.example/story/{number}",
        ),
        st.integers(0, 12),
        st.sampled_from(["Storm in the harbour", "Council votes", "A rare topic"]),
        st.sampled_from(["", "news", "news/local", "culture/film", "Culture"]),
        st.sampled_from([(), (AuthorName("Ines Vallory"),), (AuthorName("Bo Day"), AuthorName("Ines Vallory"))]),
        st.sampled_from([(), ("a",), ("a", "new"), ("newer",)]),
        st.sampled_from([None, DAY_ZERO, DAY_ZERO + timedelta(days=3), DAY_ZERO + timedelta(days=90)]),
    ),
    min_size=2,
    max_size=10,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later=newcomers, first=st.integers(1, 9))
def test_a_view_stays_as_it_was_while_more_come_and_is_the_same_however_often_one_was_taken(
    small_paper: Release, later: list[Article], first: int
) -> None:
    growing = Extension(small_paper)
    seen = []
    for place, one in enumerate(later):
        growing.with_draft(later[-place], None)  # it changes nothing
        growing.add(one, FakeEmbedder().embed([growing.text(one)])[0] if place % 3 else None)
        if place >= first - 1 or place == 0:
            view = growing.release()
            seen.append((view, everything_of(view)))
    for view, before in seen:
        assert everything_of(view) == before
    at_once = Extension(small_paper)
    for place, one in enumerate(later):
        at_once.add(one, FakeEmbedder().embed([at_once.text(one)])[0] if place % 3 else None)
    assert everything_of(at_once.release()) == everything_of(growing.release())


@pytest.fixture(scope="module")
def small_paper(tmp_path_factory: pytest.TempPathFactory) -> Release:
    ines = (AuthorName("Ines Vallory"),)
    first = [
        article(n, authors=ines if n % 2 else (), section="news", tags=("a",) if n % 3 else ("b",)) for n in range(8)
    ]
    return published(tmp_path_factory.mktemp("small"), first, neighbours=4)


@settings(max_examples=50, deadline=None)
@given(
    texts=st.lists(st.dictionaries(st.integers(0, 30), st.sampled_from([0.25, 0.5, 1.0]), max_size=8), max_size=40),
    asked=st.dictionaries(st.integers(0, 30), st.sampled_from([0.25, 0.5, 1.0]), max_size=8),
)
def test_words_of_arrivals_are_compared_as_pair_by_pair(texts: list[dict[int, float]], asked: dict[int, float]) -> None:
    def terms(text: dict[int, float]) -> Terms:
        keys = sorted(text)
        weights = np.array([text[key] / 2 for key in keys], np.float32)
        return Terms(np.array(keys, np.uint32), weights, np.array([key % 3 == 0 for key in keys], np.bool_))

    def cosine(other: dict[int, float]) -> float:
        both = asked.keys() & other.keys()
        fresh = [sum((text[key] / 2) ** 2 for key in both if key % 3 == 0) for text in (asked, other)]
        product = sum(asked[key] * other[key] / 4 for key in both)
        return float(min(1.0, product / np.sqrt((1 + fresh[0]) * (1 + fresh[1]))))

    recent = Recent()
    for text in texts:
        recent.add(terms(text))
    assert recent.similarities(terms(asked)).tolist() == pytest.approx([cosine(text) for text in texts], abs=1e-5)


def test_of_many_arrivals_near_to_one_article_the_nearest_are_kept(make_release: MakeRelease) -> None:
    base = make_release([article(n) for n in range(3)])
    same = article(0).body
    extension = Extension(base)
    for n in range(130):
        extension.add(article(100 + n, body=same if n == 5 else f"{same} and {n} harbour storm{n} ferry{n}"), None)
    later = [row for row in extension.release().neighbours(0).rows.tolist() if row >= 3]
    assert MOST <= len(later) < 2 * MOST
    assert 8 in later, "the sixth to come is the nearest"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["change", "arrive", "both", "rules", "lost"]), st.integers(0, 9), lifecycles),
        max_size=8,
    )
)
def test_what_follows_from_change_to_change_is_what_is_worked_out_from_nothing(
    small_paper: Release, steps: list[tuple[str, int, Lifecycle]]
) -> None:
    extension, known, recommender = Extension(small_paper), Overlay(), Recommender(small_paper, clock=Clock(NOW))
    for place, (step, number, life) in enumerate(steps):
        key = f"a{number:03}"
        if step in ("arrive", "both"):
            extension.add(article(number, title=f"Version {place}"), None)
        if step in ("change", "both", "rules", "lost"):
            latest = {} if step == "rules" else {key: life}
            before = -7 if step == "lost" else known.upto
            rules = (
                (replace(rule(Action.EXCLUDE, Kind.ARTICLE, key), id=place + 1),) if step == "rules" else known.rules
            )
            known = Overlay(0, known.upto + 1, {**known.changed, **latest}, rules, place, before, latest)
        recommender = recommender.followed(extension.release(), known)
        fresh = Recommender(recommender.release, overlay=known, clock=Clock(NOW))
        ours, theirs = recommender.standing, fresh.standing
        assert (ours.since, ours.until) == (theirs.since, theirs.until)
        for name in ("gone", "hidden"):
            assert getattr(ours, name).tolist() == getattr(theirs, name).tolist()
        assert [ours.silent[w].tolist() for w in WIDGETS] == [theirs.silent[w].tolist() for w in WIDGETS]
        assert ours.matching.evergreen.tolist() == theirs.matching.evergreen.tolist()
        assert recommender.floor == fresh.floor
