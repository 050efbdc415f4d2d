"""What a worker remembers of its answers: only under what is in force, and no more than it may."""

import gc
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from recsys.standing import Standing
from service.remembered import Remembered, Shown

NOW, LATER = cast(Standing, object()), cast(Standing, object())


def shown(size: int) -> Shown:
    return Shown(b"x" * size, f'"{size}"', (), True, 0.0)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([NOW, NOW, NOW, LATER])), max_size=60))
def test_what_is_found_is_what_was_kept_last_and_asked_for_last(asked: list[tuple[int, Standing]]) -> None:
    room = 3 * shown(9).size()
    remembered, model, in_force = Remembered(room), dict[int, Shown](), NOW
    for number, standing in asked:
        if standing is not in_force:
            model, in_force = {}, standing
        found, wanted = remembered.find(("/", b"%d" % number), standing), model.pop(number, None)
        assert found is wanted
        model[number] = wanted or shown(number)
        if found is None:
            remembered.keep(("/", b"%d" % number), model[number])
        while sum(one.size() for one in model.values()) > room:
            del model[next(iter(model))]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([NOW, NOW, NOW, LATER])), max_size=200),
    st.sampled_from([2, 5, 64]),
    st.booleans(),
)
def test_dealt_out_to_parts_it_is_the_last_answer_under_this_standing_or_none(
    asked: list[tuple[int, Standing]], parts: int, ample: bool
) -> None:
    part = shown(9).size() * (41 if ample else 2)
    remembered = Remembered(parts * part, part)
    model, in_force = dict[int, Shown](), NOW
    for number, standing in asked:
        if standing is not in_force:
            model, in_force = {}, standing
        found = remembered.find(("/", b"%d" % number), standing)
        assert found is model.get(number) or (found is None and not ample)
        if found is None:
            model[number] = shown(number % 10)
            remembered.keep(("/", b"%d" % number), model[number])
    kept = [remembered.find(("/", b"%d" % number), in_force) for number in range(41)]
    assert sum(one.size() for one in kept if one is not None) <= parts * part


def test_where_little_may_be_kept_a_wide_answer_drives_out_no_more_than_it_takes() -> None:
    remembered = Remembered(2**20)
    for number, size in enumerate((5_000,) * 20 + (60_000,)):
        assert remembered.find(("/", b"%d" % number), NOW) is None
        remembered.keep(("/", b"%d" % number), shown(size))
    assert all(remembered.find(("/", b"%d" % number), NOW) for number in range(21))


def test_an_answer_that_is_kept_is_none_of_those_that_are_searched_for_cycles() -> None:
    assert not gc.is_tracked(shown(1))


def test_what_is_very_long_is_not_kept() -> None:
    remembered = Remembered(2**20)
    for target, size in ((("/" * 501, b""), 1), (("/", b""), 65_537)):
        assert remembered.find(target, NOW) is None
        remembered.keep(target, shown(size))
        assert remembered.find(target, NOW) is None


def test_where_nothing_may_be_kept_nothing_is() -> None:
    remembered = Remembered(0)
    assert remembered.find(("/", b""), NOW) is None
    remembered.keep(("/", b""), shown(1))
    assert remembered.find(("/", b""), NOW) is None
