"""The worker processes of a service with more than one: forked, so that all start at once; one that dies is replaced.

Uvicorn would spawn each as a new Python that imports everything again. Here they are forked from the supervisor, which
has imported it (`service.preload`) and has, now and later, no thread and no connection that a fork would break.

Uvicorn's supervisor also keeps the worker's end of the pipe open on which it asks whether a worker is well. So when one
dies between the question and the answer, no end of the pipe is seen: the supervisor waits for the answer as long as it
would for a busy worker, half a minute, and replaces nobody and obeys no signal meanwhile. Ours lets go of it at once.
"""

import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from socket import socket

from uvicorn import Config
from uvicorn.supervisors import Multiprocess, multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS, Process

from recsys.parent import Lifeline, end_with_parent
from service.preload import preload

FORKED = sys.platform == "linux"  # elsewhere a system's own libraries may not bear it, and workers are spawned


class Workers(Multiprocess):
    """Uvicorn's supervisor, of our workers.

    Args:
        config: of each.
        sockets: on which they listen.
        store: URL of the store that they will open.
    """

    def __init__(self, config: Config, sockets: list[socket], store: str | None) -> None:
        super().__init__(config, sockets)
        self._store = store
        made_by = partial(Forked, self, Lifeline()) if FORKED else Spawned
        multiprocess.Process = made_by  # type: ignore[assignment,misc]  # by this name it makes them, at first and later

    def run(self) -> None:
        """Start the workers and look after them until a signal ends all."""
        if FORKED:
            preload(self._store)
        super().run()


class Spawned(Process):
    """A worker in a new Python."""

    def start(self) -> None:
        """Start it, and keep nothing of it but our end of its pipe."""
        super().start()
        self.child_conn.close()

    def target(self, sockets: list[socket] | None = None) -> None:
        """What the worker does."""
        end_with_parent()
        super().target(sockets)


class Forked(Spawned):
    """A worker that begins as a copy of its supervisor.

    Args:
        workers: that supervisor.
        lifeline: made by it.
    """

    def __init__(self, workers: Workers, lifeline: Lifeline, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._workers, self._lifeline = workers, lifeline
        forked = multiprocessing.get_context("fork").Process(target=self.target, args=(sockets,))
        self.process = forked  # type: ignore[assignment]  # instead of one that would be spawned

    def start(self) -> None:
        """Start it; a signal meanwhile waits, for in the worker the supervisor's handler would keep it to itself."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def target(self, sockets: list[socket] | None = None) -> None:
        """What the worker does: lets go of what is the supervisor's, then serves."""
        for number in SIGNALS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._lifeline.hold()
        for other in self._workers.processes:  # those started before
            other.parent_conn.close()
            os.close(other.process.sentinel)
        self.config.configure_logging()
        with suppress(KeyboardInterrupt):  # from a terminal; the supervisor hears it too
            Process.target(self, sockets)
