"""As of a moment, no list and no fallback shows what was published later."""

from copy import copy
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys import Recommender, Release
from recsys.answers import Source
from recsys.articles import Article, AuthorName
from recsys.eligibility import Eligibility, Filters
from recsys.errors import ConfigError

INES = AuthorName("Ines Vallory")
SECOND = timedelta(seconds=1)


def paper() -> list[Article]:
    """50 articles, one a day; every seventh has no date, three of four a section, every third is by Ines."""
    return [
        article(
            n,
            section=("", "news/local", "news", "news/local")[n % 4],
            authors=(INES,) if n % 3 == 0 else (),
            published_at=None if n % 7 == 0 else DAY_ZERO + timedelta(days=n),
        )
        for n in range(50)
    ]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return published(tmp_path_factory.mktemp("paper"), paper(), neighbours=5)  # few, so that the fallbacks are needed


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, 49), day=st.floats(-2, 52), zone=st.integers(-12, 14))
def test_as_of_a_moment_every_list_holds_all_that_was_published_by_then_and_no_more(
    release: Release, number: int, day: float, zone: int
) -> None:
    own, moment = f"a{number:03}", (DAY_ZERO + timedelta(days=day)).astimezone(timezone(timedelta(hours=zone)))
    may = {a.id for a in paper() if a.id != own and a.published_at is not None and a.published_at <= moment}
    by_ines = {a.id for a in paper() if a.authors} & may if number % 3 == 0 else set()
    recommender = Recommender(release)
    assert {item.id for item in recommender.similar(own, 100, as_of=moment).items} == may
    assert {item.id for item in recommender.more_from_author(own, 100, as_of=moment).items} == by_ines
    both = recommender.related(own, 100, 100, as_of=moment)
    assert {item.id for item in both.author} == by_ines
    assert {item.id for item in both.similar} == may - by_ines


def test_the_fallbacks_are_among_the_lists_that_were_tried(release: Release) -> None:
    items = Recommender(release).similar("a049", 100, as_of=DAY_ZERO + timedelta(days=60)).items
    assert {item.source for item in items} == {Source.SIMILAR, Source.SECTION, Source.RECENT}


@pytest.mark.parametrize("moment", [datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(1965, 1, 5, 6, tzinfo=UTC)])
def test_the_moment_itself_is_past_and_the_next_second_is_not(make_release: MakeRelease, moment: datetime) -> None:
    release = make_release([article(1), article(2, published_at=moment)])

    def shown(as_of: datetime) -> bool:
        return any(item.id == "a002" for item in Recommender(release).similar("a001", as_of=as_of).items)

    assert shown(moment)
    assert shown(moment.astimezone(timezone(timedelta(hours=-7))))
    assert shown(moment + timedelta(microseconds=1))
    assert not shown(moment - timedelta(microseconds=1))
    assert not shown(moment - SECOND)


@pytest.mark.parametrize("moment", [datetime.min, datetime.max])
def test_the_first_and_the_last_moment_there_are_may_be_asked_for(release: Release, moment: datetime) -> None:
    for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        items = Recommender(release).similar("a001", 100, as_of=moment.replace(tzinfo=zone)).items
        assert bool(items) is (moment == datetime.max)


@pytest.mark.parametrize("name", ["as_of", "published_after"])
def test_a_moment_without_a_zone_is_refused(release: Release, name: str) -> None:
    naive = datetime(2026, 1, 5)
    with pytest.raises(ConfigError, match=f"{name} is 2026-01-05T00:00:00, which has no time zone"):
        Filters(**{name: naive})
    recommender = Recommender(release)
    for ask in (recommender.similar, recommender.more_from_author, recommender.related):
        with pytest.raises(ConfigError, match="no time zone"):
            ask("a001", **{name: naive})


@settings(max_examples=200, deadline=None)
@given(
    own=st.integers(0, 49), hidden=st.sets(st.integers(0, 49)), taken=st.sets(st.integers(0, 49), max_size=20),
    exclude=st.sets(st.integers(0, 60), max_size=20), copies=st.booleans(),
    section=st.sampled_from([None, None, "news", "news/local", "nowhere"]),
    without=st.sampled_from([(), (), ("news/local",), ("nowhere", "news")]),
    after=st.one_of(st.none(), st.integers(-1, 51)), before=st.one_of(st.none(), st.integers(-1, 51)),
)  # fmt: skip
def test_one_by_one_the_same_are_eligible_as_all_at_once(
    release: Release, own: int, hidden: set[int], taken: set[int], exclude: set[int], copies: bool,
    section: str | None, without: tuple[str, ...], after: int | None, before: int | None,
) -> None:  # fmt: skip
    moments = [None if day is None else DAY_ZERO + timedelta(days=day) for day in (after, before)]
    filters = Filters({f"a{n:03}" for n in exclude}, section, without, *moments)
    mask, rows = np.isin(np.arange(50), list(hidden)), np.random.default_rng(own).permutation(50)
    eligible = Eligibility(with_versions(release), own, filters, mask, taken, copies)
    assert list(eligible.among(rows)) == rows[eligible.mask(rows)].tolist()


def with_versions(release: Release) -> Release:
    """The release with every third article a version of one text."""
    found = copy(release)
    found.text_group = np.where(np.arange(50) % 3 == 0, 0, -1).astype(np.int32)
    return found
