"""The nodes of a Ray cluster as a crew. The only module that imports ray, and only when told to."""

import logging
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from index.cores import cores
from index.crew import Done, Piece, Shared, limited
from recsys.errors import ClusterError, ConfigError, MissingExtra

log = logging.getLogger(__name__)
LOCAL = "local"
RETRIES = 5  # of a piece whose node or process died; one that ends with an error is never tried again
_AHEAD = 2  # pieces in flight for each that can be done at once, so that no worker waits for the driver
_LOOK = 10.0  # seconds without a result after which to look whether anybody is left


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Which cluster, and how it is used.

    Attributes:
        address: "local" starts one on this machine, "auto" or host:port joins one that runs.
        threads: of each worker, >= 1; it takes as many of the cluster's CPUs.
        workers: how many work at once at the most, >= 1; None for as many as there are CPUs for.

    Raises:
        ConfigError: no address, or a number below 1.
    """

    address: str
    threads: int = 1
    workers: int | None = None

    def __post_init__(self) -> None:
        if not self.address:
            raise ConfigError("no address of a cluster: give local, auto or host:port")
        for name, value in (("threads", self.threads), ("workers", self.workers)):
            if value is not None and value < 1:
                raise ConfigError(f"{name} of a cluster must be at least 1, found {value}")


class Cluster:
    """A crew of all nodes, also those that join later; make one with `joined`."""

    def __init__(self, ray: Any, config: ClusterConfig) -> None:
        self._ray, self._config = ray, config

    @property
    def threads(self) -> int:
        """Of each piece."""
        return self._config.threads

    @property
    def room(self) -> int:
        """How many pieces the nodes that are there now can do at once."""
        nodes = [node["Resources"].get("CPU", 0.0) for node in self._ray.nodes() if node["Alive"]]
        return sum(int(cpus // self.threads) for cpus in nodes)

    def each(self, do: Callable[[Shared, Piece], Done], shared: Shared, pieces: Iterable[Piece]) -> Iterator[Done]:
        """As `Crew.each`. What is `shared` goes to each node once, and its arrays are then mapped, not copied.

        A piece whose node dies is done again by another, up to RETRIES times.

        Raises:
            ClusterError: nobody is left, or a piece ended its process again and again.
        """
        task = self._ray.remote(limited).options(
            num_cpus=self.threads, max_retries=RETRIES, retry_exceptions=False, scheduling_strategy="SPREAD"
        )
        everywhere = self._ray.put(shared)
        running: deque[Any] = deque()
        try:
            for piece in pieces:
                running.append(task.remote(do, everywhere, self.threads, piece))
                while len(running) >= self._most():
                    yield self._result(running.popleft())
            while running:
                yield self._result(running.popleft())
        finally:
            for left in running:
                self._ray.cancel(left, force=True)

    def _most(self) -> int:
        """How many pieces may be in flight."""
        room, workers = self.room, self._config.workers
        return max(1, workers if workers is not None and workers < room else _AHEAD * room)

    def _result(self, reference: Any) -> Any:
        errors = self._ray.exceptions
        while not self._ray.wait([reference], timeout=_LOOK)[0]:
            self.check_room()
        try:
            # a copy: what comes is a window on the object store, where it would take up room until the night ends
            return deepcopy(self._ray.get(reference))
        except errors.RayTaskError as error:
            error.cause.add_note(str(error))  # where it was, on which node
            raise error.cause from None
        except errors.RayError as error:
            raise ClusterError(
                f"the cluster could not do a piece of work, tried {RETRIES + 1} times: {error}"
            ) from error

    def check_room(self) -> None:
        """Raises ClusterError where no node is large enough for a piece."""
        if not self.room:
            raise ClusterError(
                f"no node of the cluster {self._config.address} has {self.threads} CPUs: add nodes, or ask for fewer"
                " threads, and run again; what was embedded is kept"
            )


@contextmanager
def joined(config: ClusterConfig) -> Iterator[Cluster]:
    """The cluster, left at the end of the block, and ended if it was started here.

    Raises:
        MissingExtra: ray is not installed.
        ClusterError: it cannot be joined, or has no CPUs.
    """
    if find_spec("ray") is None:
        raise MissingExtra("a cluster needs ray: pip install 'news-recsys[ray]'")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a night calls nobody
    os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))  # Ray's own number is without end
    options: dict[str, Any] = {}
    if config.address == LOCAL:
        if not any(
            name.startswith("RAY_AUTH_") for name in os.environ
        ):  # else Ray writes a secret into the home folder
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        workers = config.workers or max(1, cores() // config.threads)
        options = {"num_cpus": workers * config.threads, "include_dashboard": False}
    import ray

    try:
        _knock(config.address)
        ray.init(address=config.address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        raise ClusterError(f"the Ray cluster {config.address} cannot be joined: {error}") from error
    try:
        cluster = Cluster(ray, config)
        cluster.check_room()
        log.info("Ray cluster %s: room for %d workers, threads each %d", config.address, cluster.room, config.threads)
        yield cluster
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError or ValueError where nobody answers at host:port: Ray would wait for minutes, or for ever."""
    if address not in (LOCAL, "auto"):
        host, _, port = address.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_LOOK).close()
