"""Python's search for unreachable objects, kept out of what is timed: a client that searches asks too late."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """The block without such a search, which took 30 to 40 ms of a client that holds requests by the 100,000.

    Where the search was off before, it stays off.
    """
    was = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
