"""The worker processes of a service with more than one: a worker that dies is replaced at once.

Uvicorn's supervisor keeps the worker's end of the pipe open on which it asks whether a worker is well. So when one dies
between the question and the answer, no end of the pipe is seen: the supervisor waits for the answer as long as it would
for a busy worker, half a minute, and replaces nobody and obeys no signal meanwhile.
"""

from uvicorn.supervisors import Multiprocess


class Workers(Multiprocess):
    """Uvicorn's supervisor; it sees the end of a worker also while it waits for its answer."""

    def keep_subprocess_alive(self) -> None:
        """Look after each worker, as Uvicorn does; here before a worker is asked for the first time."""
        for worker in self.processes:
            worker.child_conn.close()  # ours; the worker has its own since it was started
        super().keep_subprocess_alive()
