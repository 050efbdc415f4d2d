"""What is no nearer than chance is not called similar, whatever the model's cosines look like."""

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from test_recommender import paper

from recsys import Recommender, Release, Weights
from recsys.answers import Fallback, Filled, Source
from recsys.articles import Article
from recsys.floor import LEAST, floor
from recsys.ranking import TEXT_PARTS
from recsys.variety import AS_RANKED


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("paper"), paper(5, 300), neighbours=300)


def relevances(release: Release, article_id: str, weights: Weights) -> dict[str, float]:
    """Of every other article, by text."""
    others = [key for key in (release.ids[row] for row in range(len(release))) if key != article_id]
    found = Recommender(release, weights).parts(article_id, others)
    return {key: sum(parts[name] for name in TEXT_PARTS) for key, parts in zip(others, found, strict=True)}


def test_the_floor_is_passed_by_as_many_random_pairs_as_it_says(release: Release) -> None:
    """Kin is left out: of random pairs it is not measured, so that the floor errs on the low side."""
    weights = Weights(kin_short=0, kin_long=0, floor=0.7)
    found = [
        sum(parts[name] for name in TEXT_PARTS)
        for row in range(0, 300, 10)
        for parts in Recommender(release, weights).parts(
            release.ids[row], [release.ids[other] for other in range(300) if other != row]
        )
    ]
    assert (np.array(found) >= floor(release, weights)).mean() == pytest.approx(0.3, abs=0.04)


def test_only_what_reaches_the_floor_is_similar_and_the_rest_is_filled_or_left_out(release: Release) -> None:
    recommender = Recommender(release, Weights(kin_short=0, kin_long=0), variety=AS_RANKED)
    assert recommender.floor > 0
    relevance = relevances(release, "a007", recommender.weights)
    near = {key for key, value in relevance.items() if value >= recommender.floor}
    assert 0 < len(near) < 100
    full, bare = (recommender.similar("a007", 100, fallback=fallback) for fallback in (Fallback.RECENT, Fallback.NONE))
    assert {item.id for item in full.items if item.source is Source.SIMILAR} == near
    assert {item.id for item in bare.items} == near
    assert (full.status, bare.status) == (Filled.FULL, Filled.SHORT)


def test_an_article_that_has_nothing_to_do_with_any_other_has_an_honest_empty_list(make_release: MakeRelease) -> None:
    alone = Article("z", "Quixotic zebras", body="xylophones jumped vexingly", published_at=DAY_ZERO)
    recommender = Recommender(make_release([*paper(5, 150), alone]), Weights(kin_short=0))
    assert recommender.similar("z", 5, fallback=Fallback.NONE).status is Filled.EMPTY
    assert {item.source for item in recommender.similar("z", 5).items} == {Source.RECENT}
    assert recommender.similar("a000", 5, fallback=Fallback.NONE).status is Filled.FULL


def test_the_floor_can_be_switched_off_and_a_small_archive_has_none(
    release: Release, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert floor(release, Weights(floor=0)) == 0
    assert floor(release, Weights(floor=0.5)) < floor(release, Weights(floor=0.9)) == floor(release, Weights(floor=1))
    assert pytest.approx(0.833, abs=1e-3) == 1 - LEAST / 300, "the last two are held at this share"
    small = published(tmp_path_factory.mktemp("small"), [article(n) for n in range(LEAST)])
    assert floor(small, Weights()) == 0
    assert floor(published(tmp_path_factory.mktemp("one"), [article(0)]), Weights()) == 0
