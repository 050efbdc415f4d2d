"""Of the versions of one text the preferred one is shown, wherever it may be; a list is not all on one event."""

import numpy as np
import pytest
from conftest import MakeRelease, article
from test_standing import NOW, Clock, overlay, rule

from recsys import Recommender, Release
from recsys.answers import Answer, Order, Source
from recsys.articles import AuthorName
from recsys.columns import ListColumn
from recsys.errors import ConfigError
from recsys.ranking import Weights
from recsys.rules import Action, Kind
from recsys.variety import Variety

INES = (AuthorName("Ines Vallory"),)


@pytest.fixture
def release(make_release: MakeRelease) -> Release:
    """Of the twelve articles 2, 5 and 8 are one text, 5 to be shown first and then 2; 3, 4, 6 and 7 are one event."""
    release = make_release([article(n, section="news", authors=INES) for n in range(12)], neighbours=12)
    release.text_group, release.event_group = np.full((2, 12), -1, np.int32)
    release.text_preference = np.zeros(12, np.int32)
    release.text_group[[5, 2, 8]], release.text_preference[[5, 2, 8]] = 0, [0, 1, 2]
    release.text_rows = ListColumn.of([[5, 2, 8]])
    release.event_group[[3, 4, 6, 7]] = 0
    release.event_rows = ListColumn.of([[7, 6, 4, 3]])
    return release


def lists(recommender: Recommender, **asked: object) -> dict[str, Answer]:
    """Every way to fill a list."""
    everything = {"similar": recommender.similar("a000", 12, **asked)}  # type: ignore[arg-type]
    for order in Order:
        everything[order] = recommender.more_from_author("a000", 12, order=order, **asked)  # type: ignore[arg-type]
    others = Weights(tempo=0.0)  # the night has not ranked for these
    barren = Recommender(recommender.release, others, overlay=recommender.overlay, variety=recommender.variety)
    barren.floor = 2.0  # nothing is similar
    everything["fallback"] = barren.similar("a000", 12, **asked)  # type: ignore[arg-type]
    return everything


def shown(answer: Answer, numbers: set[int]) -> set[int]:
    return {int(item.id[1:]) for item in answer.items} & numbers


def test_the_preferred_version_is_shown_in_every_list(release: Release) -> None:
    found = lists(Recommender(release))
    assert {item.source for item in found["fallback"].items} == {Source.SECTION}
    for name, answer in found.items():
        assert shown(answer, {2, 5, 8}) == {5}, name
    for name, answer in lists(Recommender(release, variety=Variety(copies=True))).items():
        assert shown(answer, {2, 5, 8}) == {2, 5, 8}, name


def test_where_the_preferred_version_may_not_be_shown_the_next_one_is(release: Release) -> None:
    said = overlay(rule(Action.EXCLUDE, Kind.ARTICLE, "a005"))
    for name, answer in lists(Recommender(release, overlay=said, clock=Clock(NOW))).items():
        assert shown(answer, {2, 5, 8}) == {2}, name
    for name, answer in lists(Recommender(release), exclude=["a008"]).items():
        assert shown(answer, {2, 5, 8}) == set(), f"{name}: a reader who has seen one version has seen them all"
    assert not shown(Recommender(release).similar("a002", 12), {2, 5, 8})


def test_an_event_has_so_many_places_in_every_list_and_coverage_has_them_all(release: Release) -> None:
    for most in (1, 2, 3, None):
        for name, answer in lists(Recommender(release, variety=Variety(per_event=most))).items():
            assert len(shown(answer, {3, 4, 6, 7})) == (most or 4), name
    coverage = Recommender(release, variety=Variety(per_event=1)).coverage("a004")
    assert [item.id for item in coverage.items] == ["a007", "a006", "a003"]
    assert {item.source for item in coverage.items} == {Source.COVERAGE}
    assert Recommender(release).coverage("a000").items == ()


@pytest.mark.parametrize("most", [0, -1, True])
def test_a_limit_below_one_is_refused(most: int) -> None:
    with pytest.raises(ConfigError, match="per_event is"):
        Variety(per_event=most)
