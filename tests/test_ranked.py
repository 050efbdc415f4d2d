"""What the night ranked answers as if it were ranked at the request."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from conftest import MakeRelease, article, published
from fakes import FakeEmbedder
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_laws import NOW, articles, narrowings, overlays
from test_standing import Clock, rule

from recsys import Recommender, Release
from recsys.answers import Fallback
from recsys.articles import Article, AuthorName, Status
from recsys.columns import ListColumn, Rows
from recsys.eligibility import Eligibility
from recsys.extension import Extension
from recsys.lifecycle import Lifecycle
from recsys.overlay import Overlay
from recsys.page import Page
from recsys.ranked import BY_AUTHOR, MOST
from recsys.ranking import Weights
from recsys.rules import Action, Kind, Rule
from recsys.variety import AS_RANKED, Variety

OTHERS = Weights(section=0.3, tempo=0.0)
CHOICES = [Variety(), AS_RANKED, Variety(copies=False, per_event=1)]


@pytest.fixture(scope="module", params=[(8, 50), (2, 0)], ids=["near to most", "near to few"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """One paper, ranked at night for the weights of the service, and for others."""
    paper = [*articles(), *(replace(one, id=f"{one.id}-again") for one in articles()[:20])]  # each second one a copy
    folders = [tmp_path_factory.mktemp(name) for name in ("so", "otherwise")]
    neighbours, kin = request.param
    return (
        published(folders[0], paper, neighbours=neighbours, kin=kin),
        published(folders[1], paper, neighbours=neighbours, kin=kin, weights=OTHERS),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 59), k=st.integers(0, 30), overlay=st.one_of(st.just(Overlay()), overlays),
    asked=narrowings, variety=st.sampled_from(CHOICES), fallback=st.sampled_from(Fallback),
)  # fmt: skip
def test_lists_ranked_at_night_are_those_ranked_at_the_request(
    both: tuple[Release, Release], number: int, k: int, overlay: Overlay, asked: dict[str, object],
    variety: Variety, fallback: Fallback,
) -> None:  # fmt: skip
    key, clock = articles()[number].id, Clock(NOW + timedelta(hours=1))
    fast, slow = (Recommender(one, overlay=overlay, variety=variety, clock=clock) for one in both)
    ours, theirs = (one.related(key, k, 5, 3, fallback=fallback, **asked) for one in (fast, slow))  # type: ignore[arg-type]
    assert replace(ours, release=theirs.release) == theirs
    explained = fast.related(key, k, 5, 3, fallback=fallback, explain=True, **asked)  # type: ignore[arg-type]
    assert [item.score for item in explained.similar] == [item.score for item in ours.similar]
    assert [item.score for item in explained.author] == [item.score for item in ours.author]


def test_whoever_serves_with_other_weights_ranks_at_the_request(both: tuple[Release, Release]) -> None:
    so, otherwise = (Recommender(one, OTHERS) for one in both)
    for one in articles()[:10]:
        ours, theirs = so.similar(one.id, 10), otherwise.similar(one.id, 10)
        assert replace(ours, release=theirs.release) == theirs


def test_a_list_that_is_longer_than_the_night_kept_goes_on(make_release: MakeRelease) -> None:
    """Of one subject there are more than the night keeps for an article, and some are hidden by the request."""
    paper = [article(n, body=f"storm harbour bridge council ferry {n}") for n in range(MOST + 40)]
    fast, slow = (
        Recommender(make_release(paper, neighbours=120, weights=weights), variety=AS_RANKED)
        for weights in (Weights(), OTHERS)
    )
    first = fast.release.first(0)
    assert first is not None
    assert not first.whole
    hidden = {fast.release.ids[row] for row in first.rows.tolist()[:20]}
    for k in (20, 50, 90):
        ours, theirs = fast.similar("a000", k, exclude=hidden), slow.similar("a000", k, exclude=hidden)
        assert replace(ours, release=theirs.release) == theirs
        assert len(ours.items) == min(k, len(paper) - 1 - len(hidden))


def later_view(base: Release, later: list[int]) -> Release:
    """With arrivals: of 40 and above new articles, the others new versions of what the night knew."""
    extension = Extension(base)
    for place, other in enumerate(later):
        new = replace(articles()[other % 60], id=f"new-{place}" if other >= 40 else articles()[other].id, title="New")
        extension.add(new, FakeEmbedder().embed([extension.text(new)])[0])
    return extension.release()


arrivals = st.lists(st.integers(0, 79), min_size=1, max_size=6)


@pytest.mark.parametrize("beyond", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_version_gives_way_to_a_better_one_wherever_that_is_unless_it_is_taken_down(
    make_release: MakeRelease, beyond: bool, gone: bool
) -> None:
    paper = [article(n, body=f"storm harbour bridge council ferry {n}") for n in range(MOST + 40)]
    fast, slow = (planted(make_release(paper, neighbours=120, weights=one), beyond) for one in (Weights(), OTHERS))
    better = fast.ids[int(fast.text_rows[0][0])]
    said = Overlay(changed={better: Lifecycle(status=Status.CANCELED)} if gone else {})
    for k in (3, 10, 60):
        ours, theirs = (Recommender(one, overlay=said).similar("a000", k) for one in (fast, slow))
        assert replace(ours, release=theirs.release) == theirs
        worse = fast.ids[int(fast.text_rows[0][1])]
        assert (worse in {item.id for item in ours.items}) == gone


def planted(release: Release, beyond: bool) -> Release:
    """Of the first article's list the second is a version of one that comes later: of the list, or of those beyond."""
    ranked = Recommender(release, variety=AS_RANKED).similar("a000", MOST + 30).items
    pair = [release.row(ranked[MOST + 20 if beyond else 30].id), release.row(ranked[1].id)]
    release.text_group, release.text_preference = np.full(len(release), -1, np.int32), np.zeros(len(release), np.int32)
    release.text_group[pair], release.text_preference[pair[1]] = 0, 1
    release.text_rows = ListColumn.of([pair])
    return release


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later=arrivals, number=st.integers(0, 59))
@example(later=[0] * 6, number=53)  # the floor is that of the night, however many have come
def test_what_came_since_changes_the_lists_that_it_belongs_to(
    both: tuple[Release, Release], later: list[int], number: int
) -> None:
    ours, theirs = (
        Recommender(later_view(base, later), clock=Clock(NOW)).related(articles()[number].id, 12, 6) for base in both
    )
    assert replace(ours, release=theirs.release) == theirs


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later=arrivals, overlay=overlays, on_new=st.sampled_from([Action.EVERGREEN, Action.BOOST, Action.EXCLUDE]))
def test_what_is_said_of_what_came_since_holds_in_lists_that_were_asked_for_before_and_ends(
    both: tuple[Release, Release], later: list[int], overlay: Overlay, on_new: Action
) -> None:
    factor = 2.0 if on_new is Action.BOOST else 1.0
    rules = [
        replace(rule(on_new, Kind.ARTICLE, f"new-{place}", factor=factor), id=100 + place)
        for place in range(len(later))
    ]
    said = [Overlay(), replace(overlay, rules=(*overlay.rules, *rules)), Overlay()]
    fast, slow = (Recommender(later_view(base, later), clock=Clock(NOW)) for base in both)
    for one in said:
        fast, slow = (view.followed(view.release, one) for view in (fast, slow))
        for asked in articles()[::4]:
            ours, theirs = (view.related(asked.id, 12, 6) for view in (fast, slow))
            assert replace(ours, release=theirs.release) == theirs


