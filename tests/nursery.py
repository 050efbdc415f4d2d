"""Where the victims of test_survival.py come from: a process that has all programs in its memory makes each of them."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import victims
from task import Op, Task

Note = tuple[Op, Mapping[str, Any] | None]  # what a victim did, and the answer, None where it has none
PRELOADED = [
    "victims", "pytest", "index.follow", "index.nightly", "index.origins", "recsys.vectors",
    "sklearn.feature_extraction.text", "sqlalchemy.dialects.postgresql.psycopg", "psycopg",
]  # fmt: skip
HERE = Path(__file__).parent
SETTINGS = {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]), "OMP_NUM_THREADS": "1"}


@dataclass(slots=True)
class Victim:
    """A process that runs, with its children; `breath` ends with the last process of its group."""

    kind: str
    process: Any
    breath: Connection
    ledger: Path

    def begun(self) -> None:
        """Wait until it is about to begin with its work."""
        end = time.monotonic() + 60
        while not self.ledger.exists():
            assert time.monotonic() < end, f"{self.kind} does not begin"
            time.sleep(0.001)

    def kill(self, whole: bool = True) -> None:
        """At once: all of its processes, or one."""
        try:
            (os.killpg if whole else os.kill)(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            with suppress(ProcessLookupError):  # so young that it has no group
                os.kill(self.process.pid, signal.SIGKILL)

    def end(self, excused: bool = False) -> None:
        """Wait until none of its processes is left; `excused`, it may have ended by itself, with an error."""
        assert self.breath.poll(30), f"{self.kind} outlives its death"
        self.process.join()
        assert self.process.exitcode == -signal.SIGKILL or excused, f"{self.kind} ended by itself"
        self.process.close()
        self.breath.close()

    def notes(self) -> list[Note]:
        """What it did, each with the answer; the last one may have none."""
        lines = [json.loads(line) for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []
        done: list[Mapping[str, Any] | None] = [line["done"] for line in lines if "done" in line]
        ops = [line["will"] for line in lines if "will" in line]
        return list(zip(ops, done + [None] * (len(ops) - len(done)), strict=True))


class Nursery:
    """Starts victims; its process lives as long as ours, has nothing open and no thread."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    def start(self, kind: str, **told: Any) -> Victim:
        """A process, just made."""
        ours, theirs = self._context.Pipe(duplex=False)
        task = Task(breath=theirs, **told)
        process = self._context.Process(target=victims.enter, args=(kind, task), daemon=True)
        process.start()
        theirs.close()
        return Victim(kind, process, ours, task.ledger)
