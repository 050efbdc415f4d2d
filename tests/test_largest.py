"""The few largest of many values, held against sorting them all."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.largest import largest, largest_of_each

few = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.integers(1, 40), st.integers(0, 2**32), st.booleans())
def test_the_largest_above_nothing_are_found(n: int, k: int, seed: int, are_few: bool) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice([np.nan, -1.0, 0.0, 0.25, 0.5, 1.0], n) if are_few else rng.normal(size=n)
    numbers = values.astype(np.float32)
    found = largest(numbers, k)
    assert len(set(found.tolist())) == len(found)
    best = sorted((number for number in numbers.tolist() if number > 0), reverse=True)[:k]
    assert sorted(numbers[found].tolist(), reverse=True) == best


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(few, max_size=12), max_size=8), st.integers(1, 5))
def test_of_each_owner_the_largest_are_found_and_of_equal_ones_the_first_rows(
    owners: list[list[float]], k: int
) -> None:
    rows = [(7 * place) % 12 for one in owners for place in range(len(one))]
    numbers = [value for one in owners for value in one]
    counts = np.array([*map(len, owners)], np.int64)
    expected, start = [], 0
    for one in owners:
        places = range(start, start + len(one))
        expected += sorted(places, key=lambda place: (-numbers[place], rows[place]))[:k]
        start += len(one)
    assert largest_of_each(counts, np.array(rows, np.int64), np.array(numbers), k).tolist() == expected
