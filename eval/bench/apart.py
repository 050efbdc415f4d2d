"""A server and who asks it, on a core each and ahead of all others, as on two machines that do nothing else."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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


@contextmanager
def ahead(processes: Iterable[int]) -> Iterator[bool]:
    """The block, with all threads of these processes ahead of other programs and most of the kernel (SCHED_FIFO).

    Says whether they are: only root may, and only on Linux. Not for what takes all of a core: Linux then stops it for
    50 ms of each second.
    """
    processes = tuple(processes)
    try:
        _schedule(processes, "SCHED_FIFO", 1)
    except (AttributeError, OSError):
        yield False
        return
    try:
        yield True
    finally:
        _schedule(processes, "SCHED_OTHER", 0)


def _schedule(processes: Iterable[int], policy: str, priority: int) -> None:
    for process in processes:
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.sched_setscheduler(int(thread.name), getattr(os, policy), os.sched_param(priority))
