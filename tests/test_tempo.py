"""The tempo: evidence only where related articles lie in time as any two do not."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest
from conftest import DAY_ZERO, MakeRelease, article
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import evidence, scale

from recsys import Recommender, Weights
from recsys.tempo import GRID, Tempo
from recsys.variety import AS_RANKED

Floats = npt.NDArray[np.float64]
FAR = 10.0 ** GRID[-1]
days = st.lists(st.one_of(st.just(np.nan), st.just(0.0), st.floats(-6, 5).map(lambda x: 10.0**x)), max_size=60)


def any_two(years: float, pairs: int = 50_000, seed: int = 0) -> Floats:
    """Days between any two articles of an archive that grew evenly for so many years."""
    random = np.random.default_rng(seed)
    return np.abs(random.uniform(0, 365 * years, pairs) - random.uniform(0, 365 * years, pairs))


@settings(deadline=None)
@given(days, days)
def test_the_evidence_is_that_of_plain_python(near: list[float], usual: list[float]) -> None:
    found = Tempo.learn(np.array(near, np.float64), np.array(usual, np.float64))
    clean = [[value for value in values if value == value] for values in (near, usual)]
    edges = [scale(value) % 1 for values in clean for value in values]
    if all(abs(edge - 0.5) > 1e-6 for edge in edges):  # between two points of the grid either may have it
        assert found.evidence.tolist() == pytest.approx(evidence(*clean), abs=1e-9)


@settings(deadline=None)
@given(days, days, days)
def test_no_time_speaks_louder_than_the_peak_and_an_unknown_one_says_nothing(
    near: list[float], usual: list[float], asked: list[float]
) -> None:
    found = Tempo.learn(np.array(near, np.float64), np.array(usual, np.float64))
    at = found.at(np.array([*asked, np.nan]))
    assert at[-1] == 0.0
    assert np.isfinite(at).all()
    assert (at <= found.peak).all()
    assert (at >= found.evidence.min(initial=0)).all()


@pytest.mark.parametrize("nothing", [[], [np.nan] * 9])
def test_without_dates_there_is_no_evidence(nothing: list[float]) -> None:
    some = np.array([1.0, 2.0])
    none = np.array(nothing, np.float64)
    for found in (Tempo.learn(none, some), Tempo.learn(some, none), Tempo.learn(none, none)):
        assert not found.evidence.any()
        assert found.peak == 0.0


def test_an_unknown_time_never_counts_for_more_than_the_best_known_one() -> None:
    assert Tempo(np.full(len(GRID), -1.0)).peak == 0.0
    assert Tempo(np.linspace(-1, 2, len(GRID))).peak == 2.0


def test_where_near_articles_lie_as_any_two_there_is_next_to_no_evidence() -> None:
    found = Tempo.learn(any_two(10, seed=1), any_two(10, seed=2))
    usual = found.at(np.percentile(any_two(10), [1, 5, 50, 95, 99]))
    assert np.abs(usual).max() < 0.1


def test_related_articles_a_day_apart_in_ten_years_give_evidence_that_falls_with_time() -> None:
    random = np.random.default_rng(3)
    found = Tempo.learn(10 ** random.normal(0, 0.3, 5_000), any_two(10))
    at = found.at(np.array([1.0, 3.0, 10.0, 30.0, 100.0]))
    assert at[0] > 3
    assert (np.diff(at) < 0).all()
    assert at[-1] < 0
    assert 10 ** GRID[found.evidence.argmax()] == pytest.approx(1.0, rel=1.0)


def test_few_pairs_show_little_and_many_show_all() -> None:
    usual = any_two(10)
    peaks = [Tempo.learn(np.full(size, 1.0), usual).peak for size in (1, 5, 50, 500, 5_000)]
    assert peaks == sorted(peaks)
    one, other = (Tempo.learn(np.full(size, 1.0), usual).at(np.array([3000.0]))[0] for size in (1, 5_000))
    assert abs(one) < 0.05
    assert other < -3


@pytest.mark.parametrize("steps", [-12, 7])
def test_a_clock_that_runs_so_many_times_as_fast_moves_the_evidence_along_the_scale(steps: int) -> None:
    """Ten times the days, ten points up: what is a day to a daily may be a minute to a wire."""
    random = np.random.default_rng(4)
    near, usual = 10 ** random.normal(-1, 0.3, 400), 10 ** random.normal(0.5, 0.3, 4_000)
    factor = 10.0 ** (steps * (GRID[1] - GRID[0]))
    slow, fast = Tempo.learn(near, usual), Tempo.learn(near * factor, usual * factor)
    middle = slice(25, -25)
    assert fast.evidence[middle] == pytest.approx(np.roll(slow.evidence, steps)[middle], abs=1e-9)
    assert fast.peak == pytest.approx(slow.peak)


def test_articles_of_one_second_and_of_all_time_are_on_the_scale() -> None:
    found = Tempo.learn(np.zeros(1_000), any_two(90))
    assert np.isfinite(found.evidence).all()
    assert found.at(np.array([0.0]))[0] == found.peak > 3
    assert found.at(np.array([0.0]))[0] == found.at(np.array([1e-9]))[0]
    assert found.at(np.array([FAR]))[0] == found.at(np.array([FAR * 1e6]))[0] < 0
    together = Tempo.learn(np.zeros(1_000), np.zeros(1_000))
    assert np.abs(together.evidence).max() < 1e-9


def test_a_planted_tempo_is_learned_by_the_night_and_orders_equal_texts(make_release: MakeRelease) -> None:
    """Forty stories of two reports a day apart over ten years: of two equal reports the timely one comes first."""
    stories = [DAY_ZERO + timedelta(days=91 * n) for n in range(40)]
    articles = [
        article(2 * n + part, title=f"story{n}", body=f"w{n} v{n} u{n}", published_at=day + timedelta(days=part))
        for n, day in enumerate(stories)
        for part in (0, 1)
    ]
    release = make_release(articles, neighbours=1, kin=0)
    at = release.tempo.at(np.array([1.0, 30.0, 1000.0, np.nan]))
    assert at[0] > 0.5 > 0 > at[2]
    assert at[3] == 0.0
    late = {"title": "story0", "body": "w0 v0 u0 late"}
    release = make_release(
        [*articles, *(article(n, **late, published_at=DAY_ZERO + timedelta(days=d)) for n, d in ((98, 1500), (99, 2)))],
        neighbours=4,
        kin=0,
    )
    for tempo, first in ((1.0, "a099"), (0.0, "a098")):  # without a tempo the newer
        weights = Weights(tempo=tempo, kin_short=0, kin_long=0)  # kin knows the tempo too
        items = [item.id for item in Recommender(release, weights).similar("a000", 9).items]
        assert next(one for one in items if one in ("a098", "a099")) == first


def test_an_archive_without_dates_has_no_tempo_and_every_list_all_the_same(make_release: MakeRelease) -> None:
    release = make_release([article(n, published_at=None) for n in range(12)])
    assert not release.tempo.evidence.any()
    items = Recommender(release, variety=AS_RANKED).similar("a001", 11, explain=True).items
    assert len(items) == 11
    assert {item.parts["time"] for item in items if item.parts} == {0.0}
