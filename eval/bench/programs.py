"""The programs that are measured, each in a process of its own, as a newsroom runs them."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from recsys.errors import RecsysError
from recsys.keys import Scope
from recsys.store import ArticleStore

HOST = "127.0.0.1"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process in MiB: its own, and with its share of what several processes share; the latter on Linux only."""

    own: float
    proportional: float


@dataclass(frozen=True, slots=True)
class Served:
    """A service that runs.

    Attributes:
        port: where.
        first: the process that was started; with one worker it is that.
        workers: its worker processes.
        began: when it was started, by `time.monotonic`.
        ready_after: seconds until it first answered that it is ready.
    """

    port: int
    first: int
    workers: tuple[int, ...]
    began: float
    ready_after: float

    def memory(self) -> list[Memory]:
        """What each worker takes."""
        return [_memory(psutil.Process(worker)) for worker in self.workers]

    def memory_of_others(self) -> list[Memory]:
        """What each process takes that looks after the workers, or makes them."""
        first = psutil.Process(self.first)
        return [_memory(one) for one in (first, *first.children(recursive=True)) if one.pid not in self.workers]

    def cpu(self) -> float:
        """Seconds that all its processes have worked so far."""
        first = psutil.Process(self.first)
        times = [one.cpu_times() for one in (first, *first.children(recursive=True))]
        return float(sum(one.user + one.system for one in times))

    def accepted(self) -> dict[int, int]:
        """By whom connections are held: the port of their other end, and the worker."""
        return {
            connection.raddr.port: worker
            for worker in self.workers
            for connection in psutil.Process(worker).net_connections("tcp")
            if connection.raddr and connection.laddr.port == self.port
        }

    def worker_of(self, port: int) -> int | None:
        """The process that has accepted the connection from this local port; None where none has yet."""
        return self.accepted().get(port)


def run_program(name: str, *arguments: str | Path) -> str:
    """Run `python -m name …` to its end; what it printed.

    Raises:
        RecsysError: it failed; its last words are told.
    """
    return _run(name, *arguments).stdout


def log_of(name: str, *arguments: str | Path) -> str:
    """The same; what it logged."""
    return _run(name, *arguments).stderr


def _run(name: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RecsysError(f"{name} {arguments[0]} ended with status {done.returncode}: {done.stderr[-2000:]}")
    return done


def new_key(url: str) -> str:
    """The secret of a new key that may write articles."""
    with closing(ArticleStore.open(url)) as store:
        return store.keys.make("bench", [Scope.ARTICLES], who="bench")[1]


@contextmanager
def service(releases: Path, url: str | None, workers: int, *options: str | Path, log: Path) -> Iterator[Served]:
    """`python -m service`, ready; ended at the end of the block. What it says goes to the file `log`.

    Raises:
        RecsysError: it ended, or was not ready in time.
    """
    port, store = free_port(), () if url is None else ("--store", url)
    arguments = ("--releases", releases, *store, "--workers", workers, "--port", port, "--log-level", "warning")
    command = [sys.executable, "-m", "service", *map(str, (*arguments, *options))]
    began = time.monotonic()
    with program(command, port, "/health/ready", log) as (process, ready_after):
        children = [child.pid for child in psutil.Process(process).children(recursive=True) if _serves(child)]
        yield Served(port, process, tuple(children) if workers > 1 else (process,), began, ready_after)


@contextmanager
def program(
    command: list[str], port: int, path: str, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[int, float]]:
    """(process, seconds until it was ready) of a server that is ready when it answers 200 at `path`.

    It may keep what Python compiles, so that it is not compiled at each start, as an installed program is not.
    """
    environ = {name: value for name, value in (environ or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    with (
        log.open("ab") as said,
        subprocess.Popen(  # noqa: S603
            command, stdout=said, stderr=said, env=environ
        ) as process,
    ):
        try:
            _wait_ready(process, f"http://{HOST}:{port}{path}", log)
            yield process.pid, time.monotonic() - began
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _memory(process: psutil.Process) -> Memory:
    found = process.memory_full_info()
    return Memory(found.uss / _MIB, getattr(found, "pss", found.rss) / _MIB)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _serves(child: psutil.Process) -> bool:
    """Whether it is a worker, and not what watches over the workers' shared memory."""
    return "resource_tracker" not in " ".join(child.cmdline())


def _wait_ready(process: "subprocess.Popen[bytes]", url: str, log: Path, patience: float = 120.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RecsysError(f"a server ended with status {process.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(0.02)
    raise RecsysError(f"a server was not ready within {patience:g} s: {log.read_text()[-2000:]}")
