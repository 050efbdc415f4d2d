"""The whole job on a real newspaper: ingest, build, serve, with the cost of each stage.

Every stage is the program that a newsroom would run, in a process of its own, so that its time and peak memory are its
own.
"""

import json
import os
import socket
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from subprocess import DEVNULL, PIPE, Popen
from typing import Any
from urllib.parse import quote

from eval.papers.datasets import Paper
from recsys.errors import RecsysError
from recsys.release import Release

ASKED = 200  # articles that the service is asked for


@dataclass(frozen=True, slots=True)
class Stage:
    """What one program cost: wall-clock seconds and peak resident memory in MiB."""

    name: str
    seconds: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Built:
    """A paper's release and store, and what they cost; `stages` is () where a release that was there is measured."""

    release: Release
    store: str
    stages: tuple[Stage, ...]

    @property
    def mib(self) -> float:
        """What the release takes on disk, in MiB."""
        return sum(path.stat().st_size for path in self.release.path.iterdir()) / 2**20


def build(paper: Paper, work: Path, precision: str = "float32") -> Built:
    """Run every stage in `work` (made if needed; vectors that are already in its store are used again).

    Raises:
        RecsysError: a stage failed; its output says why.
    """
    folder = work / paper.name
    folder.mkdir(parents=True, exist_ok=True)
    store, releases = _places(folder)
    mapping = ("--map", paper.mapping) if paper.mapping else ()
    rejects = ("--rejects", folder / "rejects.jsonl")
    publish = ("--releases", releases, "--precision", precision, "--rebuild", *(("--force",) if paper.forced else ()))
    stages = [
        _run("ingest", "index", "ingest", paper.articles, "--store", store, *mapping, *rejects),
        _run("build, check, publish", "index", "nightly", "--store", store, *publish),
    ]
    release = Release.open(releases)
    asked = [article for article in paper.judgments().gains if article in release][:ASKED]
    return Built(release, store, (*stages, _serve(releases, store, asked)))


def built(paper: Paper, work: Path) -> Built:
    """The release that an earlier run left in `work`, without building it again.

    Raises:
        RecsysError: there is none, or it cannot be read.
    """
    store, releases = _places(work / paper.name)
    return Built(Release.open(releases), store, ())


def _places(folder: Path) -> tuple[str, Path]:
    return f"sqlite:///{folder / 'articles.db'}", folder / "releases"


def _run(name: str, *arguments: str | Path) -> Stage:
    started = time.perf_counter()
    with Popen([sys.executable, "-m", *map(str, arguments)], stdout=PIPE, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        usage = _wait(process)
    if process.returncode != 0:
        raise RecsysError(f"{name} ended with status {process.returncode}: {' '.join(map(str, arguments))}\n{output}")
    return Stage(name, time.perf_counter() - started, usage.ru_maxrss / 1024)


def _serve(releases: Path, store: str, asked: list[str]) -> Stage:
    """Serve the release and ask both lists of every article in `asked` over HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service", "--releases", str(releases), "--store", store, "--port", str(port)]
    with Popen([*command, "--log-level", "warning"], stdout=DEVNULL) as process:
        try:
            _wait_ready(f"http://127.0.0.1:{port}/health/ready", process)
            started = time.perf_counter()
            for article in asked:
                body = _get(f"http://127.0.0.1:{port}/v1/articles/{quote(article, safe='')}/related")
                if not json.loads(body)["similar"]:
                    raise RecsysError(f"the service answered an empty list for {article!r}")
            seconds = time.perf_counter() - started
        finally:
            process.terminate()
            usage = _wait(process)
    return Stage(f"serve {len(asked)} requests", seconds, usage.ru_maxrss / 1024)


def _wait(process: "Popen[Any]") -> struct_rusage:
    """Wait for the end of a process; what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def _wait_ready(url: str, process: "Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RecsysError(f"the service ended with status {process.returncode} before it was ready")
        try:
            _get(url)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RecsysError("the service was not ready within a minute")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body
