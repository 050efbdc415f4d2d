"""What the newsroom says is in force from the second it begins to the second it ends, without another build."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import DAY_ZERO, MakeRelease, article, published

from recsys import Recommender, Release
from recsys.answers import Filled, Source
from recsys.articles import Article, AuthorName, Status
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.rules import LARGEST_FACTOR, SMALLEST_FACTOR, Action, Kind, Rule, Subject, Widget

NOW = DAY_ZERO + timedelta(days=100)
SECOND = timedelta(seconds=1)
INES, RORY = AuthorName("Ines Vallory"), AuthorName("Rory McAldane")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now.timestamp()


def paper() -> list[Article]:
    return [
        article(
            n,
            title=f"Court case number {n}" if n % 5 == 0 else f"Story {n}",
            section="news/local" if n % 2 else "sport",
            authors=(INES,) if n % 3 == 0 else (RORY,),
            tags=("Harbour",) if n % 4 == 0 else (),
        )
        for n in range(20)
    ]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("paper"), paper(), neighbours=30)


def rule(action: Action, kind: Kind = Kind.EVERYTHING, value: str = "", **more: Any) -> Rule:
    known: dict[str, Any] = {"owner": "A. Editor", "reason": "because", "starts_at": DAY_ZERO, "ends_at": None}
    return Rule(action, Subject(kind, value), **{**known, **more})


def overlay(*rules: Rule, **changed: Lifecycle) -> Overlay:
    return Overlay(changed=changed, rules=tuple(replace(one, id=place + 1) for place, one in enumerate(rules)))


def shown(release: Release, said: Overlay, article_id: str = "a001", now: datetime = NOW) -> list[str]:
    return [item.id for item in Recommender(release, overlay=said, clock=Clock(now)).similar(article_id, 19).items]


def test_an_embargo_and_an_expiry_hold_to_the_second_and_need_no_build(make_release: MakeRelease) -> None:
    articles = paper()
    articles[2] = replace(articles[2], embargoed_until=NOW, expires_at=NOW + 5 * SECOND)
    clock = Clock(NOW - SECOND)
    recommender = Recommender(make_release(articles), clock=clock)
    seen = []
    for _ in range(8):
        lists = recommender.related("a004", 19, 0)
        seen.append("a002" in {item.id for item in lists.similar})
        assert recommender.gone("a002") != seen[-1]
        clock.now += SECOND
    assert seen == [False, True, True, True, True, True, False, False]


def test_what_the_store_says_later_wins_over_the_release(make_release: MakeRelease) -> None:
    articles = paper()
    articles[2] = replace(articles[2], embargoed_until=NOW + SECOND)
    articles[3] = replace(articles[3], recommendable=False)
    release = make_release(articles)
    assert not {"a002", "a003"} & set(shown(release, Overlay()))
    said = overlay(a002=Lifecycle(), a003=Lifecycle(), a005=Lifecycle(Status.WITHHELD), gone=Lifecycle(Status.RETIRED))
    assert {"a002", "a003"} <= set(shown(release, said))
    assert "a005" not in shown(release, said)


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        ((Kind.ARTICLE, "a004"), {4}),
        ((Kind.ARTICLE, "a999"), set()),
        ((Kind.AUTHOR, "INES VALLORY"), set(range(0, 20, 3))),
        ((Kind.AUTHOR, "ines  vallory"), set(range(0, 20, 3))),
        ((Kind.AUTHOR, "Nobody"), set()),
        ((Kind.SECTION, "News"), set(range(1, 20, 2))),
        ((Kind.SECTION, "news/local/east"), set()),
        ((Kind.TAG, " harbour "), set(range(0, 20, 4))),
        ((Kind.KEYWORD, "court case"), {0, 5, 10, 15}),
        ((Kind.KEYWORD, "COURT-CASE"), {0, 5, 10, 15}),
        ((Kind.KEYWORD, "case court"), set()),
        ((Kind.KEYWORD, "harbour"), set(range(0, 20, 4))),
        ((Kind.KEYWORD, "?!"), set()),
    ],
)
def test_an_excluded_subject_is_in_no_list(release: Release, subject: tuple[Kind, str], meant: set[int]) -> None:
    everything = {f"a{n:03}" for n in range(20)} - {"a001"}
    said = overlay(rule(Action.EXCLUDE, *subject))
    assert set(shown(release, said)) == everything - {f"a{n:03}" for n in meant}


def test_a_rule_holds_from_its_start_to_before_its_end(release: Release) -> None:
    said = overlay(rule(Action.EXCLUDE, Kind.ARTICLE, "a004", starts_at=NOW, ends_at=NOW + 2 * SECOND))
    clock = Clock(NOW - SECOND)
    recommender = Recommender(release, overlay=said, clock=clock)
    seen = []
    for _ in range(5):
        seen.append("a004" in {item.id for item in recommender.similar("a001", 19).items})
        clock.now += SECOND
    assert seen == [True, False, False, True, True]
    clock.now = NOW  # a clock that is put back is believed
    assert "a004" not in {item.id for item in recommender.similar("a001", 19).items}


def test_a_page_that_shows_nothing_is_still_shown_elsewhere_and_the_other_way_round(release: Release) -> None:
    said = overlay(a002=Lifecycle(show_related=False), a004=Lifecycle(recommendable=False))
    recommender = Recommender(release, overlay=said, clock=Clock(NOW))
    page = recommender.related("a002", 3, 3, 3)
    assert (page.similar, page.author, page.coverage) == ((), (), ())
    assert {page.status.similar, page.status.author, page.status.coverage} == {Filled.HIDDEN}
    assert "a002" in shown(release, said)
    assert recommender.similar("a004", 3).status is Filled.FULL
    assert "a004" not in shown(release, said)


def test_a_widget_is_switched_off_everywhere_or_on_some_pages(release: Release) -> None:
    off = Recommender(release, overlay=overlay(rule(Action.HIDE, widget=Widget.AUTHOR)), clock=Clock(NOW))
    for number in range(20):
        page = off.related(f"a{number:03}", 3, 3)
        assert (page.status.similar, page.status.author) == (Filled.FULL, Filled.HIDDEN)
    court = overlay(rule(Action.HIDE, Kind.KEYWORD, "court case"), rule(Action.HIDE, Kind.SECTION, "sport"))
    some = Recommender(release, overlay=court, clock=Clock(NOW))
    hidden = {n for n in range(20) if some.similar(f"a{n:03}", 3).status is Filled.HIDDEN}
    assert hidden == {n for n in range(20) if n % 5 == 0 or n % 2 == 0}


def test_boosts_lift_and_bury_within_bounds_and_keep_scores_in_0_to_1(release: Release) -> None:
    plain = Recommender(release, clock=Clock(NOW)).similar("a001", 19, explain=True).items
    scores = {item.id: item.score for item in plain}
    last, first = plain[-1].id, plain[0].id

    def after(*rules: Rule) -> dict[str, float]:
        items = Recommender(release, overlay=overlay(*rules), clock=Clock(NOW)).similar("a001", 19, explain=True).items
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
        return {item.id: item.score for item in items}

    lifted = after(rule(Action.BOOST, Kind.ARTICLE, last, factor=2.0))
    assert lifted[last] == pytest.approx(1 - (1 - scores[last]) ** 2)
    assert lifted == {**scores, last: lifted[last]}
    buried = after(rule(Action.BOOST, Kind.ARTICLE, first, factor=0.5))
    assert buried[first] == pytest.approx(1 - (1 - scores[first]) ** 0.5)
    many = [rule(Action.BOOST, Kind.ARTICLE, last, factor=LARGEST_FACTOR) for _ in range(4)]
    assert after(*many)[last] == pytest.approx(1 - (1 - scores[last]) ** LARGEST_FACTOR)
    few = [rule(Action.BOOST, Kind.ARTICLE, first, factor=SMALLEST_FACTOR) for _ in range(4)]
    assert after(*few)[first] == pytest.approx(1 - (1 - scores[first]) ** SMALLEST_FACTOR)
    assert after(
        rule(Action.BOOST, Kind.ARTICLE, last, factor=2.0), rule(Action.BOOST, Kind.SECTION, "news", factor=0.5)
    )[last] == pytest.approx(scores[last] if release.section_path(int(release.section[release.row(last)])) != "sport"
                             else 1 - (1 - scores[last]) ** 2)  # fmt: skip


def test_what_is_ignored_makes_nothing_related_and_fills_no_list_but_stays(release: Release) -> None:
    def parts(said: Overlay, part: str) -> dict[str, float]:
        items = Recommender(release, overlay=said, clock=Clock(NOW)).similar("a003", 19, explain=True).items
        return {item.id: (item.parts or {})[part] for item in items}

    for part, subject in (("section", (Kind.SECTION, "news/local")), ("author", (Kind.AUTHOR, "ines vallory"))):
        before, after = parts(overlay(), part), parts(overlay(rule(Action.IGNORE, *subject)), part)
        assert before.keys() == after.keys()
        assert any(before.values())
        assert sum(after.values()) < sum(before.values())
    recommender = Recommender(release, overlay=overlay(rule(Action.IGNORE, Kind.AUTHOR, "Ines Vallory")))
    assert recommender.more_from_author("a003", 5).items == ()
    assert recommender.more_from_author("a001", 5).items != ()
    tags = Recommender(release, overlay=overlay(rule(Action.IGNORE, Kind.TAG, "HARBOUR")))
    assert {(item.parts or {})["tags"] for item in tags.similar("a004", 19, explain=True).items} == {0.0}


def test_an_ignored_section_is_no_fallback_but_the_one_above_it_is(make_release: MakeRelease) -> None:
    articles = [article(n, body=f"only{n}", title=f"t{n}", section="news/local" if n < 5 else "news") for n in range(9)]
    release = make_release(articles, neighbours=1, kin=0)
    ignored = overlay(rule(Action.IGNORE, Kind.SECTION, "news/local"))
    for said, sources in ((overlay(), {"a001", "a002", "a003", "a004"}), (ignored, set())):
        items = Recommender(release, overlay=said, clock=Clock(NOW)).similar("a000", 5).items
        filled = [item.id for item in items if item.source is Source.SECTION]
        assert sources <= set(filled) | {item.id for item in items if item.source is Source.SIMILAR}
        assert len(items) == 5
    assert filled[0] == "a008"


def test_evergreen_articles_do_not_age(make_release: MakeRelease) -> None:
    same = {"title": "one title", "body": "the same words at length"}
    days = {0: 100, 1: 99, 2: 3, 3: 2}
    articles = [article(n, **same, published_at=DAY_ZERO + timedelta(days=d)) for n, d in days.items()]
    articles[3] = replace(articles[3], evergreen=True)
    release = make_release(articles)

    def time_parts(said: Overlay) -> dict[str, float]:
        from recsys import Weights
        from recsys.variety import AS_RANKED

        weights = Weights(freshness_floor=0.2, half_life_days=10)
        items = Recommender(release, weights, said, AS_RANKED, Clock(NOW)).similar("a000", 3, explain=True).items
        return {item.id: (item.parts or {})["time"] for item in items}

    plain = time_parts(overlay())
    assert plain["a003"] == 0 > plain["a001"] > plain["a002"]
    assert time_parts(overlay(rule(Action.EVERGREEN, Kind.ARTICLE, "a002")))["a002"] == 0
    assert time_parts(overlay(a003=Lifecycle(evergreen=False)))["a003"] < plain["a002"]
