"""The few largest of many values, held against sorting them all."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.largest import largest, largest_of_each

few = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
values = st.lists(st.one_of(few, st.just(float("nan")), st.just(-1.0)), max_size=120)


@settings(max_examples=200, deadline=None)
@given(values, st.integers(1, 40))
def test_the_largest_above_nothing_are_found(numbers: list[float], k: int) -> None:
    found = largest(np.array(numbers, np.float32), k)
    assert len(set(found.tolist())) == len(found)
    best = sorted((number for number in numbers if number > 0), reverse=True)[:k]
    assert sorted((numbers[place] for place in found.tolist()), reverse=True) == best


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
