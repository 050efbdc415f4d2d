"""Unevenness: values from textbooks, and the laws that hold for any counts."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from eval.beyond.exposure import gini, skewness

counts = st.lists(st.integers(0, 1000), min_size=1, max_size=60)


def test_the_gini_of_known_distributions() -> None:
    assert gini(np.array([1, 2, 3, 4, 5])) == pytest.approx(4 / 15)
    assert gini(np.array([1, 1, 1, 1, 10])) == pytest.approx(36 / 70)  # by pairs: 2 * 4 * 9 / (2 * 25 * 14 / 5)
    assert gini(np.array([0, 0, 0, 7])) == pytest.approx(3 / 4)
    assert np.isnan(gini(np.array([0, 0])))


def test_the_skewness_of_known_distributions() -> None:
    assert skewness(np.array([2, 8, 0, 4, 1, 9, 9, 0])) == pytest.approx(0.2650554122698573)  # manual of scipy
    assert skewness(np.array([1, 2, 3, 4, 5])) == 0
    assert skewness(np.array([0] * 99 + [1])) == pytest.approx((1 - 2 * 0.01) / np.sqrt(0.01 * 0.99))  # Bernoulli's


@given(counts)
def test_the_gini_is_the_mean_difference_of_all_pairs(found: list[int]) -> None:
    assume(sum(found))
    pairs = sum(abs(a - b) for a in found for b in found)
    assert gini(np.array(found)) == pytest.approx(pairs / (2 * len(found) * sum(found)))


@given(counts, st.integers(1, 9))
def test_the_gini_is_in_range_and_knows_neither_names_nor_scale(found: list[int], scale: int) -> None:
    assume(sum(found))
    value = gini(np.array(found))
    assert 0 <= value <= (len(found) - 1) / len(found)
    assert gini(np.random.default_rng(0).permutation(found) * scale) == pytest.approx(value)


@given(st.integers(1, 1000), st.integers(1, 50))
def test_equal_shares_have_gini_and_skewness_zero(count: int, n: int) -> None:
    assert gini(np.full(n, count)) == 0
    assert skewness(np.full(n, count)) == 0


@given(counts)
def test_the_skewness_is_that_of_scipy_and_knows_no_names(found: list[int]) -> None:
    assume(len(set(found)) > 1)
    assert skewness(np.array(found)) == pytest.approx(float(scipy.stats.skew(found)), abs=1e-9)
    assert skewness(np.array(found[::-1])) == pytest.approx(skewness(np.array(found)), abs=1e-9)
