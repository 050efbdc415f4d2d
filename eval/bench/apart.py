"""A server and who asks it, each on a core of its own as on two machines, so that neither waits for the other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

SERVER, CLIENT = 0, -1  # the first and the last of the cores that this process may use


@contextmanager
def on_core(place: int) -> Iterator[None]:
    """The block, and what is started in it, on that core alone; anywhere where there is but one, or not on Linux."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(every)[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, every)
