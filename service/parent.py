"""A worker does not outlive the process that started it: nobody would replace it, and it would keep the port."""

import logging
import multiprocessing
import os
import signal
from threading import Thread

log = logging.getLogger(__name__)


def end_with_parent() -> None:
    """From now on end, as on SIGTERM, when the process that started this one is gone; in a first process do nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        log.error("the process that started this worker is gone, so it ends as well")
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, name="parent", daemon=True).start()
