"""Things that are compared take turns: a machine that slows down for a while then slows all of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def interleaved(things: Mapping[str, Callable[[int], T]], repetitions: int, warm_up: int = 1) -> dict[str, list[T]]:
    """What each gives in each repetition; each is called with the repetition's number, in an order that turns round.

    The first `warm_up` repetitions are called with negative numbers and forgotten.
    """
    found: dict[str, list[T]] = {name: [] for name in things}
    names: Sequence[str] = list(things)
    for repetition in range(-warm_up, repetitions):
        for name in names if repetition % 2 == 0 else names[::-1]:
            given = things[name](repetition)
            if repetition >= 0:
                found[name].append(given)
    return found