def test_what_editors_lift_is_ranked_anew_where_it_may_stand_and_nowhere_else(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One rule must not make the lists of the whole paper slow."""
    subjects = "storm harbour ferry", "school musical council"
    release = make_release(
        [article(n, title="", body=f"{subjects[n % 2]} {n}") for n in range(40)], neighbours=8, kin=0
    )
    lifted = replace(rule(Action.BOOST, Kind.ARTICLE, "a010", factor=2.0), id=1)
    recommender, ranked = Recommender(release, overlay=Overlay(rules=(lifted,)), clock=Clock(NOW)), set[int]()
    plain = Page.ranked

    def noted(page: Page, eligible: Eligibility) -> Rows:
        ranked.add(page.row)
        return plain(page, eligible)

    monkeypatch.setattr(Page, "ranked", noted)
    for row in range(40):
        recommender.similar(release.ids[row], 5)
    assert ranked == {row for row in range(40) if 10 in release.neighbours(row).rows}
    assert 0 < len(ranked) <= 20


@pytest.mark.parametrize(
    "said",
    [
        rule(Action.BOOST, Kind.ARTICLE, "a010", factor=2.0),
        rule(Action.EVERGREEN, Kind.ARTICLE, "a010"),
        rule(Action.IGNORE, Kind.TAG, "storm"),
        rule(Action.IGNORE, Kind.SECTION, "news/local"),
        rule(Action.IGNORE, Kind.AUTHOR, "Ines Vallory"),
    ],
    ids=lambda said: f"{said.action} {said.subject.kind}",
)
def test_each_rule_that_changes_a_score_changes_it_in_all_lists(both: tuple[Release, Release], said: Rule) -> None:
    fast, slow, before = (
        Recommender(one, overlay=Overlay(rules=rules), clock=Clock(NOW))
        for one, rules in ((both[0], (replace(said, id=1),)), (both[1], (replace(said, id=1),)), (both[0], ()))
    )
    changed = 0
    for one in articles():
        ours, theirs, plain = (made.related(one.id, 12, 8) for made in (fast, slow, before))
        assert replace(ours, release=theirs.release) == theirs
        changed += ours != plain
    assert changed > 0


def test_what_editors_lift_has_its_score_beside_the_author_of_a_page_that_it_is_not_near_to(
    make_release: MakeRelease,
) -> None:
    """Ann has changed her subject: none of what she writes now is near to what she wrote."""
    subjects = "storm harbour ferry", "school musical council"
    paper = [article(n, title="", body=f"{subjects[n // 30]} {n}", authors=(AuthorName("Ann Lee"),)) for n in range(60)]
    fast, slow = (make_release(paper, neighbours=4, kin=0, weights=one) for one in (Weights(), OTHERS))
    assert 59 not in fast.neighbours(0).rows
    lifted = Overlay(rules=(replace(rule(Action.BOOST, Kind.ARTICLE, "a059", factor=2.0), id=1),))
    ours, theirs = (Recommender(one, overlay=lifted, clock=Clock(NOW)).related("a000", 3, 3) for one in (fast, slow))
    assert replace(ours, release=theirs.release) == theirs
    assert ours.author != Recommender(fast, clock=Clock(NOW)).related("a000", 3, 3).author


def test_the_night_keeps_the_newest_of_the_authors_with_their_scores(both: tuple[Release, Release]) -> None:
    release = both[0]
    for row in range(len(release)):
        first, own = release.first(row), set(release.authors[row].tolist())
        assert first is not None
        theirs = [one for one in release.recent.tolist() if own & set(release.authors[one].tolist()) and one != row]
        assert first.more.tolist() == theirs[:BY_AUTHOR]
        assert first.scores_of(theirs[:BY_AUTHOR]) is not None


def test_one_article_alone_and_none_at_all_are_ranked(make_release: MakeRelease) -> None:
    lonely: list[Article] = [article(1)]
    assert Recommender(make_release(lonely)).similar("a001", 5).items == ()
    assert len(make_release([]).ranked) == 0
