"""A worker does not outlive the process that started it: nobody would replace it, and it would keep the port."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from threading import Thread

log = logging.getLogger(__name__)


def end_with_parent() -> None:
    """From now on end, as on SIGTERM, when the process that spawned this one is gone; in a first process do nothing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


class Lifeline:
    """A pipe whose one end only the process keeps that made it: those forked from it can see when that is gone.

    `multiprocessing` has such a pipe for each process, but whoever is forked later holds the end of it as well.
    """

    def __init__(self) -> None:
        self._theirs, self._ours = os.pipe()

    def hold(self) -> None:
        """In a process just forked: from now on end, as on SIGTERM, when the one that made this is gone."""
        os.close(self._ours)
        _end_after(lambda: os.read(self._theirs, 1))


def _end_after(wait: Callable[[], object]) -> None:
    def run() -> None:
        wait()
        log.error("the process that started this worker is gone, so it ends as well")
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=run, name="parent", daemon=True).start()
