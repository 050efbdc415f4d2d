"""Programs that do their work and end: how long they took and how much memory they had."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread

import psutil

from recsys.errors import RecsysError

_MIB = 2**20
_EVERY = 0.1  # seconds between two looks at the memory of a program that runs


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has done its work; its memory was looked at now and then.

    Attributes:
        seconds: how long it took.
        peak: MiB at most in memory, of the largest of its processes, with what it had mapped from files.
        own: MiB at most in memory that is of no file, of all its processes together.
        log: what it said.
    """

    seconds: float
    peak: float
    own: float
    log: str


def run_to_its_end(name: str, *arguments: str | Path) -> Ended:
    """Run `python -m name …` to its end, and measure it.

    The system's own figure for the largest memory begins, on Linux, with that of who starts a program: it is not taken.

    Raises:
        RecsysError: it failed; its last words are told.
    """
    command = [sys.executable, "-m", name, *map(str, arguments)]
    with TemporaryFile("w+") as said:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603
        with _watched(process.pid) as looks:
            process.wait()
        seconds = time.monotonic() - began
        said.seek(0)
        log = said.read()
    if process.returncode != 0:
        raise RecsysError(f"{name} {arguments[0]} ended with status {process.returncode}: {log[-2000:]}")
    return Ended(seconds, max(look.peak for look in looks), max(look.own for look in looks), log)


@dataclass(frozen=True, slots=True)
class _Look:
    """Memory of a program at one moment, as `Ended` has it at most."""

    peak: float = 0.0
    own: float = 0.0


@contextmanager
def _watched(process: int) -> Iterator[list[_Look]]:
    """What is seen of the memory of the process and all that it started, now and then."""
    looks, over = [_Look()], Event()

    def watch() -> None:
        first = psutil.Process(process)
        while not over.wait(_EVERY):
            with suppress(psutil.Error):
                every = [_resident(one) for one in (first, *first.children(recursive=True))]
                looks.append(_Look(max(all_of_it for all_of_it, _ in every), sum(own for _, own in every)))

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def _resident(process: psutil.Process) -> tuple[float, float]:
    """MiB that it has in memory, and those that are of no file, of which only Linux tells; 0 where it is gone."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0.0, 0.0
    return memory.rss / _MIB, (memory.rss - getattr(memory, "shared", 0)) / _MIB
