"""The best of a score matrix, held against sorting; candidates are the same for every baseline."""

from datetime import timedelta

import numpy as np
import pytest
from conftest import DAY_ZERO, MakeRelease, article, published
from hypothesis import given, settings
from hypothesis import strategies as st

import eval.baselines.scoring
from eval.asof import ANY_TIME, AsOf
from eval.baselines.scoring import NO, Asked, Baseline, Floats, answer, newness
from recsys import Release
from recsys.errors import ArticleNotFound, ConfigError

N = 23
DAYS = [None if n % 6 == 0 else (n * 7) % 10 for n in range(N)]  # undated ones, and many of one day


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    dated = [
        article(n, published_at=None if day is None else DAY_ZERO + timedelta(days=day)) for n, day in enumerate(DAYS)
    ]
    return published(tmp_path_factory.mktemp("paper"), dated)


def by_matrix(matrix: Floats) -> Baseline:
    return Baseline("matrix", lambda release: lambda asked: matrix[asked.rows])


def oracle(matrix: Floats, query: int, k: int, latest: float | None) -> list[tuple[str, float]]:
    """Sorted one by one: larger score, then newer (undated last), then the smaller id."""
    rows = [
        row
        for row, day in enumerate(DAYS)
        if row != query and matrix[query, row] > NO and (latest is None or (day is not None and day <= latest))
    ]
    rows.sort(key=lambda row: (-matrix[query, row], DAYS[row] is None, -(DAYS[row] or 0), row))
    return [(f"a{row:03}", matrix[query, row]) for row in rows[:k]]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 30),
    st.none() | st.integers(-1, 10) | st.just("own"),
    st.lists(st.integers(0, N - 1), min_size=1, unique=True),
    st.sampled_from([1, 50, 10**6]),
)
def test_lists_are_those_of_sorting_one_by_one_however_many_are_asked_at_a_time(
    release: Release, seed: int, k: int, when: int | str | None, queries: list[int], cells: int
) -> None:
    random = np.random.default_rng(seed)
    matrix = random.integers(0, 4, (N, N)).astype(np.float64)  # few values: ties everywhere
    matrix[random.random((N, N)) < 0.3] = NO
    as_of = (
        AsOf(own=True) if when == "own" else ANY_TIME if when is None else AsOf(DAY_ZERO + timedelta(days=int(when)))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eval.baselines.scoring, "_CELLS", cells)
        run = answer(by_matrix(matrix), release, [f"a{row:03}" for row in queries], k, as_of)
    for row in queries:
        found = [(ranked.doc, ranked.score) for ranked in run.lists[f"a{row:03}"]]
        if when == "own" and DAYS[row] is None:
            assert found == []
        else:
            assert found == oracle(matrix, row, k, DAYS[row] if when == "own" else when)  # type: ignore[arg-type]


def test_newness_orders_by_date_and_puts_undated_ones_last(release: Release) -> None:
    order = np.argsort(-newness(release))
    assert [DAYS[row] for row in order] == sorted(DAYS, key=lambda day: -1 if day is None else day, reverse=True)
    assert newness(release).min() == 1


def test_what_cannot_be_asked_is_refused(release: Release) -> None:
    flat = by_matrix(np.zeros((N, N)))
    with pytest.raises(ConfigError, match="k is 0"):
        answer(flat, release, ["a001"], 0)
    with pytest.raises(ArticleNotFound, match="'nowhere'"):
        answer(flat, release, ["nowhere"])
    assert answer(flat, release, []).lists == {}


def test_a_paper_of_one_article_has_an_empty_list(make_release: MakeRelease) -> None:
    release = make_release([article(1)])
    assert answer(by_matrix(np.zeros((1, 1))), release, ["a001"]).lists == {"a001": ()}


def test_a_block_is_what_a_baseline_is_given(release: Release) -> None:
    given_blocks: list[Asked] = []

    def scorer(asked: Asked) -> Floats:
        given_blocks.append(asked)
        return np.zeros((len(asked.rows), N))

    answer(Baseline("watched", lambda release: scorer), release, ["a003", "a001", "a003"])
    assert [block.rows.tolist() for block in given_blocks] == [[3, 1]]
